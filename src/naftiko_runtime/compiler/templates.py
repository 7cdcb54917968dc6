"""Turns texts with templates into expressions (language.md 3)."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, TypeAlias
from typing import Literal as OneOf

from naftiko_runtime.compiler.variables import Variables
from naftiko_runtime.diagnostics import Found
from naftiko_runtime.errors import Diagnostic, Place
from naftiko_runtime.expressions.path import Path
from naftiko_runtime.expressions.reference import (
    Expression,
    FromVariable,
    ListOf,
    Literal,
    ObjectOf,
    Template,
    Variable,
)
from naftiko_runtime.expressions.template import Hole, TemplateError, parse, whole
from naftiko_runtime.values import Json

InputSource: TypeAlias = OneOf["query", "path", "header", "body"]
_SOURCES: Final[tuple[InputSource, ...]] = ("query", "path", "header", "body")
SCOPE_WORDS: Final = ("rest", "tools")


class Unresolved(Exception):
    """A template or reference of one function is wrong; carries its diagnostic."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        self.diagnostic = diagnostic
        super().__init__(diagnostic.message)


def by_way_of(diagnostic: Diagnostic, way: str) -> Diagnostic:
    """Return a diagnostic whose message says how it was reached (orchestration.md 1.4)."""
    return replace(diagnostic, message=f"{way}: {diagnostic.message}")


@dataclass(frozen=True, slots=True)
class InputName:
    """A reference to an input: its name, and where REST takes it from when that is written."""

    name: str
    source: InputSource | None = None
    whole_body: bool = False
    word: bool = False
    """Written with ``rest.`` or ``tools.``."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every template of a document is linked with."""

    variables: Variables
    found: Found
    namespaces: frozenset[str]
    """Namespaces of exposed adapters and aggregates: prefixes that mean an input."""

    def input_name(self, text: str) -> InputName | None:
        """Read ``rest.X``, ``tools.X``, ``NS.X``, ``$this.NS.X`` (3.2); None: something else."""
        reference = text.removeprefix("$this.")
        prefixes = [
            *(word for word in SCOPE_WORDS if reference.startswith(f"{word}.")),
            *sorted(
                (name for name in self.namespaces if reference.startswith(f"{name}.")),
                key=len,
                reverse=True,
            ),
        ]
        if not prefixes:
            return None
        prefix = prefixes[0]
        name = reference[len(prefix) + 1 :].strip()
        is_word = prefix in SCOPE_WORDS and prefix not in self.namespaces
        return self._named(name, prefix, word=is_word) if name else None

    def _named(self, name: str, prefix: str, *, word: bool) -> InputName:
        if prefix in SCOPE_WORDS:
            if name == "body":
                return InputName("body", "body", whole_body=True, word=word)
            for source in _SOURCES:
                if prefix == "rest" and name.startswith(f"{source}."):
                    return InputName(name[len(source) + 1 :], source, word=word)
        return InputName(name, word=word)

    def variable(
        self, hole: Hole, origin: str | None, place: Place, used_in: str
    ) -> Variable | None:
        """Return the variable that a hole certainly means (3.2, 3.6 step 1), else None."""
        if hole.kind != "braces":
            self.found.add(
                "dialect/variable-spelling",
                place,
                f"{_written(hole)} is read as the variable {{{{{hole.name}}}}}",
            )
        variable = self.named_variable(hole.name, origin, place, used_in)
        if variable is not None or hole.kind == "braces":
            return variable
        return self.variables.undeclared(hole.name, place, used_in)

    def named_variable(
        self, name: str, origin: str | None, place: Place, used_in: str
    ) -> Variable | None:
        """Return ``VAR``, ``bind.VAR`` or ``env.VAR`` as a variable, else None."""
        variable = self.variables.declared(name, origin, used_in)
        if variable is not None or "." not in name:
            return variable
        for namespace, bare in _splits(name):
            variable = self.variables.qualified(namespace, bare, origin, used_in)
            if variable is not None:
                return variable
        if name.startswith("env."):
            return self.variables.undeclared(name.removeprefix("env."), place, used_in)
        return None

    def unresolved(self, code: str, place: Place, message: str) -> Unresolved:
        return Unresolved(self.found.add(code, place, message))


Resolve: TypeAlias = Callable[[Hole, bool], Expression]
"""Links one hole; the flag says whether it is embedded in a longer text."""


def link_text(text: str, resolve: Resolve, around: Surroundings, place: Place) -> Expression:
    """Return the expression of a text with templates (3.4); raise ``Unresolved`` (3.2)."""
    try:
        only = whole(text)
        parts = None if only else parse(text)
    except TemplateError as error:
        raise around.unresolved("template/unsupported", place, str(error)) from error
    if only:
        return resolve(only, False)  # noqa: FBT003
    if parts is None or all(isinstance(part, str) for part in parts):
        return Literal("".join(part for part in parts or () if isinstance(part, str)))
    return Template(
        tuple(part if isinstance(part, str) else resolve(part, True) for part in parts)  # noqa: FBT003
    )


def link_json(value: Json, resolve: Resolve, around: Surroundings, place: Place) -> Expression:
    """Return the expression of a JSON value; texts inside are templates (5.3)."""
    if isinstance(value, str):
        return link_text(value, resolve, around, place)
    if isinstance(value, dict):
        members = tuple(
            (key, link_json(member, resolve, around, place)) for key, member in value.items()
        )
        literal = {key: member.value for key, member in members if isinstance(member, Literal)}
        return Literal(literal) if len(literal) == len(members) else ObjectOf(members)
    if isinstance(value, list):
        elements = tuple(link_json(element, resolve, around, place) for element in value)
        known = [element.value for element in elements if isinstance(element, Literal)]
        return Literal(known) if len(known) == len(elements) else ListOf(elements)
    return Literal(value)


def member_path(parts: str) -> Path:
    """Return the path of the part after the first name of a dotted template name (3.7)."""
    return Path.of_names(parts)


def variable_or(
    hole: Hole, around: Surroundings, origin: str | None, place: Place, used_in: str
) -> FromVariable | None:
    """Return a hole as a variable, or None when it must be an input or a step."""
    variable = around.variable(hole, origin, place, used_in)
    return FromVariable(variable) if variable is not None else None


def _splits(name: str) -> list[tuple[str, str]]:
    """Return ``NS``, ``VAR`` for every dot, the longest namespace first."""
    dots = [index for index, character in enumerate(name) if character == "."]
    return [(name[:index], name[index + 1 :]) for index in reversed(dots)]


def _written(hole: Hole) -> str:
    return f"${{{hole.name}}}" if hole.kind == "dollar" else f"<<{hole.name}>>"
