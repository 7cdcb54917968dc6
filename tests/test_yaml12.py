"""language.md 1.2: what a plain scalar is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from naftiko_runtime.values import Json
from naftiko_runtime.yaml12 import resolve_scalar


@pytest.mark.parametrize("text", ["", "~", "null"])
def test_null_is_written_in_three_ways(text: str) -> None:
    assert resolve_scalar(text) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *((text, True) for text in ("true", "True", "TRUE")),
        *((text, False) for text in ("false", "False", "FALSE")),
        ("0", 0),
        ("-0", 0),
        ("+12", 12),
        ("-12", -12),
        ("123456789012345678901234567890", 123456789012345678901234567890),
        ("0o17", 15),
        ("0xfF", 255),
        ("1.10", 1.1),
        ("-.5", -0.5),
        ("5.", 5.0),
        ("1e3", 1000.0),
        ("1.5E-3", 0.0015),
        ("0.0", 0.0),
    ],
)
def test_a_scalar_of_the_core_schema_has_its_type(text: str, value: Json) -> None:
    resolved = resolve_scalar(text)
    assert resolved == value
    assert type(resolved) is type(value)


@pytest.mark.parametrize(
    "text",
    ["on", "off", "yes", "no", "y", "n", "tRUE", "Null", ".inf", "-.inf", ".nan", "0123", "00",
     "-01", "1_000", "2026-01-02", "12:30:45", "0b1", "1.2.3", "e3", "+", "-", ".", "1e999",
     "0o8", "0xg", "-0x1", "9" * 5000, " 1", "1 ", "٣"],
)  # fmt: skip
def test_everything_else_is_text(text: str) -> None:
    assert resolve_scalar(text) == text


@given(st.text(max_size=12) | st.from_regex(r"[-+.0-9eEox_]{1,12}", fullmatch=True))
def test_any_text_is_a_scalar(text: str) -> None:
    value = resolve_scalar(text)
    assert value == text or not isinstance(value, str)
