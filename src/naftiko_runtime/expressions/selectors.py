"""What one part of a path picks from a value: keys of an object, indexes of an array.

Everything here is a frozen value with one method, ``picks``, that gives keys in document order,
so that ``walk`` and ``found`` are the only places where values are taken apart; and members by
name, again, where most time goes.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Final, Protocol, TypeAlias

from naftiko_runtime.errors import ResponseTooLarge
from naftiko_runtime.values import ABSENT, Absent, Json

Key: TypeAlias = str | int
Selection: TypeAlias = Callable[[Json], Json | Absent]
"""What a path leads to, from one value."""
LIMIT: Final = 2_000_000
"""Values that one path may come across; ``$..*..*`` finds many more than the value has."""


class Selector(Protocol):
    """One part of a path."""

    def picks(self, value: Json) -> Iterable[Key]:
        """Return keys or indexes that ``value`` has, in document order."""
        ...


@dataclass(frozen=True, slots=True)
class Step:
    """A member by name, an element by index; a name of digits is also an index (8.2)."""

    name: str | None
    index: int | None
    counts: bool = False
    """On an array it is the number of elements: a last ``.length`` or ``.size`` (8.4)."""

    def picks(self, value: Json) -> Iterable[Key]:
        if isinstance(value, dict):
            return (self.name,) if self.name is not None and self.name in value else ()
        if isinstance(value, list) and self.index is not None:
            size = len(value)
            return (self.index % size,) if -size <= self.index < size else ()
        return ()


@dataclass(frozen=True, slots=True)
class Everything:
    """``*``: all members or elements."""

    def picks(self, value: Json) -> Iterable[Key]:
        return _keys(value)


@dataclass(frozen=True, slots=True)
class Slice:
    """``start:stop:step`` of an array; the step is positive."""

    start: int | None
    stop: int | None
    step: int | None

    def picks(self, value: Json) -> Iterable[Key]:
        if not isinstance(value, list):
            return ()
        return range(*slice(self.start, self.stop, self.step).indices(len(value)))


@dataclass(frozen=True, slots=True)
class Union:
    """What any of several steps and slices picks, each value once."""

    choices: tuple[Step | Slice, ...]

    def picks(self, value: Json) -> Iterable[Key]:
        picked = {key for choice in self.choices for key in choice.picks(value)}
        return (key for key in _keys(value) if key in picked)


class Condition(Protocol):
    """A filter's condition (``expressions.filters``)."""

    def holds(self, value: Json) -> bool: ...


@dataclass(frozen=True, slots=True)
class Where:
    """``?(…)``: members or elements for which a condition holds."""

    condition: Condition

    def picks(self, value: Json) -> Iterable[Key]:
        return (key for key, child in _items(value) if self.condition.holds(child))


@dataclass(frozen=True, slots=True)
class Anywhere:
    """``..`` and the part behind it: what that part picks, in the value and all below it."""

    selector: Selector

    def found(self, root: Json) -> Iterator[Json]:
        """Yield in document order; never deeper than one frame, however deep the value is."""
        waiting: list[tuple[bool, Json]] = [(False, root)]
        while waiting:
            picked, value = waiting.pop()
            if picked:
                yield value
            chosen = set(self.selector.picks(value))
            below = [(key in chosen, child) for key, child in _items(value)]
            waiting.extend(reversed(below))


Part: TypeAlias = Selector | Anywhere


def walking(steps: Sequence[Step]) -> Selection:
    """Return what follows a definite path (language.md 8.2)."""
    names = tuple(step.name for step in steps if step.name is not None)
    return partial(_through_members if len(names) == len(steps) else walk, steps)


def _through_members(steps: Sequence[Step], value: Json) -> Json | Absent:
    """Follow names alone: nearly all paths, from one object into the next."""
    found = value
    for step in steps:
        if type(found) is not dict:  # exactly: what derives from it is as rare as an array
            return walk(steps, value)
        found = found.get(step.name, ABSENT)
    return found


def walk(steps: Sequence[Step], value: Json) -> Json | Absent:
    """Return what a definite path leads to, whatever it leads through."""
    for step in steps:
        if isinstance(value, dict):
            if step.name is None or step.name not in value:
                return ABSENT
            value = value[step.name]
        elif not isinstance(value, list):
            return ABSENT
        elif step.counts:
            value = len(value)
        elif step.index is None or not -len(value) <= step.index < len(value):
            return ABSENT
        else:
            value = value[step.index]
    return value


def gathering(parts: Sequence[Part]) -> Selection:
    """Return what follows an indefinite path to all values it leads to (language.md 8.3).

    It raises ``ResponseTooLarge`` when there are more than ``LIMIT``.
    """
    return partial(_gathered, parts)


def _gathered(parts: Sequence[Part], root: Json) -> list[Json]:
    values = [root]
    for part in parts:
        values = list(islice(_next(values, part), LIMIT + 1))
        if len(values) > LIMIT:
            raise ResponseTooLarge(f"a path finds more than {LIMIT} values")
    return values


def _next(values: Sequence[Json], part: Part) -> Iterator[Json]:
    if isinstance(part, Anywhere):
        return (found for value in values for found in part.found(value))
    if isinstance(part, Step):
        walked = map(walking((part,)), values)
        return (value for value in walked if value is not ABSENT)
    return (value[key] for value in values for key in part.picks(value))


def _keys(value: Json) -> Iterable[Key]:
    if isinstance(value, dict):
        return value.keys()
    return range(len(value)) if isinstance(value, list) else ()


def _items(value: Json) -> Iterable[tuple[Key, Json]]:
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, list) else ()
