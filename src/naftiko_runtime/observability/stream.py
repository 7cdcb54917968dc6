"""Writes log lines to a stream: those of one turn of the loop at once, warnings directly."""

import asyncio
import contextlib
import logging
import threading
from typing import Protocol, TextIO

from naftiko_runtime.observability.access_line import AccessLine


class LineFormatter(Protocol):
    """Makes lines, and scrubs many at a time: it costs about as much as one."""

    def line(self, record: logging.LogRecord) -> str:
        """Return a record as text that may still hold secrets."""
        ...

    def access(self, line: AccessLine) -> str:
        """Return the line of a request, which may still hold secrets."""
        ...

    def scrubbed(self, lines: list[str]) -> str:
        """Return lines as they are written, without secrets."""
        ...


class LineHandler(logging.Handler):
    """Gathers lines below WARNING until the loop's turn ends, or writes them where no loop runs.

    A write for each line would be the second most expensive system call of a request. Nothing is
    lost at exit: closing the handler, which ``logging`` does by itself, writes what is left.
    """

    def __init__(self, stream: TextIO, lines: LineFormatter) -> None:
        super().__init__()
        self._stream = stream
        self._form = lines
        self._lines: list[str] = []
        # the collector may run within a write, and what it finds may log
        self._writing = threading.RLock()
        self._due: asyncio.AbstractEventLoop | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Make a line of a record and write it, or soon."""
        try:
            self._lines.append(self._form.line(record))
        except Exception:  # noqa: BLE001 - logging's own rule: a line never breaks who logs it
            self.handleError(record)
            return
        if record.levelno < logging.WARNING:
            self._write_soon()
        else:
            self.flush()

    def access(self, line: AccessLine) -> None:
        """Write the line of a request soon; what ``emit`` does for a record, without one."""
        self._lines.append(self._form.access(line))
        self._write_soon()

    def _write_soon(self) -> None:
        # lines of a loop that ended before it wrote them wait for the next
        if self._due is not None and not self._due.is_closed():
            return
        try:
            self._due = asyncio.get_running_loop()
        except RuntimeError:
            self.flush()
        else:
            self._due.call_soon(self.flush)

    def flush(self) -> None:
        """Write what was gathered; a stream that takes nothing any more loses it."""
        with self._writing:
            self._due = None
            lines, self._lines = self._lines, []
            # when it is closed, or its reader is gone, there is nowhere left to say so
            with contextlib.suppress(OSError, ValueError):
                if lines:
                    self._stream.write(f"{self._form.scrubbed(lines)}\n")
                self._stream.flush()

    def close(self) -> None:
        """Write what is left."""
        self.flush()
        super().close()
