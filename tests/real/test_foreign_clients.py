"""Clients that share no code with the runtime: the TypeScript SDKs, the MCP Inspector, curl."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from processes import ROOT, Serving

pytestmark = pytest.mark.real
CLIENTS = ROOT / ".cache" / "clients"
SCRIPTS = ("drive.mjs", "sdk_v1.mjs", "sdk_v2.mjs")


def run(*words: str) -> str:
    path = os.pathsep.join([str(ROOT / ".cache" / "tools" / "bin"), os.defpath])
    environ = {"PATH": path, "HOME": str(CLIENTS), "NO_PROXY": "*"}
    done = subprocess.run(
        words, cwd=CLIENTS, env=environ, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def scripts() -> Path:
    """The scripts, put where their packages are found."""
    for name in SCRIPTS:
        shutil.copy(Path(__file__).with_name(name), CLIENTS / name)
    return CLIENTS


@pytest.mark.parametrize(
    ("script", "mode", "revision"),
    [
        ("sdk_v1.mjs", "", "2025-11-25"),
        ("sdk_v2.mjs", "legacy", "2025-11-25"),
        ("sdk_v2.mjs", "auto", "2026-07-28"),
    ],
)
def test_the_typescript_sdk_calls_every_tool(
    runtime: Serving, scripts: Path, script: str, mode: str, revision: str
) -> None:
    seen = json.loads(run("node", str(scripts / script), runtime.mcp, mode))
    wrong = seen.pop("wrong")
    assert wrong[0] is True
    assert wrong[1].startswith("Invalid input: id")
    assert seen == {
        "revision": revision,
        "tools": 8,
        "newest": True,
        "title": "by TypeScript",
        "converted": "CSV",
        "table": 5,
        "archive": "application/zip",
        "tasks": 3,
        "formats": 17,
        "deleted": None,
        "missing": [True, "HTTP 404 Not Found"],
    }


def inspect(runtime: Serving, *words: str) -> Any:
    command = CLIENTS / "node_modules" / ".bin" / "mcp-inspector"
    return json.loads(run(str(command), "--cli", runtime.mcp, "--transport", "http", *words))


def test_the_inspector_lists_and_calls_tools(runtime: Serving) -> None:
    listed = inspect(runtime, "--method", "tools/list")
    assert len(listed["tools"]) == 8
    call = ("--method", "tools/call", "--tool-name", "deprecated-get-export-formats")
    formats = inspect(runtime, *call, "--tool-arg", "id=1")
    assert len(formats["structuredContent"]["result"]) == 17


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_goes_through_the_life_of_a_snapshot(runtime: Serving, tmp_path: Path) -> None:
    body = ("-H", "Content-Type: application/json", "-d")
    made = json.loads(run("curl", "-sf", *body, '{"title": "by curl"}', runtime.exports))
    one = f"{runtime.exports}/{made['id']}"
    assert json.loads(run("curl", "-sf", one))["title"] == "by curl"
    assert "CSV" in run("curl", "-sf", *body, '{"export_type": "CSV"}', f"{one}/convert")
    # -J takes the name that Label Studio gave the file
    into = ("-sfOJ", "--output-dir", str(tmp_path))
    run("curl", *into, f"{one}/download?exportType=CSV")
    (file,) = tmp_path.glob("project-1-at-*.csv")
    assert file.read_text(encoding="utf-8").startswith('"annotation_id"')
    assert run("curl", "-sf", "-X", "DELETE", one) == ""
    status = ("-s", "-o", os.devnull, "-w", "%{http_code}")
    assert run("curl", *status, one) == "404"
