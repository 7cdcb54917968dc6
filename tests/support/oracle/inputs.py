"""The inputs of an exposed operation: declared and derived (language.md 10.4 to 10.6)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from oracle.linking import matched
from oracle.reading import Json
from oracle.slots import Slot, Slots
from oracle.templates import Wanted, inner_names

_TEXTUAL = frozenset({"base", "path", "appended", "query", "header", "cookie"})
_NEVER_DERIVED = frozenset({"authorization", "proxy-authorization", "cookie"})


@dataclass
class Input:
    """What the caller may give; ``route`` is the route variable that it is."""

    name: str
    type: str | None = None
    required: bool = False
    declared: Mapping[str, Json] | None = None
    place: str | None = None
    route: str | None = None
    feeds: list[Slot] = field(default_factory=list)
    embedded: bool = False
    whole: bool = False
    """It is the caller's whole body."""

    @property
    def needed(self) -> bool:
        """Whether a call without it is refused, whatever the schema says."""
        return self.required or self.embedded or any(slot.required for slot in self.feeds)

    @property
    def is_textual(self) -> bool:
        return any(slot.place in _TEXTUAL for slot in self.feeds)


@dataclass(frozen=True)
class Wiring(Slots):
    """One exposed operation, the operation that it calls, and what its caller may give."""

    @cached_property
    def inputs(self) -> list[Input]:
        """Return the inputs in the order of language.md 10.5."""
        found = _Inputs(self)
        for each in self.exposed.inputs:
            found.declare(each)
        for key, value in self.exposed.arguments.items():
            found.take_argument(str(key), value)
        for slot in self.slots:
            found.take_slot(slot)
        return found.finished()


class _Inputs:
    """Collects the inputs of one operation."""

    def __init__(self, wiring: Slots) -> None:
        self._wiring = wiring
        self._found: dict[str, Input] = {}
        self._route = route_variables(wiring.exposed.path)
        self._useless = {name for _, name in wiring.owned}
        """What could only feed what authentication owns is no input (language.md 6.2)."""

    def declare(self, given: Mapping[str, Json]) -> None:
        name = str(given["name"])
        place = given.get("in") if self._wiring.exposed.kind == "rest" else None
        route = matched(name, self._route) if place in ("path", None) else None
        type_ = given.get("type")
        whole = place == "body" and name == "body"
        self._found[name] = Input(
            name, type_, declared=given, place=place, route=route, whole=whole
        )

    def take_argument(self, key: str, value: Json) -> None:
        """Read the right-hand side of a ``with`` entry."""
        fed = [slot for slot, taken in self._wiring.feeding.items() if taken == key]
        if not fed and any(matched(key, [name]) for _, name in self._wiring.owned):
            names = [wanted.name for wanted, _ in inner_names(value, self._wiring.names)]
            self._useless.update(names)
            return
        if not isinstance(value, str):
            fed = []  # elements of a list are not the parameter
        for wanted, embedded in inner_names(value, self._wiring.names):
            found = self._input(self._member(wanted, key))
            found.embedded |= embedded
            found.whole |= wanted == Wanted("body") and self._is_all(found, fed)
            self._feed(found, fed)

    def _member(self, wanted: Wanted, key: str) -> Wanted:
        """Read ``tools.A.B`` as A unless it names an input (language.md 10.5)."""
        names = [key, *(str(each["name"]) for each in self._wiring.parameters)]
        if "." in wanted.name and wanted.name not in names:
            return Wanted(wanted.name.partition(".")[0], wanted.place)
        return wanted

    def take_slot(self, slot: Slot) -> None:
        """Derive an input for a slot that nothing else feeds."""
        if slot in self._wiring.feeding or slot.place == "base":
            return
        declared = matched(slot.name, [e.name for e in self._found.values() if e.declared])
        if declared:
            self._feed(self._found[declared], [slot])
            return
        if slot.place == "header" and slot.name.casefold() in _NEVER_DERIVED:
            return
        optional = slot.place in ("query", "header", "cookie") and not slot.required
        if optional and self._wiring.exposed.inputs:
            return
        name = slot.name
        if slot.place == "body" and name in self._found:
            name = "requestBody"
        found = self._input(Wanted(name))
        found.whole |= self._is_whole(slot)
        self._feed(found, [slot])

    def _is_all(self, found: Input, fed: Iterable[Slot]) -> bool:
        """Tell whether ``rest.body`` is the whole body, not the member of that name (3.2)."""
        if found.declared is not None:
            return found.whole
        return all(slot.name != "body" or self._is_whole(slot) for slot in fed)

    def _is_whole(self, slot: Slot) -> bool:
        """Tell whether a slot takes the whole body of a REST request (language.md 5.9, 5.11)."""
        inside = [each for each in self._wiring.slots if each.place in ("part", "variable")]
        return slot.place == "body" or (slot.name == "body" and inside == [slot])

    def _input(self, wanted: Wanted) -> Input:
        known = matched(wanted.name, [e.name for e in self._found.values() if e.declared])
        name = known or wanted.name
        if name not in self._found:
            route = None if wanted.place not in (None, "path") else matched(name, self._route)
            self._found[name] = Input(name, place=wanted.place, route=route)
        return self._found[name]

    def _feed(self, found: Input, slots: Iterable[Slot]) -> None:
        for slot in slots:
            if not found.feeds and found.declared is None:
                found.type = slot.type
            found.feeds.append(slot)

    def finished(self) -> list[Input]:
        for found in self._found.values():
            found.required = self._required(found)
        kept = self._found.values()
        return [each for each in kept if each.feeds or each.name not in self._useless]

    def _required(self, found: Input) -> bool:
        """Return what the listing says (language.md 10.6)."""
        derived = found.embedded or any(slot.required or slot.embedded for slot in found.feeds)
        if found.declared is None:
            return derived
        written = found.declared.get("required")
        if written is not None:
            return bool(written)
        if self._wiring.exposed.kind == "rest":
            return derived or found.place == "path"
        return derived or self._wiring.document.says_optional


def route_variables(path: str) -> list[str]:
    """Return the placeholders of an exposed path (exposes.md REST-2)."""
    bare = re.split(r"[?#]", path)[0]
    return [name.strip() for name in re.findall(r"\{+\+?([^{}]+)\}+", bare)]
