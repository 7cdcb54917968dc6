"""``naftiko lint``: formats, severities, settings, mending, exit codes (orchestration.md 6.8, 8)."""

import io
import json
from pathlib import Path

import pytest

from naftiko_runtime.cli.main import main
from naftiko_runtime.lint.catalogue import RULES

GOOD = """\
naftiko: 1.0.0-alpha2
binds:
  - namespace: env
    keys: {TOKEN: TOKEN}
capability:
  consumes:
    - type: http
      namespace: up
      description: An API
      baseUri: https://up.test
      authentication: {type: bearer, token: "{{TOKEN}}"}
      resources:
        - name: a
          path: /a
          operations:
            - {name: get, method: GET}
  exposes:
    - type: rest
      namespace: r
      port: 8080
      resources:
        - name: a
          description: Things
          path: /v1/a
          operations:
            - {name: get, method: GET, call: up.get}
"""
BAD = GOOD.replace("/v1/a", "/v1/a/  # as it was").replace('"{{TOKEN}}"', "abc")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def lint(*words: str, environ: dict[str, str] | None = None) -> int:
    return main(["lint", *words], environ or {})


def test_nothing_wrong_is_exit_0(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "good.yml").write_text(GOOD)
    assert lint("good.yml", environ={"TOKEN": "t"}) == 0
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == "0 errors, 0 warnings, 1 info (1 not shown; -v shows all)\n"


def test_a_finding_is_a_line_with_its_place_and_what_would_be_right(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "bad.yml").write_text(BAD)
    assert lint("bad.yml") == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "bad.yml:11:45: error lint/literal-secret: token is written into the document; "
        "declare a variable under binds and write {{NAME}}",
        "bad.yml:24:17: warning lint/rest-resource-path-no-trailing-slash: path '/v1/a/' ends "
        "with /; with and without it are one route, so remove it",
    ]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--rule", "lint/literal-secret=off"], 0),
        (["--rule", "naftiko-literal-secret=warning"], 0),
        (["--rule", "lint/literal-secret=off", "--fail-on", "warning"], 1),
        (["--rule", "lint/literal-secret=off", "--fail-on", "info"], 1),
        (["--fail-on", "error"], 1),
    ],
)
def test_the_exit_code_follows_fail_on(folder: Path, words: list[str], code: int) -> None:
    (folder / "bad.yml").write_text(BAD)
    assert lint("bad.yml", *words) == code


def test_what_makes_the_command_fail_is_shown(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "good.yml").write_text(GOOD)
    assert lint("good.yml", "--fail-on", "info") == 1
    assert "info lint/no-timeout" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--rule", "lint/literal-secrets=off"], 'did you mean "lint/literal-secret"?'),
        (["--rule", "lint/literal-secret"], "is not ID=SEVERITY"),
        (["--rule", "lint/literal-secret=loud"], "'loud' is no severity"),
        (["--rule", "dialect/spelling=off"], "is no lint rule"),
        (["--config", "nowhere.yaml"], "nowhere.yaml: no such file"),
        (["--format", "xml"], "invalid choice"),
    ],
)
def test_wrong_usage_is_exit_2(
    folder: Path, words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "good.yml").write_text(GOOD)
    assert lint("good.yml", *words) == 2
    assert message in capsys.readouterr().err


def test_a_file_that_is_not_there_is_exit_2(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lint("nowhere.yml") == 2
    assert "nowhere.yml" in capsys.readouterr().err


def test_settings_beside_the_document_count_and_options_win(folder: Path) -> None:
    (folder / "bad.yml").write_text(BAD)
    (folder / ".naftiko-lint.yaml").write_text("rules: {lint/literal-secret: off}\n")
    assert lint("bad.yml") == 0
    assert lint("bad.yml", "--rule", "lint/literal-secret=error") == 1
    (folder / "other.yaml").write_text("rules:\n  naftiko-literal-secret: warning\n")
    assert lint("bad.yml", "--config", "other.yaml") == 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("rules: {lint/plain-htp: off}", 'did you mean "lint/plain-http"?'),
        ("rule: {}", 'did you mean "rules"?'),
        ("[]", "must be a map"),
        ("a: [", "document/not-yaml"),
    ],
)
def test_settings_that_cannot_be_used_are_exit_2(
    folder: Path, settings: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "bad.yml").write_text(BAD)
    (folder / ".naftiko-lint.yaml").write_text(settings)
    assert lint("bad.yml") == 2
    assert message in capsys.readouterr().err


