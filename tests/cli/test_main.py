"""The command ``naftiko``: orchestration.md 6.1 to 6.5."""

import io
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from naftiko_runtime import __version__
from naftiko_runtime.cli.commands import BY_WORD, COMMANDS
from naftiko_runtime.cli.main import main

DOCUMENT = """
naftiko: 1.0.0-alpha2
info: {label: Mock}
capability:
  exposes:
    - type: rest
      port: 8080
      namespace: mock-rest
      resources:
        - name: mock
          description: Says hello
          path: /mock
          operations:
            - name: hello
              method: GET
              outputParameters: [{name: said, type: string, value: hello}]
"""


@pytest.fixture
def document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "mock.yml"
    file.write_text(DOCUMENT)
    return file


@pytest.mark.parametrize("words", [[], ["-h"], ["--help"]])
def test_help_names_every_command(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words, {}) == 0
    output = capsys.readouterr()
    assert all(f"  {command.name}" in output.out for command in COMMANDS)
    assert output.err == ""


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_every_command_has_help_for_every_option(
    command: object, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*str(getattr(command, "name", "")).split(), option], {}) == 0
    assert f"usage: naftiko {getattr(command, 'name', '')}" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["-V"], ["--version"], ["validate", "-V"], ["s", "--version"]])
def test_version(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words, {}) == 0
    assert capsys.readouterr().out == f"naftiko {__version__}\n"


def test_the_version_is_the_projects() -> None:
    project = Path(__file__).parents[2] / "pyproject.toml"
    if not project.exists():
        pytest.skip("tests run beside an installed package")
    assert tomllib.loads(project.read_text())["project"]["version"] == __version__


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["sreve"], "unknown command 'sreve'; did you mean \"serve\"?"),
        (["zzz"], "unknown command 'zzz'"),
        (["--prot", "8080"], "unknown option '--prot'"),
        (["validate", "--strit"], 'unknown option --strit; did you mean "--strict"?'),
        (["export"], "export needs one of openapi, oas"),
        (["export", "opanapi"], "unknown export 'opanapi'; did you mean \"openapi\"?"),
        (["call"], "the following arguments are required: FILE, NAME, KEY=VALUE"),
    ],
)
def test_wrong_usage_is_2_with_the_nearest_name(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words, {}) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("usage: naftiko")
    assert output.err.splitlines()[-1] == f"naftiko: {message}"


def test_errors_are_problems_with_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "--json", "none.yml"], {}) == 2
    assert capsys.readouterr().out.startswith(
        '{"error":{"type":"urn:naftiko:problem:usage","title":"Wrong usage","status":400,'
    )


@pytest.mark.parametrize("word", ["v", "val", "validate"])
def test_aliases(word: str, document: Path) -> None:
    assert main([word, "mock.yml"], {}) == 0


def test_words_are_unique() -> None:
    assert all(len({each.module for each in commands}) == 1 for commands in BY_WORD.values())


def test_a_path_alone_is_served(document: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mock.yml", "--check"], {}) == 0
    assert "naftiko: mock-rest" in capsys.readouterr().err


def test_a_folder_alone_is_served(document: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (document.parent / ".hidden.yml").write_text("not: [")
    (document.parent / "b.yaml").write_text(
        DOCUMENT.replace("mock-rest", "second").replace("8080", "8081")
    )
    assert main([str(document.parent), "--check"], {}) == 0
    shown = [line.split()[1] for line in capsys.readouterr().err.splitlines() if "REST" in line]
    assert shown == ["second", "mock-rest"]


@pytest.mark.parametrize(
    "name",
    [
        "naftiko.yaml",
        "naftiko.yml",
        "ikanos.yaml",
        "ikanos.yml",
        "capability.yaml",
        "capability.yml",
    ],
)
def test_without_a_file_the_usual_one_is_taken(
    name: str, document: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document.rename(document.with_name(name))
    assert main(["validate"], {}) == 0
    assert capsys.readouterr().out.startswith(f"{name}: ")


def test_without_any_file_it_is_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["validate"], {}) == 2
    assert "no FILE, and none of naftiko.yaml" in capsys.readouterr().err


def test_stdin_is_validated(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(DOCUMENT.encode()))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert main(["validate", "-"], {}) == 0
    assert capsys.readouterr().out == "-: 1 REST operation, 0 tools; 0 errors, 0 warnings\n"


def test_a_closed_pipe_ends_quietly(document: Path) -> None:
    script = f"{sys.executable} -m naftiko_runtime inspect mock.yml --normalised | head -n 0"
    ended = subprocess.run(  # noqa: S602 - the pipe is what is tested
        script, shell=True, cwd=document.parent, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")


def test_no_colour_without_a_terminal(document: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document.write_text(DOCUMENT + "unknown: 1\n")
    main(["validate", "mock.yml"], {})
    assert "\x1b" not in capsys.readouterr().out
