"""Notices callers who leave while their calls wait or stream, at next to no cost for quick calls.

Most calls are over before anybody watches: one timer per listener, running only while calls are
in flight, begins to watch those that it has seen before.
"""

import asyncio
from typing import Any, Final

from naftiko_runtime.adapters.rest.request import Request

INTERVAL: Final = 0.1
"""Seconds between two looks; a caller is watched after one to two of them."""


class Watch:
    """The calls in flight of one listener, by their tasks."""

    __slots__ = ("_flights", "_gone", "_seen", "_timer", "_watching")

    def __init__(self) -> None:
        self._flights: dict[asyncio.Task[Any], Request] = {}
        self._seen: frozenset[asyncio.Task[Any]] = frozenset()
        self._watching: dict[asyncio.Task[Any], asyncio.Task[None]] = {}
        self._gone: set[asyncio.Task[Any]] = set()
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, request: Request) -> asyncio.Task[Any]:
        """Look after the current task, which is cancelled when its caller leaves.

        Whoever begins must ``end``, and ask with ``is_cause`` whose cancellation it is.
        """
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("calls run in tasks")
        self._flights[task] = request
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(INTERVAL, self._look)
        return task

    def end(self, task: asyncio.Task[Any]) -> None:
        """Stop looking after a task; its watching task lives no longer than this."""
        del self._flights[task]
        if self._watching:
            watching = self._watching.pop(task, None)
            if watching is not None:
                watching.cancel()
                self._gone.discard(task)

    def is_cause(self, task: asyncio.Task[Any]) -> bool:
        """Tell whether a task was cancelled because its caller left, and for nothing else."""
        return task in self._gone and task.uncancel() == 0

    def _look(self) -> None:
        create = asyncio.get_running_loop().create_task
        for task, request in self._flights.items():
            if task in self._seen and task not in self._watching:
                # no task group: entering one would cost every quick call more than all of this
                self._watching[task] = create(self._watch(task, request))
        self._seen = frozenset(self._flights)
        self._timer = None
        if self._flights:
            self._timer = asyncio.get_running_loop().call_later(INTERVAL, self._look)

    async def _watch(self, task: asyncio.Task[Any], request: Request) -> None:
        await request.until_gone()
        # the server also says so when the answer is complete
        if not request.visit.complete:
            self._gone.add(task)
            task.cancel()
