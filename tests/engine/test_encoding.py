"""Percent-encoding per place (language.md 4.6, 4.15 to 4.18, 5.6, 5.7)."""

from urllib.parse import parse_qsl, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from naftiko_runtime.engine import encoding
from naftiko_runtime.values import Json

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)


@given(TEXT)
def test_an_encoded_segment_or_query_value_is_read_back(text: str) -> None:
    for encoded in (encoding.segment(text), encoding.query(text)):
        assert unquote(encoded) == text
        assert not set(encoded) & set("/?#&=+ ;[]")


@given(TEXT, TEXT)
def test_a_form_pair_is_read_back(name: str, value: str) -> None:
    pair = f"{encoding.form(name)}={encoding.form(value)}"
    assert parse_qsl(pair, keep_blank_values=True) == [(name, value)]


@given(TEXT.filter(lambda text: "%" not in text))
def test_a_cookie_value_never_ends_its_cookie(text: str) -> None:
    encoded = encoding.cookie(text)
    assert unquote(encoded) == text
    assert not set(encoded) & set(' ";,\\\r\n')


@given(TEXT)
def test_a_query_name_never_ends_itself(text: str) -> None:
    assert not set(encoding.query_name(text)) & set('"#<>&=+ ')
    assert unquote(encoding.query_name(text)) == text


@pytest.mark.parametrize(
    ("name", "encoded"),
    [
        ("$filter", "$filter"),
        ("filter[status]", "filter[status]"),
        ("ids[]", "ids[]"),
        ("a b", "a%20b"),
        ("é&=", "%C3%A9%26%3D"),
    ],
)
def test_a_query_name_stays_as_written_where_it_can(name: str, encoded: str) -> None:
    assert encoding.query_name(name) == encoded


@pytest.mark.parametrize(
    ("text", "encoded"),
    [("a ~b*c", "a+%7Eb*c"), ("1 &", "1+%26"), ("ü/-._", "%C3%BC%2F-._")],
)
def test_a_form_keeps_only_its_few_characters(text: str, encoded: str) -> None:
    assert encoding.form(text) == encoded


@pytest.mark.parametrize(
    ("value", "texts"),
    [
        ("a b", ["a b"]),
        (True, ["true"]),
        (False, ["false"]),
        (5, ["5"]),
        (5.0, ["5"]),
        (0.1, ["0.1"]),
        (1e300, ["1e+300"]),
        (12345678901234567890, ["12345678901234567890"]),
        (None, []),
        ([], []),
        ([1, 2.0, "x", None], ["1", "2", "x", "null"]),
        ([[1], {"a": "é"}], ["[1]", '{"a":"é"}']),
        ({"a": [1]}, ['{"a":[1]}']),
    ],
)
def test_values_have_their_query_texts(value: Json, texts: list[str]) -> None:
    assert encoding.texts(value) == texts


@pytest.mark.parametrize(
    ("value", "text"),
    [(" a ", "a"), (["a", 1], "a, 1"), ({"k": 1}, '{"k":1}'), (True, "true"), ("", "")],
)
def test_values_have_their_header_text(value: Json, text: str) -> None:
    assert encoding.header_text(value) == text


@pytest.mark.parametrize("text", [".", "..", "%2e", "%2E%2e", ".%2E"])
def test_dots_are_dots_however_they_are_written(text: str) -> None:
    assert encoding.is_dots(text)


@pytest.mark.parametrize("text", ["", "...", "a.", "%2f", "a"])
def test_other_segments_are_no_dots(text: str) -> None:
    assert not encoding.is_dots(text)


def test_a_quoted_parameter_is_not_ended_from_inside() -> None:
    assert encoding.quoted('a"b\r\nc') == "a%22b%0D%0Ac"


def test_what_is_written_loses_only_what_no_url_can_hold() -> None:
    assert encoding.written("/a b\tc%20[]{}|'é\x7f") == "/a%20b%09c%20[]{}|'%C3%A9%7F"
