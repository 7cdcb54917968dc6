"""Values that are known only when a call runs: inputs, step values, variables, texts of them.

Every node is parsed and linked at load. ``evaluate`` is all that happens while serving; it gives
a JSON value or ``ABSENT`` (language.md 3.4, 3.5) and raises ``Misconfigured`` for a variable
without a value.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

from naftiko_runtime.expressions.path import Path
from naftiko_runtime.secret import Secret
from naftiko_runtime.values import ABSENT, Absent, Json, text_of


@dataclass(frozen=True, slots=True)
class Setting:
    """A value from ``--set vars.NAME``."""

    value: Secret


@dataclass(frozen=True, slots=True)
class Environment:
    """An environment variable of the process, after ``--env-file``."""

    name: str


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One entry of a bind's file or folder; ``path`` is the real path (language.md 2.2)."""

    path: str
    key: str


@dataclass(frozen=True, slots=True)
class NoSource:
    """A bind that cannot be read: unknown provider, file outside the folder."""

    reason: str


Source: TypeAlias = Setting | Environment | FileEntry | NoSource


@dataclass(frozen=True, slots=True)
class Variable:
    """A named value of the runtime's surroundings: where to read it, never the value.

    The first source that has a non-empty value wins (language.md 2.3, 2.6).
    """

    name: str
    sources: tuple[Source, ...]


class Scope(Protocol):
    """What one evaluation can see."""

    @property
    def inputs(self) -> Mapping[str, Json]: ...

    @property
    def steps(self) -> Mapping[str, Json]: ...

    def variable(self, variable: Variable) -> str:
        """Return the value of a variable; raise ``Misconfigured`` when it has none."""
        ...


@dataclass(frozen=True, slots=True)
class Literal:
    """A value written in the document."""

    value: Json

    def evaluate(self, scope: Scope) -> Json:
        return self.value


@dataclass(frozen=True, slots=True)
class FromInput:
    """An input of the call, or a member of it."""

    name: str
    path: Path | None = None

    def evaluate(self, scope: Scope) -> Json | Absent:
        value = scope.inputs.get(self.name, ABSENT)
        return value if self.path is None or value is ABSENT else self.path.select(value)


class StoredObject(dict[str, Json]):
    """The named outputs of a step; ``behind`` is the raw answer (orchestration.md 2.10)."""

    __slots__ = ("behind",)

    def __init__(self, outputs: Mapping[str, Json], behind: Json) -> None:
        super().__init__(outputs)
        self.behind = behind


class StoredArray(list[Json]):
    """The raw array of a step; ``behind`` holds the outputs that select from the whole of it."""

    __slots__ = ("behind",)

    def __init__(self, elements: Iterable[Json], behind: Mapping[str, Json]) -> None:
        super().__init__(elements)
        self.behind = behind


@dataclass(frozen=True, slots=True)
class FromStep:
    """The value an earlier step stored, or a member of it (orchestration.md 2.4, 2.10)."""

    name: str
    path: Path | None = None

    def evaluate(self, scope: Scope) -> Json | Absent:
        stored = scope.steps.get(self.name, ABSENT)
        if self.path is None or stored is ABSENT:
            return stored
        value = self.path.select(stored)
        if value is ABSENT and isinstance(stored, StoredObject | StoredArray):
            return self.path.select(stored.behind)
        return value


@dataclass(frozen=True, slots=True)
class FromVariable:
    """A variable's text."""

    variable: Variable

    def evaluate(self, scope: Scope) -> Json:
        return scope.variable(self.variable)


@dataclass(frozen=True, slots=True)
class Template:
    """Text with holes; every value becomes text; absent when any hole is (language.md 3.4, 3.5)."""

    parts: tuple["str | Expression", ...]

    def evaluate(self, scope: Scope) -> str | Absent:
        texts: list[str] = []
        for part in self.parts:
            value = part if isinstance(part, str) else part.evaluate(scope)
            if value is ABSENT:
                return ABSENT
            texts.append(text_of(value))
        return "".join(texts)


@dataclass(frozen=True, slots=True)
class ObjectOf:
    """A map with expressions inside; members that are absent are left out (language.md 5.3)."""

    members: tuple[tuple[str, "Expression"], ...]

    def evaluate(self, scope: Scope) -> Json:
        values = ((name, member.evaluate(scope)) for name, member in self.members)
        return {name: value for name, value in values if value is not ABSENT}


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list with expressions inside; elements that are absent are left out (language.md 5.3)."""

    elements: tuple["Expression", ...]

    def evaluate(self, scope: Scope) -> Json:
        values = (element.evaluate(scope) for element in self.elements)
        return [value for value in values if value is not ABSENT]


@dataclass(frozen=True, slots=True)
class Member:
    """A member of another expression's value (language.md 3.7)."""

    base: "Expression"
    path: Path

    def evaluate(self, scope: Scope) -> Json | Absent:
        value = self.base.evaluate(scope)
        return ABSENT if value is ABSENT else self.path.select(value)


@dataclass(frozen=True, slots=True)
class Missing:
    """Never has a value: a credential that must not pass, a ``with`` entry that is null."""

    def evaluate(self, scope: Scope) -> Absent:
        return ABSENT


@dataclass(frozen=True, slots=True)
class Either:
    """The first alternative that has a value."""

    alternatives: tuple["Expression", ...]

    def evaluate(self, scope: Scope) -> Json | Absent:
        for alternative in self.alternatives:
            value = alternative.evaluate(scope)
            if value is not ABSENT:
                return value
        return ABSENT


Expression: TypeAlias = (
    Literal
    | FromInput
    | FromStep
    | FromVariable
    | Template
    | ObjectOf
    | ListOf
    | Member
    | Missing
    | Either
)

MISSING: Final = Missing()
