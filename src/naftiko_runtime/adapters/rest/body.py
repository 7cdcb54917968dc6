"""The caller's request body: read once or streamed, decoded, limited, aware of a caller who leaves.

Receiving has two users, who reads the body and who watches for the caller leaving; a message that
the watcher receives is kept for the reader.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from naftiko_runtime.adapters.asgi import Message, Receive, Scope, header
from naftiko_runtime.adapters.rest.inflate import inflated
from naftiko_runtime.adapters.visit import Visit
from naftiko_runtime.errors import BodyTooLarge, UnsupportedMediaType
from naftiko_runtime.values import ABSENT, Absent, Json

_UNCODED: Final = frozenset({"", "identity"})
_CODINGS: Final = frozenset({"gzip", "x-gzip", "deflate"})


class CallerGone(Exception):
    """The caller went away; there is nobody to answer."""


class RequestBody:
    """An ``IncomingBody`` over ASGI's ``receive``.

    ``limit`` is for ``read``; ``chunks`` streams without one. ``encoded`` leaves a
    Content-Encoding as it is, for requests that are forwarded.
    """

    def __init__(
        self, scope: Scope, receive: Receive, visit: Visit, limit: int, *, encoded: bool = False
    ) -> None:
        self._receive = receive
        self._visit = visit
        self._limit = limit
        self._content: bytes | None = None
        self._kept: Message | None = None
        self._turn = asyncio.Lock()
        self._taken = asyncio.Event()
        self._ended = False
        self.gone = False
        """The caller went away before the body was complete."""
        self.parsed: Json | Absent = ABSENT
        """Its JSON value, when it was read for that; checks look at it."""
        self.content_type = _text(scope, b"content-type")
        self._coding = "" if encoded else _coding(scope)
        self._declared = _declared_length(scope)
        self.is_empty = self._declared == 0 or (
            self._declared is None and header(scope, b"transfer-encoding") is None
        )

    @property
    def length(self) -> int | None:
        """The decoded length in bytes when it is known beforehand."""
        if self._content is not None:
            return len(self._content)
        if self.is_empty:
            return 0
        return None if self._coding else self._declared

    async def read(self) -> bytes:
        """Return the whole decoded body; raise ``BodyTooLarge`` over the limit (REST-10)."""
        if self._content is None:
            if self._declared is not None and self._declared > self._limit:
                raise self._too_large()
            content = bytearray()
            async for chunk in self._decoded():
                content += chunk
                if len(content) > self._limit:
                    raise self._too_large()
            self._content = bytes(content)
        return self._content

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the decoded body; can be consumed once. Raises ``CallerGone``."""
        if self._content is not None:
            yield self._content
            return
        async for chunk in self._decoded():
            yield chunk

    async def until_gone(self) -> None:
        """Return when the caller has left; bodies keep their order for whoever reads them."""
        while not self.gone:
            async with self._turn:
                if self._kept is None:
                    message = await self._receive()
                    self.gone = message["type"] == "http.disconnect"
                    if not self._ended:
                        self._kept = message
                        self._taken.clear()
            if self._kept is not None and not self.gone:
                await self._taken.wait()

    def _decoded(self) -> AsyncIterator[bytes]:
        return inflated(self._coded(), self._coding) if self._coding else self._coded()

    async def _coded(self) -> AsyncIterator[bytes]:
        more = not self.is_empty and not self._ended
        while more:
            message = await self._next()
            if message["type"] == "http.disconnect":
                self.gone = True
                raise CallerGone
            chunk = message.get("body", b"")
            self._visit.received += len(chunk)
            more = message.get("more_body", False)
            self._ended = not more
            if chunk:
                yield chunk

    async def _next(self) -> Message:
        async with self._turn:
            message, self._kept = self._kept, None
            self._taken.set()
            return message if message is not None else await self._receive()

    def _too_large(self) -> BodyTooLarge:
        return BodyTooLarge(f"the request body exceeds {self._limit} bytes")


def _text(scope: Scope, name: bytes) -> str | None:
    value = header(scope, name)
    return None if value is None else value.decode("latin-1")


def _declared_length(scope: Scope) -> int | None:
    value = header(scope, b"content-length")
    return int(value) if value is not None and value.isdigit() else None


def _coding(scope: Scope) -> str:
    """Return the Content-Encoding to undo, or nothing; another one is refused (REST-8)."""
    coding = (_text(scope, b"content-encoding") or "").strip().casefold()
    if coding in _UNCODED:
        return ""
    if coding not in _CODINGS:
        detail = f"Content-Encoding {coding} cannot be undone; accepted: gzip, deflate"
        raise UnsupportedMediaType(detail)
    return coding
