"""Counters, gauges and histograms: what a request touches, and their sums as plain data.

Own code instead of prometheus-client or the OpenTelemetry meter because of the request's path,
measured per observation: 0.2 µs here, 2.5 µs and 11 µs there. A child is looked up when labels
become known; afterwards an observation is one method call without a lock, since all of them
happen on the event loop's thread.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Kind = Literal["counter", "gauge", "histogram"]
LabelValues: TypeAlias = tuple[str, ...]

BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper bounds in seconds, +Inf not named (exposes.md CTL-9)."""


@dataclass(frozen=True, slots=True)
class Family:
    """One metric: its name as exposed, its labels, and for a histogram its buckets.

    ``peak``: of several processes the largest value counts, not the sum.
    """

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    peak: bool = False
    unit: str = ""


class Number:
    """A counter or gauge with given labels."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0.0

    def add(self, amount: float = 1.0) -> None:
        self.value += amount


class Distribution:
    """A histogram with given labels: one count per bucket, not cumulated, and the sum."""

    __slots__ = ("_bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        self.counts[bisect_left(self._bounds, value)] += 1
        self.total += value


@dataclass(frozen=True, slots=True)
class Point:
    """The state of one child at one moment: ``counts`` and the sum, or (no counts) the value."""

    value: float
    counts: tuple[int, ...] = ()


Sample: TypeAlias = Mapping[LabelValues, Point]
Snapshot: TypeAlias = Mapping[Family, Sample]


class Registry:
    """All children of one process, by family and label values."""

    def __init__(self) -> None:
        self._numbers: dict[Family, dict[LabelValues, Number]] = {}
        self._distributions: dict[Family, dict[LabelValues, Distribution]] = {}

    def number(self, family: Family, *labels: str) -> Number:
        """Return the counter or gauge with these label values, in the family's order."""
        return self._numbers.setdefault(family, {}).setdefault(labels, Number())

    def distribution(self, family: Family, *labels: str) -> Distribution:
        """Return the histogram with these label values, in the family's order."""
        children = self._distributions.setdefault(family, {})
        return children.setdefault(labels, Distribution(family.buckets))

    def snapshot(self) -> Snapshot:
        """Return the state now, as data that can be sent to another process."""
        return {
            **{
                family: {labels: Point(child.value) for labels, child in list(children.items())}
                for family, children in list(self._numbers.items())
            },
            **{
                family: {
                    labels: Point(child.total, tuple(child.counts))
                    for labels, child in list(children.items())
                }
                for family, children in list(self._distributions.items())
            },
        }


def merged(snapshots: Iterable[Snapshot]) -> Snapshot:
    """Sum the snapshots of several processes; of a ``peak`` gauge take the largest."""
    total: dict[Family, dict[LabelValues, Point]] = {}
    for family, sample in _pairs(snapshots):
        known = total.setdefault(family, {})
        for labels, point in sample.items():
            known[labels] = _joined(family, known[labels], point) if labels in known else point
    return total


def _pairs(snapshots: Iterable[Snapshot]) -> Iterator[tuple[Family, Sample]]:
    for snapshot in snapshots:
        yield from snapshot.items()


def _joined(family: Family, one: Point, other: Point) -> Point:
    if family.peak:
        return max(one, other, key=lambda point: point.value)
    counts = tuple(a + b for a, b in zip(one.counts, other.counts, strict=True))
    return Point(one.value + other.value, counts)
