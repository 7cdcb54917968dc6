"""The other side of the seam: any ``httpx.AsyncBaseTransport``.

It gives ASGI applications, ``httpx.MockTransport``, ``respx`` routers and users' own transports.
The transport is called directly: an ``AsyncClient`` would decode, follow, keep cookies and queue.
"""

from collections.abc import AsyncIterator
from types import TracebackType
from typing import Final

import httpx

from naftiko_runtime.engine.exchange import Outbound, decoded, joined
from naftiko_runtime.engine.origins import Origin, divided
from naftiko_runtime.errors import InvocationError, UpstreamTimeout, UpstreamUnreachable

ERRORS: Final[dict[type[Exception], tuple[type[InvocationError], str]]] = {
    httpx.ConnectTimeout: (UpstreamTimeout, "no connection in time"),
    httpx.ReadTimeout: (UpstreamTimeout, "no answer in time"),
    httpx.WriteTimeout: (UpstreamTimeout, "the body was not taken in time"),
    httpx.PoolTimeout: (UpstreamTimeout, "no free connection in time"),
    httpx.TimeoutException: (UpstreamTimeout, "no answer in time"),
    httpx.ConnectError: (UpstreamUnreachable, "no connection"),
    httpx.ReadError: (UpstreamUnreachable, "connection closed"),
    httpx.WriteError: (UpstreamUnreachable, "connection closed"),
    httpx.CloseError: (UpstreamUnreachable, "connection closed"),
    httpx.NetworkError: (UpstreamUnreachable, "connection closed"),
    httpx.ProxyError: (UpstreamUnreachable, "the proxy refused"),
    httpx.UnsupportedProtocol: (UpstreamUnreachable, "not an http or https address"),
    httpx.LocalProtocolError: (UpstreamUnreachable, "not a valid request"),
    httpx.RemoteProtocolError: (UpstreamUnreachable, "not an HTTP answer, or cut short"),
    httpx.ProtocolError: (UpstreamUnreachable, "not an HTTP answer"),
    httpx.TransportError: (UpstreamUnreachable, "exchange failed"),
    httpx.DecodingError: (UpstreamUnreachable, "body not understood"),
    httpx.TooManyRedirects: (UpstreamUnreachable, "too many redirects"),
    httpx.RequestError: (UpstreamUnreachable, "exchange failed"),
    httpx.InvalidURL: (UpstreamUnreachable, "not an http or https address"),
    httpx.StreamError: (UpstreamUnreachable, "body read twice or too late"),
    httpx.StreamConsumed: (UpstreamUnreachable, "body read twice or too late"),
    httpx.StreamClosed: (UpstreamUnreachable, "body read twice or too late"),
    httpx.ResponseNotRead: (UpstreamUnreachable, "body read twice or too late"),
    httpx.RequestNotRead: (UpstreamUnreachable, "body read twice or too late"),
    httpx.HTTPStatusError: (UpstreamUnreachable, "exchange failed"),
    httpx.HTTPError: (UpstreamUnreachable, "exchange failed"),
    httpx.CookieConflict: (UpstreamUnreachable, "exchange failed"),
}
"""What each exception of the library is to a caller; a test proves that none is missing."""

_FAILURES: Final = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, httpx.CookieConflict)


class HttpxExchange:
    """Sends requests through one transport; times out by httpx's own ``timeout`` extension."""

    def __init__(
        self,
        transport: httpx.AsyncBaseTransport,
        connect_timeout: float = 10.0,
        gap_timeout: float = 60.0,
    ) -> None:
        self._transport = transport
        self._connect_timeout = connect_timeout
        self._gap_timeout = gap_timeout

    def send(self, request: Outbound) -> "_Sending":
        """Perform one exchange; leaving the context closes it."""
        return _Sending(self, request)

    async def close(self) -> None:
        """Close the transport."""
        await self._transport.aclose()

    async def start(self, request: Outbound) -> "HttpxAnswer":
        """Send a request and return its answer once the head is there."""
        origin, target = divided(request.url)
        place = str(Origin.parse(origin))
        timeouts = {
            "connect": self._connect_timeout,
            "read": request.head_timeout,
            "write": self._gap_timeout,
            "pool": self._connect_timeout,
        }
        try:
            sent = httpx.Request(
                request.method,
                request.url,
                headers=[(name.encode(), value.encode()) for name, value in request.headers],
                content=request.body,
                extensions={"timeout": timeouts, "target": target.encode()},
            )
            response = await self._transport.handle_async_request(sent)
        except _FAILURES as error:
            raise translated(error, place) from error
        timeouts["read"] = self._gap_timeout  # httpcore looks it up again for the body
        return HttpxAnswer(response, place)


class HttpxAnswer:
    """An ``httpx.Response`` as an ``Inbound``."""

    def __init__(self, response: httpx.Response, place: str) -> None:
        self._response = response
        self._place = place
        self.status = response.status_code
        self.fields = response.headers.raw
        self.headers = tuple(
            (name.decode("latin-1").lower(), decoded(value)) for name, value in self.fields
        )

    def header(self, name: str) -> str | None:
        """Return one header by its lower-case name, several values joined by ``, ``."""
        return joined(self.headers, name)

    def ready(self) -> bytes | None:
        """Nothing is known of a body before it is read."""
        return None

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as sent; raise ``UpstreamUnreachable`` when it is cut short."""
        try:
            stream = self._response.stream
            assert isinstance(stream, httpx.AsyncByteStream)  # noqa: S101 -- of an async transport
            async for piece in stream:
                yield piece
        except _FAILURES as error:
            raise translated(error, self._place) from error

    async def close(self) -> None:
        await self._response.aclose()


class _Sending:
    """One exchange as an async context manager."""

    __slots__ = ("_answer", "_exchange", "_request")

    def __init__(self, exchange: HttpxExchange, request: Outbound) -> None:
        self._exchange = exchange
        self._request = request

    async def __aenter__(self) -> HttpxAnswer:
        self._answer = await self._exchange.start(self._request)
        return self._answer

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._answer.close()


def translated(error: Exception, place: str) -> InvocationError:
    """Return our error for one of the library's, by its nearest class in ``ERRORS``."""
    ours, reason = next(ERRORS[kind] for kind in type(error).__mro__ if kind in ERRORS)
    return ours(f"{place}: {reason}")
