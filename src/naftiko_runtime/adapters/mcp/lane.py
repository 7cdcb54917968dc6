"""Answers plain tool calls without the SDK's machinery, which costs more than a whole REST call.

What is answered here is answered with the same status, headers and bytes as by the SDK: a test runs
the same requests through both. Everything unusual is left to the SDK (``plain_call`` gives None).
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from mcp_types import (
    LOG_LEVEL_META_KEY,
    PROTOCOL_VERSION_META_KEY,
    SERVER_INFO_META_KEY,
)
from mcp_types.methods import validate_client_request
from mcp_types.version import LATEST_MODERN_VERSION

from naftiko_runtime.adapters.asgi import Receive, Scope, Send
from naftiko_runtime.adapters.mcp.posted import Heads, Posted
from naftiko_runtime.adapters.mcp.serving import Served, Serving
from naftiko_runtime.adapters.mcp.tools import REQUEST_CANCELLED, ToolCall, run_tool
from naftiko_runtime.adapters.mcp.view import McpView, ServedTool
from naftiko_runtime.adapters.visit import visit_of
from naftiko_runtime.observability.telemetry import Message
from naftiko_runtime.values import Json, compact

OLDEST_VERSION: Final = "2025-03-26"
"""What a request without a version header speaks."""
_METHOD: Final = "tools/call"
_MEMBERS: Final = frozenset({"jsonrpc", "id", "method", "params"})
_PARAMS: Final = frozenset({"name", "arguments", "_meta"})
_QUIET_SECONDS: Final = 15.0
_UNWATCHED_SECONDS: Final = 0.02
"""How long a call runs before its caller's connection is watched."""
_JSON: Final = (b"content-type", b"application/json")
_STREAM: Final = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-cache, no-transform"),
    (b"connection", b"keep-alive"),
    (b"x-accel-buffering", b"no"),
]


@dataclass(frozen=True, slots=True)
class PlainCall:
    """A valid call of a known tool that needs neither progress nor log messages."""

    id: str | int
    name: str
    tool: ServedTool
    arguments: Mapping[str, Json]
    version: str
    is_old: bool
    session: str | None
    meta: Mapping[str, Json]


def plain_call(view: McpView, heads: Heads, posted: Posted) -> PlainCall | None:
    """Return the call when it is plain, None when the SDK should see the request."""
    if posted.method != _METHOD or posted.content.keys() != _MEMBERS or not heads.takes_json:
        return None
    params = posted.params
    name = params.get("name")
    tool = view.tool_names.get(name) if isinstance(name, str) else None
    if tool is None or not tool.plain or not params.keys() <= _PARAMS:
        return None
    version = heads.version or OLDEST_VERSION
    fits = _fits_old(heads, posted.meta, tool) if heads.is_old else _fits_new(heads, posted)
    if not fits or not _is_valid(version, params):
        return None
    return PlainCall(
        id=posted.content["id"],
        name=str(name),
        tool=tool,
        arguments=params.get("arguments") or {},
        version=version,
        is_old=heads.is_old,
        session=heads.session if heads.is_old else None,
        meta=posted.meta,
    )


def _fits_old(heads: Heads, meta: Mapping[str, Json], tool: ServedTool) -> bool:
    streams = heads.wants_stream and (tool.has_steps or "progressToken" in meta)
    return not streams and PROTOCOL_VERSION_META_KEY not in meta


def _fits_new(heads: Heads, posted: Posted) -> bool:
    meta, name = posted.meta, posted.params["name"]
    if heads.is_repeated or "progressToken" in meta or LOG_LEVEL_META_KEY in meta:
        return False
    is_named = heads.name == name and not name.startswith("=?")
    versions = (heads.version, meta.get(PROTOCOL_VERSION_META_KEY))
    return is_named and heads.method == _METHOD and versions == (LATEST_MODERN_VERSION,) * 2


def _is_valid(version: str, params: Mapping[str, Json]) -> bool:
    try:
        validate_client_request(_METHOD, version, params)
    except ValueError:
        return False
    return True


