"""Inputs under construction: what a function declares, and what its templates turn out to need."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from naftiko_runtime.compiler.needs import Need
from naftiko_runtime.compiler.templates import InputSource
from naftiko_runtime.compiler.world import World
from naftiko_runtime.errors import Place
from naftiko_runtime.expressions.reference import FromInput
from naftiko_runtime.names import matching
from naftiko_runtime.spec.consumes import Parameter

Side = Literal["rest", "mcp", "aggregate"]


@dataclass(slots=True)
class Draft:
    """One input: declared, a route variable, or derived (language.md 10.4, 10.5)."""

    name: str
    place: Place
    parameter: Parameter | None = None
    route: str | None = None
    """The route or resource variable that it is taken from."""
    source: InputSource | None = None
    feeds: list[Need] = field(default_factory=list)
    embedded: bool = False
    whole: bool = False
    """The whole body."""
    members: bool = False
    """Only members of it are read, so it is an object."""
    owned: bool = False
    """It could only feed what authentication or a constant owns (4.12, 6.2)."""

    def feed(self, need: Need | None, *, embedded: bool = False) -> None:
        if need is not None:
            self.feeds.append(need)
        self.embedded = self.embedded or embedded


@dataclass(slots=True)
class Drafts:
    """The inputs of one function, in the order of 10.5; declared ones first."""

    world: World
    side: Side
    label: str
    routes: tuple[str, ...] = ()
    declared: dict[str, Draft] = field(default_factory=dict)
    derived: dict[str, Draft] = field(default_factory=dict)

    @property
    def declares(self) -> bool:
        return bool(self.declared)

    def declare(self, parameters: Iterable[Parameter]) -> None:
        """Take the declared inputs of all levels, inner ones last."""
        for parameter in parameters:
            draft = Draft(parameter.name, parameter.place, parameter)
            if self.side == "rest" and (parameter.in_ or "path") == "path":
                draft.route = matching(parameter.name, self.routes)
            self.declared.pop(parameter.name, None)
            self.declared[parameter.name] = draft

    def inherit(self, parameter: Parameter, place: Place) -> None:
        """Add an input that an aggregate function declares and its caller does not (3.3)."""
        self.derived[parameter.name] = Draft(parameter.name, place, parameter)

    def find(self, name: str, place: Place) -> Draft | None:
        """Return the declared input or route variable of a name, spelling apart (3.8)."""
        inherited = (name for name, draft in self.derived.items() if draft.parameter is not None)
        match = matching(name, [*self.declared, *self._free_routes(), *inherited])
        if match is None:
            return None
        if match != name:
            self.world.found.add(
                "dialect/spelling", place, f"{self.label}: {name!r} is taken as {match!r}"
            )
        return (
            self.declared.get(match) or self.derived.get(match) or self._route(name, match, place)
        )

    def reference(self, name: str, place: Place, source: InputSource | None = None) -> Draft:
        """Return the input that a reference means, deriving it when it is not there yet."""
        if self.side != "rest":
            source = None
        if source in (None, "path"):
            known = self.find(name, place)
            if known is not None:
                return known
        elif (declared := self._declared_in(name, source)) is not None:
            return declared
        return self._derive(name, place, source)

    def body(self, place: Place) -> Draft:
        """Return the input that is the whole body (3.2, 5.9)."""
        declared = self.declared.get("body")
        if declared is not None:
            return declared
        draft = self._derive("body", place, "body")
        draft.whole = True
        return draft

    def expression(self, draft: Draft) -> FromInput:
        return FromInput(draft.name)

    def in_order(self) -> list[Draft]:
        """Return all inputs; route variables that nothing refers to come last."""
        used = {draft.route for draft in (*self.declared.values(), *self.derived.values())}
        rest = [
            Draft(route, Place(self.world.file), route=route)
            for route in self.routes
            if route not in used
        ]
        derived = sorted(self.derived.values(), key=lambda draft: draft.whole)
        return [*self.declared.values(), *derived, *rest]

    def _free_routes(self) -> list[str]:
        taken = {draft.route for draft in self.declared.values()}
        return [route for route in self.routes if route not in taken]

    def _route(self, name: str, route: str, place: Place) -> Draft:
        """Return a route variable under the name that the document first refers to it by."""
        return self.derived.setdefault(route, Draft(name, place, route=route))

    def _declared_in(self, name: str, source: InputSource | None) -> Draft | None:
        draft = self.declared.get(name)
        if draft is None or draft.parameter is None or draft.parameter.in_ != source:
            return None
        return draft

    def _derive(self, name: str, place: Place, source: InputSource | None) -> Draft:
        known = self.derived.get(name)
        if known is not None and source not in (None, known.source):
            if known.source is None and known.route is None:
                known.source = source
                return known
            name = f"{source}.{name}"
        return self.derived.setdefault(name, Draft(name, place, source=source))
