"""The functions that may end a path (language.md 8.4)."""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from naftiko_runtime.values import ABSENT, Absent, Json

Aggregate: TypeAlias = Callable[[Json], Json | Absent]


def length(value: Json) -> int | Absent:
    """Return the number of elements, members or characters."""
    return len(value) if isinstance(value, list | dict | str) else ABSENT


def keys(value: Json) -> list[str] | Absent:
    """Return an object's member names."""
    return list(value) if isinstance(value, dict) else ABSENT


def minimum(value: Json) -> Json | Absent:
    """Return the smallest number of an array; other elements do not count."""
    return min(_numbers(value), default=ABSENT)


def maximum(value: Json) -> Json | Absent:
    """Return the largest number of an array; other elements do not count."""
    return max(_numbers(value), default=ABSENT)


def total(value: Json) -> Json | Absent:
    """Return the sum of an array's numbers; absent when it is too large for a number."""
    return _finite(lambda: sum(_numbers(value))) if isinstance(value, list) else ABSENT


def average(value: Json) -> Json | Absent:
    """Return the mean of an array's numbers, an integer when it is exactly one."""
    numbers = _numbers(value)
    return _finite(lambda: _mean(numbers)) if numbers else ABSENT


FUNCTIONS: Final[Mapping[str, Aggregate]] = MappingProxyType(
    {
        "length": length,
        "min": minimum,
        "max": maximum,
        "sum": total,
        "avg": average,
        "keys": keys,
    }
)


def _numbers(value: Json) -> list[int | float]:
    if not isinstance(value, list):
        return []
    return [n for n in value if isinstance(n, int | float) and not isinstance(n, bool)]


def _mean(numbers: list[int | float]) -> int | float:
    whole = sum(numbers)
    exact = isinstance(whole, int) and whole % len(numbers) == 0
    return whole // len(numbers) if exact else whole / len(numbers)


def _finite(compute: Callable[[], int | float]) -> int | float | Absent:
    try:
        number = compute()
    except OverflowError:  # an integer beyond the largest double
        return ABSENT
    return number if isinstance(number, int) or math.isfinite(number) else ABSENT
