"""Which documents a process has, and how they may be shown: LST-6, CTL-5, language.md 2.6."""

from pathlib import Path
from typing import Any

import pytest

from naftiko_runtime.errors import StartError
from naftiko_runtime.options import RuntimeOptions
from naftiko_runtime.runtime.documents import capabilities, document_files, load, load_all
from naftiko_runtime.runtime.masks import shown_document
from naftiko_runtime.runtime.missing import report_missing

MOCK = """
naftiko: 1.0.0-alpha2
info: {label: Mock}
binds: [{namespace: env, keys: {WORD: MOCK_WORD, OTHER: MOCK_OTHER}}]
capability:
  consumes:
    - type: http
      namespace: up
      baseUri: https://user:pass@up.test
      authentication: AUTHENTICATION
      resources:
        - name: root
          path: /
          inputParameters: [{name: X-Api-Key, in: header, value: k1}, {name: v, in: query, value: "1"}]
          operations: [{name: get-root, method: GET}]
  exposes:
    - type: rest
      port: 8080
      namespace: mock-rest
      resources:
        - {name: root, path: /, operations: [{name: get-root, method: GET, call: up.get-root}]}
"""


def mock(authentication: str = '{type: bearer, token: "{{WORD}}"}') -> bytes:
    return MOCK.replace("AUTHENTICATION", authentication).encode()


def loaded(text: bytes, **options: Any) -> Any:
    return load("mock.yml", RuntimeOptions(**options), text=text)


def test_files_are_taken_in_the_order_of_the_arguments(tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    for name in ("b.yml", "a.yaml", ".hidden.yml", "c.json", "d.txt"):
        (folder / name).touch()
    (folder / "e.yml").mkdir()
    assert document_files(["z.yml", str(folder), "a.json"], tmp_path) == [
        "z.yml",
        str(folder / "a.yaml"),
        str(folder / "b.yml"),
        "a.json",
    ]


def test_a_file_that_cannot_be_read_is_no_document() -> None:
    with pytest.raises(StartError, match=r"^none\.yml: "):
        load_all(["none.yml"], RuntimeOptions())


def test_a_refused_document_has_no_plan() -> None:
    document = loaded(b"naftiko: [")
    assert document.capability is None
    assert document.diagnostics[0].code == "document/not-yaml"
    assert capabilities([document, loaded(mock())]) != []


def test_strict_refuses_a_document_with_a_warning() -> None:
    text = mock() + b"unknown: 1\n"
    assert loaded(text).capability is not None
    assert loaded(text, strict=True).capability is None


def test_missing_variables_are_one_warning_per_document() -> None:
    capability = loaded(
        mock('{type: basic, username: "{{WORD}}", password: "{{OTHER}}"}')
    ).capability
    (warning,) = report_missing([capability], {})
    assert (warning.code, warning.severity, warning.count) == (
        "config/missing-variable",
        "warning",
        2,
    )
    assert "WORD (MOCK_WORD) has no value; used in" in warning.message
    assert report_missing([capability], {"MOCK_WORD": "a", "MOCK_OTHER": "b"}) == ()


@pytest.mark.parametrize(
    ("block", "shown"),
    [
        ("{type: bearer, token: t}", {"type": "bearer", "token": "***"}),
        ('{type: bearer, token: "{{WORD}}"}', {"type": "bearer", "token": "{{WORD}}"}),
        (
            "{type: basic, username: me, password: ''}",
            {"type": "basic", "username": "me", "password": ""},
        ),
        (
            "{type: apikey, key: X-Key, value: v, placement: header}",
            {"type": "apikey", "key": "X-Key", "value": "***", "placement": "header"},
        ),
    ],
)
def test_credentials_that_are_literals_are_masked(block: str, shown: dict[str, str]) -> None:
    document = shown_document(loaded(mock(block)).tree)
    assert document["capability"]["consumes"][0]["authentication"] == shown


def test_secrets_beside_authentication_are_masked_too() -> None:
    document = shown_document(loaded(mock()).tree)
    consumes = document["capability"]["consumes"][0]
    assert consumes["baseUri"] == "https://***@up.test"
    values = [each["value"] for each in consumes["resources"][0]["inputParameters"]]
    assert values == ["***", "1"]
