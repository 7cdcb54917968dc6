"""URLs of consumed operations: what is known is joined and encoded once, the rest per call.

Implements language.md 4.3 to 4.8: the base, the joint, placeholders, and that one value never
leaves its segment, nor moves a request to another host.
"""

import re
from dataclasses import dataclass
from typing import Final, TypeAlias, assert_never

from naftiko_runtime.engine import encoding
from naftiko_runtime.errors import InvalidInput, Misconfigured
from naftiko_runtime.expressions.reference import Scope
from naftiko_runtime.plan.upstream import ConsumedOperation, Upstream, UrlHole, UrlPiece
from naftiko_runtime.values import ABSENT, Json

_LABEL: Final = re.compile(r"[A-Za-z0-9-]+")
_PORT: Final = re.compile(r"[0-9]{1,5}")
_HTTP: Final = re.compile(r"https?://[^/?#\\@]", re.IGNORECASE)
_UNJOINED: Final = ("?", "#", ":")


@dataclass(frozen=True, slots=True)
class _Segment:
    """A path segment with placeholders: it must not become ``.`` or ``..`` (4.6)."""

    pieces: tuple[UrlPiece, ...]
    only: UrlHole | None = None
    """Its one piece, when that is a value that stays in its segment."""


_Piece: TypeAlias = str | _Segment


@dataclass(frozen=True, slots=True)
class Location:
    """Where requests of one operation go; ``namespace`` names its settings in messages.

    ``base`` is empty when it was literal and is part of ``path`` already.
    """

    namespace: str
    base: tuple[_Piece, ...]
    path: tuple[_Piece, ...]
    query: tuple[UrlPiece, ...]

    def url(self, scope: Scope) -> str:
        """Return the URL with the written query, if any.

        Raises ``InvalidInput`` for a value that its place cannot hold, ``Misconfigured`` for a
        base URI that cannot be used.
        """
        text = self._text(self.path, scope)
        if self.base:
            text = joined(self._base_text(scope), text)
        if not self.query:
            return text
        return f"{text}?{''.join([_query_text(piece, scope) for piece in self.query])}"

    def _base_text(self, scope: Scope) -> str:
        text = self._text(self.base, scope)
        if not _HTTP.match(text):
            raise _unusable(self.namespace, "", "must be http://HOST or https://HOST")
        if "?" in text or "#" in text:
            raise _unusable(self.namespace, "", "must have neither query nor fragment")
        return text

    def _text(self, pieces: tuple[_Piece, ...], scope: Scope) -> str:
        return "".join(
            [
                piece if isinstance(piece, str) else self._segment_text(piece, scope)
                for piece in pieces
            ]
        )

    def _segment_text(self, segment: _Segment, scope: Scope) -> str:
        if segment.only is not None:
            value = segment.only.value.evaluate(scope)
            if type(value) is int:
                return str(value)  # nothing to encode
        text = "".join(
            [
                piece if isinstance(piece, str) else _hole_text(piece, self.namespace, scope)
                for piece in segment.pieces
            ]
        )
        if encoding.is_dots(text):
            hole = next(piece for piece in segment.pieces if isinstance(piece, UrlHole))
            raise refused(hole.name, f"{text} is no path segment")
        return text


def location(operation: ConsumedOperation) -> Location:
    """Return the location of an operation, with all that is literal joined and encoded."""
    path = tuple(_literal(piece) for piece in operation.path)
    query = tuple(_literal(piece) for piece in operation.query_in_path)
    base = tuple(_literal(piece) for piece in operation.upstream.base)
    first = path[0] if path and isinstance(path[0], str) else "\0" if path else ""
    if all(isinstance(piece, str) for piece in base):
        whole = joined("".join(str(piece) for piece in base), first)
        rest = path[1:] if path and isinstance(path[0], str) else path
        pieces: tuple[UrlPiece, ...] = (whole.removesuffix("\0"), *rest)
        base = ()
    else:
        pieces = path
    return Location(operation.upstream.namespace, _segmented(base), _segmented(pieces), query)


def base_location(upstream: Upstream) -> Location:
    """Return where an upstream is, with nothing behind its base URI."""
    pieces = _segmented(tuple(_literal(piece) for piece in upstream.base))
    return Location(upstream.namespace, pieces, (), ())


