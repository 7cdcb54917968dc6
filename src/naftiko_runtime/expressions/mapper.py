"""Output shapes (language.md 9): a tree of nodes, each with one method, ``apply(root, scope)``.

``root`` is the response (or a part of it), ``scope`` what constants with templates can see. The
result is a JSON value or ``ABSENT``; objects show an absent member as null (9.4).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Final, Literal, TypeAlias

from naftiko_runtime.expressions.path import Path
from naftiko_runtime.expressions.reference import Expression, Scope
from naftiko_runtime.values import ABSENT, Absent, Json

_MANY: Final = 4
"""Elements from which on taking all of them together pays."""

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

    @property
    def getters(self) -> "tuple[Getter, ...] | None":
        """The way down to what it finds, when that is members by name alone; it may be missing."""
        names = None if self.wrap or self.cut is not None else self.path.members
        if names is None or not all(isinstance(name, str) for name in names):
            return None
        return tuple(itemgetter(name) for name in names)

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
    _blank: dict[str, Json] = field(init=False, compare=False, repr=False)
    _columns: "tuple[_Column, ...]" = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_blank", dict.fromkeys(name for name, _ in self.members))
        columns = tuple(
            (name, member.getters if isinstance(member, Select) else None, member)
            for name, member in self.members
        )
        object.__setattr__(self, "_columns", columns)

    def apply(self, root: Json, scope: Scope) -> Json | Absent:
        if self.sparse:
            found = ((name, member.apply(root, scope)) for name, member in self.members)
            return {name: value for name, value in found if value is not ABSENT} or ABSENT
        value = root if self.base is None else self.base.apply(root, scope)
        if (value is ABSENT or value is None) and not self.always:
            return None
        return {name: null_if_absent(member.apply(value, scope)) for name, member in self.members}

    def each(self, roots: Sequence[Json], scope: Scope) -> Sequence[Json | Absent]:
        """Return what ``apply`` makes of each of several values.

        Nearly all mapped answers are lists of objects whose properties are members of the
        elements. So many are made property by property: each is then a handful of calls for all
        elements together.
        """
        if self.base is not None or self.sparse or len(roots) < _MANY or None in roots:
            return [self.apply(root, scope) for root in roots]
        objects = [self._blank.copy() for _ in roots]
        for name, getters, member in self._columns:
            if getters is None or not _filled(objects, name, getters, roots):
                for made, value in zip(objects, _each(member, roots, scope), strict=True):
                    made[name] = null_if_absent(value)
        return objects


def _filled(
    objects: Sequence[dict[str, Json]],
    name: str,
    getters: Sequence["Getter"],
    values: Sequence[Json],
) -> bool:
    """Set a property of all objects; tell whether all of the values had what it is read from."""
    found: Iterable[Json] = values
    for getter in getters:
        found = map(getter, found)
    try:
        for made, value in zip(objects, found, strict=True):
            made[name] = value
    except (KeyError, TypeError):  # no such member, or no object
        return False
    return True


Getter: TypeAlias = Callable[[Json], Json]
_Column: TypeAlias = "tuple[str, tuple[Getter, ...] | None, Mapper]"


@dataclass(frozen=True, slots=True)
class MapShape:
    """One member per member of the selected object (9.4, ``values``)."""

    base: "Mapper | None"
    each: "Mapper"

    def apply(self, root: Json, scope: Scope) -> Json:
        value = root if self.base is None else self.base.apply(root, scope)
        if not isinstance(value, dict):
            return None
        members = map(null_if_absent, _each(self.each, list(value.values()), scope))
        return dict(zip(value, members, strict=True))


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
        found = _each(self.each, value, scope)
        return [None if each is ABSENT else each for each in found]


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


def _each(mapper: Mapper, roots: Sequence[Json], scope: Scope) -> Sequence[Json | Absent]:
    if isinstance(mapper, ObjectShape):
        return mapper.each(roots, scope)
    return [mapper.apply(root, scope) for root in roots]


def null_if_absent(value: Json | Absent) -> Json:
    """Return null in place of an absent value."""
    return None if value is ABSENT else value
