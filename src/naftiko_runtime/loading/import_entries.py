"""One import as it is written, and the copy in its place (orchestration.md 4.1, 4.7)."""

from dataclasses import dataclass
from typing import Any, Final, TypeGuard

from naftiko_runtime.diagnostics import Found
from naftiko_runtime.errors import Place
from naftiko_runtime.loading.import_files import ImportFailed
from naftiko_runtime.loading.renames import following
from naftiko_runtime.names import kebab, nearest
from naftiko_runtime.tree import Node, text_of

_OWN_KEYS: Final = ("baseUri", "functions", "flows", "keys")
"""An entry with one of them stands for itself, whatever location it has."""
_KNOWN: Final = (
    *("from", "location", "import", "as", "description"),
    *("openapi", "type", "namespace", "label", "display"),
)


def is_import(entry: Any, section: str) -> TypeGuard[Node]:
    """Tell whether an entry of a section is an import (orchestration.md 4.1)."""
    if not isinstance(entry, Node) or any(key in entry for key in _OWN_KEYS):
        return False
    if section == "binds" and "import" not in entry and "from" not in entry:
        return "location" in entry and "namespace" not in entry
    if section == "consumes" and "openapi" in entry:
        return True
    return "from" in entry or "location" in entry or "import" in entry


@dataclass(frozen=True, slots=True)
class Entry:
    """One import: its section, its map, and what its location counts from."""

    section: str
    node: Node
    home: str

    @property
    def name(self) -> str | None:
        return text_of(self.node.get("import"))

    @property
    def alias(self) -> str | None:
        return text_of(self.node.get("as")) or self.name

    @property
    def location(self) -> str:
        """Return where to import from; raises ``ImportFailed`` when nothing says so."""
        if "openapi" in self.node:
            message = "an OpenAPI file is no capability; import it with naftiko import openapi"
            raise ImportFailed("import/openapi", message, "openapi")
        location = text_of(self.node.get("from")) or text_of(self.node.get("location"))
        if location is None:
            message = "the import names no file; write from or location"
            raise ImportFailed("import/not-found", message)
        return location

    def place(self, key: str) -> Place:
        """Return the place of a key, else of what is there of the import."""
        keys = (key, "from", "location", "import")
        there = next((each for each in keys if each in self.node), None)
        return self.node.place if there is None else self.node.at(there)


def report_keys(entry: Entry, place: Place, found: Found) -> None:
    """Report keys of an import that say the same twice, or nothing."""
    node = entry.node
    if "from" in node and "location" in node:
        message = "from and location are both there; from counts"
        found.add("import/both-keys", node.at("location"), message)
    for key in node:
        if key not in _KNOWN:
            near = nearest(key, _KNOWN)
            meant = f'; did you mean "{near}"?' if near else "; it is ignored"
            found.add(
                "dialect/unknown-key", node.key_at(key), f'"{key}" is no key of an import{meant}'
            )


def name_of(entry: Node) -> str:
    """Return the namespace that an entry has in its file; of an import, the one it gives."""
    if "import" in entry and not any(key in entry for key in _OWN_KEYS):
        return text_of(entry.get("as")) or text_of(entry["import"]) or ""
    namespace = text_of(entry.get("namespace"))
    return namespace or kebab(text_of(entry.get("label")) or text_of(entry.get("display")) or "")


def named(copy: Node, alias: str, entry: Entry, found: Found) -> Node:
    """Return a copy under its new namespace; its references to the old one follow."""
    if text_of(copy.get("type")) == "control":
        if "as" in entry.node:
            message = "a control adapter has no name to change; as is ignored"
            found.add("import/alias-ignored", entry.node.at("as"), message)
        return copy
    old = name_of(copy)
    renamed = following(copy, old, alias) if old and old != alias else copy
    return renamed.having(namespace=alias)
