"""The log as server-sent events (exposes.md CTL-8)."""

from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
from typing import Final

import anyio
from starlette.responses import Response, StreamingResponse

from naftiko_runtime.adapters.asgi import Receive, Scope, Send
from naftiko_runtime.adapters.control.actions import LogEntry, LogReader
from naftiko_runtime.adapters.control.asked import Asked, Readers, rejected
from naftiko_runtime.adapters.problems import Problem, overloaded
from naftiko_runtime.observability.logs import level_number

_QUIET: Final = 15.0
"""Seconds after which a comment shows that the stream is alive."""


async def log_stream(asked: Asked) -> Response | Problem:
    """Begin a stream of records at ``level`` and above, at and below ``logger``."""
    limit = asked.exposure.logs_subscribers
    if asked.readers.now >= limit:
        return overloaded(f"{limit} log streams are open; max-subscribers allows no more")
    level = asked.query("level") or "INFO"
    try:
        level_number(level)
    except ValueError as exc:
        raise rejected("level", str(exc), "query") from exc
    if asked.request.method == "HEAD":
        return Response(media_type="text/event-stream")
    return _LogStream(asked.actions.logs(level, asked.query("logger") or "ROOT"), asked.readers)


class _LogStream(StreamingResponse):
    """Counts itself as open while it is sent."""

    def __init__(self, opened: AbstractContextManager[LogReader], readers: Readers) -> None:
        headers = {"X-Accel-Buffering": "no"}
        super().__init__(_events(opened), media_type="text/event-stream", headers=headers)
        self._readers = readers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._readers.now += 1
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._readers.now -= 1


async def _events(opened: AbstractContextManager[LogReader]) -> AsyncIterator[str]:
    with opened as reader:
        yield ": open\n\n"
        while True:
            entry: LogEntry | None = None
            with anyio.move_on_after(_QUIET) as quiet:
                entry = await reader.next()
            if quiet.cancelled_caught:
                yield ": quiet\n\n"
            elif entry is None:
                return
            else:
                yield _event(entry)


def _event(entry: LogEntry) -> str:
    if entry.dropped:
        return f"event: dropped\ndata: {entry.data}\n\n"
    return f"event: log\nid: {entry.number}\ndata: {entry.data}\n\n"
