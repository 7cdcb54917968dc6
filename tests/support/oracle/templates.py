"""What a text with templates or a ``with`` value means (language.md 3), evaluated by reading it.

``Names`` are what a document declares; a ``Caller`` gives inputs and variables by name.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from oracle.linking import Refused
from oracle.reading import Document, Json

ABSENT = object()
HOLE = re.compile(r"\{\{\{?&?\s*([^{}<>]*?)\s*\}?\}\}|\$\{([^{}]+)\}|<<([^<>]+)>>")
_UPPER = re.compile(r"[A-Z][A-Z0-9_]*")
_PLACES = ("query", "path", "header", "body")


@dataclass(frozen=True)
class Wanted:
    """An input that is read: ``place`` only where the document names it."""

    name: str
    place: str | None = None


class Caller(Protocol):
    def input(self, wanted: Wanted) -> Json: ...
    def variable(self, name: str) -> str: ...


@dataclass(frozen=True)
class Names:
    """How names of one exposed operation are read."""

    document: Document
    adapter: str

    def reference(self, text: str) -> Wanted | None:
        """Return the input that ``rest.X``, ``tools.X`` or ``adapter.X`` means."""
        first, dot, rest = text.removeprefix("$this.").partition(".")
        if not dot or first not in ("rest", "tools", self.adapter):
            return None
        place, inner, name = rest.partition(".")
        if first == "rest" and inner and place in _PLACES:
            return Wanted(name, place)
        return Wanted(rest)

    def variable(self, text: str) -> str | None:
        """Return the variable that a dotted or plain name means, if a bind declares it."""
        if text in self.document.variables:
            return text
        space, dot, name = text.partition(".")
        return name if dot and name in self.document.binds.get(space, ()) else None


def holes(value: Json) -> list[str]:
    """Return the names in all templates of a value, in document order."""
    if isinstance(value, dict):
        return [name for each in value.values() for name in holes(each)]
    if isinstance(value, list):
        return [name for each in value for name in holes(each)]
    return [_name(hole) for hole in HOLE.finditer(value)] if isinstance(value, str) else []


def _name(hole: re.Match[str]) -> str:
    name = next(group for group in hole.groups() if group is not None)
    if not name or name[0] in "#^/>!":
        raise Refused("template/unsupported")
    return f"env.{name}" if hole[1] is None and not name.startswith("env.") else name


def text_of(value: Json) -> str:
    """Return the text form of a value (language.md 3.4, 4.16)."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def filled(text: str, look: Callable[[str], Json]) -> Json:
    """Return a text with its templates replaced; a whole template keeps its type."""
    whole = HOLE.fullmatch(text.strip()) if text.strip() == text else None
    if whole:
        return look(_name(whole))
    if any(look(name) is ABSENT for name in holes(text)):
        return ABSENT
    return HOLE.sub(lambda hole: text_of(look(_name(hole))), text)


def in_template(
    names: Names, scope: Callable[[Wanted], Json], caller: Caller
) -> Callable[[str], Json]:
    """Return the look-up of names in templates (language.md 3.6)."""

    def look(name: str) -> Json:
        declared = names.variable(name)
        if declared is not None:
            return caller.variable(declared)
        if name.startswith("env."):
            return caller.variable(name[4:])
        found = scope(names.reference(name) or Wanted(name))
        if found is ABSENT and _UPPER.fullmatch(name):
            return caller.variable(name)
        return found

    return look


def is_environment(name: str) -> bool:
    """Tell whether an undeclared name is read from the environment (language.md 2.4)."""
    return name.startswith("env.") or _UPPER.fullmatch(name) is not None


def argument(value: Json, names: Names, caller: Caller) -> Json:
    """Return what a ``with`` value gives (language.md 3.2)."""
    if isinstance(value, dict):
        pairs = ((key, argument(each, names, caller)) for key, each in value.items())
        return {key: each for key, each in pairs if each is not ABSENT}
    if isinstance(value, list):
        found = [argument(each, names, caller) for each in value]
        return [each for each in found if each is not ABSENT]
    if not isinstance(value, str):
        return ABSENT if value is None else value
    return _text_argument(value, names, caller)


def _text_argument(value: str, names: Names, caller: Caller) -> Json:
    wanted = names.reference(value)
    if wanted is not None and not HOLE.search(value):
        return caller.input(wanted)
    space, dot, _ = value.partition(".")
    declared = names.variable(value) if dot and space in names.document.binds else None
    if declared is not None:
        return caller.variable(declared)
    return filled(value, in_template(names, caller.input, caller))


def inner_names(value: Json, names: Names) -> list[tuple[Wanted, bool]]:
    """Return the inputs that a ``with`` value reads; True: embedded in a text."""
    if isinstance(value, dict | list):
        parts = value.values() if isinstance(value, dict) else value
        return [each for part in parts for each in inner_names(part, names)]
    if not isinstance(value, str):
        return []
    wanted = names.reference(value)
    if wanted is not None and not HOLE.search(value):
        return [(wanted, False)]
    embedded = HOLE.fullmatch(value) is None
    found = [each for each in holes(value) if names.variable(each) is None]
    return [
        (names.reference(each) or Wanted(each), embedded)
        for each in found
        if not is_environment(each) or names.reference(each)
    ]


def members(value: Json, look: Callable[[str], Json]) -> Json:
    """Return a body's data with its templates filled; absent members are dropped (5.3)."""
    if isinstance(value, Mapping):
        pairs = ((key, members(each, look)) for key, each in value.items())
        return {key: each for key, each in pairs if each is not ABSENT}
    if isinstance(value, list):
        return [each for each in (members(part, look) for part in value) if each is not ABSENT]
    return filled(value, look) if isinstance(value, str) else value
