"""language.md 7.5, 7.6, 7.16, 7.17: which reading a body gets."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from naftiko_runtime.engine.formats.decode import decode, value_of
from naftiko_runtime.engine.formats.extras import missing_extra, missing_extras
from naftiko_runtime.engine.result import Binary
from naftiko_runtime.errors import UndecodableResponse
from naftiko_runtime.plan.upstream import RawFormat, ResponseFormat
from naftiko_runtime.values import Json

ANY = ResponseFormat()
FORMATS: list[RawFormat] = [
    "json", "xml", "csv", "tsv", "psv", "yaml", "html", "markdown", "avro", "protobuf", "text",
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "body", "schema", "value"),
    [
        (None, b'{"a":1}', None, {"a": 1}),
        ("json", b'{"a":1}', None, {"a": 1}),
        ("xml", b"<r><a>1</a></r>", None, {"a": "1"}),
        ("csv", b"a,b\n1,2", None, [{"a": "1", "b": "2"}]),
        ("tsv", b"a\tb\n1\t2", None, [{"a": "1", "b": "2"}]),
        ("psv", b"a|b\n1|2", None, [{"a": "1", "b": "2"}]),
        ("yaml", b"a: 1", None, {"a": 1}),
        ("html", b"<table id=t><tr><th>A</table>", "#t", {"tables": [[]]}),
        ("markdown", b"# A\n# B", "B",
         {"frontMatter": {}, "tables": [],
          "sections": [{"heading": "B", "level": 1, "content": ""}]}),
        ("text", b"[1]", None, "[1]"),
    ],
)  # fmt: skip
def test_a_body_is_what_the_format_says(
    name: RawFormat | None, body: bytes, schema: str | None, value: Json
) -> None:
    assert decode(body, "application/json", ResponseFormat(name, schema)) == value


@pytest.mark.parametrize("name", FORMATS)
def test_an_empty_body_is_null_and_an_empty_table(name: RawFormat) -> None:
    expected = [] if name in ("csv", "tsv", "psv") else None
    assert decode(b"", None, ResponseFormat(name)) == expected


def test_a_format_that_the_body_does_not_have_is_undecodable() -> None:
    with pytest.raises(UndecodableResponse):
        decode(b"<r/>", "text/xml", ANY)
    with pytest.raises(UndecodableResponse):
        decode(b"{}", "application/json", ResponseFormat("xml"))
    with pytest.raises(UndecodableResponse):
        decode(b"x", None, ResponseFormat("binary"))


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/json; charset=utf-8", "Application/JSON",
     "application/problem+json", "application/.json", "text/json"],
)  # fmt: skip
def test_json_types_have_a_json_value(content_type: str) -> None:
    assert value_of(b'{"a":1.50}', content_type, 200, ANY) == ({"a": 1.5}, False)
    with pytest.raises(UndecodableResponse):
        value_of(b"{bad", content_type, 200, ANY)


@pytest.mark.parametrize("content_type", [None, "", "text/plain", "text/plain; charset=utf-8"])
def test_unnamed_text_is_json_if_it_parses_else_the_text(content_type: str | None) -> None:
    assert value_of(b"[1]", content_type, 200, ANY) == ([1], False)
    assert value_of(b"7", content_type, 200, ANY) == (7, False)
    assert value_of(b"NaN", content_type, 200, ANY) == ("NaN", True)
    assert value_of("é".encode(), content_type, 200, ANY) == ("é", True)


@pytest.mark.parametrize(
    "content_type",
    ["text/html", "text/csv", "text/xml", "application/xml", "application/atom+xml",
     "application/yaml", "application/x-yaml", "text/javascript", "application/javascript",
     "application/x-ndjson", "application/csv", "application/.csv", "application/.conll",
     "application/conll", "application/zip", "application/octet-stream", "image/svg+xml"],
)  # fmt: skip
def test_text_of_any_other_type_is_a_text(content_type: str) -> None:
    assert value_of("[1]é".encode(), content_type, 200, ANY) == ("[1]é", True)
    assert value_of("\ufeffé".encode("utf-16-le"), content_type, 200, ANY) == ("é", True)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"PK\x03\x04\xff", "application/zip"),
        (b"a\x00b", "application/zip"),
        (b"\x89PNG", "image/png"),
        (b"\xff\xfea\x00\x00\x00", "application/zip"),
        (b"\xe9", "text/html"),
        (b"\xe9", None),
    ],
)
def test_what_is_no_text_is_binary(body: bytes, content_type: str | None) -> None:
    expected = Binary(content_type or "application/octet-stream", body)
    assert value_of(body, content_type, 200, ANY) == (expected, False)


def test_text_types_may_hold_a_nul() -> None:
    assert value_of(b"a\x00b", "text/csv", 200, ANY) == ("a\x00b", True)


def test_a_declared_wide_charset_is_text() -> None:
    body = "é".encode("utf-16-le")
    assert value_of(body, "application/x; charset=utf-16le", 200, ANY) == ("é", True)


@pytest.mark.parametrize("name", [None, *FORMATS, "binary"])
def test_no_body_is_null(name: RawFormat | None) -> None:
    assert value_of(b"", "application/json", 200, ResponseFormat(name)) == (None, False)
    for status in (204, 205, 304):
        assert value_of(b"x", "text/plain", status, ResponseFormat(name)) == (None, False)


def test_text_is_a_text_whatever_its_type() -> None:
    text = ResponseFormat("text")
    assert value_of(b"[1]", "application/json", 200, text) == ("[1]", True)
    with pytest.raises(UndecodableResponse):
        value_of(b"\xff", "application/zip", 200, text)


def test_binary_keeps_its_bytes_and_takes_the_declared_type() -> None:
    body = b'{"a":1}'
    assert value_of(body, "application/json", 200, ResponseFormat("binary")) == (
        Binary("application/json", body),
        False,
    )
    declared = ResponseFormat("binary", media_type="image/png")
    value, is_text = value_of(body, "application/json", 200, declared)
    assert isinstance(value, Binary)
    assert value.content_type == "image/png"
    assert value.data is body
    assert not is_text


def test_other_formats_without_outputs_go_by_the_content_type() -> None:
    assert value_of(b"<r/>", "text/xml", 200, ResponseFormat("xml")) == ("<r/>", True)
    assert value_of(b"[1]", "application/json", 200, ResponseFormat("csv")) == ([1], False)


@given(
    st.binary(max_size=30) | st.text(max_size=20).map(lambda text: text.encode("utf-8", "replace")),
    st.none() | st.sampled_from(["text/plain", "application/json", "a/b", "text/x; charset=utf-16"])
    | st.text(max_size=10),
    st.sampled_from([None, "json", "xml", "csv", "yaml", "html", "markdown", "text", "binary"]),
)  # fmt: skip
def test_any_answer_has_a_value_or_is_refused(
    body: bytes, content_type: str | None, name: RawFormat | None
) -> None:
    for read in (
        lambda response: decode(body, content_type, response),
        lambda response: value_of(body, content_type, 200, response),
    ):
        with suppress(UndecodableResponse):
            read(ResponseFormat(name))


def test_what_an_extra_needs_is_named() -> None:
    pytest.importorskip("fastavro", reason="the extra avro is not installed")
    assert missing_extra("json") is None
    assert missing_extra("avro") is None
    assert "avro" not in missing_extras()


def test_a_missing_extra_names_its_installation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "naftiko_runtime.engine.formats.extras._NEEDED",
        {"avro": ("no_such_package",), "protobuf": ("no_such_package.part",), "x": ("json",)},
    )
    assert missing_extras() == {
        "avro": "pip install naftiko-runtime[avro]",
        "protobuf": "pip install naftiko-runtime[protobuf]",
    }
