"""How holes are resolved on the consumed side: a variable, or an argument of the operation."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal as OneOf

from naftiko_runtime.compiler.needs import Need, NeedKind, Needs
from naftiko_runtime.compiler.templates import (
    InputName,
    link_json,
    link_text,
    variable_or,
)
from naftiko_runtime.compiler.world import World
from naftiko_runtime.errors import Place
from naftiko_runtime.expressions.reference import (
    Environment,
    Expression,
    FromVariable,
    Literal,
    Setting,
    Source,
    Variable,
)
from naftiko_runtime.expressions.template import Hole
from naftiko_runtime.names import folded
from naftiko_runtime.secret import Secret
from naftiko_runtime.spec.consumes import Parameter
from naftiko_runtime.values import Json

Note = OneOf["quiet", "body"]


@dataclass(frozen=True, slots=True)
class ConsumedSide:
    """Links the templates of one consumed operation; collects what it needs."""

    world: World
    origin: str | None
    label: str
    needs: Needs
    parameters: tuple[Parameter, ...]
    """Parameters of all levels (4.11)."""

    def text(self, text: str, kind: NeedKind, place: Place) -> Expression:
        """Return a text with templates as an expression over arguments and variables."""
        if kind in ("auth", "value") and text.startswith("$env."):
            return self._environment_reference(text, place)
        return link_text(text, self.resolver(kind, place), self.world.around, place)

    def _environment_reference(self, text: str, place: Place) -> Expression:
        """Return ``$env.VAR``, which is a variable where it is the whole value (3.2)."""
        name = text.removeprefix("$").strip()
        self.world.found.add(
            "dialect/variable-spelling", place, f"{text} is read as the variable {{{{{name}}}}}"
        )
        variable = self.world.around.named_variable(name, self.origin, place, self.label)
        return Literal(text) if variable is None else FromVariable(variable)

    def json(self, value: Json, kind: NeedKind, place: Place) -> Expression:
        """Return a JSON value with templates as an expression."""
        if isinstance(value, str):
            return self.text(value, kind, place)
        return link_json(value, self.resolver(kind, place), self.world.around, place)

    def resolver(self, kind: NeedKind, place: Place) -> Callable[[Hole, bool], Expression]:
        def resolve(hole: Hole, embedded: bool) -> Expression:  # noqa: FBT001
            return self.hole(hole, Need(hole.name, kind, place, embedded=embedded))

        return resolve

    def hole(self, hole: Hole, need: Need) -> Expression:
        """Return a variable, or the argument that this hole needs (3.6, 5.4)."""
        environment = self.environment_parameter(hole.name)
        if environment is not None:
            return environment
        variable = variable_or(hole, self.world.around, self.origin, need.place, self.label)
        if variable is not None:
            return variable
        name = self.world.around.input_name(hole.name) or InputName(hole.name)
        if need.kind == "body" and name.word:
            self._report_body_word(hole, name, need.place)
        return self.argument(name, need)

    def argument(self, name: InputName, need: Need, *, template: bool = True) -> Expression:
        """Record an argument under its plain name.

        ``template``: an undeclared upper-case name may be an environment variable, which the
        ``{NAME}`` of a path never is (2.4, 4.5).
        """
        kind: NeedKind = "whole" if name.whole_body else need.kind
        parameter = need.parameter or self.body_parameter(name.name, need.kind)
        is_environment = self.world.variables.is_environment_name(name.name)
        required = need.required or (parameter is not None and parameter.required is True)
        return self.needs.add(
            replace(
                need,
                name=name.name,
                kind=kind,
                parameter=parameter,
                source=name.source,
                environment=template and is_environment and not name.word,
                required=required and (parameter is None or not parameter.has("default")),
            )
        )

    def body_parameter(self, name: str, kind: NeedKind) -> Parameter | None:
        """Return the ``in: body`` parameter that describes a body variable (5.12)."""
        if kind not in ("body", "whole"):
            return None
        return next((p for p in self.parameters if p.in_ == "body" and p.name == name), None)

    def environment_parameter(self, name: str) -> FromVariable | None:
        """Return an ``in: environment`` parameter as the variable it is (4.12)."""
        for parameter in self.parameters:
            if parameter.in_ == "environment" and parameter.name == name:
                setting = self.world.settings.variables.get(name)
                sources: tuple[Source, ...] = (Environment(name),)
                if setting is not None:
                    sources = (Setting(Secret(setting)), *sources)
                return FromVariable(Variable(name, sources))
        return None

    def parameter_named(self, name: str, location: str) -> Parameter | None:
        """Return the parameter of a place that has a name, spelling apart (3.8)."""
        there = [p for p in self.parameters if p.in_ == location]
        exact = [p for p in there if p.name == name]
        if exact:
            return exact[0]
        spelled = [p for p in there if folded(p.name) == folded(name)]
        return spelled[0] if len(spelled) == 1 else None

    def _report_body_word(self, hole: Hole, name: InputName, place: Place) -> None:
        self.world.found.add(
            "dialect/body-scope-word",
            place,
            f"{self.label}: {{{{{hole.name}}}}} is the input {name.name!r} of whoever calls",
        )
