"""language.md 7.6, 7.7."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from naftiko_runtime.engine.formats.from_json import decode_json, deeper_than
from naftiko_runtime.errors import UndecodableResponse
from naftiko_runtime.values import Json, compact


def nested(levels: int, inner: str = "") -> str:
    return "[" * levels + inner + "]" * levels


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("null", None),
        ("1.50", 1.5),
        ("12345678901234567890123", 12345678901234567890123),
        ("-0.1e2", -10.0),
        ('{"a":1,"b":0,"a":2}', {"a": 2, "b": 0}),
        ('\ufeff {"a":[true,"é"]}\n', {"a": [True, "é"]}),
        ('"\\ud83d\\ude00"', "😀"),
        ("1e-999", 0.0),
    ],
)
def test_json_is_decoded_exactly(text: str, value: Json) -> None:
    decoded = decode_json(text.encode(), "application/json")
    assert decoded == value
    assert type(decoded) is type(value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (" ", "Expecting value at line 1, column 2"),
        ("{bad", "Expecting property name"),
        ("[1]\nx", "Extra data at line 2, column 1"),
        ("'a'", "Expecting value"),
        ('"\t"', "Invalid control character"),
        ("[NaN]", "NaN is no JSON number"),
        ("Infinity", "Infinity is no JSON number"),
        ("-Infinity", "-Infinity is no JSON number"),
        ("1e999", "a number is too large"),
        ("9" * 5000, "a number is too long"),
        ('["\\ud800"]', "half a surrogate pair"),
        (nested(100_000), "nested too deeply"),
    ],
)
def test_what_is_not_json_is_undecodable_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(UndecodableResponse, match=reason):
        decode_json(text.encode(), None)


def test_a_reason_does_not_quote_the_answer() -> None:
    with pytest.raises(UndecodableResponse) as raised:
        decode_json(b'{"secret": s3cr3t}', None)
    assert "s3cr3t" not in raised.value.detail


@pytest.mark.parametrize("inner", ["", '"a","b"', '"[",1', '"\\"",1', '"]]]]"'])
def test_two_hundred_levels_are_read_and_more_are_refused(inner: str) -> None:
    assert decode_json(f"[{nested(199, inner)},[],{{}}]".encode(), None)
    with pytest.raises(UndecodableResponse, match="more than 200 levels"):
        decode_json(f"[{nested(200, inner)},[],{{}}]".encode(), None)


def test_brackets_inside_texts_do_not_hide_levels() -> None:
    hidden = "".join('["]",' for _ in range(250)) + '"' + "[" * 250 + '"' + "]" * 250
    with pytest.raises(UndecodableResponse, match="more than 200 levels"):
        decode_json(hidden.encode(), None)


def test_many_brackets_on_few_levels_are_read() -> None:
    value: Json = [{"a": [1, "x", {}]} for _ in range(300)]
    assert decode_json(compact(value).encode(), None) == value
    value.append({"[x]": "]["})
    assert decode_json(compact(value).encode(), None) == value
    value.append({"b": ['"']})
    assert decode_json(compact(value).encode(), None) == value


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)  # fmt: skip


@given(JSON)
def test_any_value_survives(value: Json) -> None:
    assert decode_json(compact(value).encode(), None) == value


@given(st.lists(st.sampled_from([*'[]{}",:\\', '""', "1", '"a"', "\\ud800"])).map("".join))
def test_any_text_is_read_as_python_reads_it_or_refused(text: str) -> None:
    try:
        value = decode_json(text.encode(), None)
    except UndecodableResponse:
        return
    assert value == json.loads(text)


@given(JSON, st.integers(min_value=0, max_value=6))
def test_levels_are_counted(value: Json, levels: int) -> None:
    def depth(part: Json) -> int:
        children = part.values() if isinstance(part, dict) else part
        return 1 + max(map(depth, children), default=0) if isinstance(part, dict | list) else 0

    assert deeper_than(levels, value) == (depth(value) > levels)
