"""``naftiko schema`` (orchestration.md 6.13)."""

import json
from pathlib import Path

import pytest

from naftiko_runtime.cli.main import main
from naftiko_runtime.loading.document_schema import document_schema

OFFICIAL = {"title": "official", "properties": {"naftiko": {"const": "1.0.0-alpha2"}}}


def test_without_a_version_it_is_that_of_all_that_is_read(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["schema"], {}) == 0
    assert json.loads(capsys.readouterr().out) == document_schema()


def test_it_goes_to_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "schema.json"
    assert main(["schema", "-o", str(file)], {}) == 0
    assert json.loads(file.read_text()) == document_schema()
    assert capsys.readouterr().out == ""


def test_list_prints_the_versions(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "--list"], {}) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "naftiko 1.0.0-alpha2" in lines
    assert "ikanos 1.0.0-beta5" in lines
    assert main(["schema", "--list", "--json"], {}) == 0
    assert "1.0.0-alpha2" in json.loads(capsys.readouterr().out)["naftiko"]


def test_an_official_schema_comes_from_where_it_is_said_to_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.json").write_text(json.dumps(OFFICIAL))
    assert main(["schema", "1.0.0-alpha2", "--schemas", str(tmp_path)], {}) == 0
    assert json.loads(capsys.readouterr().out) == OFFICIAL
    assert main(["schema", "1.0.0-alpha2"], {"NAFTIKO_SCHEMAS": str(tmp_path)}) == 0
    assert json.loads(capsys.readouterr().out) == OFFICIAL
    assert main(["schema", "1.0.0-alpha3", "--schemas", str(tmp_path)], {}) == 1
    assert "does not hold it" in capsys.readouterr().err
    assert main(["schema", "1.0.0-alpha2"], {}) == 1
    assert "NAFTIKO_SCHEMAS" in capsys.readouterr().err


def test_an_unknown_version_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "1.0.0-alpha22"], {}) == 2
    assert 'did you mean "1.0.0-alpha2"?' in capsys.readouterr().err
