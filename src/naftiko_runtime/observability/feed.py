"""Log records as they happen, for readers of the log stream (exposes.md CTL-8)."""

import asyncio
import json
import logging
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

from naftiko_runtime.observability.logs import level_number, one_line
from naftiko_runtime.observability.redaction import Redactor

_BUFFER: Final = 1000
"""Records kept for a reader that is slower than the log."""


class Entry(NamedTuple):
    """One record: its number and scrubbed JSON; or (``dropped``) how many were lost before it."""

    number: int
    data: str
    dropped: bool = False


class Subscription:
    """One reader: wants a level and a logger with everything below it."""

    def __init__(self, level: str, logger: str, loop: asyncio.AbstractEventLoop) -> None:
        self._level = level_number(level)
        self._logger = "" if logger == "ROOT" else logger
        self._loop = loop
        self._entries: deque[Entry] = deque()
        self._dropped = 0
        self._ready = asyncio.Event()
        self.closed = False

    def wants(self, record: logging.LogRecord) -> bool:
        """Whether the reader asked for this record."""
        return record.levelno >= self._level and (
            not self._logger
            or record.name == self._logger
            or record.name.startswith(f"{self._logger}.")
        )

    def offer(self, entry: Entry) -> None:
        """Add a record, from any thread; a full buffer loses its oldest."""
        if len(self._entries) >= _BUFFER:
            self._entries.popleft()
            self._dropped += 1
        self._entries.append(entry)
        self._wake()

    def close(self) -> None:
        """End the stream: ``next`` gives what is left and then None."""
        self.closed = True
        self._wake()

    def _wake(self) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._ready.set)

    async def next(self) -> Entry | None:
        """Wait for the next record; None at the end. First tells how many were lost."""
        while not self._entries and not self.closed:
            self._ready.clear()
            await self._ready.wait()
        if self._dropped:
            lost, self._dropped = self._dropped, 0
            return Entry(0, json.dumps({"count": lost}), dropped=True)
        return self._entries.popleft() if self._entries else None


class LogFeed(logging.Handler):
    """Passes records to the readers; costs nothing while there are none."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor
        self._subscriptions: list[Subscription] = []
        self._number = 0

    def __len__(self) -> int:
        return len(self._subscriptions)

    def emit(self, record: logging.LogRecord) -> None:
        """Give a record to the readers that want it."""
        wanting = [each for each in self._subscriptions if each.wants(record)]
        if not wanting:
            return
        self._number += 1
        entry = Entry(self._number, one_line(record, self._redactor))
        for subscription in wanting:
            subscription.offer(entry)

    @contextmanager
    def subscribed(self, level: str, logger: str) -> Iterator[Subscription]:
        """Add a reader while the context is open; raise ``ValueError`` for an unknown level."""
        subscription = Subscription(level, logger, asyncio.get_running_loop())
        if not self._subscriptions:
            logging.getLogger().addHandler(self)
        self._subscriptions.append(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.remove(subscription)
            if not self._subscriptions:
                logging.getLogger().removeHandler(self)

    def end(self) -> None:
        """End all streams, as the runtime does when it stops."""
        for subscription in list(self._subscriptions):
            subscription.close()
