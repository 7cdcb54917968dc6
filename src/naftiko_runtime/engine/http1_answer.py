"""The answer to one HTTP/1.1 request, filled in as its bytes arrive: an ``Inbound``.

Parsing is llhttp's (``httptools``). What is ours is who waits for what, how much may wait to be
read, and that a body cut short never looks complete.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from functools import lru_cache
from typing import Final, NamedTuple

import httptools

from naftiko_runtime.engine.alarm import Alarm
from naftiko_runtime.engine.exchange import decoded, joined
from naftiko_runtime.errors import InvocationError, UpstreamTimeout, UpstreamUnreachable

_HEAD_LIMIT: Final = 256 * 1024
"""Bytes an answer may have before its head is complete."""
_BUFFER_LIMIT: Final = 256 * 1024
"""Bytes of a body that wait for their reader before the upstream is made to wait."""
_SWITCHING: Final = 101
_OK: Final = 200
_WITHOUT_BODY: Final = (204, 304)


class Patience(NamedTuple):
    """The alarm of a connection, and how many seconds a body may stop coming."""

    alarm: Alarm
    gap_timeout: float


@lru_cache(maxsize=1024)
def lowered(name: bytes) -> str:
    """Return a header's name as text in lower case; most answers have the same few names."""
    return name.lower().decode("latin-1")


