"""language.md 9.4: a table makes of JSON text what its mapping makes of the value of the text."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from naftiko_runtime.engine.formats.from_json import decode_json, read_table
from naftiko_runtime.engine.scope import InvocationScope
from naftiko_runtime.engine.variables import Variables
from naftiko_runtime.errors import UndecodableResponse
from naftiko_runtime.expressions.mapper import (
    ArrayShape,
    Fixed,
    Mapper,
    ObjectShape,
    Select,
    null_if_absent,
)
from naftiko_runtime.expressions.path import Path
from naftiko_runtime.expressions.reference import Literal
from naftiko_runtime.expressions.table import table_of
from naftiko_runtime.values import Json, compact

SCOPE = InvocationScope({}, Variables({}))


def select(text: str, **options: Json) -> Select:
    return Select(Path.parse(text), **options)


def rows(base: str | None = "$", **members: str | Mapper) -> ArrayShape:
    mappers = {
        name: select(each) if isinstance(each, str) else each for name, each in members.items()
    }
    return ArrayShape(None if base is None else select(base), ObjectShape(tuple(mappers.items())))


def by_table(mapper: Mapper, text: str | bytes) -> list[Json] | None:
    table = table_of(mapper)
    assert table is not None
    return read_table(text.encode() if isinstance(text, str) else text, None, table)


def by_mapper(mapper: Mapper, text: bytes) -> Json:
    return null_if_absent(mapper.apply(decode_json(text, None), SCOPE))


PEOPLE = rows("$.data.people", id="$.id", who="$.name.last", city="$['home address'].city")


def test_members_are_picked_at_any_depth() -> None:
    text = """{"n": [1], "data": {"m": {}, "people": [
        {"z": "\\u0000", "id": 1, "name": {"first": "A", "last": "Bö"}, "home address": {}},
        {"id": 12345678901234567890123, "name": {"last": [1.50, {"x": null}]}}]}}"""
    assert by_table(PEOPLE, text) == [
        {"id": 1, "who": "Bö", "city": None},
        {"id": 12345678901234567890123, "who": [1.5, {"x": None}], "city": None},
    ]


def test_what_is_null_or_missing_on_the_way_makes_null() -> None:
    text = '[{"a": {"b": {"c": 1}}}, {"a": null}, {}, {"a": {"b": null}}, {"a": {"b": {}}}]'
    assert by_table(rows(c="$.a.b.c"), text) == [{"c": 1}, *[{"c": None}] * 4]


def test_of_members_with_one_name_the_last_counts() -> None:
    text = '[{"a": {"b": 1}, "x": 1, "a": {}, "x": 2}]'
    assert by_table(rows(b="$.a.b", x="$.x"), text) == [{"b": None, "x": 2}]


def test_one_value_may_be_picked_twice() -> None:
    assert by_table(rows(a="$.x.y", b="$.x.y", c="$.x.z"), '[{"x": {"y": [], "z": 0}}]') == [
        {"a": [], "b": [], "c": 0}
    ]


def test_properties_stand_in_written_order() -> None:
    assert [*by_table(rows(b="$.a", a="$.b"), '[{"a": 1, "b": 2}]')[0]] == ["b", "a"]  # type: ignore[index]


@pytest.mark.parametrize(
    "text",
    ["{}", "null", '{"a": 1}', "[1]", "[null]", '["a"]', "[[]]", '[{"a": 1}, 2]', '[{"x": "text"}]',
     '[{"x": []}]', "[", "", "[NaN]", '[{"a": "\\ud800"}]', '\ufeff[{"a": 1}]', '[{"a": 1e999}]'],
)  # fmt: skip
def test_whatever_is_no_list_of_such_objects_is_left_to_the_mapping(text: str) -> None:
    assert by_table(rows(a="$.a", y="$.x.y"), text) is None


def test_texts_that_nobody_picks_must_be_utf8_too() -> None:
    mapper = rows(a="$.a")
    assert by_table(mapper, '[{"a": 1, "b": "é"}]') == [{"a": 1}]
    assert by_table(mapper, b'[{"a": 1, "b": "\xff"}]') is None
    with pytest.raises(UndecodableResponse):
        by_mapper(mapper, b'[{"a": 1, "b": "\xff"}]')


def test_levels_that_nobody_picks_count_too() -> None:
    deep = "[" * 201 + "]" * 201
    assert by_table(rows(a="$.a"), f'[{{"a": 1, "b": {deep}}}]') is None


def test_other_charsets_are_left_to_the_mapping() -> None:
    table = table_of(rows(a="$.a"))
    assert table is not None
    text = '[{"a": "é"}]'
    assert read_table(text.encode("latin-1"), "application/json; charset=latin-1", table) is None
    assert read_table(text.encode(), "application/json; charset=UTF-8", table) == [{"a": "é"}]


@pytest.mark.parametrize(
    "mapper",
    [
        select("$.a"),
        ArrayShape(None, select("$.a")),
        ArrayShape(select("$..rows"), ObjectShape((("a", select("$.a")),))),
        ArrayShape(None, ObjectShape((("a", select("$.a")),), sparse=True)),
        ArrayShape(None, ObjectShape((("a", select("$.a")),), select("$.b"))),
        ArrayShape(None, ObjectShape((("a", select("$.a")),)), single=True),
        ArrayShape(None, ObjectShape(())),
        rows(a="$"),
        rows(a="$.a", b="$.a.b"),
        rows(a="$.a[0]"),
        rows(a="$.a.length()"),
        rows(a="$['a\"b']"),
        rows(a=select("$.a", cut=3)),
        rows(a=select("$.a", wrap=True)),
        rows(a=select("$.a", fallback=Fixed(Literal(1)))),
        rows(a=Fixed(Literal(1))),
        rows(**{"not-a-name": "$.a"}),
        rows(__class__="$.a"),
    ],
)
def test_other_mappings_are_no_tables(mapper: Mapper) -> None:
    assert table_of(mapper) is None


@pytest.mark.parametrize("name", ["class", "self", "é", "m0", "items", "_id", "a1"])
def test_properties_may_have_the_names_of_anything_else(name: str) -> None:
    assert by_table(rows(**{name: f"$.{name}"}), f'[{{"{name}": 1}}]') == [{name: 1}]


NAMES = st.sampled_from(["a", "b", "é", "0", "length"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map(lambda names: "$." + ".".join(names))
VALUES = st.recursive(
    st.none() | st.integers() | st.floats(allow_nan=False) | st.sampled_from(["", "t", "é\\"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=8,
)
ROWS = st.lists(st.dictionaries(NAMES, VALUES, max_size=5), max_size=5)


@given(
    st.dictionaries(st.sampled_from(["x", "y", "z"]), PATHS, min_size=1),
    ROWS | VALUES,
    st.booleans(),
)
def test_a_table_makes_what_its_mapping_makes(
    members: dict[str, str],
    value: Json,
    escaped: bool,  # noqa: FBT001 -- drawn
) -> None:
    mapper = rows(None, **members)
    text = json.dumps(value, ensure_ascii=escaped).encode()
    if table_of(mapper) is None:
        return
    found = by_table(mapper, text)
    assert found is None or compact(found) == compact(by_mapper(mapper, text))


@given(st.lists(st.dictionaries(NAMES, st.integers() | st.text()), max_size=5))
def test_a_list_of_plain_objects_is_always_read_by_its_table(value: Json) -> None:
    mapper = rows(x="$.a", y="$.length")
    try:
        text = json.dumps(value).encode()
        expected = by_mapper(mapper, text)
    except UndecodableResponse:
        return
    assert by_table(mapper, text) == expected
