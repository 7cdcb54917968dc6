"""Values are made to keep what an output schema promises (exposes.md MCP-15)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from naftiko_runtime.adapters.mcp.promise import kept, shape_of


def kept_as(value: Any, *types: str, **more: Any) -> Any:
    return kept(value, shape_of({"type": [*types, "null"], **more}))


@pytest.mark.parametrize(
    ("value", "type_name", "expected"),
    [
        ("7", "integer", 7),
        ("-7", "integer", -7),
        ("0", "integer", 0),
        (7.0, "integer", 7.0),
        ("1.5", "number", 1.5),
        ("1.50", "number", 1.5),
        ("7", "number", 7),
        (7, "number", 7),
        (7, "string", "7"),
        (1.5, "string", "1.5"),
        (True, "string", "true"),
        ("true", "boolean", True),
        ("false", "boolean", False),
        (None, "integer", None),
        ({"a": 1}, "object", {"a": 1}),
        ([1], "array", [1]),
    ],
)
def test_what_loses_nothing_is_converted(value: Any, type_name: str, expected: Any) -> None:
    found, mismatches = kept_as(value, type_name)
    assert (found, type(found), mismatches) == (expected, type(expected), ())


@pytest.mark.parametrize(
    ("value", "type_name"),
    [
        ("007", "integer"),
        ("7.5", "integer"),
        ("-0", "integer"),
        (7.5, "integer"),
        ("", "integer"),
        (True, "integer"),
        ("9" * 500, "integer"),
        ("1e999", "number"),
        ("0.12345678901234567890123", "number"),
        ("NaN", "number"),
        ("TRUE", "boolean"),
        (1, "boolean"),
        ([1], "string"),
        ({"a": 1}, "array"),
        ("a", "object"),
    ],
)
def test_everything_else_is_null_and_named(value: Any, type_name: str) -> None:
    assert kept_as(value, type_name) == (None, ("",))


def test_places_are_json_pointers() -> None:
    schema = {
        "type": "object",
        "properties": {
            "a/b": {"type": "integer"},
            "c~d": {"type": "array", "items": {"type": "integer"}},
        },
        "additionalProperties": {"type": ["boolean"]},
    }
    value = {"a/b": "x", "c~d": [1, "y"], "e": 5}
    found, mismatches = kept(value, shape_of(schema))
    assert found == {"a/b": None, "c~d": [1, None], "e": None}
    assert mismatches == ("/a~1b", "/c~0d/1", "/e")


def test_a_value_outside_an_enumeration_is_null() -> None:
    assert kept_as("b", "string", enum=["a"]) == (None, ("",))
    assert kept_as("a", "string", enum=["a"]) == ("a", ())


def test_members_that_are_not_named_stay() -> None:
    assert kept({"x": [1]}, shape_of({"type": "object"})) == ({"x": [1]}, ())


scalars = st.sampled_from(["string", "integer", "number", "boolean", "object", "array"])
schemas = st.recursive(
    scalars.map(lambda name: {"type": [name, "null"]}),
    lambda below: st.one_of(
        st.dictionaries(st.sampled_from("abc"), below).map(
            lambda members: {"type": ["object", "null"], "properties": members}
        ),
        below.map(lambda items: {"type": ["array", "null"], "items": items}),
    ),
    max_leaves=6,
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda below: st.lists(below) | st.dictionaries(st.sampled_from("abcd"), below),
    max_leaves=10,
)


@given(schemas, values)
def test_what_is_kept_satisfies_the_schema(schema: Any, value: Any) -> None:
    found, _ = kept(value, shape_of(schema))
    Draft202012Validator(schema).validate(found)
