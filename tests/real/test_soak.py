"""A short soak: what ``benchmarks/soak.py`` does with 1,000 reloads, with a few of each kind."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SOAK = Path(__file__).parents[2] / "benchmarks" / "soak.py"


@pytest.mark.real
@pytest.mark.parametrize(
    "words",
    [
        ["--reloads", "120", "--how", "control"],
        ["--reloads", "60", "--how", "signal"],
        ["--reloads", "16", "--how", "watch"],
        ["--reloads", "40", "--how", "control", "--workers", "2"],
    ],
    ids=" ".join,
)
def test_reloads_under_load_lose_no_request_and_leave_nothing_behind(words: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, str(SOAK), *words, "--callers", "6", "--seconds", "120"],
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.stdout, done.stderr
    report = json.loads(done.stdout)
    assert (report["failures"], report["first failures"]) == (0, []), report["log"]
    assert report["grown"] == []
    assert report["exit code"] == 0
    assert report["reloads"]["rejected"] * 3 == report["reloads"]["applied"] > 0
    assert min(report["requests"].values()) > 0
