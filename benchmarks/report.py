"""Rows and targets of a scenario, as a table for people and as JSON."""

import json
import os
import platform
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Literal

from load import Sample, cpu, rates, ratio


@dataclass(frozen=True)
class Row:
    """One figure with all its rounds."""

    name: str
    values: list[float]
    unit: str
    note: str = ""

    @property
    def median(self) -> float:
        return median(self.values)

    @property
    def spread(self) -> float:
        """Half of the range of the rounds, as a share of the median."""
        middle = self.median
        return (max(self.values) - min(self.values)) / 2 / middle if middle else 0.0


@dataclass(frozen=True)
class Target:
    """A ratio or figure beside its bound."""

    name: str
    value: float
    bound: float
    sense: Literal["at least", "at most"] = "at least"

    @property
    def holds(self) -> bool:
        return self.value >= self.bound if self.sense == "at least" else self.value <= self.bound


@dataclass(frozen=True)
class Outcome:
    """What one scenario found."""

    title: str
    rows: list[Row] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    missing: str = ""
    """Why it was not measured."""


def compared(samples: dict[str, list[Sample]]) -> list[Row]:
    """Return a row per subject: its rate, and the CPU time of the server for each request."""
    return [
        Row(name, rates(found), "req/s", f"{median(cpu(found)):.0f} µs CPU")
        for name, found in samples.items()
    ]


def rate_target(
    samples: dict[str, list[Sample]], above: str, below: str, bound: float
) -> list[Target]:
    """Return the ratio of two rates, and beside it what the ratio of their CPU times says.

    The second is less disturbed by what else the machine does, and says nothing where the peer
    is not bound by its CPU time.
    """
    by_rate = ratio(rates(samples[above]), rates(samples[below]))
    by_cpu = ratio(cpu(samples[below]), cpu(samples[above]))
    return [
        Target(f"{above} / {below}", by_rate, bound),
        Target(f"{above} / {below}, by CPU time", by_cpu, bound),
    ]


def table(outcome: Outcome) -> str:
    """Return a scenario as Markdown that also reads well in a terminal."""
    lines = [f"### {outcome.title}", ""]
    if outcome.missing:
        return "\n".join([*lines, f"not measured: {outcome.missing}", ""])
    lines += ["| what | median | spread | |", "| --- | ---: | ---: | --- |"]
    lines += [
        f"| {row.name} | {_figure(row.median)} {row.unit} | ±{row.spread:.0%} | {row.note} |"
        for row in outcome.rows
    ]
    if outcome.targets:
        lines += ["", "| ratio or bound | measured | target | |", "| --- | ---: | ---: | --- |"]
        lines += [_target(target) for target in outcome.targets]
    return "\n".join([*lines, ""])


def _target(target: Target) -> str:
    sign = "≥" if target.sense == "at least" else "≤"
    verdict = "holds" if target.holds else "**missed**"
    shown = f"{_figure(target.value)} | {sign} {_figure(target.bound)}"
    return f"| {target.name} | {shown} | {verdict} |"


def _figure(value: float) -> str:
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def machine() -> dict[str, str]:
    """Describe where this ran."""
    cpuinfo = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    models = [
        line.partition(":")[2].strip() for line in cpuinfo.splitlines() if "model name" in line
    ]
    return {
        "cores": str(os.cpu_count()),
        "processor": models[0] if models else platform.processor(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load before": " ".join(f"{each:.1f}" for each in os.getloadavg()),
    }


def as_json(outcomes: list[Outcome], described: dict[str, str]) -> str:
    found = [
        {
            **asdict(outcome),
            "rows": [{**asdict(row), "median": row.median} for row in outcome.rows],
            "targets": [{**asdict(each), "holds": each.holds} for each in outcome.targets],
        }
        for outcome in outcomes
    ]
    return json.dumps({"machine": described, "scenarios": found}, indent=2, ensure_ascii=False)
