"""The benchmark installs its peers and runs beside them; what it measures is nobody's assertion."""

import json
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.real
ROOT = Path(__file__).parents[2]


def test_every_scenario_runs_beside_its_peers(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    done = subprocess.run(
        ["scripts/bench", "--quick", "--json", str(figures)],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=1200,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    scenarios = json.loads(figures.read_text())["scenarios"]
    assert [each["title"] for each in scenarios if each["missing"] or not each["rows"]] == []
    for peer in ("nginx", "FastMCP", "awslabs", "static reply", "httpx.AsyncClient", "curl"):
        assert peer in done.stdout
