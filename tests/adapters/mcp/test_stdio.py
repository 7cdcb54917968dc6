"""MCP over a pipe (exposes.md MCP-33)."""

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import anyio
import anyio.to_thread
import pytest

from naftiko_runtime.adapters.mcp.serving import Served, Serving
from naftiko_runtime.adapters.mcp.stdio import Pipe, StdioServer

NEW = "2026-07-28"
META = {
    "io.modelcontextprotocol/protocolVersion": NEW,
    "io.modelcontextprotocol/clientCapabilities": {},
}
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 0,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "c", "version": "1"},
    },
}
INITIALIZED = {"jsonrpc": "2.0", "method": "notifications/initialized"}

pytestmark = pytest.mark.anyio


@dataclass
class Peer:
    """The client's end of the pipe."""

    server: StdioServer
    world: Any
    to_server: int
    from_server: int
    rest: bytes = b""

    async def send(self, *messages: Any) -> None:
        for message in messages:
            data = message if isinstance(message, bytes) else json.dumps(message).encode()
            await anyio.to_thread.run_sync(os.write, self.to_server, data + b"\n")

    async def received(self) -> Any:
        """Return the next message."""
        while b"\n" not in self.rest:
            chunk = await anyio.to_thread.run_sync(os.read, self.from_server, 65536)
            assert chunk
            self.rest += chunk
        line, _, self.rest = self.rest.partition(b"\n")
        return json.loads(line)

    def close(self) -> None:
        os.close(self.to_server)


@asynccontextmanager
async def peered(build: Any, *tools: Any) -> AsyncIterator[Peer]:
    """Serve tools on a pipe until the client closes it."""
    source, to_server = os.pipe()
    from_server, sink = os.pipe()
    async with build.world(build.exposure(*tools)) as world, anyio.create_task_group() as tasks:
        serving = Serving(lambda: nullcontext(Served(world.view, world.engine)), transport="pipe")
        server = StdioServer(serving)
        tasks.start_soon(server.run, Pipe(source, sink))
        with anyio.fail_after(10):
            yield Peer(server, world, to_server, from_server)
    for descriptor in (source, from_server, sink):
        os.close(descriptor)


async def test_an_old_client_speaks_over_a_pipe(build: Any) -> None:
    build.answer(200, {"id": 7})
    async with peered(build, build.tool()) as peer:
        await peer.send(INITIALIZE, INITIALIZED)
        hello = await peer.received()
        call = {"name": "get-order", "arguments": {"id": 7}}
        await peer.send({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call})
        result = await peer.received()
        enveloped = {"jsonrpc": "2.0", "id": 2, "method": "tools/list", "params": {"_meta": META}}
        await peer.send(enveloped)
        refused = await peer.received()
        peer.close()
    assert hello["result"]["serverInfo"]["name"] == "shop-mcp"
    assert result["result"]["structuredContent"] == {"id": 7}
    assert "resultType" not in result["result"]
    assert refused["error"]["code"] == -32600


