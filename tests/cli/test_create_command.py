"""``naftiko create capability`` (orchestration.md 6.11)."""

import io
from pathlib import Path

import pytest
from laboratory import Answer, laboratory

from naftiko_runtime.cli.main import main

WORDS = ["create", "capability", "--name", "Pet Shop", "--base-uri", "http://up.test/api/"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_it_writes_a_document_named_after_the_capability(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(WORDS, {}) == 0
    assert capsys.readouterr().out == "created pet-shop.naftiko.yaml\n"
    assert (folder / "pet-shop.naftiko.yaml").is_file()


def test_what_it_writes_is_valid_and_of_good_form(folder: Path) -> None:
    assert main(WORDS, {}) == 0
    environ = {"PET_SHOP_TOKEN": "t"}
    file = "pet-shop.naftiko.yaml"
    assert main(["validate", "--strict", file], environ) == 0
    assert main(["lint", "--fail-on", "warning", file], environ) == 0


@pytest.mark.anyio
async def test_what_it_writes_answers_what_the_upstream_answers(folder: Path) -> None:
    assert main(WORDS, {}) == 0
    text = (folder / "pet-shop.naftiko.yaml").read_text()
    lab = laboratory(text, environ={"PET_SHOP_TOKEN": "t"}, answers=Answer.json({"a": 1}))
    read = await lab.rest("GET", "/v1/pet-shop")
    assert read.value == {"a": 1}
    assert read.only.line == "GET /api/"
    assert read.only.own["authorization"] == "Bearer t"
    assert (await lab.call("get-root")).value == {"a": 1}


def test_ports_are_as_told(folder: Path) -> None:
    assert main([*WORDS, "--port", "81", "--mcp-port", "91", "-o", "x.yaml"], {}) == 0
    text = (folder / "x.yaml").read_text()
    assert "port: 81\n" in text
    assert "port: 91\n" in text


def test_an_existing_file_stays_without_force(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(WORDS, {}) == 0
    (folder / "pet-shop.naftiko.yaml").write_text("mine")
    assert main(WORDS, {}) == 1
    assert "exists; --force replaces it" in capsys.readouterr().err
    assert main([*WORDS, "--force"], {}) == 0
    assert (folder / "pet-shop.naftiko.yaml").read_text() != "mine"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["create", "cap", "--base-uri", "http://up.test"], "--name is missing"),
        (["c", "cap", "--name", "x"], "--base-uri is missing"),
        (["cr", "cap", "--name", "!!", "--base-uri", "http://up.test"], "no letter or digit"),
        (["create", "cap", "--name", "x", "--base-uri", "up.test"], "no http or https URI"),
        ([*WORDS, "--port", "x"], "'x' is no port"),
    ],
)
def test_what_is_missing_or_wrong_is_wrong_usage(
    folder: Path,
    words: list[str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert main(words, {}) == 2
    assert message in capsys.readouterr().err


def test_a_terminal_is_asked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.StringIO("Pet Shop\nhttp://up.test\n")
    monkeypatch.setattr(terminal, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stdin", terminal)
    assert main(["create", "capability"], {}) == 0
    assert "baseUri: http://up.test\n" in (folder / "pet-shop.naftiko.yaml").read_text()
