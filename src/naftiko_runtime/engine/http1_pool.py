"""Connections to one origin, kept while idle."""

from collections import deque
from collections.abc import Callable
from typing import Final

from naftiko_runtime.engine.http1_connection import Connection
from naftiko_runtime.engine.http1_dial import Dialer
from naftiko_runtime.engine.origins import Origin

_IDLE: Final = 30.0
"""Seconds a kept connection may have been idle."""
_IDLE_ONCE: Final = 1.0
"""The same for a request that cannot be sent again when the connection turns out to be closed."""


class Pool:
    """Gives the connection that was used last, or a new one; keeps at most ``limit``."""

    def __init__(
        self, origin: Origin, dialer: Dialer, limit: int, clock: Callable[[], float]
    ) -> None:
        self.origin = origin
        self._dialer = dialer
        self._limit = limit
        self._clock = clock
        self._idle: deque[Connection] = deque()
        self._busy: set[Connection] = set()

    @property
    def is_busy(self) -> bool:
        return bool(self._busy)

    @property
    def kept(self) -> int:
        """How many open connections wait for use."""
        return sum(connection.is_open for connection in self._idle)

    async def take(self, *, repeatable: bool) -> Connection:
        """Return a connection, which must be given back; raises what dialling raises."""
        connection = self._kept(_IDLE if repeatable else _IDLE_ONCE) if self._idle else None
        if connection is None:
            connection = await self._dialer.dial(self.origin)
        self._busy.add(connection)
        return connection

    def _kept(self, longest: float) -> Connection | None:
        now = self._clock()
        while self._idle and now - self._idle[0].idle_since > _IDLE:
            self._idle.popleft().abort()
        while self._idle and now - self._idle[-1].idle_since <= longest:
            connection = self._idle.pop()
            if connection.is_open:
                return connection
        return None

    def give_back(self, connection: Connection) -> None:
        """Keep a connection for the next exchange, or close it."""
        self._busy.discard(connection)
        if connection.is_reusable and len(self._idle) < self._limit:
            connection.idle_since = self._clock()
            self._idle.append(connection)
        else:
            connection.abort()

    def close(self) -> None:
        """Close every connection, whatever is under way, and keep none from now on."""
        self._limit = 0
        for connection in (*self._idle, *self._busy):
            connection.abort()
        self._idle.clear()
