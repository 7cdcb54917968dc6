"""Load from wrk, and what a server spent on it."""

import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from servers import NotMeasured, Server

_UNITS: Final = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}
_LEAST: Final = 1.0


@dataclass(frozen=True)
class Sample:
    """One round: requests in a second, CPU microseconds of the server for each, and times in ms."""

    rate: float
    cpu_us: float
    p50: float
    p99: float


@dataclass(frozen=True)
class Load:
    """What is sent: ``script`` is a Lua file for wrk."""

    url: str
    script: Path | None = None
    connections: int = 32


def wrk(load: Load, seconds: float, server: Server) -> Sample:
    """Send for some seconds; raise ``NotMeasured`` when an answer is not 2xx."""
    if shutil.which("wrk") is None:
        raise NotMeasured("wrk is not installed (scripts/bench does it as root)")
    command = ["wrk", "-t1", f"-c{load.connections}", f"-d{max(1, round(seconds))}s", "--latency"]
    command += ["-s", str(load.script)] if load.script is not None else []
    before = server.cpu_seconds()
    done = subprocess.run(
        [*command, load.url], capture_output=True, text=True, timeout=seconds + 60, check=True
    ).stdout
    spent = server.cpu_seconds() - before
    if (bad := re.search(r"Non-2xx.*: (\d+)|Socket errors: (.*)", done)) and not _harmless(bad):
        raise NotMeasured(f"{server.name}: {bad.group(0)}")
    total = int(_found(r"(\d+) requests in", done))
    if total < _LEAST:
        raise NotMeasured(f"{server.name} answered nothing")
    return Sample(
        rate=float(_found(r"Requests/sec:\s+([\d.]+)", done)),
        cpu_us=spent / total * 1e6,
        p50=_ms(_found(r"\s50%\s+(\d\S+)", done)),
        p99=_ms(_found(r"\s99%\s+(\d\S+)", done)),
    )


def _harmless(bad: re.Match[str]) -> bool:
    """wrk counts a slow answer as a timeout; that is a matter of latency, not an error."""
    errors = bad.group(2) or ""
    return errors.startswith("connect 0, read 0, write 0")


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if found is None:
        raise NotMeasured(f"wrk did not tell {pattern}:\n{text}")
    return found.group(1)


def _ms(text: str) -> float:
    found = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text)
    if found is None:
        raise NotMeasured(f"not a time: {text}")
    return float(found.group(1)) * _UNITS[found.group(2)]


def interleaved(
    subjects: Mapping[str, Callable[[], Sample]], rounds: int
) -> dict[str, list[Sample]]:
    """Measure all subjects in turn, several times: what disturbs the machine disturbs them all."""
    for each in subjects.values():
        each()  # connections, caches and lazy imports are not what is compared
    samples: dict[str, list[Sample]] = {name: [] for name in subjects}
    for number in range(rounds):
        names = list(subjects) if number % 2 == 0 else list(reversed(subjects))
        for name in names:
            samples[name].append(subjects[name]())
    return samples


def ratio(above: list[float], below: list[float]) -> float:
    """Return the median of the ratios of each round."""
    return median(a / b for a, b in zip(above, below, strict=True))


def rates(samples: list[Sample]) -> list[float]:
    return [each.rate for each in samples]


def cpu(samples: list[Sample]) -> list[float]:
    return [each.cpu_us for each in samples]
