"""Metrics as text: the Prometheus format 0.0.4 and OpenMetrics 1.0 (exposes.md CTL-9)."""

from collections.abc import Iterator
from itertools import accumulate
from typing import Final

from naftiko_runtime.observability.series import Family, LabelValues, Point, Snapshot

PROMETHEUS: Final = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS: Final = "application/openmetrics-text; version=1.0.0; charset=utf-8"
_ESCAPES: Final = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


def exposition(snapshot: Snapshot, *, openmetrics: bool = False) -> str:
    """Return the text of a snapshot, families and children sorted by name and labels."""
    lines: list[str] = []
    for family in sorted(snapshot, key=lambda family: family.name):
        lines.extend(_head(family, openmetrics=openmetrics))
        for labels, point in sorted(snapshot[family].items()):
            lines.extend(_samples(family, labels, point))
    if openmetrics:
        lines.append("# EOF")
    return "\n".join(lines) + "\n" if lines else ""


def _head(family: Family, *, openmetrics: bool) -> Iterator[str]:
    name = family.name.removesuffix("_total") if openmetrics else family.name
    yield f"# HELP {name} {family.help}"
    yield f"# TYPE {name} {family.kind}"


def _samples(family: Family, labels: LabelValues, point: Point) -> Iterator[str]:
    pairs = [
        f'{name}="{value.translate(_ESCAPES)}"'
        for name, value in zip(family.labels, labels, strict=True)
        if value
    ]
    if family.kind != "histogram":
        yield f"{family.name}{_braces(pairs)} {_number(point.value)}"
        return
    bounds = (*(_bound(bound) for bound in family.buckets), "+Inf")
    counts = tuple(accumulate(point.counts))
    for bound, count in zip(bounds, counts, strict=True):
        le = f'le="{bound}"'
        yield f"{family.name}_bucket{_braces([*pairs, le])} {count}"
    yield f"{family.name}_sum{_braces(pairs)} {point.value!r}"
    yield f"{family.name}_count{_braces(pairs)} {counts[-1]}"


def _braces(pairs: list[str]) -> str:
    return f"{{{','.join(pairs)}}}" if pairs else ""


def _bound(bound: float) -> str:
    return repr(float(bound))


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)
