"""Checking a document against an official schema that somebody has (language.md 1.10)."""

import json
from pathlib import Path

import pytest

from naftiko_runtime.diagnostics import Found
from naftiko_runtime.errors import StartError
from naftiko_runtime.loading.schema import check_official
from naftiko_runtime.loading.source import parse

INFO = {
    "type": "object",
    "required": ["label"],
    "additionalProperties": False,
    "properties": {"label": {"type": "string", "pattern": "^[a-z]+$"}},
}
ALTERNATIVES = [
    {"properties": {"type": {"const": "a"}, "key": {"type": "string"}}, "required": ["key"]},
    {"properties": {"type": {"const": "b"}, "level": {"enum": [1, 2]}}, "required": ["level"]},
]
SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "naftiko": {"const": "9.1"},
        "info": INFO,
        "exposes": {"type": "array", "items": {"oneOf": ALTERNATIVES}},
    },
}


@pytest.fixture
def schemas(tmp_path: Path) -> Path:
    (tmp_path / "any-name.json").write_text(json.dumps(SCHEMA))
    (tmp_path / "other.json").write_text('{"properties": {"ikanos": {"const": "9.1"}}}')
    return tmp_path


def found(text: str, schemas: str | None) -> list[str]:
    collected = Found()
    source = parse(text.encode(), "a.yml", collected)
    check_official(source, schemas, collected)
    return [diagnostic.text() for diagnostic in collected.merged()]


def test_each_violation_is_a_warning_at_its_place(schemas: Path) -> None:
    text = "naftiko: 9.1\ninfo: {label: 'A secret', tags: [x]}\nexposes:\n- {type: b, level: 3}\n"
    collected = Found()
    check_official(parse(text.encode(), "a.yml", collected), str(schemas), collected)
    diagnostic = collected.merged()[0]
    assert (diagnostic.code, diagnostic.severity) == ("schema/invalid", "warning")
    assert [(place.line, place.column, place.pointer) for place in diagnostic.places] == [
        (2, 7, "/info"),
        (2, 15, "/info/label"),
        (4, 20, "/exposes/0/level"),
    ]
    assert "secret" not in diagnostic.message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("info: {}", "/info: label is missing"),
        ("info: {label: a, tags: b, more: c}", "/info: tags, more is not allowed here"),
        ("info: {label: A}", "/info/label: must match ^[a-z]+$"),
        ("info: 5", "/info: must be object"),
        ("exposes: [{type: b, level: 3}]", "/exposes/0/level: must be one of 1, 2"),
        ("exposes: [{type: a, key: 3}]", "/exposes/0/key: must be string"),
        ("info: {label: a}\nexposes: {}", "/exposes: must be array"),
    ],
)
def test_a_violation_says_what_would_be_right(schemas: Path, text: str, message: str) -> None:
    texts = found(f"naftiko: 9.1\n{text}\n", str(schemas))
    assert len(texts) == 1
    assert f"{message} (official schema of 9.1)" in texts[0]


def test_a_sound_document_violates_nothing(schemas: Path) -> None:
    assert found("naftiko: 9.1\ninfo: {label: a}\n", str(schemas)) == []


def test_a_schema_file_is_used_whatever_its_version(schemas: Path) -> None:
    texts = found("naftiko: 9.2\n", str(schemas / "any-name.json"))
    assert texts == [
        "a.yml:1:10: warning schema/invalid: /naftiko: must be 9.1 (official schema of 9.2)"
    ]


@pytest.mark.parametrize("version", ["naftiko: 9.2", "ikanos: 1"])
def test_without_the_right_schema_the_check_is_left_out(schemas: Path, version: str) -> None:
    for place in (str(schemas), None):
        texts = found(f"{version}\n", place)
        assert len(texts) == 1
        assert "info schema/missing" in texts[0]


@pytest.mark.parametrize("text", ["a: b\n", "- a\n", "naftiko: [1]\n", ""])
def test_a_document_without_version_is_not_checked(schemas: Path, text: str) -> None:
    assert found(text, str(schemas)) == []


def test_a_schema_that_cannot_be_read_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(StartError, match=r"bad\.json"):
        found("naftiko: 9.1\n", str(tmp_path / "bad.json"))
    with pytest.raises(StartError, match=r"none\.json"):
        found("naftiko: 9.1\n", str(tmp_path / "none.json"))
