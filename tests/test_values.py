"""language.md 5.3, 7.7, 9.6: values as JSON text. The ``json`` module is the measure of spelling."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from naftiko_runtime.expressions.mapper import RootedObject
from naftiko_runtime.expressions.reference import StoredArray
from naftiko_runtime.secret import Secret
from naftiko_runtime.values import Json, compact, compact_bytes, number_of, parsed, structure_of

FLOATS = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | FLOATS | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def as_json_spells_it(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@given(JSON)
@example([1e-05, 0.0001, -1e-4, 5e-324, 1e15, 1e16, 1.5e300, -0.0, 1.0])
@example({"id": "7e1", "e": 0, "1e5": [1e5], "a": ",1e5,", "x": "0.00001"})
@example([2**63, 2**64, -(2**63) - 1, 10**400])
@example("".join(map(chr, range(0x2030))))
def test_values_are_spelled_as_python_spells_them(value: Json) -> None:
    spelled = as_json_spells_it(value)
    assert compact(value) == spelled
    assert compact_bytes(value) == spelled.encode()


@given(FLOATS)
def test_numbers_are_spelled_as_python_spells_them_wherever_they_stand(number: float) -> None:
    for value in (number, [number], [number, 1], {"n": number}, {"n": number, "m": "e"}):
        assert compact(value) == as_json_spells_it(value)


def test_objects_and_arrays_that_know_more_are_written_as_what_they_are() -> None:
    assert compact(RootedObject({"a": 1}, "root")) == '{"a":1}'
    assert compact(StoredArray([1], {})) == "[1]"


def test_half_a_surrogate_pair_is_text_and_no_bytes() -> None:
    assert compact(["\ud800"]) == '["\ud800"]'
    with pytest.raises(UnicodeEncodeError):
        compact_bytes(["\ud800"])


def test_a_secret_is_never_written() -> None:
    with pytest.raises(TypeError):
        compact({"token": Secret("s3cr3t")})


@given(JSON)
def test_what_was_written_is_read_again(value: Json) -> None:
    assert as_json_spells_it(parsed(compact(value))) == as_json_spells_it(value)


@given(st.lists(st.sampled_from([*'[]{}",:\\-.eE019 \n\x00', '"a"', "true", "\\u0000"])))
def test_any_text_is_read_as_python_reads_it_or_refused(parts: list[str]) -> None:
    text = "".join(parts)
    try:
        value = parsed(text)
    except ValueError:
        return
    assert as_json_spells_it(value) == as_json_spells_it(json.loads(text))


@pytest.mark.parametrize(
    "text",
    ["NaN", "[Infinity]", "-Infinity", "1e999", "-1e999", "9" * 5000, '"\\ud800"', "", "\ufeff1",
     "[" * 100_000, "01", "1 2"],
)  # fmt: skip
def test_what_no_json_can_hold_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 -- its kinds are many, and all are caught as one
        parsed(text)


def test_text_that_is_no_number_of_json_stays_text() -> None:
    assert number_of("1e999") == "1e999"
    assert number_of(" 1.50 ") == 1.5
    assert number_of("\u00a01") == "\u00a01"
    assert number_of("-0.0") == 0


def test_text_that_is_no_structure_of_json_stays_text() -> None:
    assert structure_of("[NaN]") == "[NaN]"
    assert structure_of("[1e999]") == "[1e999]"
    assert structure_of('{"a":1}') == {"a": 1}
    assert structure_of("7") == "7"
