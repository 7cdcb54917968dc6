"""The holes of a consumed operation, and which entry of ``with`` each one takes.

A slot takes its ``with`` entry, else the caller's input of its name (language.md 4.12, 10.3).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from oracle.linking import Refused, is_get_one, loose, matched
from oracle.reading import Consumed, Document, Exposed, Json
from oracle.templates import HOLE, Names, Wanted, holes, is_environment

Place = Literal["base", "path", "appended", "query", "header", "cookie", "variable", "part", "body"]
URL_HOLE = re.compile(HOLE.pattern + r"|\{\+?([^{}]+)\}")
_PLACES: Mapping[str, Place] = {
    "path": "appended",
    "query": "query",
    "header": "header",
    "cookie": "cookie",
    "body": "part",
}
_BODY_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True)
class Slot:
    """One hole of the request; ``embedded``: inside a longer text of the body."""

    place: Place
    name: str
    type: str | None = None
    required: bool = False
    embedded: bool = False


@dataclass(frozen=True)
class Slots:
    """The holes of one consumed operation as one exposed operation fills them."""

    document: Document
    exposed: Exposed
    consumed: Consumed
    owned: frozenset[tuple[str, str]]
    """Places and names of parameters that authentication fills (language.md 6.2)."""
    set_: frozenset[tuple[str, str]] = frozenset()
    """Namespaces and placeholders of base URIs that a setting fills (language.md 4.3)."""

    @property
    def names(self) -> Names:
        return Names(self.document, self.exposed.namespace)

    @cached_property
    def parameters(self) -> list[Mapping[str, Json]]:
        kept = [each for each in self.consumed.parameters if not self.is_owned(each)]
        return [{**each, "in": each.get("in") or self._place(each)} for each in kept]

    def is_owned(self, parameter: Mapping[str, Json]) -> bool:
        place, name = str(parameter.get("in")), str(parameter["name"])
        key = name.casefold() if place == "header" else name
        return (place, key) in self.owned

    def _place(self, parameter: Mapping[str, Json]) -> str:
        """Return where a parameter without ``in`` goes (language.md 4.14)."""
        if matched(str(parameter["name"]), self.placeholders(self.consumed.path)):
            return "path"
        return "query" if self.consumed.method in ("GET", "HEAD", "DELETE") else "body"

    def placeholders(self, template: str) -> list[str]:
        """Return the placeholders of a URL that are not variables (language.md 4.3, 4.5)."""
        found = []
        for hole in URL_HOLE.finditer(template.split("#", maxsplit=1)[0]):
            name = next(group for group in hole.groups() if group is not None)
            if hole[1] is not None and (self.names.variable(name) or name.startswith("env.")):
                continue
            if hole[4] is None and hole[1] is None:
                continue
            found.append(name)
        return list(dict.fromkeys(found))

    @cached_property
    def slots(self) -> list[Slot]:
        """The holes of the request: base URI, path, parameters, body variables, body."""
        return [*self._base_slots(), *self._path_slots(), *self._parameter_slots(), *self._body()]

    def _base_slots(self) -> Iterator[Slot]:
        for name in self.placeholders(self.consumed.base):
            is_set = (self.consumed.namespace, name) in self.set_
            if not is_set and matched(name, self.exposed.arguments):
                yield Slot("base", name, "string", required=True)

    def _path_slots(self) -> Iterator[Slot]:
        typed = {str(each["name"]): each for each in self.parameters if each["in"] == "path"}
        for name in self.placeholders(self.consumed.path):
            if self.is_variable(name):
                continue
            known = matched(name, typed)
            type_ = typed[known].get("type") if known else None
            yield Slot("path", name, type_ or "string", required=True)

    def is_variable(self, name: str) -> bool:
        """Tell whether a placeholder nothing feeds is a variable (language.md 4.5, 3.6)."""
        given = [*self.exposed.arguments, *(str(each["name"]) for each in self.exposed.inputs)]
        if matched(name, given):
            return False
        if name in self.document.variables:
            return True
        return f"{{{{{name}}}}}" in self.consumed.path and is_environment(name)

    def _parameter_slots(self) -> Iterator[Slot]:
        placed = self.placeholders(self.consumed.path)
        unplaced = [
            each
            for each in self.parameters
            if each["in"] == "path" and not matched(str(each["name"]), placed)
        ]
        if unplaced and (len(unplaced) > 1 or not is_get_one(self.consumed)):
            raise Refused("path/unplaced-parameter")
        for each in self.parameters:
            place = _PLACES[each["in"]]
            if (place == "appended" and each not in unplaced) or (
                place == "part" and self.consumed.body is not None and self._data is not None
            ):
                continue
            needed = place == "appended" or each.get("required") is True
            yield Slot(place, str(each["name"]), each.get("type"), required=needed)
        if self.consumed.declares_nothing:
            yield from self._undeclared()

    def _undeclared(self) -> Iterator[Slot]:
        """Entries of ``with`` that no declared part takes (language.md 10.12)."""
        urls = self.placeholders(self.consumed.path) + self.placeholders(self.consumed.base)
        is_read = self.consumed.method in ("GET", "HEAD", "DELETE")
        for key in self.exposed.arguments:
            if matched(key, urls) or (key == "body" and self.consumed.method in _BODY_METHODS):
                continue
            yield Slot("query" if is_read else "part", key)

    @property
    def _data(self) -> Json:
        body = self.consumed.body
        return body.get("data") if isinstance(body, Mapping) else body

    def _body(self) -> Iterator[Slot]:
        """Variables of a declared body, or the whole body (language.md 5.9, 5.12)."""
        if self._data is not None:
            yield from self._variables()
            return
        parts = any(each["in"] == "body" for each in self.parameters)
        undeclared = self.consumed.declares_nothing and any(self._undeclared())
        if self.consumed.method in _BODY_METHODS and not parts and not undeclared:
            is_rest = self.exposed.kind == "rest"
            method = self.exposed.method if is_rest else self.consumed.method
            if method not in (("GET", "HEAD") if is_rest else ("DELETE",)):
                yield Slot("body", "body")

    def _variables(self) -> Iterator[Slot]:
        described = {str(each["name"]): each for each in self.parameters if each["in"] == "body"}
        seen = set()
        for text in _texts(self._data):
            embedded = HOLE.fullmatch(text) is None
            for name in holes(text):
                if self.names.variable(name) or is_environment(name):
                    continue
                wanted = self.names.reference(name) or Wanted(name)
                if wanted.name in seen:
                    continue
                seen.add(wanted.name)
                known = matched(wanted.name, described)
                about = described[known] if known else {}
                needed = about.get("required") is True
                yield Slot("variable", wanted.name, about.get("type"), needed, embedded)

    @cached_property
    def feeding(self) -> Mapping[Slot, str]:
        """The ``with`` key of each slot that has one: equal names first (language.md 4.19)."""
        keys = [str(key) for key in self.exposed.arguments]
        taken = {slot: slot.name for slot in self.slots if slot.name in keys}
        free = [key for key in keys if key not in taken.values()]
        for slot in self.slots:
            alike = [key for key in free if loose(key) == loose(slot.name)]
            if slot not in taken and len(alike) == 1:
                taken[slot] = alike[0]
        return taken

    @property
    def unused(self) -> list[str]:
        """Keys of ``with`` that feed nothing, where that is the author's slip (10.12)."""
        owned = [name for _, name in self.owned]
        data = self._data if isinstance(self._data, Mapping) else {}
        taken = {*self.feeding.values(), *data}
        return [
            key
            for key in self.exposed.arguments
            if key not in taken and not matched(key, owned) and not self._fills_base(key)
        ]

    def _fills_base(self, key: str) -> bool:
        return matched(key, self.placeholders(self.consumed.base)) is not None


def _texts(data: Json) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, Mapping | list):
        for each in data.values() if isinstance(data, Mapping) else data:
            yield from _texts(each)
