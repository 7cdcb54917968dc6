"""What the README and the docs show does what they say.

```` ```console ```` blocks are run line by line and their output compared; `…` stands for anything. Servers are checked,
not left running. YAML blocks that begin with `# name.yaml` are files of the same page.
"""

import contextlib
import io
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from anyio.from_thread import start_blocking_portal
from processes import ROOT, Serving, serving

import naftiko_runtime
from naftiko_runtime.demo.checks import Tokens
from naftiko_runtime.demo.dev_server import serve
from naftiko_runtime.demo.label_studio import label_studio
from naftiko_runtime.demo.sample import fill
from naftiko_runtime.demo.studio import Studio

PAGES = [ROOT / "README.md", ROOT / "examples/label-studio/README.md", *ROOT.glob("docs/**/*.md")]
BLOCK = re.compile(r"^ *```(\w+)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
ELSEWHERE = ("docker ", "pip ", "git ")
TOKEN = "snippets"  # noqa: S105 - made up


@dataclass(frozen=True)
class Step:
    """One command of a console block and what it prints."""

    command: str
    output: str


def page_id(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(page: Path, *kinds: str) -> list[str]:
    found = BLOCK.findall(page.read_text(encoding="utf-8"))
    return [text for kind, text in found if kind in kinds]


def steps(page: Path) -> list[Step]:
    shown = "\n".join(blocks(page, "console"))
    parts = re.split(r"^\$ ", shown, flags=re.MULTILINE)[1:]
    return [Step(*(part.split("\n", 1)[i].strip() for i in (0, 1))) for part in parts]


@pytest.fixture(scope="module")
def runtime() -> Iterator[Serving]:
    """The seed document in front of the stand-in, as the pages assume it."""
    studio = Studio()
    fill(studio)
    with start_blocking_portal() as portal:
        upstream, url = portal.start_task(serve, label_studio(studio, Tokens(TOKEN)))
        try:
            with serving(url, environ={"LABEL_STUDIO_API_KEY": f"Token {TOKEN}"}) as runtime:
                yield runtime
        finally:
            upstream.cancel()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("capabilities", "examples", "scripts"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


def moved(text: str, runtime: Serving) -> str:
    """Put the addresses that really serve into a text."""
    real = text.replace("http://127.0.0.1:9090/mcp", runtime.mcp)
    return real.replace("http://127.0.0.1:8080/v1", f"{runtime.rest}/v1")


def matches(shown: str, printed: str) -> bool:
    """Tell whether output is what a page shows; columns may be wider."""
    pattern = re.escape(re.sub(r" +", " ", shown)).replace("…", ".*")
    return re.fullmatch(pattern, re.sub(r" +", " ", printed).strip(), re.DOTALL) is not None


def run(command: str, folder: Path) -> str:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.defpath])
    words = ["bash", "-c", f"set -e -o pipefail; {command}"]
    done = subprocess.run(
        words,
        cwd=folder,
        env={"PATH": path, "NO_PROXY": "*"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, (command, done.stdout)
    return done.stdout


def write_files(page: Path, folder: Path) -> None:
    for text in blocks(page, "yaml"):
        named = re.match(r"# ([\w.-]+\.ya?ml)\n", text)
        if named:
            (folder / named[1]).write_text(text, encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_commands_print_what_the_page_shows(page: Path, folder: Path, runtime: Serving) -> None:
    write_files(page, folder)
    exports = []
    for step in steps(page):
        if step.command.startswith("export "):
            exports.append(step.command)
        elif step.command.startswith("scripts/"):
            assert os.access(folder / shlex.split(step.command)[0], os.X_OK)
        elif not step.command.startswith(ELSEWHERE):
            checked = " --check" if step.command.startswith("naftiko serve") else ""
            command = "; ".join([*exports, moved(step.command, runtime) + checked])
            printed = run(command, folder)
            assert matches(step.output, printed), f"$ {step.command}\n{printed}"


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_python_runs(page: Path, runtime: Serving) -> None:
    for text in blocks(page, "python"):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(moved(text, runtime), page.name, "exec"), {"__name__": "snippet"})  # noqa: S102 - our own page
        assert printed.getvalue()


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_data_is_well_formed(page: Path) -> None:
    for text in blocks(page, "json"):
        json.loads(text)
    for text in blocks(page, "yaml"):
        yaml.safe_load(text)


def test_the_client_configuration_for_stdio_starts_a_server(folder: Path) -> None:
    texts = blocks(ROOT / "README.md", "json")
    (server,) = (s for t in texts for s in json.loads(t)["mcpServers"].values() if "command" in s)
    variables = " ".join(f"{key}={shlex.quote(text)}" for key, text in server["env"].items())
    command = f"{variables} {server['command']} {shlex.join(server['args'])} --check"
    assert "MCP stdio 8 tools" in re.sub(r" +", " ", run(command, folder))


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_links_into_the_project_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8"))
    assert not [target for target in targets if not (page.parent / target).exists()]


def test_every_public_name_exists() -> None:
    for name in getattr(naftiko_runtime, "__all__", ["__version__"]):
        assert hasattr(naftiko_runtime, name)
