"""Sends the requests of consumed operations: authentication, redirects, the one retry.

A client belongs to one operation; operations under one authentication block share its state.
"""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import Final

from naftiko_runtime.engine.authenticators import Authenticator
from naftiko_runtime.engine.credentials import NOTHING
from naftiko_runtime.engine.exchange import REPEATABLE, Exchange, Inbound, Outbound, StaleConnection
from naftiko_runtime.engine.redirects import MOST, followed, is_redirect
from naftiko_runtime.engine.request import (
    Blueprint,
    Pairs,
    authenticated,
    outbound,
    with_headers,
)
from naftiko_runtime.engine.scope import InvocationScope
from naftiko_runtime.errors import BodyTooLarge, UpstreamTimeout, UpstreamUnreachable
from naftiko_runtime.observability.propagation import CARRIERS
from naftiko_runtime.observability.telemetry import Attempt, Peer

_UNAUTHORIZED: Final = 401


@dataclass(frozen=True, slots=True)
class Client:
    """Everything that sends one operation's requests."""

    blueprint: Blueprint
    authenticator: Authenticator
    exchange: Exchange
    peer: Peer
    body_limit: int

    async def request(self, scope: InvocationScope, more: Pairs = (), *, relayed: bool) -> Outbound:
        """Return the request of one call without credentials; nothing is sent.

        Raises ``Misconfigured`` for all missing variables at once, ``InvalidInput``,
        ``TemplateFailed``.
        """
        scope.variables.require(self.blueprint.operation.variables)
        return await outbound(self.blueprint, scope, more, relayed=relayed, limit=self.body_limit)

    def send(self, scope: InvocationScope, more: Pairs = (), *, relayed: bool) -> "Sending":
        """Make a request and send it; the context yields the answer and closes it."""
        return Sending(self, scope, more, relayed=relayed)


class Sending:
    """One call of an operation: a handful of exchanges at most, of which the last is yielded."""

    __slots__ = (
        "_attempt", "_client", "_hops", "_logins", "_more", "_open", "_relayed", "_scope", "_sent",
        "_status", "_tries",
    )  # fmt: skip

    def __init__(
        self, client: Client, scope: InvocationScope, more: Pairs, *, relayed: bool
    ) -> None:
        self._client = client
        self._scope = scope
        self._more = more
        self._relayed = relayed
        self._tries = 0
        self._hops = 0
        self._logins = 0
        # of the exchange that is open
        self._open: AbstractAsyncContextManager[Inbound]
        self._attempt: Attempt
        self._sent: Outbound
        self._status: int

    async def __aenter__(self) -> Inbound:
        request = await self._client.request(self._scope, self._more, relayed=self._relayed)
        return await self.start(request)

    async def start(self, request: Outbound) -> Inbound:
        """Send a request without credentials yet, and whatever its answers lead to."""
        authenticator = self._client.authenticator
        if authenticator.needs_bytes:
            request = await _collected(request, self._client.body_limit)
        first = authenticator.first(request)
        answer = await self._authenticated(first)
        following = self._following(first, answer)
        if first is not request:
            following = request
        while following is not None:
            await self._close(None, None, None)
            request = following
            answer = await self._authenticated(request)
            following = self._following(request, answer)
        return answer

    def _following(self, request: Outbound, answer: Inbound) -> Outbound | None:
        """Return the request that an answer asks for, or None when it is the answer."""
        if answer.status == _UNAUTHORIZED:
            again = self._client.authenticator.again(self._sent, answer, self._logins)
            self._logins += 1
            return request if again and is_resendable(request) else None
        if not is_redirect(answer.status) or self._hops == MOST:
            return None
        self._hops += 1
        return followed(request, answer)

    async def _authenticated(self, request: Outbound) -> Inbound:
        """Send a request with credentials; once more on a connection that was closed (4.22)."""
        authenticator = self._client.authenticator
        credentials = await authenticator.credentials(self._scope)
        if credentials is not NOTHING:
            if credentials.is_headers:
                request = with_headers(request, credentials)
            else:
                request = await authenticated(request, credentials)
        try:
            return await self._exchanged(authenticator.signed(request, self._scope))
        except StaleConnection:
            if request.method not in REPEATABLE or not is_resendable(request):
                raise
            return await self._exchanged(authenticator.signed(request, self._scope))

    async def _exchanged(self, request: Outbound) -> Inbound:
        attempt = self._client.peer.attempt(request.method, request.url, self._tries)
        self._tries += 1
        self._sent = request
        if attempt.headers:
            request = _traced(request, attempt.headers)
        opened = self._client.exchange.send(request)
        try:
            answer = await opened.__aenter__()
        except BaseException as error:
            attempt.ended(None, _error_type(error))
            raise
        self._open, self._attempt, self._status = opened, attempt, answer.status
        return answer

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._close(kind, error, trace)

    async def _close(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            await self._open.__aexit__(kind, error, trace)
        finally:
            broken = isinstance(error, UpstreamUnreachable | UpstreamTimeout)
            self._attempt.ended(self._status, _error_type(error) if broken else None)


async def _collected(request: Outbound, limit: int) -> Outbound:
    """Return a request with its body read; raise ``BodyTooLarge`` over ``limit`` bytes."""
    if isinstance(request.body, bytes | None):
        return request
    pieces: list[bytes] = []
    size = 0
    async for piece in request.body:
        pieces.append(piece)
        size += len(piece)
        if size > limit:
            raise BodyTooLarge(f"a body that must be signed has at most {limit} bytes")
    kept = tuple(pair for pair in request.headers if pair[0].lower() != "content-length")
    headers = (*kept, ("Content-Length", str(size)))
    body = b"".join(pieces)
    return Outbound(request.method, request.url, headers, body, request.head_timeout)


def _traced(request: Outbound, headers: Pairs) -> Outbound:
    """Return a request with a trace context, which takes the place of one that is there."""
    kept = request.headers
    for name, _ in kept:
        if name.lower() in CARRIERS:
            names = {each.lower() for each, _ in headers}
            kept = tuple([pair for pair in kept if pair[0].lower() not in names])
            break
    return Outbound(request.method, request.url, kept + headers, request.body, request.head_timeout)


def _error_type(error: BaseException | None) -> str:
    match error:
        case UpstreamTimeout():
            return "timeout"
        case UpstreamUnreachable():
            return "connection"
        case Exception():
            return "error"
        case _:
            return "cancelled"


def is_resendable(request: Outbound) -> bool:
    """Tell whether a body is there to be sent again."""
    return isinstance(request.body, bytes | None)
