"""Notices callers who leave while their calls wait or stream, at next to no cost for quick calls.

Most calls are over before anybody watches: one timer per listener, running only while calls are
in flight, begins to watch those that it has seen before.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from naftiko_runtime.adapters.visit import Visit

INTERVAL: Final = 0.1
"""Seconds between two looks; a caller is watched after one to two of them."""


class Watch:
    """The calls in flight of one listener."""

    __slots__ = ("_flights", "_timer")

    def __init__(self) -> None:
        self._flights: set[Flight] = set()
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, until_gone: Callable[[], Awaitable[None]], visit: Visit) -> "Flight":
        """Begin to look after the current task's call, which is cancelled when its caller leaves.

        Whoever begins must ``end``, and ask the flight whose cancellation it is.
        """
        flight = Flight(until_gone, visit)
        self._flights.add(flight)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(INTERVAL, self._look)
        return flight

    def end(self, flight: "Flight") -> None:
        self._flights.discard(flight)
        if flight.watching is not None:
            flight.watching.cancel()

    def _look(self) -> None:
        for flight in self._flights:
            flight.seen_again()
        self._timer = None
        if self._flights:
            self._timer = asyncio.get_running_loop().call_later(INTERVAL, self._look)


class Flight:
    """One call; its watching task lives no longer than the call, whose end cancels it."""

    __slots__ = ("_cancelling", "_gone", "_seen", "_task", "_until_gone", "_visit", "watching")

    def __init__(self, until_gone: Callable[[], Awaitable[None]], visit: Visit) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("calls run in tasks")
        self._task: asyncio.Task[Any] = task
        self._cancelling = task.cancelling()
        self._until_gone = until_gone
        self._visit = visit
        self._seen = False
        self._gone = False
        self.watching: asyncio.Task[None] | None = None

    def seen_again(self) -> None:
        if self._seen and self.watching is None:
            # no task group: entering one would cost every quick call more than all of this class
            self.watching = asyncio.get_running_loop().create_task(self._watch())
        self._seen = True

    async def _watch(self) -> None:
        await self._until_gone()
        # the server also says so when the answer is complete
        if not self._visit.complete:
            self._gone = True
            self._task.cancel()

    def ended_by_caller(self) -> bool:
        """Tell whether a cancellation is the watch's own, and nobody else wants it."""
        return self._gone and self._task.uncancel() <= self._cancelling
