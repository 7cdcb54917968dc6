"""The default side of the seam: HTTP/1.1 on asyncio and llhttp (``httptools``).

What goes out is what the plan rendered, byte for byte, and a caller that goes away closes its
upstream connection at once, in every phase of an exchange.
"""

import asyncio
import time
from collections.abc import AsyncIterable, AsyncIterator, Callable
from types import TracebackType
from typing import Final

from naftiko_runtime.engine.exchange import REPEATABLE, Outbound
from naftiko_runtime.engine.http1_answer import Answer
from naftiko_runtime.engine.http1_dial import Dialer
from naftiko_runtime.engine.http1_pool import Pool
from naftiko_runtime.engine.origins import Origin, divided
from naftiko_runtime.options import RuntimeOptions

_MOST_POOLS: Final = 1024
"""Origins that are remembered; a base URI may have placeholders that callers fill."""


class Http1Exchange:
    """Sends requests to any upstream and keeps connections; one per process."""

    def __init__(
        self, options: RuntimeOptions, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._dialer = Dialer(options)
        self._limit = options.limits.pool
        self._clock = clock
        self._pools: dict[str, Pool] = {}

    def send(self, request: Outbound) -> "_Sending":
        """Perform one exchange; leaving the context keeps or closes the connection."""
        return _Sending(self, request)

    async def close(self) -> None:
        """Close every connection."""
        for pool in self._pools.values():
            pool.close()
        self._pools.clear()
        await asyncio.sleep(0)  # the transports finish closing in the next turn of the loop

    def kept(self, url: str) -> int:
        """Return how many idle connections to a URL's origin are open."""
        return self.pool(divided(url)[0]).kept

    def pool(self, origin: str) -> Pool:
        """Return the connections to an origin."""
        pool = self._pools.get(origin)
        if pool is not None:
            return pool
        if len(self._pools) >= _MOST_POOLS:
            for name in [name for name, pool in self._pools.items() if not pool.is_busy]:
                self._pools.pop(name).close()
        pool = Pool(Origin.parse(origin), self._dialer, self._limit, self._clock)
        self._pools[origin] = pool
        return pool

    def head(self, request: Outbound, origin: Origin, target: str) -> bytes:
        """Return request line and headers as they go to an origin, or to the proxy before it."""
        lines = [f"{request.method} {target} HTTP/1.1", f"Host: {origin.authority}"]
        proxy = self._dialer.proxy
        if proxy is not None and not origin.is_secure:
            lines[0] = f"{request.method} {origin}{target} HTTP/1.1"
            if proxy.credentials:
                lines.append(f"Proxy-Authorization: {proxy.credentials}")
        lines += [f"{name}: {value}" for name, value in request.headers]
        if request.body is not None and _is_chunked(request):
            lines.append("Transfer-Encoding: chunked")
        lines.append("\r\n")
        return "\r\n".join(lines).encode()


class _Sending:
    """One exchange as an async context manager; a class, because it is on the hot path."""

    __slots__ = ("_connection", "_exchange", "_pool", "_request")

    def __init__(self, exchange: Http1Exchange, request: Outbound) -> None:
        self._exchange = exchange
        self._request = request

    async def __aenter__(self) -> Answer:
        request = self._request
        origin, target = divided(request.url)
        pool = self._pool = self._exchange.pool(origin)
        connection = self._connection = await pool.take(repeatable=request.method in REPEATABLE)
        try:
            return await connection.exchange(
                self._exchange.head(request, pool.origin, target),
                _framed(request),
                request.head_timeout,
                headless=request.method == "HEAD",
            )
        except BaseException:
            connection.abort()
            pool.give_back(connection)
            raise

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.give_back(self._connection)


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