def joined(base: str, path: str) -> str:
    """Join a base URI and a path by one ``/`` (language.md 4.4)."""
    if not path or path.startswith(_UNJOINED):
        return base + path
    return f"{base.removesuffix('/')}/{path.removeprefix('/')}"


def _literal(piece: UrlPiece) -> UrlPiece:
    return encoding.written(piece) if isinstance(piece, str) else piece


def _segmented(pieces: tuple[UrlPiece, ...]) -> tuple[_Piece, ...]:
    """Group what stands between two ``/`` and has a placeholder."""
    result: list[_Piece] = []
    open_pieces: list[UrlPiece] = []
    for piece in pieces:
        if isinstance(piece, UrlHole):
            open_pieces.append(piece)
            continue
        before, slash, rest = piece.partition("/")
        if slash:
            open_pieces.append(before)
            result += _closed(open_pieces)
            head, slash, tail = f"/{rest}".rpartition("/")
            result.append(head + slash)
            open_pieces = [tail]
        else:
            open_pieces.append(piece)
    return _merged(result + _closed(open_pieces))


def _merged(pieces: list[_Piece]) -> tuple[_Piece, ...]:
    result: list[_Piece] = []
    for piece in pieces:
        if isinstance(piece, str) and result and isinstance(result[-1], str):
            result[-1] += piece
        elif piece != "":
            result.append(piece)
    return tuple(result)


def _closed(pieces: list[UrlPiece]) -> list[_Piece]:
    if any(isinstance(piece, UrlHole) for piece in pieces):
        held = tuple(piece for piece in pieces if piece != "")
        first = held[0]
        is_plain = len(held) == 1 and isinstance(first, UrlHole) and first.mode == "segment"
        return [_Segment(held, first if is_plain and isinstance(first, UrlHole) else None)]
    return ["".join(str(piece) for piece in pieces)]


def _hole_text(hole: UrlHole, namespace: str, scope: Scope) -> str:
    value = hole.value.evaluate(scope)
    match hole.mode:
        case "segment":
            return encoding.segment(_filled(hole, value))
        case "slashes":
            return _with_slashes(hole, _filled(hole, value))
        case "verbatim":
            return encoding.written(_filled(hole, value))
        case "label":
            return _checked(hole, value, _LABEL, namespace)
        case "port":
            return _checked(hole, value, _PORT, namespace)
        case other:
            assert_never(other)


def _filled(hole: UrlHole, value: Json) -> str:
    if value is ABSENT or value is None:
        raise refused(hole.name, "has no value")
    if isinstance(value, dict | list):
        raise refused(hole.name, "must be one value, not an object or array")
    text = encoding.scalar_text(value)
    if not text:
        raise refused(hole.name, "must not be empty")
    return text


def _with_slashes(hole: UrlHole, text: str) -> str:
    pieces = text.split("/")
    if any(not piece or encoding.is_dots(piece) for piece in pieces):
        raise refused(hole.name, "has an empty piece, . or .. between slashes")
    return "/".join(encoding.segment(piece) for piece in pieces)


def _checked(hole: UrlHole, value: Json, allowed: re.Pattern[str], namespace: str) -> str:
    """Return a value that may stand in a host; any other is not used (language.md 4.3)."""
    if value is ABSENT or value is None:
        raise refused(hole.name, "has no value")
    text = encoding.scalar_text(value)
    if not allowed.fullmatch(text):
        raise _unusable(namespace, f".{hole.name}", "is needed, a call cannot give this value")
    return text


def _query_text(piece: UrlPiece, scope: Scope) -> str:
    if isinstance(piece, str):
        return piece
    value = piece.value.evaluate(scope)
    if value is ABSENT or value is None:
        raise refused(piece.name, "has no value")
    return encoding.query(encoding.scalar_text(value))


def refused(name: str, message: str, place: str = "path") -> InvalidInput:
    """Return the problem of one value."""
    return InvalidInput([{"name": name, "in": place, "message": message}])


def _unusable(namespace: str, placeholder: str, message: str) -> Misconfigured:
    setting = f"baseUri.{namespace}{placeholder}"
    return Misconfigured(f"{setting} {message}", [setting])
