"""What an import could not keep as it was: one warning per code, with a count (7.1)."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Warned:
    """The first of several equal warnings, and how many there are."""

    code: str
    pointer: str
    message: str
    count: int = 1

    def text(self) -> str:
        """``warning openapi/CODE: POINTER: MESSAGE (N more places)``."""
        more = f" ({self.count - 1} more places)" if self.count > 1 else ""
        return f"warning openapi/{self.code}: {self.pointer}: {self.message}{more}"


class Warnings:
    """Collects warnings; the first of a code is the one shown."""

    def __init__(self) -> None:
        self._first: dict[str, tuple[str, str]] = {}
        self._places: dict[str, set[tuple[str, str]]] = {}

    def add(self, code: str, pointer: str, message: str) -> None:
        """Record a warning; one that is met again at its place counts once."""
        self._first.setdefault(code, (pointer, message))
        self._places.setdefault(code, set()).add((pointer, message))

    def __iter__(self) -> Iterator[Warned]:
        for code, (pointer, message) in self._first.items():
            yield Warned(code, pointer, message, len(self._places[code]))
