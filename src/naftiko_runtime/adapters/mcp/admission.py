"""The HTTP door of one MCP endpoint (exposes.md MCP-4).

It refuses, answers what needs no SDK, and gives the rest to one of two managers of the SDK.
"""

from collections.abc import Iterable
from typing import Final

import anyio
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp_types import INVALID_REQUEST

from naftiko_runtime.adapters.asgi import Message, RawHeader, Receive, Scope, Send
from naftiko_runtime.adapters.mcp.arrival import arrived
from naftiko_runtime.adapters.mcp.changes import Changes
from naftiko_runtime.adapters.mcp.lane import answer_plainly, plain_call
from naftiko_runtime.adapters.mcp.posted import (
    CallerGone,
    Heads,
    Posted,
    Refused,
    body_of,
    heads_of,
    posted_of,
    repaired,
)
from naftiko_runtime.adapters.mcp.serving import Serving
from naftiko_runtime.adapters.mcp.view import McpView
from naftiko_runtime.adapters.problems import answer, overloaded, problem_of
from naftiko_runtime.adapters.visit import visit_of
from naftiko_runtime.errors import BodyTooLarge
from naftiko_runtime.observability.telemetry import fresh_id
from naftiko_runtime.values import compact

Managers = tuple[StreamableHTTPSessionManager, StreamableHTTPSessionManager]
"""The one that answers JSON only, and the one that can stream."""
Exchange = tuple[Scope, Receive, Send]

_JSON_ONLY: Final = Refused(INVALID_REQUEST, "Content-Type must be application/json")
_POST_ONLY: Final = ((b"allow", b"POST"), (b"content-length", b"0"))
_METHODS: Final = ("GET", "POST")


class Admission:
    """One ASGI app; Host, Origin and authentication stand before it."""

    def __init__(
        self, serving: Serving, changes: Changes, managers: Managers, *, lane: bool = True
    ) -> None:
        self._serving = serving
        self._changes = changes
        self._json, self._stream = managers
        self._lane = lane

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._serving.lease() as served:
            view = served.view
        arrived(view, scope)
        match scope["method"]:
            case "POST":
                await self._post((scope, receive, send))
            case "GET":
                await self._get((scope, receive, send))
            case "OPTIONS":
                await _status(send, 204, _preflight(scope, view))
            case _:
                await _status(send, 405, _POST_ONLY)

    async def _get(self, exchange: Exchange) -> None:
        """Open the stream of list changes of an old client (MCP-29)."""
        scope, receive, send = exchange
        heads = heads_of(scope)
        if not (heads.is_old and heads.wants_stream):
            await _status(send, 405, _POST_ONLY)
        elif self._changes.is_full:
            await answer(overloaded("too many streams are open"), scope, send)
        else:
            await self._changes.stream(receive, send)

    async def _post(self, exchange: Exchange) -> None:
        scope, receive, send = exchange
        heads = heads_of(scope)
        try:
            if not heads.is_json:
                raise _JSON_ONLY
            body = await body_of(scope, receive, self._serving.limits.mcp_body)
            visit_of(scope).received = len(body)
            posted = posted_of(body)
        except BodyTooLarge as problem:
            await answer(problem_of(problem), scope, send)
        except Refused as refused:
            await _refuse(send, refused)
        except CallerGone:
            return
        else:
            await self._admitted(heads, posted, exchange)

    async def _admitted(self, heads: Heads, posted: Posted, exchange: Exchange) -> None:
        if self._lane:
            with self._serving.lease() as served:
                call = plain_call(served.view, heads, posted)
                if call is not None:
                    await answer_plainly(self._serving, served, call, exchange)
                    return
        scope, receive, send = exchange
        exchange = (repaired(scope, heads, posted), receive, send)
        if heads.is_old and not (heads.version is None and posted.is_enveloped):
            await self._old(heads, posted, exchange)
        else:
            await self._new(heads, posted, exchange)

    async def _old(self, heads: Heads, posted: Posted, exchange: Exchange) -> None:
        """Serve the handshake era: stateless, a dropped connection cancels nothing (MCP-32)."""
        scope, _, send = exchange
        if posted.kind != "request":
            self._cancel(heads, posted)
            await _status(send, 202, [(b"content-length", b"0")])
            return
        if posted.method == "initialize":
            send = _with_session(send)
        streams = heads.wants_stream and self._reports(posted)
        manager = self._stream if streams else self._json
        await manager.handle_request(scope, _replayed(posted.body, _never), send)

    def _cancel(self, heads: Heads, posted: Posted) -> None:
        request = posted.params.get("requestId")
        if posted.method == "notifications/cancelled" and isinstance(request, str | int):
            self._serving.sessions.cancel(heads.session, request)

    def _reports(self, posted: Posted) -> bool:
        """Return whether something may be sent before the result."""
        if "progressToken" in posted.meta:
            return True
        if posted.method != "tools/call":
            return False
        with self._serving.lease() as served:
            name = posted.params.get("name")
            tool = served.view.tool_names.get(name) if isinstance(name, str) else None
            return tool is not None and tool.has_steps

    async def _new(self, heads: Heads, posted: Posted, exchange: Exchange) -> None:
        """Serve the modern era; a caller that leaves cancels its request (MCP-32)."""
        scope, receive, send = exchange
        replayed = _replayed(posted.body, receive)
        if heads.wants_stream or posted.method == "subscriptions/listen":
            await self._stream.handle_request(scope, replayed, send)
            return
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_cancel_when_gone, receive, tasks.cancel_scope)
            await self._json.handle_request(scope, _replayed(posted.body, _never), send)
            tasks.cancel_scope.cancel()


def _preflight(scope: Scope, view: McpView) -> list[RawHeader]:
    allowed = [(b"allow", b"GET, POST")]
    origin = visit_of(scope).origin
    if view.cors is None or origin is None or not view.cors.allows(origin):
        return allowed
    return allowed + view.cors.preflight(origin, _METHODS)


async def _status(send: Send, status: int, headers: Iterable[RawHeader]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    await send({"type": "http.response.body", "body": b""})


async def _refuse(send: Send, refused: Refused) -> None:
    """Answer a body that is no message: there is no id to answer to."""
    error = {"code": refused.code, "message": refused.message}
    body = compact({"jsonrpc": "2.0", "id": None, "error": error}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": 400, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _with_session(send: Send) -> Send:
    """Give ``initialize`` a session id, which clients need to open the GET stream (MCP-6)."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 200:  # noqa: PLR2004
            session = (b"mcp-session-id", fresh_id().encode())
            message = {**message, "headers": [*message["headers"], session]}
        await send(message)

    return sending


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Return a ``receive`` that gives the body again, then what the connection says."""
    is_given = False

    async def again() -> Message:
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


async def _never() -> Message:
    await anyio.sleep_forever()
    return {"type": "http.disconnect"}


async def _cancel_when_gone(receive: Receive, scope: anyio.CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()
