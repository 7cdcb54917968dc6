"""One timer for many short waits: it is moved when it rings, not each time that somebody waits."""

import asyncio
from collections.abc import Callable


class Alarm:
    """Calls ``ring`` when it was set and not unset for as long as it was set for.

    Making and cancelling a timer costs more than all else of a wait that ends soon, as nearly all
    do. So the timer stays, and looks at the time when it is due.
    """

    __slots__ = ("_due", "_loop", "_ring", "_timer")

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._due: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        # asked for once: each time would be a system call, to see whether the process was forked
        self._loop: asyncio.AbstractEventLoop | None = None

    def set(self, seconds: float) -> None:
        """Ring in so many seconds from now, and not as set before."""
        loop = self._loop
        if loop is None:
            loop = self._loop = asyncio.get_running_loop()
        due = self._due = loop.time() + seconds
        timer = self._timer
        if timer is None:
            self._timer = loop.call_at(due, self._look)
        elif timer.when() > due:
            timer.cancel()
            self._timer = loop.call_at(due, self._look)

    def unset(self) -> None:
        """Do not ring."""
        self._due = None

    def stop(self) -> None:
        """Do not ring, and give the timer up."""
        self._due = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        due = self._due
        if due is None:
            return
        loop = asyncio.get_running_loop()
        if due > loop.time():
            self._timer = loop.call_at(due, self._look)
        else:
            self._due = None
            self._ring()
