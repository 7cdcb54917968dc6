"""Reads a whole answer, decompressed and within its limit (language.md 7.4)."""

import zlib
from collections.abc import AsyncIterator
from typing import Final

from naftiko_runtime.engine.exchange import Inbound, joined
from naftiko_runtime.errors import ResponseTooLarge, UndecodableResponse

_GZIP: Final = 16 + zlib.MAX_WBITS
_ENCODED: Final = ("content-encoding", "content-length")


async def whole(answer: Inbound, limit: int, name: str) -> bytes:
    """Return the decoded body; ``name`` is what messages call the operation.

    Raises ``ResponseTooLarge`` over ``limit`` bytes, known beforehand or not, before and after
    decompression, and ``UndecodableResponse`` for an encoding that was not asked for.
    """
    encoding = answer.header("content-encoding")
    if encoding is None and (body := answer.ready()) is not None:
        if len(body) > limit:
            raise too_large(name, limit)
        return body
    announced = answer.header("content-length")
    if announced is not None and announced.isdecimal() and int(announced) > limit:
        raise too_large(name, limit)
    pieces: list[bytes] = []
    size = 0
    decoder = _Decoder(encoding or "", limit, name)
    async for piece in answer.chunks():
        decoded = decoder.decode(piece)
        size += len(decoded)
        if size > limit:
            raise too_large(name, limit)
        pieces.append(decoded)
    decoder.finish(is_empty=not pieces)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


class Plain:
    """An answer with its compression undone (an ``Inbound``)."""

    __slots__ = ("_answer", "_name", "fields", "headers", "status")

    def __init__(self, answer: Inbound, name: str) -> None:
        self._answer = answer
        self._name = name
        self.status = answer.status
        self.headers = tuple(pair for pair in answer.headers if pair[0] not in _ENCODED)
        self.fields = [pair for pair in answer.fields if pair[0].lower().decode() not in _ENCODED]

    def header(self, name: str) -> str | None:
        """Return one header by its lower-case name, several values joined by ``, ``."""
        return joined(self.headers, name)

    def ready(self) -> bytes | None:
        """Nothing is known of a body before it is decoded."""
        return None

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body piece by piece."""
        decoder = _Decoder(self._answer.header("content-encoding") or "", 0, self._name)
        async for piece in self._answer.chunks():
            decoded = decoder.decode(piece)
            if decoded:
                yield decoded


def too_large(name: str, limit: int) -> ResponseTooLarge:
    """Return the problem of an answer that exceeds its limit."""
    return ResponseTooLarge(f"{name}: the answer has more than {limit} bytes")


class _Decoder:
    """Undoes one Content-Encoding, never yielding much more than the limit at once."""

    def __init__(self, encoding: str, limit: int, name: str) -> None:
        self._name = name
        self._most = limit + 1 if limit else 0  # of one piece; 0: as much as there is
        self._inflate: zlib._Decompress | None = None
        self._raw = False
        match encoding.strip().lower():
            case "" | "identity":
                pass
            case "gzip" | "x-gzip":
                self._inflate = zlib.decompressobj(_GZIP)
            case "deflate":
                self._inflate, self._raw = zlib.decompressobj(), True
            case other:
                raise UndecodableResponse(f"{name}: Content-Encoding {other} was not asked for")

    def decode(self, piece: bytes) -> bytes:
        if self._inflate is None:
            return piece
        try:
            decoded = self._inflate.decompress(piece, self._most)
            self._raw = False
            return decoded  # noqa: TRY300 -- the flag and the value belong together
        except zlib.error as error:
            if not self._raw:
                raise UndecodableResponse(f"{self._name}: broken compression") from error
        # some servers send deflate without its zlib frame
        self._inflate, self._raw = zlib.decompressobj(-zlib.MAX_WBITS), False
        return self.decode(piece)

    def finish(self, *, is_empty: bool) -> None:
        if self._inflate is not None and not self._inflate.eof and not is_empty:
            raise UndecodableResponse(f"{self._name}: the compressed answer is cut short")
