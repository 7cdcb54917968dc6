"""Slows down whoever guesses credentials (exposes.md AUTH-4)."""

from collections import OrderedDict
from typing import Final

_FREE: Final = 4
_WINDOW: Final = 60.0
_FIRST: Final = 0.25
_LONGEST: Final = 4.0
_REMEMBERED: Final = 10_000


class Failures:
    """Counts the failures of each client address in its current 60 seconds."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def delay(self, address: str, now: float) -> float:
        """Count one more failure; return how many seconds its refusal has to wait.

        Four are free, then 0.25 s doubling to 4 s.
        """
        began, count = self._seen.pop(address, (now, 0))
        if now - began > _WINDOW:
            began, count = now, 0
        count += 1
        self._seen[address] = (began, count)
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        beyond = count - _FREE
        return min(_FIRST * 2.0 ** min(beyond - 1, 8), _LONGEST) if beyond > 0 else 0.0
