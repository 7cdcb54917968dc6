"""Undoes a request's Content-Encoding, piece by piece so that limits see what comes out."""

import zlib
from collections.abc import AsyncIterator, Iterator
from typing import Final

from naftiko_runtime.errors import InvalidInput

_PIECE: Final = 64 * 1024
_GZIP: Final = zlib.MAX_WBITS | 16
_ZLIB: Final = zlib.MAX_WBITS
_BARE: Final = -zlib.MAX_WBITS


async def inflated(chunks: AsyncIterator[bytes], coding: str) -> AsyncIterator[bytes]:
    """Yield decoded pieces of at most 64 KiB; raise ``InvalidInput`` when the data is broken."""
    inflater = _Inflater(coding)
    try:
        async for chunk in chunks:
            for piece in inflater.pieces(chunk):
                yield piece
    except zlib.error as error:
        raise _broken(coding) from error
    if not inflater.complete:
        raise _broken(coding)


class _Inflater:
    """Members of a gzip stream follow each other; ``deflate`` comes with and without a header."""

    def __init__(self, coding: str) -> None:
        self._is_gzip = coding != "deflate"
        self._begun = False
        self._inflate = zlib.decompressobj(_GZIP if self._is_gzip else _ZLIB)

    @property
    def complete(self) -> bool:
        return self._inflate.eof

    def pieces(self, chunk: bytes) -> Iterator[bytes]:
        rest, piece = chunk, b""
        # a full piece may have left output behind even when all input was taken
        while rest or len(piece) == _PIECE:
            if self._inflate.eof and self._is_gzip:
                self._inflate = zlib.decompressobj(_GZIP)
            piece = self._piece(rest)
            self._begun = True
            if piece:
                yield piece
            rest = self._inflate.unconsumed_tail or self._inflate.unused_data
            if self._inflate.eof and not (rest and self._is_gzip):
                return

    def _piece(self, data: bytes) -> bytes:
        try:
            return self._inflate.decompress(data, _PIECE)
        except zlib.error:
            if self._begun or self._is_gzip:
                raise
            # many senders mean deflate without the zlib header that RFC 9110 8.4.1.2 asks for
            self._inflate = zlib.decompressobj(_BARE)
            return self._inflate.decompress(data, _PIECE)


def _broken(coding: str) -> InvalidInput:
    return InvalidInput([{"name": "body", "in": "body", "message": f"is not {coding} data"}])
