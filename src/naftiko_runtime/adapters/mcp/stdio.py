"""MCP over the standard streams: stdout carries the protocol and nothing else (exposes.md MCP-33).

The SDK's own transport cannot be stopped while it waits for a line, so the pipe is read by a thread
of ours that a stop leaves behind.
"""

import asyncio
import logging
import math
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import anyio
import anyio.to_thread
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.server.context import CallNext, HandlerResult
from mcp.shared.message import SessionMessage
from mcp_types import (
    JSONRPCError,
    JSONRPCMessage,
    JSONRPCNotification,
    JSONRPCRequest,
    JSONRPCResponse,
    jsonrpc_message_adapter,
)

from naftiko_runtime.adapters.mcp.changes import Changes
from naftiko_runtime.adapters.mcp.context import Context
from naftiko_runtime.adapters.mcp.posted import content_of
from naftiko_runtime.adapters.mcp.server import McpServer
from naftiko_runtime.adapters.mcp.serving import Serving
from naftiko_runtime.adapters.mcp.view import McpView

_LOG: Final = logging.getLogger(__name__)
_CHUNK: Final = 64 * 1024
_STDIN, _STDOUT, _STDERR = 0, 1, 2
_GRACE_SECONDS: Final = 1.0
"""How long requests may still be answered when the input has ended."""

Source = MemoryObjectReceiveStream[SessionMessage | Exception]
Sink = MemoryObjectSendStream[SessionMessage]


@dataclass(frozen=True, slots=True)
class Pipe:
    """Two descriptors that carry lines: what the client writes, and what it reads."""

    source: int
    sink: int


@contextmanager
def standard_streams() -> Iterator[Pipe]:
    """Take stdin and stdout; meanwhile what others print goes to stderr, and they read nothing."""
    sys.stdout.flush()
    pipe = Pipe(os.dup(_STDIN), os.dup(_STDOUT))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, _STDIN)
    os.close(nothing)
    os.dup2(_STDERR, _STDOUT)
    try:
        yield pipe
    finally:
        sys.stdout.flush()
        os.dup2(pipe.sink, _STDOUT)
        os.close(pipe.sink)


class StdioServer:
    """The endpoint of one client at the other end of a pipe.

    ``serving.transport`` is ``pipe``; ``keys`` are those of ``McpServer``.
    """

    def __init__(self, serving: Serving, *, keys: Sequence[bytes] = ()) -> None:
        self._changes = Changes()
        self._server = McpServer(serving, self._changes, keys)
        self._opening = _Opening()
        self._server.middleware.append(self._opening)

    async def announce(self, before: McpView, after: McpView) -> None:
        """Tell the client which lists changed (MCP-29)."""
        await self._changes.announce(before, after)

    async def run(self, pipe: Pipe) -> None:
        """Serve until the input ends; what is not answered a second later is cancelled."""
        incoming, messages = anyio.create_memory_object_stream[SessionMessage | Exception](0)
        answers, outgoing = anyio.create_memory_object_stream[SessionMessage](0)
        unanswered = _Unanswered()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_read, pipe.source, incoming, unanswered)
            tasks.start_soon(_write, pipe.sink, outgoing, unanswered)
            tasks.start_soon(self._notify, answers.clone())
            options = self._server.create_initialization_options()
            await self._server.run(messages, answers, options)
            self._changes.close()

    async def _notify(self, answers: Sink) -> None:
        """Send list changes to a client of the old era; the new one listens for them."""
        with answers, self._changes.methods() as methods:
            async for method in methods:
                if self._opening.is_old:
                    message = JSONRPCNotification(jsonrpc="2.0", method=method)
                    await answers.send(SessionMessage(message))


class _Unanswered:
    """Counts requests that wait for an answer, so that a client may write and close at once."""

    def __init__(self) -> None:
        self._count = 0
        self._none = asyncio.Event()

    def came(self, message: JSONRPCMessage) -> None:
        if isinstance(message, JSONRPCRequest):
            self._count += 1
            self._none.clear()

    def went(self, message: JSONRPCMessage) -> None:
        if isinstance(message, JSONRPCResponse | JSONRPCError):
            self._count -= 1
        if self._count <= 0:
            self._none.set()

    async def end(self) -> None:
        """Wait for the last answer, but not for long: the client may never get one."""
        with anyio.move_on_after(_GRACE_SECONDS if self._count > 0 else 0):
            await self._none.wait()


class _Opening:
    """Middleware that notices the handshake of the old era."""

    def __init__(self) -> None:
        self.is_old = False

    async def __call__(self, ctx: Context, call_next: CallNext) -> HandlerResult:
        result = await call_next(ctx)
        self.is_old = self.is_old or ctx.method == "initialize"
        return result


async def _read(
    descriptor: int,
    incoming: MemoryObjectSendStream[SessionMessage | Exception],
    unanswered: _Unanswered,
) -> None:
    """Parse lines to messages; a line that is none is logged and skipped."""
    sink, lines = anyio.create_memory_object_stream[bytes](math.inf)
    # a daemon: nothing can end a read that waits for a client
    threading.Thread(target=_pump, args=(descriptor, _from_thread(sink)), daemon=True).start()
    with incoming, lines:
        async for line in lines:
            try:
                content_of(line)  # pydantic lets NaN and infinite numbers in
                message = jsonrpc_message_adapter.validate_json(line, by_name=False)
            except (ValueError, RecursionError):
                _LOG.warning("skipped a line of %d bytes that is no JSON-RPC message", len(line))
                continue
            unanswered.came(message)
            await incoming.send(SessionMessage(message))
        await unanswered.end()


def _from_thread(sink: MemoryObjectSendStream[bytes]) -> Callable[[bytes | None], None]:
    """Return a function for another thread; None closes the stream."""
    loop = asyncio.get_running_loop()

    def put(line: bytes | None) -> None:
        try:
            loop.call_soon_threadsafe(_deliver, sink, line)
        except RuntimeError:
            # the loop is closed: nobody serves any more
            return

    return put


def _deliver(sink: MemoryObjectSendStream[bytes], line: bytes | None) -> None:
    if line is None:
        sink.close()
        return
    try:
        sink.send_nowait(line)
    except (anyio.BrokenResourceError, anyio.ClosedResourceError):
        # serving ended while the line was on its way
        return


def _pump(descriptor: int, put: Callable[[bytes | None], None]) -> None:
    rest = b""
    while chunk := os.read(descriptor, _CHUNK):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line.strip():
                put(line)
    if rest.strip():
        put(rest)
    put(None)


async def _write(
    descriptor: int,
    outgoing: MemoryObjectReceiveStream[SessionMessage],
    unanswered: _Unanswered,
) -> None:
    with outgoing:
        async for answer in outgoing:
            text = answer.message.model_dump_json(by_alias=True, exclude_unset=True)
            line = text.encode() + b"\n"
            await anyio.to_thread.run_sync(_write_all, descriptor, line, abandon_on_cancel=True)
            unanswered.went(answer.message)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
