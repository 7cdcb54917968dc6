"""Output shapes (language.md 9): a tree of nodes, each with one method, ``apply(root, scope)``.

``root`` is the response (or a part of it), ``scope`` what constants with templates can see. The
result is a JSON value or ``ABSENT``; objects show an absent member as null (9.4).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from naftiko_runtime.expressions.path import Path
from naftiko_runtime.expressions.reference import Expression, Scope
from naftiko_runtime.values import ABSENT, Absent, Json

ScalarType = Literal["string", "integer", "number", "boolean", "array", "object"]


class RootedObject(dict[str, Json]):
    """The object of an XML document; remembers the root element's name, which 7.8 drops."""

    __slots__ = ("root_name",)

    def __init__(self, members: dict[str, Json], root_name: str) -> None:
        super().__init__(members)
        self.root_name = root_name

    def without_root(self, path: Path) -> Json | Absent:
        """Select a path that may begin with the root element's name, without that name."""
        return path.without_first().select(self) if path.first == self.root_name else ABSENT


@dataclass(frozen=True, slots=True)
class Select:
    """What a path finds, as it is.

    ``fallback`` is tried when the path finds nothing: a consumed output (9.2). ``wrap``: an XML
    value that is no array becomes an array of one (7.8). ``rooted``: a path that finds nothing
    and begins with the XML root element's name is tried without it (7.8). ``cut`` is
    ``maxLength``.
    """

    path: Path
    fallback: "Mapper | None" = None
    wrap: bool = False
    rooted: bool = False
    cut: int | None = None

    def apply(self, root: Json, scope: Scope) -> Json | Absent:
        value = self.path.select(root)
        if value is ABSENT and self.rooted and isinstance(root, RootedObject):
            value = root.without_root(self.path)
        if value is ABSENT and self.fallback is not None:
            value = self.fallback.apply(root, scope)
        if self.wrap and value is not ABSENT and value is not None and not isinstance(value, list):
            value = [value]
        if self.cut is not None and isinstance(value, str):
            return value[: self.cut]
        return value


@dataclass(frozen=True, slots=True)
class Chain:
    """What a path finds in another mapper's value: a member of a consumed output (9.2)."""

    base: "Mapper"
    path: Path

    def apply(self, root: Json, scope: Scope) -> Json | Absent:
        value = self.base.apply(root, scope)
        return ABSENT if value is ABSENT else self.path.select(value)


@dataclass(frozen=True, slots=True)
class Fixed:
    """A constant or template, converted to its declared type (9.4)."""

    value: Expression
    convert: Callable[[Json], Json] | None = None
    cut: int | None = None

    def apply(self, root: Json, scope: Scope) -> Json | Absent:
        value = self.value.evaluate(scope)
        if value is ABSENT:
            return ABSENT
        if self.convert is not None:
            value = self.convert(value)
        return value[: self.cut] if self.cut is not None and isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class ObjectShape:
    """An object with properties; null when its own mapping finds nothing (9.4)."""

    members: tuple[tuple[str, "Mapper"], ...]
    base: "Mapper | None" = None
    sparse: bool = False
    """Absent members are left out instead of null, and so is an empty object (11.2, 11.3)."""
    always: bool = False
    """Several named outputs: an object even when there was no answer to read (9.5)."""

    def apply(self, root: Json, scope: Scope) -> Json | Absent:
        if self.sparse:
            found = ((name, member.apply(root, scope)) for name, member in self.members)
            return {name: value for name, value in found if value is not ABSENT} or ABSENT
        value = root if self.base is None else self.base.apply(root, scope)
        if (value is ABSENT or value is None) and not self.always:
            return None
        return {name: null_if_absent(member.apply(value, scope)) for name, member in self.members}


@dataclass(frozen=True, slots=True)
class MapShape:
    """One member per member of the selected object (9.4, ``values``)."""

    base: "Mapper | None"
    each: "Mapper"

    def apply(self, root: Json, scope: Scope) -> Json:
        value = root if self.base is None else self.base.apply(root, scope)
        if not isinstance(value, dict):
            return None
        return {
            name: null_if_absent(self.each.apply(member, scope)) for name, member in value.items()
        }


@dataclass(frozen=True, slots=True)
class ArrayShape:
    """Each element of the selected array, reshaped; null when there is no array (9.4)."""

    base: "Mapper | None"
    each: "Mapper"
    single: bool = False
    """Mock mode: an array of one, no response needed (11.3)."""

    def apply(self, root: Json, scope: Scope) -> Json | Absent:
        if self.single:
            only = self.each.apply(root, scope)
            return ABSENT if only is ABSENT else [only]
        value = root if self.base is None else self.base.apply(root, scope)
        if not isinstance(value, list):
            return None
        return [null_if_absent(self.each.apply(element, scope)) for element in value]


@dataclass(frozen=True, slots=True)
class FirstOf:
    """Several outputs without names: the first that is not null (9.5)."""

    alternatives: tuple["Mapper", ...]

    def apply(self, root: Json, scope: Scope) -> Json:
        for alternative in self.alternatives:
            value = alternative.apply(root, scope)
            if value is not ABSENT and value is not None:
                return value
        return None


Mapper: TypeAlias = Select | Chain | Fixed | ObjectShape | MapShape | ArrayShape | FirstOf


def null_if_absent(value: Json | Absent) -> Json:
    """Return null in place of an absent value."""
    return None if value is ABSENT else value
