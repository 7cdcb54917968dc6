"""Progress and log messages of one call, sent in order on its own stream (MCP-30, MCP-31)."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp_types import (
    LoggingLevel,
    LoggingMessageNotification,
    LoggingMessageNotificationParams,
)

from naftiko_runtime.adapters.mcp.context import (
    Context,
    is_modern,
    meta_of,
    session_of,
    wanted_level,
)
from naftiko_runtime.adapters.mcp.results import Notice
from naftiko_runtime.adapters.mcp.serving import Serving
from naftiko_runtime.adapters.mcp.sessions import at_least
from naftiko_runtime.adapters.mcp.view import ServedTool
from naftiko_runtime.engine.result import NOBODY, Caller
from naftiko_runtime.values import Json

_MOST_MESSAGES: Final = 100
_WAITING: Final = 256
_SECONDS_BETWEEN: Final = 1.0
_LEVELS: Final[Mapping[str, LoggingLevel]] = {
    "debug": "debug",
    "info": "info",
    "notice": "notice",
    "warning": "warning",
    "error": "error",
    "critical": "critical",
    "alert": "alert",
    "emergency": "emergency",
}

Progress = tuple[float, float | None, str | None]
Message = Progress | LoggingMessageNotification


class Reporter:
    """Takes what a running function reports; ``caller`` is what the engine is given."""

    def __init__(self, sink: MemoryObjectSendStream[Message] | None = None) -> None:
        self._sink = sink
        self.caller: Caller = NOBODY

    def tell(self, notices: Sequence[Notice]) -> None:
        """Log what the adapter itself has to say about the result."""
        if self.caller.log is not None:
            for level, members in notices:
                self.caller.log(level, members)


@asynccontextmanager
async def reporting(serving: Serving, ctx: Context, tool: ServedTool) -> AsyncIterator[Reporter]:
    """Send what is reported inside the block, all of it before the block is left."""
    level = _level(serving, ctx, tool)
    has_token = "progressToken" in meta_of(ctx)
    if level is None and not has_token:
        yield Reporter()
        return
    sink, source = anyio.create_memory_object_stream[Message](_WAITING)
    reporter = Reporter(sink)
    if has_token:
        progress = _progress(sink, 0.0 if tool.has_steps else _SECONDS_BETWEEN)
        reporter.caller = replace(reporter.caller, progress=progress)
    if level is not None:
        log = _log(sink, level, f"naftiko.{tool.tool.name}", serving.scrub)
        reporter.caller = replace(reporter.caller, log=log)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_send, ctx, source)
        with sink:
            yield reporter


def _level(serving: Serving, ctx: Context, tool: ServedTool) -> str | None:
    """Return the lowest level that is wanted, None when messages have no way to the caller."""
    if is_modern(ctx):
        return wanted_level(ctx)
    streams = tool.has_steps or "progressToken" in meta_of(ctx)
    if serving.transport == "tcp" and not streams:
        return None
    return serving.sessions.level(session_of(ctx))


def _progress(
    sink: MemoryObjectSendStream[Message], pause: float
) -> Callable[[float, float | None, str | None], None]:
    """Return a function that passes increasing values on, ``pause`` seconds apart at least."""
    last, due = -1.0, 0.0

    def progress(done: float, total: float | None, message: str | None) -> None:
        nonlocal last, due
        now = anyio.current_time()
        if done <= last or now < due:
            return
        last, due = done, now + pause
        _put(sink, (done, total, message))

    return progress


def _log(
    sink: MemoryObjectSendStream[Message], lowest: str, logger: str, scrub: Callable[[str], str]
) -> Callable[[str, Mapping[str, Json]], None]:
    count = 0

    def log(level: str, members: Mapping[str, Json]) -> None:
        nonlocal count
        if count >= _MOST_MESSAGES or not at_least(level, lowest):
            return
        count += 1
        content = {
            name: scrub(value) if isinstance(value, str) else value
            for name, value in members.items()
        }
        params = LoggingMessageNotificationParams(level=_LEVELS[level], logger=logger, data=content)
        _put(sink, LoggingMessageNotification(params=params))

    return log


def _put(sink: MemoryObjectSendStream[Message], message: Message) -> None:
    try:
        sink.send_nowait(message)
    except anyio.WouldBlock:
        # a caller that does not read loses messages instead of holding up the call
        return


async def _send(ctx: Context, source: MemoryObjectReceiveStream[Message]) -> None:
    with source:
        async for message in source:
            if isinstance(message, LoggingMessageNotification):
                await ctx.session.send_notification(message, related_request_id=ctx.request_id)
            else:
                await ctx.session.report_progress(*message)
