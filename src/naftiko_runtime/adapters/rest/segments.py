"""Paths of requests as segments, and segments of templates as matchers (exposes.md REST-2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple
from urllib.parse import unquote, unquote_to_bytes

from naftiko_runtime.errors import InvalidInput
from naftiko_runtime.plan.exposure import RouteHole, Segment

_CONTROLS: Final = frozenset(map(chr, (*range(0x20), 0x7F)))
_DOTS: Final = frozenset({".", ".."})


class RawPath(NamedTuple):
    """A request's path: its segments as sent and decoded, and whether it ends in a slash."""

    raw: Sequence[str]
    segments: Sequence[str]
    slash: bool

    def toggled(self) -> "RawPath":
        """Return the path with one trailing slash added or removed (exposes.md REST-3)."""
        return RawPath(self.raw, self.segments, not self.slash)

    def remaining(self, start: int) -> str:
        """Return everything from a segment on, as sent."""
        return "/".join(self.raw[start:]) + ("/" if self.slash else "")


@dataclass(frozen=True, slots=True)
class Rest:
    """The value of a rest-of-path placeholder: the path from this segment on."""

    start: int


def split(raw_path: bytes) -> RawPath:
    """Split an undecoded path at its slashes and decode each segment once (REST-2.2).

    Raises ``InvalidInput`` when it is not UTF-8.
    """
    try:
        text = raw_path.decode()
        raw = text.split("/")[1:]
        segments = [_decoded(segment) for segment in raw] if "%" in text else raw
    except UnicodeDecodeError as error:
        raise _unsafe("path", "must be UTF-8") from error
    if raw and not raw[-1]:
        return RawPath(raw[:-1], segments[:-1], len(raw) > 1)
    return RawPath(raw, segments, slash=False)


def _decoded(segment: str) -> str:
    return unquote_to_bytes(segment).decode() if "%" in segment else segment


def variables(
    values: Sequence[str | Rest], path: RawPath, names: Sequence[str]
) -> tuple[tuple[str, ...], str | None]:
    """Return the decoded values of placeholders, and the undecoded rest of the path if any.

    Raises ``InvalidInput`` for ``.``, ``..`` and control characters (REST-2.4).
    """
    rest: str | None = None
    texts: list[str] = []
    for name, value in zip(names, values, strict=True):
        if isinstance(value, Rest):
            rest = path.remaining(value.start)
            texts.append(_checked_rest(name, rest))
        else:
            texts.append(_checked(name, value))
    return tuple(texts), rest


def checked(values: tuple[str, ...], names: Sequence[str]) -> tuple[str, ...]:
    """Return the values of placeholders; raises ``InvalidInput`` for unsafe ones (REST-2.4)."""
    for value in values:
        if value in _DOTS or not value.isprintable():
            for name, each in zip(names, values, strict=True):
                _checked(name, each)
    return values


def _checked_rest(name: str, rest: str) -> str:
    for segment in rest.split("/"):
        # a decoded slash would hide a dot segment from whoever splits the value again
        for piece in unquote(segment).split("/"):
            _checked(name, piece)
    return unquote(rest)


def _checked(name: str, value: str) -> str:
    if value in _DOTS:
        raise _unsafe(name, 'must not be "." or ".."')
    if not value.isprintable() and not _CONTROLS.isdisjoint(value):
        raise _unsafe(name, "must not have control characters")
    return value


def _unsafe(name: str, message: str) -> InvalidInput:
    return InvalidInput([{"name": name, "in": "path", "message": message}])


def literal_of(segment: Segment) -> str | None:
    """Return the text of a literal segment, decoded; None when it has a placeholder."""
    if any(isinstance(part, RouteHole) for part in segment):
        return None
    return unquote("".join(part for part in segment if isinstance(part, str)))


@dataclass(frozen=True, slots=True)
class Mixture:
    """A segment of literals and placeholders, such as ``geo:{lat};{lng}`` (REST-2.3)."""

    prefix: str
    between: tuple[str, ...]
    suffix: str

    @property
    def weight(self) -> int:
        """The number of literal characters."""
        return len(self.prefix) + sum(map(len, self.between)) + len(self.suffix)

    def match(self, text: str) -> tuple[str, ...] | None:
        """Return the values of the placeholders, the leftmost as long as possible.

        Each literal is placed as far right as what follows allows, which makes every placeholder
        before it as long as it can be, in one pass.
        """
        start, end = len(self.prefix), len(text) - len(self.suffix)
        if end <= start or not (text.startswith(self.prefix) and text.endswith(self.suffix)):
            return None
        values: list[str] = []
        for literal in reversed(self.between):
            at = text.rfind(literal, start + 1, end - 1)
            if at < 0:
                return None
            values.append(text[at + len(literal) : end])
            end = at
        values.append(text[start:end])
        return tuple(reversed(values))


def mixture_of(segment: Segment) -> Mixture:
    """Return the matcher of a segment with at least one placeholder and one literal or more."""
    literals = [""]
    for part in segment:
        if isinstance(part, str):
            literals[-1] += unquote(part)
        else:
            literals.append("")
    return Mixture(literals[0], tuple(literals[1:-1]), literals[-1])
