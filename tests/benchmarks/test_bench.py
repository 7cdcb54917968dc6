"""The benchmark works; what it measures is nobody's assertion."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAMS = ("nginx", "wrk", "curl")

missing = [name for name in PROGRAMS if shutil.which(name) is None]


@pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")
@pytest.mark.parametrize("name", ["relay", "mapping", "upload", "connections", "start", "growth"])
def test_a_scenario_gives_a_table_and_json(name: str, tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    command = [sys.executable, "benchmarks/run.py", "--quick", "--json", str(figures), name]
    done = subprocess.run(
        command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=180
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (scenario,) = json.loads(figures.read_text())["scenarios"]
    assert scenario["rows"]
    assert all(row["median"] for row in scenario["rows"])
    assert all(target["name"] in done.stdout for target in scenario["targets"])


def test_an_unknown_scenario_is_refused() -> None:
    done = subprocess.run(
        [sys.executable, "benchmarks/run.py", "no-such-thing"],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert "no-such-thing" in done.stderr