async def test_a_new_client_speaks_over_a_pipe(build: Any) -> None:
    async with peered(build, build.tool()) as peer:
        await peer.send(
            {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": META}}
        )
        listed = await peer.received()
        await peer.send({**INITIALIZE, "id": 2})
        refused = await peer.received()
        peer.close()
    assert listed["result"]["resultType"] == "complete"
    assert refused["error"]["code"] == -32022


async def test_lines_that_are_no_messages_are_skipped(
    build: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async with peered(build) as peer:
        infinite = b'{"jsonrpc": "2.0", "id": 1, "method": "ping", "params": {"x": 1e999}}'
        await peer.send(b"hello", b"{}", b"", b"\xff", infinite, INITIALIZE)
        assert (await peer.received())["id"] == 0
        peer.close()
    assert caplog.text.count("no JSON-RPC message") == 4


async def test_a_running_request_can_be_cancelled(build: Any) -> None:
    build.upstream.held.add("/orders/7")
    async with peered(build, build.tool()) as peer:
        await peer.send(INITIALIZE, INITIALIZED)
        await peer.received()
        call = {"name": "get-order", "arguments": {"id": 7}}
        await peer.send({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call})
        await build.upstream.arrived.wait()
        cancel = {"method": "notifications/cancelled", "params": {"requestId": 1}}
        await peer.send({"jsonrpc": "2.0", **cancel})
        await build.upstream.cancelled.wait()
        await peer.send({"jsonrpc": "2.0", "id": 2, "method": "ping"})
        assert (await peer.received())["id"] == 2
        peer.close()


async def test_the_end_of_input_cancels_what_runs(build: Any) -> None:
    build.upstream.held.add("/orders/7")
    async with peered(build, build.tool()) as peer:
        await peer.send(INITIALIZE, INITIALIZED)
        await peer.received()
        call = {"name": "get-order", "arguments": {"id": 7}}
        await peer.send({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call})
        await build.upstream.arrived.wait()
        peer.close()
        await build.upstream.cancelled.wait()


async def test_requests_before_the_end_of_input_are_answered(build: Any) -> None:
    build.answer(200, {"id": 7})
    async with peered(build, build.tool()) as peer:
        call = {"name": "get-order", "arguments": {"id": 7}}
        calls = [
            {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": call}
            for number in range(1, 4)
        ]
        await peer.send(INITIALIZE, INITIALIZED, *calls)
        peer.close()
        answers = [await peer.received() for _ in range(4)]
    assert sorted(answer["id"] for answer in answers) == [0, 1, 2, 3]
    assert all("result" in answer for answer in answers)


async def test_an_old_client_hears_of_changes_directly(build: Any) -> None:
    async with peered(build, build.tool()) as peer:
        await peer.send(INITIALIZE, INITIALIZED)
        await peer.received()
        before, peer.world.view = peer.world.view, build.view(build.exposure())
        await peer.server.announce(before, peer.world.view)
        assert await peer.received() == {
            "jsonrpc": "2.0",
            "method": "notifications/tools/list_changed",
        }
        peer.close()


async def test_a_new_client_hears_of_changes_when_it_listens(build: Any) -> None:
    async with peered(build, build.tool()) as peer:
        params = {"_meta": META, "notifications": {"toolsListChanged": True}}
        await peer.send(
            {"jsonrpc": "2.0", "id": 5, "method": "subscriptions/listen", "params": params}
        )
        acknowledged = await peer.received()
        before, peer.world.view = peer.world.view, build.view(build.exposure())
        await peer.server.announce(before, peer.world.view)
        changed = await peer.received()
        peer.close()
    assert acknowledged["method"] == "notifications/subscriptions/acknowledged"
    assert changed["method"] == "notifications/tools/list_changed"
    assert changed["params"]["_meta"] == {"io.modelcontextprotocol/subscriptionId": 5}


async def test_progress_goes_over_the_pipe(build: Any) -> None:
    build.answer(200, "x" * 2_000_000)
    async with peered(build, build.tool()) as peer:
        await peer.send(INITIALIZE, INITIALIZED)
        await peer.received()
        call = {"name": "get-order", "arguments": {"id": 7}, "_meta": {"progressToken": "p"}}
        await peer.send({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call})
        progress, log, result = [await peer.received() for _ in range(3)]
        peer.close()
    assert progress["method"] == "notifications/progress"
    assert log["method"] == "notifications/message"
    assert log["params"]["level"] == "warning"
    assert "naftiko/cut" in result["result"]["_meta"]


SCRIPT = """
import os, sys
from naftiko_runtime.adapters.mcp.stdio import standard_streams
with standard_streams() as pipe:
    print("stray")
    os.system("echo child")
    assert sys.stdin.read() == ""
    os.write(pipe.sink, os.read(pipe.source, 100))
print("after")
"""


async def test_stray_output_does_not_reach_the_protocol() -> None:
    run = await anyio.run_process(
        [sys.executable, "-c", SCRIPT], input=b"line\n", stderr=subprocess.PIPE
    )
    assert run.stdout == b"line\nafter\n"
    assert run.stderr == b"stray\nchild\n" or set(run.stderr.split()) == {b"stray", b"child"}
