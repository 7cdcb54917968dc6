"""Tells clients of both eras that a list changed after a reload (exposes.md MCP-29)."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import anyio
from anyio.streams.memory import MemoryObjectSendStream
from mcp.server.subscriptions import (
    InMemorySubscriptionBus,
    ListenHandler,
    PromptsListChanged,
    ResourcesListChanged,
    ServerEvent,
    ToolsListChanged,
)

from naftiko_runtime.adapters.mcp.view import McpView
from naftiko_runtime.values import compact

MOST_STREAMS: Final = 1024
_WAITING: Final = 64
_QUIET_SECONDS: Final = 15.0
_HEADERS: Final = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),
]
_METHODS: Final[dict[type[ServerEvent], str]] = {
    ToolsListChanged: "notifications/tools/list_changed",
    PromptsListChanged: "notifications/prompts/list_changed",
    ResourcesListChanged: "notifications/resources/list_changed",
}

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


def differing(before: McpView, after: McpView) -> tuple[ServerEvent, ...]:
    """Return one event for each list that is not the same any more."""
    events: list[ServerEvent] = []
    if [each.listed for each in before.tools] != [each.listed for each in after.tools]:
        events.append(ToolsListChanged())
    if [each.listed for each in before.prompts] != [each.listed for each in after.prompts]:
        events.append(PromptsListChanged())
    if _resources(before) != _resources(after):
        events.append(ResourcesListChanged())
    return tuple(events)


def _resources(view: McpView) -> list[Any]:
    return [(each.listed, each.resource.folder) for each in view.resources]


class Changes:
    """The listeners of one endpoint: ``subscriptions/listen``, GET streams and stdio."""

    def __init__(self) -> None:
        self._bus = InMemorySubscriptionBus()
        self._sinks: set[MemoryObjectSendStream[str]] = set()
        self._closed = False
        self.listen = ListenHandler(self._bus)

    async def announce(self, before: McpView, after: McpView) -> None:
        """Send what changed to everybody who listens."""
        for event in differing(before, after):
            await self._bus.publish(event)
            for sink in tuple(self._sinks):
                self._deliver(sink, _METHODS[type(event)])

    def _deliver(self, sink: MemoryObjectSendStream[str], method: str) -> None:
        try:
            sink.send_nowait(method)
        except (anyio.WouldBlock, anyio.BrokenResourceError):
            # who stopped reading loses the stream and asks for the lists again when it is back
            self._sinks.discard(sink)
            sink.close()

    @contextmanager
    def methods(self) -> Iterator[anyio.abc.ObjectReceiveStream[str]]:
        """Give a stream of notification methods; it ends with the endpoint."""
        sink, source = anyio.create_memory_object_stream[str](_WAITING)
        with sink, source:
            if self._closed:
                sink.close()
            else:
                self._sinks.add(sink)
            try:
                yield source
            finally:
                self._sinks.discard(sink)

    @property
    def is_full(self) -> bool:
        """Whether no further GET stream is opened."""
        return len(self._sinks) >= MOST_STREAMS

    async def stream(self, receive: Receive, send: Send) -> None:
        """Serve the GET stream of an old client until it leaves or the endpoint closes."""
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_cancel_on_disconnect, receive, tasks.cancel_scope)
            with self.methods() as source:
                await _write(source, send)
            tasks.cancel_scope.cancel()

    def close(self) -> None:
        """End all streams: listen requests with their result, GET streams with their end."""
        self._closed = True
        self.listen.close()
        for sink in self._sinks:
            sink.close()


async def _cancel_on_disconnect(receive: Receive, scope: anyio.CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()


async def _write(source: anyio.abc.ObjectReceiveStream[str], send: Send) -> None:
    await _body(send, ": open\n\n", more=True)
    while True:
        text = ": quiet\n\n"
        with anyio.move_on_after(_QUIET_SECONDS):
            try:
                method = await source.receive()
            except anyio.EndOfStream:
                break
            data = compact({"jsonrpc": "2.0", "method": method})
            text = f"event: message\ndata: {data}\n\n"
        await _body(send, text, more=True)
    await _body(send, "", more=False)


async def _body(send: Send, text: str, *, more: bool) -> None:
    await send({"type": "http.response.body", "body": text.encode(), "more_body": more})