def test_json_is_one_value_with_findings_by_file_and_a_summary(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "bad.yml").write_text(BAD)
    (folder / "good.yml").write_text(GOOD)
    assert lint("bad.yml", "good.yml", "--format", "json") == 1
    shown = json.loads(capsys.readouterr().out)
    assert [each["file"] for each in shown["files"]] == ["bad.yml", "good.yml"]
    first = next(one for one in shown["files"][0]["findings"] if one["severity"] == "error")
    assert first | {"message": ""} == {
        "code": "lint/literal-secret",
        "severity": "error",
        "effect": "none",
        "file": "bad.yml",
        "line": 11,
        "column": 45,
        "path": "/capability/consumes/0/authentication/token",
        "message": "",
    }
    assert shown["summary"]["error"] == 1


def test_sarif_points_at_lines_and_declares_its_rules(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "bad.yml").write_text(BAD)
    assert lint("sub/bad.yml", "--format", "sarif") == 1
    log = json.loads(capsys.readouterr().out)
    (run,) = log["runs"]
    assert log["version"] == "2.1.0"
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in {"error", "warning", "note"}
        assert result["message"]["text"]
        (location,) = result["locations"]
        where = location["physicalLocation"]
        assert where["artifactLocation"] == {"uri": "sub/bad.yml", "uriBaseId": "ROOT"}
        assert where["region"]["startLine"] >= 1
    first = next(each for each in run["results"] if each["level"] == "error")
    assert first["ruleId"] == "lint/literal-secret"
    assert first["locations"][0]["physicalLocation"]["region"] == {
        "startLine": 11,
        "startColumn": 45,
    }


def test_list_prints_every_rule(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert lint("--list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines] == [
        [rule.id, rule.severity or "off"] for rule in RULES.values()
    ]
    assert lint("--list", "--json") == 0
    assert len(json.loads(capsys.readouterr().out)["rules"]) == len(RULES)


def test_stdin_is_a_document(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(BAD.encode())))
    assert lint("-") == 1
    assert "-:11:45: error lint/literal-secret" in capsys.readouterr().out


def test_a_folder_means_its_documents(folder: Path) -> None:
    (folder / "docs").mkdir()
    (folder / "docs" / "a.yml").write_text(GOOD)
    (folder / "docs" / "b.yaml").write_text(BAD)
    assert lint("docs") == 1


def test_fix_mends_slashes_and_touches_nothing_else(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = BAD.replace("https://up.test", "'https://up.test//'  # the base").replace(
        "\n", "\r\n"
    )
    (folder / "bad.yml").write_bytes(written.encode())
    assert lint("bad.yml", "--fix") == 1
    mended = (folder / "bad.yml").read_bytes().decode()
    assert mended == written.replace("up.test//'", "up.test'").replace("/v1/a/  #", "/v1/a  #")
    assert "mended 2 in bad.yml" in capsys.readouterr().err
    assert lint("bad.yml", "--fix") == 1
    assert (folder / "bad.yml").read_bytes().decode() == mended


def test_fix_leaves_a_base_uri_whose_slash_is_part_of_the_url(folder: Path) -> None:
    written = GOOD.replace("https://up.test", "https://up.test/x/").replace("path: /a", "path: ''")
    (folder / "good.yml").write_text(written)
    lint("good.yml", "--fix")
    assert "https://up.test/x/\n" in (folder / "good.yml").read_text()
