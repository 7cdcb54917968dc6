"""The default side of the seam: HTTP/1.1 on asyncio and llhttp (``httptools``).

What goes out is what the plan rendered, byte for byte, and a caller that goes away closes its
upstream connection at once, in every phase of an exchange.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator
from types import TracebackType
from typing import Final

from naftiko_runtime.engine.exchange import Outbound
from naftiko_runtime.engine.http1_answer import Answer
from naftiko_runtime.engine.http1_connection import Connection
from naftiko_runtime.engine.http1_dial import Dialer
from naftiko_runtime.engine.origins import Origin, divided
from naftiko_runtime.options import RuntimeOptions

_REPEATABLE: Final = frozenset(("GET", "HEAD", "OPTIONS", "PUT", "DELETE"))
_IDLE: Final = 30.0
"""Seconds a kept connection may have been idle."""
_IDLE_UNREPEATABLE: Final = 1.0
"""The same for requests that cannot be sent again when it turns out to be closed."""
_ORIGINS: Final = 1024
"""Origins whose address is remembered; a base URI may have placeholders."""


class Http1Exchange:
    """Sends requests to any upstream and keeps connections; one per process."""

    def __init__(self, options: RuntimeOptions) -> None:
        self._dialer = Dialer(options)
        self._limit = options.limits.pool
        self._origins: dict[str, Origin] = {}
        self._idle: dict[Origin, deque[Connection]] = {}
        self._busy: set[Connection] = set()

    def send(self, request: Outbound) -> "_Sending":
        """Perform one exchange; leaving the context keeps or closes the connection."""
        return _Sending(self, request)

    async def close(self) -> None:
        """Close every connection."""
        self._limit = 0
        for connection in (*self._busy, *(each for kept in self._idle.values() for each in kept)):
            connection.abort()
        self._idle.clear()
        await asyncio.sleep(0)  # the transports finish closing in the next turn of the loop

    async def start(self, request: Outbound) -> tuple[Origin, Connection, Answer]:
        """Send a request on a kept or new connection; the caller gives it back to ``finish``."""
        origin, target = self._address(request.url)
        repeatable = request.method in _REPEATABLE
        connection = self._kept(origin, _IDLE if repeatable else _IDLE_UNREPEATABLE)
        if connection is None:
            connection = await self._dialer.dial(origin)
        self._busy.add(connection)
        try:
            answer = await connection.exchange(
                self._head(request, origin, target),
                _framed(request),
                request.head_timeout,
                headless=request.method == "HEAD",
            )
        except BaseException:
            self._busy.discard(connection)
            raise
        return origin, connection, answer

    def finish(self, origin: Origin, connection: Connection) -> None:
        """Keep a connection for the next exchange, or close it."""
        self._busy.discard(connection)
        kept = self._idle.setdefault(origin, deque())
        if connection.is_reusable and len(kept) < self._limit:
            connection.idle_since = asyncio.get_running_loop().time()
            kept.append(connection)
        else:
            connection.abort()

    def _kept(self, origin: Origin, longest: float) -> Connection | None:
        """Return the connection that was used last, unless it was idle too long."""
        kept = self._idle.get(origin)
        if not kept:
            return None
        now = asyncio.get_running_loop().time()
        while kept and now - kept[0].idle_since > _IDLE:
            kept.popleft().abort()
        while kept and now - kept[-1].idle_since <= longest:
            connection = kept.pop()
            if connection.is_open:
                return connection
        return None

    def _address(self, url: str) -> tuple[Origin, str]:
        """Return where a URL leads and the request target there."""
        text, target = divided(url)
        origin = self._origins.get(text)
        if origin is None:
            if len(self._origins) >= _ORIGINS:
                self._origins.clear()
            origin = self._origins[text] = Origin.parse(text)
        return origin, target

    def _head(self, request: Outbound, origin: Origin, target: str) -> bytes:
        proxy = self._dialer.proxy
        lines = [f"{request.method} {target} HTTP/1.1", f"Host: {origin.authority}"]
        if proxy is not None and not origin.is_secure:
            lines[0] = f"{request.method} {origin}{target} HTTP/1.1"
            if proxy.credentials:
                lines.append(f"Proxy-Authorization: {proxy.credentials}")
        lines += [f"{name}: {value}" for name, value in request.headers]
        if _is_chunked(request):
            lines.append("Transfer-Encoding: chunked")
        return "\r\n".join((*lines, "", "")).encode()


class _Sending:
    """One exchange as an async context manager; a class, because it is on the hot path."""

    __slots__ = ("_connection", "_exchange", "_origin", "_request")

    def __init__(self, exchange: Http1Exchange, request: Outbound) -> None:
        self._exchange = exchange
        self._request = request

    async def __aenter__(self) -> Answer:
        self._origin, self._connection, answer = await self._exchange.start(self._request)
        return answer

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._exchange.finish(self._origin, self._connection)


def _is_chunked(request: Outbound) -> bool:
    return not isinstance(request.body, bytes | None) and not any(
        name.lower() == "content-length" for name, _ in request.headers
    )


def _framed(request: Outbound) -> bytes | AsyncIterable[bytes] | None:
    body = request.body
    if body is None or isinstance(body, bytes) or not _is_chunked(request):
        return body
    return _chunked(body)


async def _chunked(body: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    async for piece in body:
        if piece:
            yield b"%x\r\n%b\r\n" % (len(piece), piece)
    yield b"0\r\n\r\n"
