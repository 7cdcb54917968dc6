"""The ASGI app of a listener: passes each request to what is live now, and counts it.

A reload replaces the app between two requests; the ones under way end on the old one, which may
be closed when its count is zero (exposes.md LST-11).
"""

import asyncio
import logging
from dataclasses import replace

from naftiko_runtime.adapters.asgi import App, Receive, Scope, Send
from naftiko_runtime.adapters.guards import TransferBroken
from naftiko_runtime.adapters.problems import answer, stopping
from naftiko_runtime.adapters.visit import visit_of

_log = logging.getLogger(__name__)


class Usage:
    """How many requests still use something that is to be closed."""

    __slots__ = ("_ended", "count", "idle")

    def __init__(self) -> None:
        self.count = 0
        self.idle = asyncio.Event()
        self._ended = False

    def left(self) -> None:
        """Count one request out."""
        self.count -= 1
        if self._ended and self.count == 0:
            self.idle.set()

    async def unused(self, at_most: float) -> None:
        """Wait until the last request has left, or for ``at_most`` seconds; no more may enter."""
        self._ended = True
        if self.count == 0:
            return
        try:
            await asyncio.wait_for(self.idle.wait(), at_most)
        except TimeoutError:
            _log.warning("%d requests still use a replaced document", self.count)


class Switch:
    """Calls the current app; ``put`` exchanges it."""

    __slots__ = ("_app", "_usage")

    def __init__(self, app: App, usage: Usage) -> None:
        self._app = app
        self._usage = usage

    def put(self, app: App, usage: Usage) -> None:
        """Let every request from now on go to ``app``."""
        self._app, self._usage = app, usage

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        usage = self._usage
        usage.count += 1
        try:
            await self._app(scope, receive, send)
        except asyncio.CancelledError:
            # only the end of the drain cancels a request; its task ends here
            await _say_stopping(scope, send)
        finally:
            usage.left()


async def _say_stopping(scope: Scope, send: Send) -> None:
    """Answer a request that the drain gave up; break it off when its answer has begun."""
    problem = stopping()
    # the guard has let go of the request, so it gets an id once more
    request_id = visit_of(scope).request_id
    named = replace(problem, headers=(*problem.headers, (b"x-request-id", request_id.encode())))
    try:
        await answer(named, scope, send)
    except RuntimeError as error:
        # the server takes no second beginning of an answer
        raise TransferBroken from error
