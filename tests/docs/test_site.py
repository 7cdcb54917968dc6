"""The documentation site builds without a warning, and its pages say what the program does."""

import importlib.util
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from naftiko_runtime.cli.commands import BY_WORD, COMMANDS, Command
from naftiko_runtime.cli.parser import Parser
from naftiko_runtime.options import Limits

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
FENCED = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def page_id(page: Path) -> str:
    return page.relative_to(DOCS).as_posix()


def built(root: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Build the site of ``root`` into ``folder`` and return what MkDocs said."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    return subprocess.run(
        command, cwd=root, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    made = built(ROOT, folder)
    assert made.returncode == 0, made.stderr
    return folder


@pytest.fixture(scope="module")
def cli_page() -> ModuleType:
    spec = importlib.util.spec_from_file_location("cli_page", ROOT / "scripts" / "cli_page.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_page_is_in_the_site_and_in_its_navigation(site: Path) -> None:
    start = (site / "cli.html").read_text(encoding="utf-8")
    for page in PAGES:
        target = page.relative_to(DOCS).with_suffix(".html").as_posix()
        assert (site / target).is_file()
        assert f'href="{target}"' in start or target == "cli.html"


def test_nothing_is_loaded_from_the_network(site: Path) -> None:
    loaded = re.compile(r"<(?:script|img|link)[^>]+(?:src|href)=\"(?:https?:)?//(?!localhost)")
    for page in site.rglob("*.html"):
        assert not loaded.search(page.read_text(encoding="utf-8")), page.name


@pytest.mark.parametrize("page", ["README.md", "examples/README.md"])
def test_links_and_pictures_of_a_readme_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", text)
    assert len(targets) > 3
    assert [each for each in targets if not (ROOT / page).parent.joinpath(each).exists()] == []


@pytest.mark.parametrize("text", ["[gone](gone.md)", "[gone](cli.md#gone)"], ids=["page", "anchor"])
def test_a_dead_link_fails_the_build(text: str, tmp_path: Path) -> None:
    for name in ("docs", "scripts"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    with (tmp_path / "docs" / "rest.md").open("a", encoding="utf-8") as page:
        page.write(f"\n{text}\n")
    made = built(tmp_path, tmp_path / "site")
    assert made.returncode != 0
    assert "gone" in made.stderr


def section(command: Command) -> str:
    text = (DOCS / "cli.md").read_text(encoding="utf-8")
    found = re.search(rf"^## {command.name}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"{command.name} is missing; scripts/cli_page.py adds it"
    return found[1]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_option_of_a_command_is_on_its_page(command: Command, cli_page: ModuleType) -> None:
    written = section(command)
    for title, actions in cli_page.actions(command).items():
        for action in actions:
            if title in cli_page.SHARED:
                assert f"(#{cli_page.SHARED[title].lower().replace(' ', '-')})" in written
            else:
                assert f"| {cli_page.spelling(action)} |" in written, "run scripts/cli_page.py"
    for alias in command.aliases:
        assert f"`{alias}`" in written


def commands(text: str) -> list[list[str]]:
    """Return the words of each command of a shell block."""
    whole = text.replace("\\\n", " ")
    return [shlex.split(line, comments=True) for line in whole.splitlines() if line.strip()]


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_shell_blocks_are_shell_and_name_options_that_exist(
    page: Path, cli_page: ModuleType
) -> None:
    for kind, text in FENCED.findall(page.read_text(encoding="utf-8")):
        if kind != "sh":
            continue
        subprocess.run(["bash", "-n"], input=text, text=True, check=True, timeout=10)
        for words in commands(text):
            if words[0] == "naftiko":
                understood(words[1:])


def understood(words: list[str]) -> None:
    (command,) = BY_WORD[words[0]]
    parser = Parser(command.name, "")
    importlib.import_module(command.module).configure(parser)
    parser.understood(words[len(command.names) :], {})


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_documents_have_no_errors(page: Path, tmp_path: Path) -> None:
    named = re.compile(r"# ([\w.-]+\.ya?ml)\n")
    written = FENCED.findall(page.read_text(encoding="utf-8"))
    texts = {m[1]: text for kind, text in written if kind == "yaml" and (m := named.match(text))}
    documents = [name for name, text in texts.items() if "capability" in yaml.safe_load(text)]
    if not documents:
        return
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    for name, text in scripts(page).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    validated = subprocess.run(
        [sys.executable, "-m", "naftiko_runtime", "validate", *documents],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert validated.returncode == 0, validated.stdout + validated.stderr


def scripts(page: Path) -> dict[str, str]:
    """Return what a page shows of scripts: their path, a colon, and a block."""
    shown = re.compile(r"^`(scripts/[\w.]+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    return dict(shown.findall(page.read_text(encoding="utf-8")))


def test_the_metrics_of_the_page_are_those_of_the_runtime() -> None:
    page = (DOCS / "operations.md").read_text(encoding="utf-8")
    package = ROOT / "src" / "naftiko_runtime"
    sources = "".join(each.read_text(encoding="utf-8") for each in package.rglob("*.py"))
    metrics = r"naftiko_(?:request|step|http|capability|reload|build)_\w+"
    made = set(re.findall(rf"\"({metrics})\"", sources))
    assert set(re.findall(rf"`({metrics})[`{{]", page)) == made


def test_the_limits_of_the_page_are_those_of_the_runtime() -> None:
    page = (DOCS / "operations.md").read_text(encoding="utf-8")
    limits = Limits()
    mebi = 1024 * 1024
    shown = {
        f"`--max-body` | {limits.body // mebi} MiB",
        f"`--max-binary` | {limits.binary // mebi} MiB",
        f"`--max-concurrency` | {limits.concurrency:,} requests",
        f"`--max-scripts` | {limits.scripts} at once",
        f"`--mcp-max-result` | {limits.mcp_result:,} bytes",
        f"`--mcp-page` | {limits.mcp_page} entries",
        f"`--drain` | {limits.drain:g} s",
        f"SECONDS` | {limits.head_timeout:g} s",
        f"{limits.headers // 1024} KiB of request line",
        f"{limits.mcp_body // mebi} MiB per MCP request",
        f"{limits.parsed // mebi} MiB of an answer",
        f"{limits.keep_alive} s of idle",
    }
    assert not {each for each in shown if each not in page.replace("\n", " ")}