class Answer:
    """One answer; ``transport`` is paused while too much of the body waits for its reader.

    ``headless`` is said of requests whose answers have no body whatever their headers say (HEAD).
    """

    __slots__ = (
        "_alarm",
        "_buffered",
        "_gap_timeout",
        "_headers",
        "_headless",
        "_lasting",
        "_left",
        "_parsed",
        "_parser",
        "_pieces",
        "_place",
        "_transport",
        "_waiter",
        "_wanting",
        "ended",
        "error",
        "fields",
        "headed",
        "paused",
        "received",
        "reusable",
        "status",
    )

    def __init__(
        self, place: str, transport: asyncio.Transport, patience: Patience, *, headless: bool
    ) -> None:
        self._place = place
        self._transport = transport
        self._alarm, self._gap_timeout = patience
        self._wanting = (self._gap_timeout, "")
        self._headless = headless
        self._headers: tuple[tuple[str, str], ...] | None = None
        self._pieces: deque[bytes] = deque()
        self._buffered = 0
        self._left, self._parsed, self._lasting = 0, 0, False
        self._waiter: asyncio.Future[None] | None = None
        # parser and answer hold each other until the answer has ended
        self._parser: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)
        self.fields: list[tuple[bytes, bytes]] = []
        """Headers as they came."""
        self.status = 0
        self.headed = False
        """The head is complete; an interim answer (1xx) is none."""
        self.ended = False
        """The whole answer is here."""
        self.reusable = False
        """The upstream lets the connection carry another exchange."""
        self.error: InvocationError | None = None
        self.paused = False
        """More of the body waits than may, so the upstream is made to wait."""
        self.received = 0
        """Bytes that came before the head was complete."""

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """All headers, names in lower case, values decoded as UTF-8 or else Latin-1."""
        if self._headers is None:
            try:
                pairs = [(lowered(name), value.decode()) for name, value in self.fields]
            except UnicodeDecodeError:
                pairs = [(lowered(name), decoded(value)) for name, value in self.fields]
            self._headers = tuple(pairs)
        return self._headers

    def header(self, name: str) -> str | None:
        """Return one header by its lower-case name, several values joined by ``, ``."""
        return joined(self.headers, name)

    def ready(self) -> bytes | None:
        """Return the body when all of it is here already."""
        if not self.ended or self.paused:
            return None
        pieces = self._pieces
        if len(pieces) == 1:
            return pieces.popleft()
        body = b"".join(pieces)
        pieces.clear()
        return body

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as sent; raise ``UpstreamUnreachable`` when it is cut short."""
        pieces = self._pieces
        while True:
            while pieces:
                piece = pieces.popleft()
                self._buffered -= len(piece)
                if self.paused and self._buffered < _BUFFER_LIMIT:
                    self.paused = False
                    self._transport.resume_reading()
                yield piece
            if self.ended:
                return
            if self.error is not None:
                raise self.error
            await self.wait(self._gap_timeout, "the body stopped coming")

    async def wait(self, limit: float, complaint: str) -> None:
        """Wait until something arrives or fails; at most ``limit`` seconds."""
        waiter = self._waiter = asyncio.get_running_loop().create_future()
        self._wanting = limit, complaint
        self._alarm.set(limit)
        try:
            await waiter
        finally:
            self._alarm.unset()
            self._waiter = None

    def out_of_time(self) -> None:
        """Fail, because the alarm rang."""
        limit, complaint = self._wanting
        self.fail(UpstreamTimeout(f"{self._place}: {complaint} within {limit:g} s"))

    def wake(self) -> None:
        """Let the waiter look again."""
        waiter = self._waiter
        if waiter is not None:
            self._waiter = None  # the head, the body and its end often come at once
            if not waiter.done():
                waiter.set_result(None)

    def fail(self, error: InvocationError) -> None:
        """End the exchange with an error unless it ended already."""
        if not self.ended and self.error is None:
            self.error = error
            self._parser = None
            self._transport.abort()
        self.wake()

    def feed(self, data: bytes) -> None:
        """Take what the upstream sent."""
        if self._left:
            self._take(data)
            return
        if self._parser is None:
            return
        if not self.headed:
            self.received += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self.fail(UpstreamUnreachable(f"{self._place}: not an HTTP answer: {error}"))
        if not self.headed:
            if self.received > _HEAD_LIMIT:
                complaint = f"{self._place}: the head of the answer is too large"
                self.fail(UpstreamUnreachable(complaint))
        elif not self.ended and self.error is None:
            self._skip_parser()

    def _skip_parser(self) -> None:
        """Take the rest of a body of known length as it comes: parsing it would copy all of it."""
        length = [value for name, value in self.fields if name.lower() == b"content-length"]
        if self._parser is None or not length or self._is_chunked():
            return
        self._left = int(length[0]) - self._parsed
        self._lasting = self._parser.should_keep_alive()
        self._parser = None

    def _take(self, data: bytes) -> None:
        surplus = len(data) > self._left
        piece = data[: self._left] if surplus else data
        self._left -= len(piece)
        if not self._left:
            self.ended = True
            self.reusable = self._lasting and not surplus  # which nobody asked for
        self._keep(piece)

    def closed(self, complaint: str) -> None:
        """Note that the upstream closed the connection: the end of some bodies, else a failure."""
        if self.headed and not complaint and self._ends_with_connection():
            self.ended = True
            self._parser = None
            self.wake()
            return
        where = "in mid-body" if self.headed else "before an answer"
        why = f": {complaint}" if complaint else ""
        self.fail(UpstreamUnreachable(f"{self._place}: connection closed {where}{why}"))

    def on_message_begin(self) -> None:
        if self.ended:
            self.reusable = False  # a second answer that nobody asked for

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.headed:  # trailers stay behind
            self.fields.append((name, value))

    def on_headers_complete(self) -> None:
        if self.headed or self._parser is None:
            return
        status = self._parser.get_status_code()
        if status == _SWITCHING:
            self.fail(UpstreamUnreachable(f"{self._place}: the answer leaves HTTP"))
            return
        if status < _OK:
            self.fields.clear()
            return
        self.status = status
        self.headed = True
        if self._headless:
            self._end()
        self.wake()

    def _end(self) -> None:
        self.ended = True
        if self._parser is not None:
            self.reusable = self._parser.should_keep_alive()
            self._parser = None

    def _ends_with_connection(self) -> bool:
        """Whether no header tells where the body ends (RFC 9112 section 6.3)."""
        if self._headless or self.status in _WITHOUT_BODY or self._is_chunked():
            return False
        return not any(name.lower() == b"content-length" for name, _ in self.fields)

    def _is_chunked(self) -> bool:
        return any(
            name.lower() == b"transfer-encoding" and value.lower().endswith(b"chunked")
            for name, value in self.fields
        )

    def on_body(self, piece: bytes) -> None:
        if self.ended:
            self.reusable = False  # a body where none may be
            return
        self._parsed += len(piece)
        self._keep(piece)

    def _keep(self, piece: bytes) -> None:
        self._pieces.append(piece)
        self._buffered += len(piece)
        if self._buffered > _BUFFER_LIMIT and not self.paused:
            self.paused = True
            self._transport.pause_reading()
        self.wake()

    def on_message_complete(self) -> None:
        if self.headed and not self.ended:
            self._end()
            self.wake()
