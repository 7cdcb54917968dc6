"""One HTTP/1.1 connection to an upstream, which carries one exchange at a time."""

import asyncio
from collections.abc import AsyncIterable

from naftiko_runtime.engine.alarm import Alarm
from naftiko_runtime.engine.exchange import StaleConnection
from naftiko_runtime.engine.http1_answer import Answer, Patience
from naftiko_runtime.errors import UpstreamUnreachable


class Connection(asyncio.Protocol):
    """A connection; ``place`` is what messages call the upstream, ``gap_timeout`` in seconds."""

    def __init__(self, place: str, gap_timeout: float) -> None:
        self._place = place
        self._patience = Patience(Alarm(self._out_of_time), gap_timeout)
        self._transport: asyncio.Transport | None = None
        self._answer: Answer | None = None
        self._full = False
        self._sent = False
        self.exchanges = 0
        """How many exchanges it has begun."""
        self.idle_since = 0.0
        """When the last exchange ended, in the loop's time."""

    @property
    def transport(self) -> asyncio.Transport:
        """The open transport; raises ``UpstreamUnreachable`` once it is closed."""
        if self._transport is None:
            raise UpstreamUnreachable(f"{self._place}: connection closed")
        return self._transport

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    @property
    def is_reusable(self) -> bool:
        """Whether request and answer were complete and the upstream keeps the connection."""
        answer, transport = self._answer, self._transport
        return (
            self._sent
            and transport is not None
            and answer is not None
            and answer.reusable
            and not answer.paused
            and not transport.is_closing()
        )

    def attach(self, transport: asyncio.Transport) -> None:
        """Go on over another transport to the same peer: TLS through a proxy's tunnel."""
        self._transport = transport
        self.exchanges = 0

    def abort(self) -> None:
        """Close at once, whatever is under way."""
        if self._transport is not None:
            self._transport.abort()

    async def exchange(
        self,
        head: bytes,
        body: bytes | AsyncIterable[bytes] | None,
        head_timeout: float,
        *,
        headless: bool = False,
    ) -> Answer:
        """Send a request and return its answer once the head is there.

        Raises ``StaleConnection`` when a kept connection turned out to be closed before a byte of
        an answer came. A failed or cancelled exchange leaves the connection closed.
        """
        self.exchanges += 1
        transport = self.transport
        answer = self._answer = Answer(self._place, transport, self._patience, headless=headless)
        try:
            if body is None:
                transport.write(head)
                self._sent = True
            else:
                self._sent = await self._send(answer, head, body)
            while not answer.headed and answer.error is None:
                await answer.wait(head_timeout, "no answer")
        except BaseException:
            self.abort()  # cancelled, too: the upstream must see that nobody waits any more
            raise
        if not answer.headed and answer.error is not None:
            raise answer.error
        return answer

    async def _send(self, answer: Answer, head: bytes, body: bytes | AsyncIterable[bytes]) -> bool:
        """Return whether all was sent; an early answer ends a body that is still coming."""
        transport = self.transport
        if isinstance(body, bytes):
            transport.write(head + body)
            return True
        transport.write(head)
        async for piece in body:
            if answer.headed or answer.error is not None:
                return False
            transport.write(piece)
            while self._full and not answer.headed and answer.error is None:
                await answer.wait(self._patience.gap_timeout, "the body was not taken")
        return True

    # asyncio declares the base class of what it gives to a stream's protocol
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if self._answer is None or self._answer.ended:
            self.abort()  # bytes that nobody asked for
        else:
            self._answer.feed(data)

    def eof_received(self) -> None:
        """Let asyncio close the transport: HTTP has no half-closed upstreams."""

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        if self._answer is not None:
            self._answer.wake()

    def _out_of_time(self) -> None:
        if self._answer is not None:
            self._answer.out_of_time()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._patience.alarm.stop()
        answer, complaint = self._answer, str(exc or "")
        if answer is None:
            return
        if self.exchanges > 1 and not answer.received:
            answer.fail(StaleConnection(f"{self._place}: connection closed before an answer"))
        else:
            answer.closed(complaint)
