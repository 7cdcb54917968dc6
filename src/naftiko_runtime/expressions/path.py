"""JSONPath (language.md 8): text to a frozen ``Path``, parsed once at load.

Definite paths are walks of members and indexes; ``*``, ``..``, slices and unions are picked part
by part in document order (``expressions.selectors``); conditions of filters are jsonpath-ng's.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from naftiko_runtime.expressions.aggregates import FUNCTIONS, Aggregate
from naftiko_runtime.expressions.quotes import QUOTED, unquoted
from naftiko_runtime.expressions.selectors import (
    Anywhere,
    Everything,
    Part,
    Selection,
    Selector,
    Slice,
    Step,
    Union,
    Where,
    gathering,
    walking,
)
from naftiko_runtime.values import ABSENT, Absent, Json

_INTEGER: Final = r"-?[0-9]{1,15}"
_SLICE: Final = rf"(?:{_INTEGER})?\s*:\s*(?:{_INTEGER})?(?:\s*:\s*(?:{_INTEGER})?)?"
_CHOICE: Final = re.compile(
    rf"\s*(?:(?P<quoted>{QUOTED})|(?P<slice>{_SLICE})|(?P<index>{_INTEGER})|(?P<star>\*))"
    r"\s*(?P<end>[,\]])",
    re.DOTALL,
)
_FILTER: Final = re.compile(
    rf"\s*\?((?:{QUOTED}|/(?:[^/\\]|\\.)*+/|\[(?:{QUOTED}|[^\]'\"])*+\]|[^\]'\"\[/])*+)\]",
    re.DOTALL,
)
_PART: Final = re.compile(
    r"(?P<dots>\.{0,2})\s*(?:(?P<function>[a-z]+\(\))|(?P<star>\*)\s*"
    r"|(?P<name>[^.\[\]()*?'\"`{}<>=,!&|\\\x00-\x1f]+)|(?P<bracket>\[))"
)
_DIGITS: Final = re.compile(r"[0-9]{1,15}")
_COUNTS: Final = ("length", "size")
_LONGEST: Final = 10_000
"""Characters of the longest path; the rest of a document has its own limits."""


class PathError(ValueError):
    """The text is no path; says where and why."""


@dataclass(frozen=True, slots=True)
class Path:
    """A parsed path; equal to one of the same text."""

    text: str
    _parts: tuple[Part, ...] = field(compare=False, repr=False)
    _steps: tuple[Step, ...] | None = field(compare=False, repr=False)
    """The parts of a definite path."""
    _function: Aggregate | None = field(compare=False, repr=False)
    _rest: str = field(compare=False, repr=False)
    """The text behind the first part."""
    select: Selection = field(init=False, compare=False, repr=False)
    """Return what the path leads to: a value, an array for indefinite paths, or ABSENT.

    Raises ``ResponseTooLarge`` for an indefinite path that finds millions of values.
    """

    def __post_init__(self) -> None:
        select = gathering(self._parts) if self._steps is None else walking(self._steps)
        if self._function is not None:
            select = partial(_applied, self._function, select)
        object.__setattr__(self, "select", select)

    @classmethod
    def parse(cls, text: str) -> "Path":
        """Return a path with or without ``$``; raise ``PathError`` (language.md 8.2 to 8.4)."""
        return _parsed(text.strip())

    @classmethod
    def of_names(cls, dotted: str) -> "Path":
        """Return the walk of names and indexes between dots, whatever they hold (3.7)."""
        steps = tuple(_named(name) for name in dotted.split("."))
        return cls(f"$.{dotted}", steps, steps, None, "")

    @property
    def definite(self) -> bool:
        """Whether it leads to at most one value."""
        return self._steps is not None

    @property
    def is_root(self) -> bool:
        """Whether it is the value itself: ``$`` or ``$.``."""
        return not self._parts and self._function is None

    @property
    def members(self) -> tuple[str | int, ...] | None:
        """The names and indexes of a definite path without a function, else None."""
        if self._steps is None or self._function is not None:
            return None
        return tuple(_key(step) for step in self._steps)

    @property
    def first(self) -> str | None:
        """The first member's name, None when the path begins with anything else."""
        first = self._parts[0] if self._parts else None
        return first.name if isinstance(first, Step) else None

    @property
    def js_length(self) -> bool:
        """Whether it ends in ``.length`` or ``.size``, an array's length (path/js-length)."""
        last = self._parts[-1] if self._parts else None
        return isinstance(last, Step) and last.counts

    def without_first(self) -> "Path":
        """Return the path that leads on from where the first part leads."""
        steps = None if self._steps is None else self._steps[1:]
        return Path(f"${self._rest}", self._parts[1:], steps, self._function, "")


