"""What is remembered about callers of the old revisions: a log level and running requests.

Any replica serves any request, so nothing that matters is kept here (exposes.md MCP-6, MCP-31,
MCP-32). Requests without ``Mcp-Session-Id`` share no memory.
"""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import anyio

LEVELS: Final = (
    "debug",
    "info",
    "notice",
    "warning",
    "error",
    "critical",
    "alert",
    "emergency",
)
_REMEMBERED: Final = 10_000
_UNKNOWN: Final = "info"

RequestId = str | int


class Sessions:
    """A bounded table of this process; the sessions that were quiet longest are forgotten."""

    def __init__(self) -> None:
        self._levels: OrderedDict[str, str] = OrderedDict()
        self._running: dict[tuple[str, RequestId], anyio.CancelScope] = {}

    def level(self, session: str | None) -> str:
        """Return the lowest level that is sent to a session."""
        return self._levels.get(session or "", _UNKNOWN)

    def set_level(self, session: str | None, level: str) -> None:
        """Remember the level of ``logging/setLevel``."""
        if session is None:
            return
        self._levels[session] = level
        self._levels.move_to_end(session)
        if len(self._levels) > _REMEMBERED:
            self._levels.popitem(last=False)

    @contextmanager
    def running(self, session: str | None, request: RequestId) -> Iterator[anyio.CancelScope]:
        """Let ``cancel`` end the block; then ``cancelled_caught`` of the scope is true."""
        key = (session or "", request)
        with anyio.CancelScope() as scope:
            if session is not None:
                self._running[key] = scope
            try:
                yield scope
            finally:
                if self._running.get(key) is scope:
                    del self._running[key]

    def cancel(self, session: str | None, request: RequestId) -> None:
        """Cancel a running request of a session; unknown ones are ignored."""
        scope = self._running.get((session or "", request))
        if scope is not None:
            scope.cancel()


def at_least(level: str, lowest: str) -> bool:
    """Return whether a message of one level is wanted by who asked for ``lowest`` and above."""
    return level in LEVELS and lowest in LEVELS and LEVELS.index(level) >= LEVELS.index(lowest)
