"""Reports how much of a large answer has been read (exposes.md MCP-30)."""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final

from naftiko_runtime.engine.exchange import Inbound

LARGE: Final = 1024 * 1024
"""Bytes from which on reading is reported."""

Progress = Callable[[float, float | None, str | None], None]


class Counted:
    """An answer that calls ``progress`` with bytes read and the announced length."""

    __slots__ = ("_answer", "_progress")

    def __init__(self, answer: Inbound, progress: Progress) -> None:
        self._answer = answer
        self._progress = progress

    @property
    def status(self) -> int:
        return self._answer.status

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        return self._answer.headers

    @property
    def fields(self) -> Sequence[tuple[bytes, bytes]]:
        return self._answer.fields

    def header(self, name: str) -> str | None:
        return self._answer.header(name)

    def ready(self) -> bytes | None:
        """Return a body that there is nothing to report of."""
        return self._answer.ready()

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as sent."""
        announced = self.header("content-length")
        total = int(announced) if announced is not None and announced.isdecimal() else None
        read = 0
        async for chunk in self._answer.chunks():
            yield chunk
            read += len(chunk)
            if read > LARGE:
                self._progress(read, total, None)