def _applied(function: Aggregate, select: Selection, value: Json) -> Json | Absent:
    found = select(value)
    return ABSENT if found is ABSENT else function(found)


def _parsed(text: str) -> Path:
    if not text or len(text) > _LONGEST:
        raise PathError("a path has 1 to 10,000 characters, as in $.items[0].name")
    body = _rooted(text)
    if body in ("", "."):
        return Path(text, (), (), None, "")
    parts: list[Part] = []
    ends: list[int] = []
    function: Aggregate | None = None
    for part, end in _scanned(body):
        if callable(part):
            function = part
        else:
            parts.append(part)
            ends.append(end)
    if function is None:
        parts[-1] = _counting(parts[-1], body)
    steps = tuple(part for part in parts if isinstance(part, Step))
    definite = steps if len(steps) == len(parts) else None
    return Path(text, tuple(parts), definite, function, body[ends[0] :] if ends else "")


def _rooted(text: str) -> str:
    """Return a path's text behind its ``$``, which may be missing."""
    if text.startswith("$"):
        return text[1:].strip()
    return text if text.startswith((".", "[")) else f".{text}"


def _scanned(body: str) -> Iterator[tuple[Part | Aggregate, int]]:
    """Yield the parts of a path and where each ends."""
    position = 0
    while position < len(body):
        match = _PART.match(body, position)
        if match is None:
            raise _unreadable(body, position)
        if match["function"]:
            yield _function(match, body), match.end()
            return
        selector, position = _selector(match, body)
        yield Anywhere(selector) if match["dots"] == ".." else selector, position


def _function(match: re.Match[str], body: str) -> Aggregate:
    name = match["function"].removesuffix("()")
    if name not in FUNCTIONS:
        raise PathError(f"{name}() is not known; there are {', '.join(FUNCTIONS)}")
    if match.end() != len(body) or match["dots"] != ".":
        raise PathError(f"{name}() may only stand at the end, behind one dot")
    return FUNCTIONS[name]


def _selector(match: re.Match[str], body: str) -> tuple[Selector, int]:
    if match["bracket"]:
        return _bracket(body, match.end())
    if not match["dots"]:
        raise _unreadable(body, match.start())
    if match["star"]:
        return Everything(), match.end()
    name = match["name"].strip()
    if not name:
        raise _unreadable(body, match.start())
    return _named(name), match.end()


def _bracket(body: str, position: int) -> tuple[Selector, int]:
    """Return what stands in a bracket, and the position behind it."""
    condition = _FILTER.match(body, position)
    if condition is not None:
        return _where(condition[1]), condition.end()
    choices: list[Selector] = []
    end = ","
    while end == ",":
        match = _CHOICE.match(body, position)
        if match is None:
            raise PathError(
                f"{body[position:]!r} is not understood; in brackets stand 'names' in quotes, "
                "indexes, slices, * or ?(filters)"
            )
        choices.append(_choice(match))
        position, end = match.end(), match["end"]
    if len(choices) == 1:
        return choices[0], position
    if any(isinstance(choice, Everything) for choice in choices):
        raise PathError("* stands alone in its brackets")
    return Union(tuple(choice for choice in choices if isinstance(choice, Step | Slice))), position


def _choice(match: re.Match[str]) -> Selector:
    if match["quoted"]:
        return _named(unquoted(match["quoted"]))
    if match["star"]:
        return Everything()
    if match["index"]:
        return Step(None, int(match["index"]))
    bounds = [int(bound) if bound.strip() else None for bound in match["slice"].split(":")]
    start, stop, step = (*bounds, None)[:3]
    if step is not None and step < 1:
        raise PathError("the step of a slice is 1 or more: results are in document order")
    return Slice(start, stop, step)


def _where(text: str) -> Where:
    # jsonpath-ng takes 0.15 s to import and few documents have filters
    from naftiko_runtime.expressions.filters import FilterError, parse_filter  # noqa: PLC0415

    try:
        return Where(parse_filter(text))
    except FilterError as error:
        raise PathError(f"the filter {error}") from error


def _named(name: str) -> Step:
    return Step(name, int(name) if _DIGITS.fullmatch(name) else None)


def _counting(part: Part, body: str) -> Part:
    """Let a last ``.length`` or ``.size`` be the length of an array (8.4)."""
    if isinstance(part, Step) and part.name in _COUNTS and not body.endswith("]"):
        return Step(part.name, None, counts=True)
    return part


def _key(step: Step) -> str | int:
    if step.name is not None:
        return step.name
    assert step.index is not None  # noqa: S101 -- a step has a name or an index
    return step.index


def _unreadable(body: str, position: int) -> PathError:
    return PathError(
        f"{body[position:]!r} is not understood; members look like .name or ['any name']"
    )


ROOT: Final = Path.parse("$")
