"""The frame of a document: its version, and one list per section (language.md 1.3, 1.4, 1.8)."""

import re
from collections.abc import Iterable
from typing import Any, Final

from naftiko_runtime.diagnostics import Found
from naftiko_runtime.dialect.shape import Report
from naftiko_runtime.errors import Place
from naftiko_runtime.loading.spellings import listed
from naftiko_runtime.names import nearest
from naftiko_runtime.tree import Items, Node, Tree, is_null, text_of

FAMILIES: Final = ("naftiko", "ikanos")
SECTIONS: Final = ("binds", "consumes", "aggregates", "exposes")
KNOWN: Final = {
    "naftiko": ("0.5", "1.0.0-alpha1", "1.0.0-alpha2", "1.0.0-alpha3"),
    "ikanos": ("1.0.0-alpha4", *(f"1.0.0-beta{number}" for number in range(1, 6))),
}
_ROOT_KEYS: Final = (*FAMILIES, "info", "capability", *SECTIONS, "externalRefs")
_FREE_KEYS: Final = ("label", "display", "title", "description")
_BEFORE_ALPHA2: Final = re.compile(r"0\.\d+(\.\d+)?|1\.0\.0-alpha1")
_TOO_OLD: Final = re.compile(r"0\.[012](\.\d+)?")
_OLD_KEYS: Final = ("targetUri", "expositionSuffix")


def framed(tree: Tree | None, file: str, found: Found) -> Node:
    """Return the root of a document: ``family``, ``version``, ``info`` and the four sections.

    A section of the root comes before that of ``capability`` (language.md 1.3). Reports what
    refuses the document, unknown versions, and unknown root keys.
    """
    if not isinstance(tree, Node):
        if tree is None and found.refused:
            return Node(place=Place(file))
        place = tree.place if isinstance(tree, Items) else Place(file)
        found.add(
            "document/not-naftiko", place, "a document is a map with the key naftiko or ikanos"
        )
        return Node(place=place)
    family, version = _version(tree, found)
    if not any(key in tree for key in ("capability", *SECTIONS, "externalRefs")):
        message = "none of capability, consumes, aggregates, exposes, binds is there"
        found.add("document/no-capability", tree.place, message)
        return Node(place=tree.place)
    if version:
        _unknown_keys(tree, _ROOT_KEYS, found)
    capability = _part(tree, "capability", found)
    if capability is not None:
        _unknown_keys(capability, (*SECTIONS, "externalRefs"), found)
        _check_old(capability, found)
    return _root(tree, capability, {"family": family, "version": version}, found)


def sections(tree: Tree) -> Node:
    """Return the sections of an imported file, read tolerantly (orchestration.md 4.5)."""
    silent = Found()
    if not isinstance(tree, Node):
        return Node(place=Place(""))
    return _root(tree, _part(tree, "capability", silent), {}, silent)


def _root(tree: Node, capability: Node | None, members: dict[str, Any], found: Found) -> Node:
    parts = [part for part in (tree, capability) if part is not None]
    for key in ("info", "label", "description"):
        if key in tree:
            members[key] = tree[key]
    for section in SECTIONS:
        entries = [_entries(part, section, found) for part in parts]
        if section == "binds":
            entries = [_external(part, found) for part in parts] + entries
        there = [items for items in entries if items is not None]
        if there:
            members[section] = _joined(there)
    return tree.replaced(members)


def _joined(lists: list[Items]) -> Items:
    if len(lists) == 1:
        return lists[0]
    marks = [(at.line, at.column) for items in lists for at in map(items.at, range(len(items)))]
    return Items([item for items in lists for item in items], place=lists[0].place, marks=marks)


def _entries(part: Node, section: str, found: Found) -> Items | None:
    value = part.get(section)
    if isinstance(value, Node):
        return listed(part, section, Report(found))
    if value is None or is_null(value) or isinstance(value, Items):
        return value if isinstance(value, Items) else None
    found.add("document/wrong-kind", part.at(section), f"{section} must be a list")
    return None


def _part(tree: Node, key: str, found: Found) -> Node | None:
    value = tree.get(key)
    if value is None or is_null(value) or isinstance(value, Node):
        return value if isinstance(value, Node) else None
    found.add("document/wrong-kind", tree.at(key), f"{key} must be a map")
    return None


def _version(tree: Node, found: Found) -> tuple[str, str]:
    there = [family for family in FAMILIES if family in tree]
    if len(there) != 1:
        what = (
            "both naftiko and ikanos are there; keep one"
            if there
            else ("neither naftiko nor ikanos is there; begin with naftiko: 1.0.0-alpha2")
        )
        place = tree.key_at(there[1]) if there else tree.place
        found.add("document/not-naftiko", place, what)
        return FAMILIES[0], ""
    family = there[0]
    version = text_of(tree[family])
    if version is None:
        message = f"{family} must be a version, as 1.0.0-alpha2"
        found.add("document/not-naftiko", tree.at(family), message)
        return family, ""
    _check_version(family, version, tree.at(family), found)
    return family, version


def _check_version(family: str, version: str, place: Place, found: Found) -> None:
    if family == "naftiko" and _TOO_OLD.fullmatch(version):
        message = f"version {version} is older than 0.3 and is not read"
        found.add("document/too-old", place, message)
        return
    if version not in KNOWN[family]:
        known = ", ".join(KNOWN[family])
        message = f"{family} {version} is not known (known: {known}); read as the newest"
        found.add("document/unknown-version", place, message)
    if family == "naftiko" and _BEFORE_ALPHA2.fullmatch(version):
        message = f"version {version} is read as 1.0.0-alpha2"
        found.add("document/older-version", place, message)


def _check_old(capability: Node, found: Found) -> None:
    """0.2 is known by its keys too, whatever version the document claims (orchestration.md 5.2)."""
    for section in ("consumes", "exposes"):
        entries = capability.get(section)
        for entry in entries if isinstance(entries, Items) else ():
            old = [key for key in _OLD_KEYS if isinstance(entry, Node) and key in entry]
            if old and "baseUri" not in entry:
                message = f"{old[0]} belongs to version 0.2, which is not read"
                found.add("document/too-old", entry.key_at(old[0]), message)


def _unknown_keys(node: Node, known: Iterable[str], found: Found) -> None:
    names = (*known, *_FREE_KEYS)
    for key in node:
        if key in names:
            continue
        near = nearest(key, names)
        meant = f'; did you mean "{near}"?' if near else ""
        message = f'"{key}" is no key of {_where(node)}{meant}'
        found.add("dialect/unknown-key", node.key_at(key), message)


def _where(node: Node) -> str:
    return "capability" if node.place.pointer else "a document"


def _external(part: Node, found: Found) -> Items | None:
    """``externalRefs`` are binds (orchestration.md V4, V5)."""
    refs = part.get("externalRefs")
    if isinstance(refs, Node):
        refs = listed(part, "externalRefs", Report(found))
    if not isinstance(refs, Items):
        return None
    return refs.replaced([_bind(ref) if isinstance(ref, Node) else ref for ref in refs])


def _bind(ref: Node) -> Node:
    kept = ref.without("type", "resolution")
    resolution = text_of(ref.get("resolution"))
    in_file = resolution == "file" or (not resolution and text_of(ref.get("type")) == "environment")
    names = {
        old: new
        for old, new in (("name", "namespace"), ("uri", "location"))
        if old in kept and new not in kept
    }
    bind = kept.renamed(names)
    return bind if in_file or "location" not in bind else bind.without("location")
