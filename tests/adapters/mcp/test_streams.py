"""What is sent besides results: list changes, progress, log messages; and cancellation."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx
import mcp
import pytest
from mcp.client.subscriptions import ToolsListChanged

from naftiko_runtime.adapters.mcp.changes import differing
from naftiko_runtime.plan.exposure import ResourceExposure
from naftiko_runtime.plan.function import Call, CallStep, Function, Steps

OLD, NEW = "2025-11-25", "2026-07-28"
META = {
    "io.modelcontextprotocol/protocolVersion": NEW,
    "io.modelcontextprotocol/clientCapabilities": {},
}
LEVEL = "io.modelcontextprotocol/logLevel"
ACCEPT = {"accept": "application/json, text/event-stream", "content-type": "application/json"}

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def serving(build: Any, listening: Any, *tools: Any) -> AsyncIterator[Any]:
    """Serve tools on loopback; give their world and an HTTP client."""
    async with (
        build.world(build.exposure(*tools)) as world,
        listening(world.endpoint.asgi) as address,
        httpx.AsyncClient(base_url=address, timeout=5, headers=ACCEPT) as client,
    ):
        world.address = f"{address}/mcp"
        yield world, client


def stepping(build: Any, *names: str) -> Function:
    """Return a function of steps that call the upstream one after the other."""
    steps = tuple(
        CallStep(name, Call(build.operation(f"/{name}"), {}), waits_for=tuple(range(index)))
        for index, name in enumerate(names)
    )
    return build.acting(Steps(steps))


def events(text: str) -> list[Any]:
    """Return the messages of an event stream."""
    lines = text.replace("\r\n", "\n").split("\n")
    return [json.loads(line[6:]) for line in lines if line.startswith("data: ")]


async def reload(world: Any, build: Any, *tools: Any) -> None:
    """Serve other tools from now on, and announce what changed."""
    before, world.view = world.view, build.view(build.exposure(*tools))
    await world.endpoint.announce(before, world.view)


async def test_only_lists_that_differ_are_announced(build: Any) -> None:
    def view(*tools: Any, **more: Any) -> Any:
        return build.view(build.exposure(*tools, **more))

    def names(before: Any, after: Any) -> list[str]:
        return [type(event).__name__ for event in differing(before, after)]

    tool, prompt = build.tool(), build.prompt("p", "Hi")
    folder = ResourceExposure("r", "docs://x", ("docs://x",), None, None, None, folder="")
    assert names(view(tool), view(tool)) == []
    assert names(view(tool), view(build.tool(title="New"))) == ["ToolsListChanged"]
    assert names(view(), view(prompts=[prompt])) == ["PromptsListChanged"]
    assert names(view(resources=[folder]), view(tool)) == [
        "ToolsListChanged",
        "ResourcesListChanged",
    ]


async def test_a_new_client_hears_of_changes(build: Any, listening: Any) -> None:
    async with (
        serving(build, listening, build.tool()) as (world, _),
        mcp.Client(world.address) as client,
        client.listen(tools_list_changed=True) as heard,
    ):
        with anyio.fail_after(5):
            await reload(world, build, build.tool(), build.tool("more"))
            async for event in heard:
                assert event == ToolsListChanged()
                break
        assert len((await client.list_tools()).tools) == 2


async def test_listening_begins_with_an_acknowledgement(build: Any, listening: Any) -> None:
    async with serving(build, listening, build.tool()) as (world, client):
        params = {"_meta": META, "notifications": {"toolsListChanged": True}}
        message = {"jsonrpc": "2.0", "id": 9, "method": "subscriptions/listen", "params": params}
        headers = {"mcp-protocol-version": NEW, "mcp-method": "subscriptions/listen"}
        request = client.stream("POST", "/mcp", json=message, headers=headers)
        with anyio.fail_after(5):
            async with request as reply:
                chunks = reply.aiter_text()
                text = await anext(chunks)
                await reload(world, build)
                text += await anext(chunks)
                world.endpoint.close_streams()
                text += "".join([chunk async for chunk in chunks])
    tag = {"io.modelcontextprotocol/subscriptionId": 9}
    acknowledged, changed, result = events(text)
    assert acknowledged["method"] == "notifications/subscriptions/acknowledged"
    assert acknowledged["params"] == {"_meta": tag, "notifications": {"toolsListChanged": True}}
    assert changed["method"] == "notifications/tools/list_changed"
    assert changed["params"] == {"_meta": tag}
    assert result["id"] == 9
    assert result["result"]["_meta"].items() >= tag.items()


async def test_an_old_client_hears_of_changes_on_its_get_stream(build: Any, listening: Any) -> None:
    async with serving(build, listening, build.tool()) as (world, client):
        headers = {"accept": "text/event-stream"}
        with anyio.fail_after(5):
            async with client.stream("GET", "/mcp", headers=headers) as reply:
                assert reply.headers["content-type"] == "text/event-stream"
                chunks = reply.aiter_text()
                assert await anext(chunks) == ": open\n\n"
                await reload(world, build)
                assert await anext(chunks) == (
                    "event: message\n"
                    'data: {"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\n\n'
                )
                world.endpoint.close_streams()
                assert [chunk async for chunk in chunks] == []


async def test_the_sdks_old_client_hears_of_changes(build: Any, listening: Any) -> None:
    heard = anyio.Event()

    async def handle(message: Any) -> None:
        if getattr(message, "method", "") == "notifications/tools/list_changed":
            heard.set()

    async with (
        serving(build, listening, build.tool()) as (world, _),
        mcp.Client(world.address, mode="legacy", message_handler=handle) as client,
    ):
        assert client.server_capabilities.tools is not None
        assert client.server_capabilities.tools.list_changed is True
        with anyio.fail_after(5):
            # the client opens its GET stream in the background
            while not heard.is_set():
                await reload(world, build, build.tool(title=str(anyio.current_time())))
                await anyio.sleep(0.01)


async def test_a_get_stream_ends_when_its_reader_leaves(
    build: Any, listening: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("naftiko_runtime.adapters.mcp.changes.MOST_STREAMS", 1)
    async with serving(build, listening, build.tool()) as (_, client):

        async def status() -> int:
            async with client.stream("GET", "/mcp", headers={"accept": "text/event-stream"}) as r:
                return r.status_code

        assert await status() == 200
        with anyio.fail_after(5):
            while await status() != 200:
                pass  # the server has not noticed yet that the first reader left


async def test_a_quiet_get_stream_is_kept_alive(
    build: Any, listening: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("naftiko_runtime.adapters.mcp.changes._QUIET_SECONDS", 0.02)
    async with serving(build, listening) as (_, client):
        with anyio.fail_after(5):
            async with client.stream("GET", "/mcp", headers={"accept": "text/event-stream"}) as r:
                chunks = r.aiter_text()
                assert [await anext(chunks) for _ in range(3)][1:] == [": quiet\n\n"] * 2


async def test_too_many_get_streams_are_refused(
    build: Any, listening: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("naftiko_runtime.adapters.mcp.changes.MOST_STREAMS", 1)
    async with serving(build, listening) as (_, client):
        headers = {"accept": "text/event-stream"}
        async with client.stream("GET", "/mcp", headers=headers):
            refused = await client.get("/mcp", headers=headers)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert refused.json()["type"] == "urn:naftiko:problem:overloaded"


@pytest.mark.parametrize("era", [OLD, NEW])
async def test_steps_report_progress(build: Any, era: str) -> None:
    for path in ("/find", "/read", "/write"):
        build.answer(200, {"path": path}, path=path)
    tool = build.tool(function=stepping(build, "find", "read", "write"))
    async with build.world(build.exposure(tool)) as world:
        meta = {**(META if era == NEW else {}), "progressToken": "p"}
        call = {"name": "get-order", "_meta": meta}
        reply = await (world.new if era == NEW else world.old)("tools/call", call)
    assert reply.headers["content-type"].startswith("text/event-stream")
    messages = [m for m in events(reply.text) if m.get("method") == "notifications/progress"]
    assert [message["params"] for message in messages] == [
        {"progressToken": "p", "progress": 1, "total": 3, "message": "find"},
        {"progressToken": "p", "progress": 2, "total": 3, "message": "read"},
        {"progressToken": "p", "progress": 3, "total": 3, "message": "write"},
    ]
    assert events(reply.text)[-1]["result"]["structuredContent"] == {"path": "/write"}


async def test_large_bodies_report_progress_at_most_once_a_second(
    build: Any, listening: Any
) -> None:
    build.answer(200, ["x" * 1000] * 3000)
    async with serving(build, listening, build.tool()) as (_, client):
        call = {"name": "get-order", "arguments": {"id": 7}, "_meta": {"progressToken": 5}}
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
        reply = await client.post("/mcp", json=message)
    messages = events(reply.text)
    found = [m["params"] for m in messages if m.get("method") == "notifications/progress"]
    assert len(found) == 1
    assert found[0]["total"] > 3_000_000
    assert 1024 * 1024 < found[0]["progress"] <= found[0]["total"]


async def test_a_new_caller_asks_for_log_messages_with_each_request(build: Any) -> None:
    build.answer(200, {}, path="/find")
    tool = build.tool(function=stepping(build, "find", "none"))
    async with build.world(build.exposure(tool)) as world:

        async def logged(level: str | None) -> list[Any]:
            meta = META if level is None else {**META, LEVEL: level}
            reply = await world.new("tools/call", {"name": "get-order", "_meta": meta})
            messages = events(reply.text)
            return [m["params"] for m in messages if m.get("method") == "notifications/message"]

        assert await logged(None) == []
        everything = await logged("debug")
        errors = await logged("error")
    assert [(each["level"], each["logger"]) for each in everything] == [
        ("info", "naftiko.get-order"),
        ("info", "naftiko.get-order"),
        ("error", "naftiko.get-order"),
    ]
    first = everything[0]["data"]
    assert (first["step"], first["status"], first["message"]) == ("find", 200, "step ended")
    assert everything[-1]["data"] == {"message": "HTTP 404 Not Found", "status": 404}
    assert [each["level"] for each in errors] == ["error"]


async def test_an_old_session_sets_its_level(build: Any) -> None:
    build.answer(200, {}, path="/find")
    tool = build.tool(function=stepping(build, "find"))
    async with build.world(build.exposure(tool)) as world:

        async def levels(session: str) -> list[str]:
            call = {"name": "get-order"}
            reply = await world.old("tools/call", call, **{"mcp-session-id": session})
            found = [m for m in events(reply.text) if m.get("method") == "notifications/message"]
            return [message["params"]["level"] for message in found]

        set_level = await world.old(
            "logging/setLevel", {"level": "error"}, **{"mcp-session-id": "a"}
        )
        assert set_level.json()["result"] == {}
        assert await levels("a") == []
        assert await levels("b") == ["info"]


async def test_log_messages_are_scrubbed_and_limited(build: Any) -> None:
    names = [f"s{n}" for n in range(101)]
    for name in names:
        build.answer(200, {}, path=f"/{name}")
    tool = build.tool(function=stepping(build, *names))

    def scrub(text: str) -> str:
        return text.replace("step ended", "***")

    async with build.world(build.exposure(tool), scrub=scrub) as world:
        params = {"name": "get-order", "_meta": {**META, LEVEL: "info"}}
        reply = await world.new("tools/call", params)
    messages = [m["params"] for m in events(reply.text) if m.get("method")]
    assert len(messages) == 100
    assert {message["data"]["message"] for message in messages} == {"***"}


async def test_cut_and_mismatching_results_are_warned_about(build: Any) -> None:
    schema = {"type": "object", "properties": {"id": {"type": "integer"}}}
    tool = build.tool(function=build.saying({"id": "x"}), output_schema=schema)
    async with build.world(build.exposure(tool)) as world:
        params = {"name": "get-order", "_meta": {**META, LEVEL: "warning"}}
        reply = await world.new("tools/call", params)
    first = events(reply.text)[0]["params"]
    assert first["level"] == "warning"
    assert "/id" in first["data"]["message"]


@pytest.mark.parametrize("token", [{}, {"progressToken": "p"}])
async def test_an_old_session_cancels_its_request(build: Any, listening: Any, token: Any) -> None:
    build.upstream.held.add("/orders/7")
    async with serving(build, listening, build.tool()) as (_, client):
        call = {"name": "get-order", "arguments": {"id": 7}, "_meta": token}
        message = {"jsonrpc": "2.0", "id": 5, "method": "tools/call", "params": call}
        replies: list[httpx.Response] = []

        async def run() -> None:
            replies.append(await client.post("/mcp", json=message, headers=SESSION))

        with anyio.fail_after(5):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(run)
                await build.upstream.arrived.wait()
                for other in ({"mcp-session-id": "b"}, {}):
                    await cancel(client, other, 5)
                for request in (6, None, [5]):
                    await cancel(client, SESSION, request)
                assert not build.upstream.cancelled.is_set()
                await cancel(client, SESSION, 5)
    assert build.upstream.cancelled.is_set()
    body = events(replies[0].text)[-1] if token else replies[0].json()
    expected = {"code": -32800, "message": "Request cancelled"}
    assert body == {"jsonrpc": "2.0", "id": 5, "error": expected}


SESSION = {"mcp-session-id": "a"}


async def cancel(client: httpx.AsyncClient, session: dict[str, str], request: Any) -> None:
    params = {"requestId": request}
    body = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params}
    assert (await client.post("/mcp", json=body, headers=session)).status_code == 202


async def test_the_sdks_client_reports_progress_in_both_eras(build: Any, listening: Any) -> None:
    for name in ("a", "b"):
        build.answer(200, {}, path=f"/{name}")
    tool = build.tool(function=stepping(build, "a", "b"))
    async with serving(build, listening, tool) as (world, _):
        for mode in ("auto", "legacy"):
            seen: list[Any] = []

            async def progress(done: float, total: float | None, message: str | None) -> None:
                seen.append((done, total, message))  # noqa: B023 - called before the next round

            async with mcp.Client(world.address, mode=mode) as client:
                await client.call_tool("get-order", {}, progress_callback=progress)
            assert seen == [(1, 2, "a"), (2, 2, "b")]
