"""Writes log lines to a stream: those of one turn of the loop at once, warnings directly."""

import asyncio
import logging
from typing import TextIO


class LineHandler(logging.StreamHandler[TextIO]):
    """Gathers lines below WARNING until the loop's turn ends, or writes them where no loop runs.

    A write for each line would be the second most expensive system call of a request. Nothing is
    lost at exit: closing the handler, which ``logging`` does by itself, writes what is left.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._lines: list[str] = []
        self._due: asyncio.AbstractEventLoop | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Format a record and write it, or soon."""
        try:
            self._lines.append(self.format(record))
        except Exception:  # noqa: BLE001 - logging's own rule: a line never breaks who logs it
            self.handleError(record)
            return
        loop = _running_loop() if record.levelno < logging.WARNING else None
        if loop is None:
            self.flush()
        elif self._due is not loop:
            self._due = loop
            loop.call_soon(self.flush)

    def flush(self) -> None:
        """Write what was gathered; a stream that takes nothing any more loses it."""
        self.acquire()
        try:
            self._due = None
            if self._lines:
                text = "\n".join([*self._lines, ""])
                self._lines.clear()
                self.stream.write(text)
            super().flush()
        except (OSError, ValueError):
            # closed, or its reader is gone: there is nowhere left to say so
            self._lines.clear()
        finally:
            self.release()

    def close(self) -> None:
        """Write what is left."""
        self.flush()
        super().close()


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
