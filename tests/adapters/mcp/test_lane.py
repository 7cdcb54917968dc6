"""The fast lane answers exactly what the SDK would: status, headers and bytes (style.md 14)."""

import re
from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio
import httpx
import pytest

from naftiko_runtime.adapters.mcp import lane as lane_module

OLD, NEW = "2025-11-25", "2026-07-28"
ENVELOPE = {
    "io.modelcontextprotocol/protocolVersion": NEW,
    "io.modelcontextprotocol/clientCapabilities": {},
}
LEVEL = "io.modelcontextprotocol/logLevel"
ARGUMENTS: list[Any] = [
    {"id": 7},
    {"id": "7"},
    {"id": 8},
    {"id": 9},
    {"id": 10},
    {"id": 11},
    {"id": 12},
    {},
    {"id": "x"},
    {"id": 7, "colour": "red"},
    {"id": 404},
    None,
    [],
    "7",
]
METAS: list[Any] = [
    {},
    {"progressToken": 1},
    {LEVEL: "info"},
    {LEVEL: "shout"},
    {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
    {"io.modelcontextprotocol/clientCapabilities": {"elicitation": {}, "sampling": {}}},
    {"io.modelcontextprotocol/clientCapabilities": {"sampling": 5}},
    {"io.modelcontextprotocol/clientCapabilities": None},
    {"io.modelcontextprotocol/clientInfo": {"name": "c", "version": "1"}},
    {"io.modelcontextprotocol/clientInfo": 7},
    {"io.modelcontextprotocol/protocolVersion": "2099-01-01"},
    {"io.modelcontextprotocol/protocolVersion": 7},
]
HEADERS: list[dict[str, str | None]] = [
    {},
    {"accept": "application/json"},
    {"accept": "*/*"},
    {"accept": None},
    {"accept": "text/event-stream"},
    {"accept": "application/*, text/*"},
    {"accept": "application/json;q=0.5, text/event-stream"},
    {"mcp-name": "nope"},
    {"mcp-name": None},
    {"mcp-method": "tools/list"},
    {"mcp-method": None},
    {"mcp-session-id": "5"},
    {"content-type": "application/json; charset=utf-8"},
    {"content-type": "text/plain"},
    {"mcp-protocol-version": None},
    {"mcp-protocol-version": ""},
    {"mcp-protocol-version": "2025-03-26"},
    {"mcp-protocol-version": "2099-01-01"},
]
_REQUEST_ID = re.compile(rb"[0-9a-f]{32}")
MESSAGES: list[Callable[[dict[str, Any]], Any]] = [
    lambda message: {**message, "id": "seven"},
    lambda message: {**message, "id": 0},
    lambda message: {**message, "id": None},
    lambda message: {**message, "extra": 1},
    lambda message: {**message, "method": "tools/list"},
    lambda message: {**message, "params": {**message["params"], "name": "nope"}},
    lambda message: {**message, "params": {**message["params"], "name": 7}},
    lambda message: {**message, "params": {**message["params"], "extra": 7}},
    lambda message: {**message, "params": {**message["params"], "name": "get order"}},
    lambda message: {key: value for key, value in message.items() if key != "params"},
]

pytestmark = pytest.mark.anyio


def prepared(upstream: Any, answering: Any) -> None:
    """Let the upstream give every kind of value."""
    upstream.answers |= {
        "/orders/7": answering(body={"id": 7, "name": "Ünï", "none": None, "half": 0.5}),
        "/orders/8": answering(body=[{"id": 8}, None, "a/b\u2028\u007f\n"]),
        "/orders/9": answering(body="héllo".encode(), content_type="text/plain"),
        "/orders/10": answering(204, content_type=None),
        "/orders/11": answering(body=b"\x89PNG\x00", content_type="image/png"),
        "/orders/12": answering(body=b"\x00\x01", content_type="application/pdf"),
        "/orders/404": answering(404, {"error": "no"}, headers={"retry-after": "3"}),
    }


def message_with(arguments: Any, meta: Any, era: str) -> dict[str, Any]:
    envelope = ENVELOPE if era == NEW else {}
    params: dict[str, Any] = {"name": "get-order", "_meta": {**envelope, **meta}}
    if arguments is not None:
        params["arguments"] = arguments
    return {"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": params}


def headers_with(more: dict[str, str | None], era: str) -> dict[str, str | None]:
    routing = {"mcp-method": "tools/call", "mcp-name": "get-order"} if era == NEW else {}
    return {"mcp-protocol-version": era, **routing, **more}


def exposure(build: Any) -> Any:
    schema = {"type": "object", "properties": {"id": {"type": ["integer", "null"]}}}
    tools = [
        build.tool(written="get order"),
        build.tool("typed", output_schema=schema),
    ]
    return build.exposure(*tools)


async def both(build: Any, message: Any, headers: Any) -> list[tuple[int, Any, bytes]]:
    """Send a request through the lane and through the SDK only."""
    replies: list[tuple[int, Any, bytes]] = []
    for lane in (True, False):
        async with build.world(exposure(build), lane=lane) as world:
            reply: httpx.Response = await world.post(message, headers)
            shown = {
                name: value
                for name, value in reply.headers.items()
                if name not in ("date", "mcp-session-id")
            }
            replies.append((reply.status_code, shown, _REQUEST_ID.sub(b"ID", reply.content)))
    return replies


@pytest.mark.parametrize("era", [OLD, NEW])
@pytest.mark.parametrize("arguments", ARGUMENTS)
async def test_arguments(
    build: Any, upstream: Any, answering: Any, era: str, arguments: Any
) -> None:
    prepared(upstream, answering)
    fast, slow = await both(build, message_with(arguments, {}, era), headers_with({}, era))
    assert fast == slow


@pytest.mark.parametrize("era", [OLD, NEW])
@pytest.mark.parametrize("meta", METAS)
async def test_meta(build: Any, upstream: Any, answering: Any, era: str, meta: Any) -> None:
    prepared(upstream, answering)
    fast, slow = await both(build, message_with({"id": 7}, meta, era), headers_with({}, era))
    assert fast == slow


@pytest.mark.parametrize("era", [OLD, NEW])
@pytest.mark.parametrize("headers", HEADERS)
async def test_headers(build: Any, upstream: Any, answering: Any, era: str, headers: Any) -> None:
    prepared(upstream, answering)
    message = message_with({"id": 7}, {}, era)
    fast, slow = await both(build, message, headers_with(headers, era))
    assert fast == slow


@pytest.mark.parametrize("era", [OLD, NEW])
@pytest.mark.parametrize("change", range(len(MESSAGES)))
async def test_messages(build: Any, upstream: Any, answering: Any, era: str, change: int) -> None:
    prepared(upstream, answering)
    message = MESSAGES[change](message_with({"id": 7}, {}, era))
    fast, slow = await both(build, message, headers_with({}, era))
    assert fast == slow


@pytest.mark.parametrize("era", [OLD, NEW])
async def test_a_plain_call_does_take_the_lane(
    build: Any, upstream: Any, answering: Any, era: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared(upstream, answering)
    taken: list[str] = []
    answer = lane_module.answer_plainly

    async def counting(*arguments: Any) -> None:
        taken.append(era)
        await answer(*arguments)

    monkeypatch.setattr("naftiko_runtime.adapters.mcp.admission.answer_plainly", counting)
    async with build.world(exposure(build)) as world:
        await world.post(message_with({"id": 7}, {}, era), headers_with({}, era))
        await world.post(message_with({"id": 7}, {"progressToken": 1}, era), headers_with({}, era))
    assert taken == [era]


@pytest.fixture(params=[True, False], ids=["lane", "sdk"])
async def address(
    request: pytest.FixtureRequest, build: Any, upstream: Any, answering: Any, listening: Any
) -> AsyncIterator[str]:
    """Serve the tools on loopback; their upstream holds its answer back."""
    prepared(upstream, answering)
    upstream.held.add("/orders/7")
    async with (
        build.world(exposure(build), lane=request.param) as world,
        listening(world.endpoint.asgi) as found,
    ):
        yield found


@pytest.mark.parametrize("accept", ["application/json", "application/json, text/event-stream"])
async def test_a_new_caller_that_leaves_cancels_the_upstream_request(
    address: str, upstream: Any, accept: str
) -> None:
    headers = {k: v for k, v in headers_with({"accept": accept}, NEW).items() if v}
    await left_alone(address, upstream, message_with({"id": 7}, {}, NEW), headers)
    with anyio.fail_after(5):
        await upstream.cancelled.wait()


@pytest.mark.parametrize("token", [{}, {"progressToken": "p"}])
async def test_an_old_caller_that_leaves_cancels_nothing(
    address: str, upstream: Any, token: Any
) -> None:
    accept = "application/json, text/event-stream"
    headers = {"mcp-protocol-version": OLD, "accept": accept}
    await left_alone(address, upstream, message_with({"id": 7}, token, OLD), headers)
    # another request proves that the server has noticed the closed connection
    async with httpx.AsyncClient(base_url=address) as client:
        await client.post("/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "ping"})
    assert not upstream.cancelled.is_set()
    upstream.release.set()


async def left_alone(address: str, upstream: Any, message: Any, headers: Any) -> None:
    """Send a call and close the connection once the upstream has its request."""
    with anyio.fail_after(5):
        async with (
            httpx.AsyncClient(base_url=address) as client,
            anyio.create_task_group() as tasks,
        ):
            tasks.start_soon(lambda: client.post("/mcp", json=message, headers=headers))
            await upstream.arrived.wait()
            tasks.cancel_scope.cancel()


async def test_a_long_call_of_the_new_era_becomes_a_stream(
    address: str, upstream: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane_module, "_QUIET_SECONDS", 0.05)
    monkeypatch.setattr("mcp.server._streamable_http_modern._SSE_PING_INTERVAL", 0.05)
    accept = "application/json, text/event-stream"
    headers = {k: v for k, v in headers_with({"accept": accept}, NEW).items() if v}
    message = message_with({"id": 7}, {}, NEW)
    with anyio.fail_after(5):
        async with (
            httpx.AsyncClient(base_url=address) as client,
            client.stream("POST", "/mcp", json=message, headers=headers) as reply,
        ):
            assert reply.headers["content-type"] == "text/event-stream"
            upstream.release.set()
            lines = [line async for line in reply.aiter_lines()]
    assert ": ping" in lines
    last = lines[lines.index("event: message") + 1]
    assert last.startswith('data: {"jsonrpc":"2.0","id":3,"result":{"content":')
