"""What telemetry is told about JSON-RPC requests, in both lanes (exposes.md CTL-9, OBS-4)."""

from collections.abc import AsyncIterator
from typing import Any

import anyio
import httpx
import pytest

from naftiko_runtime.observability.telemetry import OFF, Endpoint, Message

OLD, NEW = "2025-11-25", "2026-07-28"

pytestmark = pytest.mark.anyio


class Recording:
    """Telemetry that remembers."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str | None, str | None, int | None]] = []
        self.messages: list[Message] = []
        self.endpoints: list[Endpoint] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(OFF, name)

    def called(self, endpoint: Endpoint, message: Message) -> Any:
        self.endpoints.append(endpoint)
        self.messages.append(message)
        return _Call(self, endpoint, message)


class _Call:
    def __init__(self, telemetry: Recording, endpoint: Endpoint, message: Message) -> None:
        self._telemetry = telemetry
        self._endpoint = endpoint
        self._message = message

    def ended(self, error: str | None = None, code: int | None = None) -> None:
        told = (self._endpoint.operation, self._message.target, error, code)
        self._telemetry.calls.append(told)


@pytest.fixture
def telemetry() -> Recording:
    return Recording()


@pytest.fixture(params=[True, False], ids=["lane", "sdk"])
async def world(
    request: pytest.FixtureRequest, build: Any, telemetry: Recording
) -> AsyncIterator[Any]:
    build.answer(200, {"id": 7})
    tools = [
        build.tool(written="get order"),
        build.tool("broken", build.unavailable("no")),
        build.tool("refused", build.calling("/nowhere")),
    ]
    exposure = build.exposure(*tools, prompts=[build.prompt("greet", "Hi")])
    async with build.world(exposure, telemetry=telemetry, lane=request.param) as served:
        yield served


@pytest.mark.parametrize("era", ["old", "new"])
async def test_every_request_is_told_with_its_outcome(
    world: Any, telemetry: Recording, era: str
) -> None:
    send = getattr(world, era)
    await send("tools/call", {"name": "get-order", "arguments": {"id": 7}})
    await send("tools/call", {"name": "get-order", "arguments": {}})
    await send("tools/call", {"name": "get order", "arguments": {"id": 7}})
    await send("tools/call", {"name": "broken"})
    await send("tools/call", {"name": "refused"})
    await send("tools/call", {"name": "nope"})
    await send("tools/call", {"name": "get-order", "arguments": []})
    await send("prompts/get", {"name": "greet"})
    await send("prompts/get", {"name": "nope"})
    await send("tools/list")
    await send("orders/list")
    assert telemetry.calls == [
        ("get-order", "get-order", None, None),
        ("get-order", "get-order", "invalid-input", None),
        ("get-order", "get order", None, None),
        ("broken", "broken", "unavailable", None),
        ("refused", "refused", "upstream-status", None),
        ("unmatched", "nope", "-32602", -32602),
        ("get-order", "get-order", "-32602", -32602),
        ("greet", "greet", None, None),
        ("unmatched", "nope", "-32602", -32602),
        ("tools/list", None, None, None),
        ("unmatched", None, "-32601", -32601),
    ]
    first = telemetry.messages[0]
    version = OLD if era == "old" else NEW
    assert (first.method, first.id, first.protocol, first.transport) == (
        "tools/call",
        "1",
        version,
        "tcp",
    )
    assert telemetry.endpoints[0] == Endpoint("mcp", "shop-mcp", "get-order", capability="Shop")


async def test_the_trace_context_of_the_envelope_is_passed_on(
    world: Any, telemetry: Recording
) -> None:
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    params = {"name": "get-order", "arguments": {"id": 7}, "_meta": {"traceparent": parent}}
    await world.old("tools/call", params)
    assert telemetry.messages[0].meta["traceparent"] == parent


async def test_notifications_are_not_told(world: Any, telemetry: Recording) -> None:
    message = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    await world.post(message, {"mcp-protocol-version": OLD})
    assert telemetry.calls == []


async def test_a_caller_that_leaves_is_told_as_cancelled(
    world: Any, build: Any, listening: Any, telemetry: Recording
) -> None:
    build.upstream.held.add("/orders/7")
    meta = {
        "io.modelcontextprotocol/protocolVersion": NEW,
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    params = {"name": "get-order", "arguments": {"id": 7}, "_meta": meta}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    headers = {
        "mcp-protocol-version": NEW,
        "mcp-method": "tools/call",
        "mcp-name": "get-order",
        "accept": "application/json, text/event-stream",
    }
    async with (
        listening(world.endpoint.asgi) as address,
        httpx.AsyncClient(base_url=address) as client,
    ):
        with anyio.fail_after(5):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(lambda: client.post("/mcp", json=message, headers=headers))
                await build.upstream.arrived.wait()
                tasks.cancel_scope.cancel()
            await build.upstream.cancelled.wait()
    assert telemetry.calls == [("get-order", "get-order", "cancelled", None)]
