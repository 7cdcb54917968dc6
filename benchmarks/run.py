"""Measures the runtime beside its peers in one run on one machine: ``scripts/bench [NAME …]``."""

import argparse
import contextlib
import resource
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from report import Outcome, as_json, machine, table
from scenarios import connections, mcp, rest, start, transfers
from servers import NotMeasured, Place
from settings import QUICK, Effort

SCENARIOS: Final[Mapping[str, Callable[[Place, Effort], Outcome]]] = {
    "relay": rest.relay,
    "mapping": rest.mapping,
    "mcp": mcp.http,
    "stdio": mcp.stdio,
    "telemetry": rest.telemetry,
    "workers": rest.workers,
    "tail": rest.tail,
    "growth": rest.growth,
    "download": transfers.download,
    "upload": transfers.upload,
    "connections": connections.idle,
    "start": start.start,
    "memory": start.memory,
}


def main() -> int:
    """Run what was asked for; exit 1 when a scenario could not be measured."""
    options = _options()
    _allow_many_files()
    effort = QUICK if options.quick else Effort()
    if options.rounds:
        effort = replace(effort, rounds=options.rounds)
    described = machine()
    print("\n".join(f"- {name}: {value}" for name, value in described.items()), flush=True)
    outcomes = []
    for name in options.scenarios or SCENARIOS:
        outcomes.append(_measured(name, effort))
        print(f"\n{table(outcomes[-1])}", flush=True)
        if options.json:
            options.json.write_text(as_json(outcomes, described), encoding="utf-8")
    return int(any(each.missing for each in outcomes))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenarios", nargs="*", metavar="NAME", help=f"of {', '.join(SCENARIOS)}")
    parser.add_argument("--quick", action="store_true", help="only see whether it works")
    parser.add_argument("--rounds", type=int, help="rounds of each comparison")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    options = parser.parse_args()
    if unknown := set(options.scenarios) - SCENARIOS.keys():
        parser.error(f"no such scenario: {', '.join(sorted(unknown))}")
    return options


def _measured(name: str, effort: Effort) -> Outcome:
    with (
        tempfile.TemporaryDirectory(prefix="naftiko-bench-") as folder,
        contextlib.ExitStack() as stack,
    ):
        try:
            return SCENARIOS[name](Place(Path(folder), stack), effort)
        except NotMeasured as reason:
            return Outcome(name, missing=str(reason))


def _allow_many_files() -> None:
    """Let this process and its servers hold 10,000 connections where the system permits it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    sys.exit(main())