async def answer_plainly(
    serving: Serving, served: Served, call: PlainCall, exchange: tuple[Scope, Receive, Send]
) -> None:
    """Run the tool and answer; in the new era a caller that leaves cancels it (MCP-32)."""
    scope, receive, send = exchange
    run = ToolCall(served, call.tool, call.arguments, visit_of(scope).request_id)
    if call.is_old:
        await _json(send, await _old_body(serving, run, call))
        return

    async def body() -> bytes:
        return await _new_body(serving, run, call)

    await _watched(body, receive, send)


async def _old_body(serving: Serving, run: ToolCall, call: PlainCall) -> bytes:
    with serving.sessions.running(call.session, call.id):
        result = await _result(serving, run, call)
        del result["resultType"]
        return _bytes_of_old(call.id, "result", result)
    error = {"code": REQUEST_CANCELLED, "message": "Request cancelled"}
    return _bytes_of_old(call.id, "error", error)


def _bytes_of_old(key: str | int, member: str, value: Json) -> bytes:
    return compact({"jsonrpc": "2.0", "id": key, member: value}).encode()


async def _new_body(serving: Serving, run: ToolCall, call: PlainCall) -> bytes:
    result = await _result(serving, run, call)
    # the SDK appends the stamp, or puts it into the meta that is there
    stamp = {SERVER_INFO_META_KEY: run.served.view.info}
    result["_meta"] = {**result["_meta"], **stamp} if "_meta" in result else stamp
    message = {"jsonrpc": "2.0", "id": call.id, "result": result}
    text = compact(message)
    # the SDK escapes what is not ASCII, which is seldom there and takes json ten times as long
    return (text if text.isascii() else json.dumps(message, separators=(",", ":"))).encode()


async def _result(serving: Serving, run: ToolCall, call: PlainCall) -> dict[str, Json]:
    message = Message(
        method=_METHOD,
        target=call.name,
        id=str(call.id),
        protocol=call.version,
        meta=call.meta,
        transport=serving.transport,
    )
    called = serving.telemetry.called(call.tool.endpoint, message)
    error: str | None = "cancelled"
    try:
        outcome = await run_tool(serving, run)
        error = outcome.error
    finally:
        called.ended(error)
    return dict(outcome.result)


async def _json(send: Send, body: bytes) -> None:
    headers = [_JSON, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class _CallerGone(Exception):
    """The caller closed its connection; everything that runs for it is cancelled."""


class _Watch:
    """Keeps a connection alive while a call runs, and notices that the caller left."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self.has_begun = False

    async def run(self) -> None:
        """Begin a stream after 15 quiet seconds; raise ``_CallerGone`` when the caller leaves."""
        while True:
            try:
                async with asyncio.timeout(_QUIET_SECONDS):
                    message = await self._receive()
            except TimeoutError:
                await self._ping()
            else:
                if message["type"] == "http.disconnect":
                    raise _CallerGone

    async def _ping(self) -> None:
        if not self.has_begun:
            self.has_begun = True
            await self._send({"type": "http.response.start", "status": 200, "headers": _STREAM})
        ping = b": ping\r\n\r\n"
        await self._send({"type": "http.response.body", "body": ping, "more_body": True})


async def _watched(body: Callable[[], Awaitable[bytes]], receive: Receive, send: Send) -> None:
    watch = _Watch(receive, send)
    content = None
    try:
        content = await _beside(watch, body)
    except* _CallerGone:
        pass
    if content is None:
        return
    if watch.has_begun:
        event = b"event: message\r\ndata: " + content + b"\r\n\r\n"
        await send({"type": "http.response.body", "body": event})
    else:
        await _json(send, content)


async def _beside(watch: _Watch, body: Callable[[], Awaitable[bytes]]) -> bytes:
    """Run a call; watch its caller only when it takes long enough to be worth a task."""
    tasks: list[asyncio.Task[None]] = []
    async with asyncio.TaskGroup() as group:

        def begin() -> None:
            tasks.append(group.create_task(watch.run()))

        timer = asyncio.get_running_loop().call_later(_UNWATCHED_SECONDS, begin)
        try:
            return await body()
        finally:
            timer.cancel()
            for task in tasks:
                task.cancel()
