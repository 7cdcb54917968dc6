"""language.md 9.2, 9.4, 9.5, 7.8, 11.3: what mappers make of an answer."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from naftiko_runtime.expressions.mapper import (
    ArrayShape,
    Chain,
    FirstOf,
    Fixed,
    Mapper,
    MapShape,
    ObjectShape,
    RootedObject,
    Select,
    null_if_absent,
)
from naftiko_runtime.expressions.path import ROOT, Path
from naftiko_runtime.expressions.reference import FromInput, Literal, Template, Variable
from naftiko_runtime.values import ABSENT, Json, compact, number_of


class Inputs:
    steps: Mapping[str, Json] = {}

    def __init__(self, **inputs: Json) -> None:
        self.inputs = inputs

    def variable(self, variable: Variable) -> str:
        raise AssertionError(f"{variable.name} is not asked for")


SCOPE = Inputs(n="Al")


def select(text: str, **options: Json) -> Select:
    return Select(Path.parse(text), **options)


@pytest.mark.parametrize(
    ("mapper", "root", "value"),
    [
        (Select(ROOT), {"id": 7}, {"id": 7}),
        (Select(ROOT), [1], [1]),
        (select("$.rows"), {"rows": [1]}, [1]),
        (select("$.rows"), {}, ABSENT),
        (select("$.name"), {"name": 5}, 5),
        (select("$.name"), {"name": None}, None),
        (select("$.name", cut=2), {"name": "Zoë"}, "Zo"),
        (select("$.name", cut=2), {"name": [1, 2, 3]}, [1, 2, 3]),
    ],
)
def test_a_path_finds_a_value_of_any_type_and_converts_nothing(
    mapper: Json, root: Json, value: Json
) -> None:
    assert mapper.apply(root, SCOPE) == value


def test_what_is_passed_through_is_the_same_object() -> None:
    root = {"data": [{"a": 1}]}
    assert Select(ROOT).apply(root, SCOPE) is root
    assert select("$.data").apply(root, SCOPE) is root["data"]


def test_a_path_that_finds_nothing_reads_the_consumed_outputs() -> None:
    consumed = Chain(select("$.data"), Path.parse("$.id"))
    mapper = select("$.id", fallback=consumed)
    assert mapper.apply({"id": 1, "data": {"id": 2}}, SCOPE) == 1
    assert mapper.apply({"data": {"id": 2}}, SCOPE) == 2
    assert mapper.apply({}, SCOPE) is ABSENT
    assert mapper.apply({"id": None, "data": {"id": 2}}, SCOPE) is None


def test_one_xml_value_is_an_array_where_an_array_is_declared() -> None:
    mapper = select("$.v", wrap=True)
    assert mapper.apply({"v": "1"}, SCOPE) == ["1"]
    assert mapper.apply({"v": ["1", "2"]}, SCOPE) == ["1", "2"]
    assert mapper.apply({"v": None}, SCOPE) is None
    assert mapper.apply({}, SCOPE) is ABSENT


def test_a_path_may_begin_with_the_name_of_the_xml_root() -> None:
    root = RootedObject({"user": "A"}, "root")
    assert select("$.root.user", rooted=True).apply(root, SCOPE) == "A"
    assert select("$.root", rooted=True).apply(root, SCOPE) == {"user": "A"}
    assert select("$.user", rooted=True).apply(root, SCOPE) == "A"
    assert select("$.other.user", rooted=True).apply(root, SCOPE) is ABSENT
    assert select("$.root.user").apply(root, SCOPE) is ABSENT
    assert select("$.root.user", rooted=True).apply({"user": "A"}, SCOPE) is ABSENT


def test_a_member_with_the_name_of_the_xml_root_comes_first() -> None:
    root = RootedObject({"root": {"user": "inner"}, "user": "outer"}, "root")
    assert select("$.root.user", rooted=True).apply(root, SCOPE) == "inner"


def test_constants_and_templates_are_converted_to_their_type() -> None:
    assert Fixed(Literal("v")).apply(None, SCOPE) == "v"
    assert Fixed(Literal("3"), number_of).apply(None, SCOPE) == 3
    assert Fixed(Template(("Hi ", FromInput("n"))), cut=4).apply(None, SCOPE) == "Hi A"
    assert Fixed(FromInput("none"), number_of).apply(None, SCOPE) is ABSENT
    assert Fixed(Literal(12345), cut=2).apply(None, SCOPE) == 12345


OBJECT = ObjectShape((("n", select("$.k")), ("c", Fixed(Literal("v")))), base=select("$.data"))


@pytest.mark.parametrize(
    ("root", "value"),
    [
        ({"data": {"k": 1}}, {"n": 1, "c": "v"}),
        ({"data": {}}, {"n": None, "c": "v"}),
        ({"data": "text"}, {"n": None, "c": "v"}),
        ({"data": None}, None),
        ({}, None),
    ],
)
def test_an_object_with_properties_reads_what_its_mapping_finds(root: Json, value: Json) -> None:
    assert OBJECT.apply(root, SCOPE) == value


def test_an_object_without_a_mapping_reads_the_answer() -> None:
    assert ObjectShape((("x", select("$.a")), ("y", select("$.b")))).apply({"a": 1}, SCOPE) == {
        "x": 1,
        "y": None,
    }
    assert ObjectShape(()).apply([1], SCOPE) == {}


def test_several_named_outputs_are_an_object_without_an_answer_too() -> None:
    members = (("x", select("$.a")),)
    assert ObjectShape(members, always=True).apply(None, SCOPE) == {"x": None}
    assert ObjectShape(members).apply(None, SCOPE) is None


def test_a_mock_object_leaves_out_what_has_no_value() -> None:
    members = (("a", Fixed(FromInput("none"))), ("b", Fixed(FromInput("n"))))
    assert ObjectShape(members, sparse=True).apply(None, SCOPE) == {"b": "Al"}
    assert ObjectShape(members[:1], sparse=True).apply(None, SCOPE) is ABSENT


def test_an_array_reshapes_each_element() -> None:
    item = ObjectShape((("id", select("$.k")), ("o", ObjectShape((("z", select("$.z")),)))))
    root = [{"k": 1, "z": 2}, {}]
    assert ArrayShape(Select(ROOT), item).apply(root, SCOPE) == [
        {"id": 1, "o": {"z": 2}},
        {"id": None, "o": {"z": None}},
    ]
    assert ArrayShape(None, select("$.k")).apply(root, SCOPE) == [1, None]


@pytest.mark.parametrize("root", [{}, {"rows": {}}, {"rows": None}, {"rows": "x"}, None])
def test_what_is_no_array_makes_null(root: Json) -> None:
    assert ArrayShape(select("$.rows"), Select(ROOT)).apply(root, SCOPE) is None


def test_a_mock_array_has_one_element() -> None:
    assert ArrayShape(None, Fixed(FromInput("n")), single=True).apply(None, SCOPE) == ["Al"]
    assert ArrayShape(None, Fixed(FromInput("none")), single=True).apply(None, SCOPE) is ABSENT


def test_a_map_has_a_member_for_each_member() -> None:
    mapper = MapShape(select("$.m"), select("$.v"))
    assert mapper.apply({"m": {"a": {"v": 1}, "b": {}}}, SCOPE) == {"a": 1, "b": None}
    assert mapper.apply({"m": [1]}, SCOPE) is None
    assert MapShape(None, Select(ROOT)).apply({"a": 1}, SCOPE) == {"a": 1}


def test_of_several_unnamed_outputs_the_first_that_is_not_null_counts() -> None:
    mapper = FirstOf((select("$.a"), select("$.b")))
    assert mapper.apply({"b": 2}, SCOPE) == 2
    assert mapper.apply({"a": None, "b": 2}, SCOPE) == 2
    assert mapper.apply({"a": False, "b": 2}, SCOPE) is False
    assert mapper.apply({}, SCOPE) is None


def test_absent_is_shown_as_null() -> None:
    assert null_if_absent(ABSENT) is None
    assert null_if_absent(0) == 0


NAMES = st.sampled_from(["a", "b", "0", "length"])
VALUES = st.recursive(
    st.none() | st.integers(0, 3) | st.sampled_from(["", "text"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4)
    | st.dictionaries(NAMES, inner, max_size=3).map(lambda members: RootedObject(members, "a")),
)  # fmt: skip
PATHS = ["$", "$.a", "$.b", "$.a.b", "$.0", "$.a.length", "$.b[0]", "$..a", "$.a.length()"]
LEAVES: st.SearchStrategy[Mapper] = st.builds(
    Select,
    st.sampled_from(PATHS).map(Path.parse),
    st.none() | st.just(Fixed(Literal("other"))),
    st.booleans(),
    st.booleans(),
    st.none() | st.just(2),
) | st.sampled_from([Fixed(Literal(7)), Fixed(FromInput("none"))])
MAPPERS: st.SearchStrategy[Mapper] = st.recursive(
    LEAVES,
    lambda inner: st.builds(
        ObjectShape, st.lists(st.tuples(NAMES, inner), max_size=3).map(tuple),
        st.none() | st.sampled_from([select("$.a"), select("$.b")]), st.booleans(), st.booleans(),
    ) | st.builds(ArrayShape, st.none() | LEAVES, inner),
    max_leaves=6,
)  # fmt: skip


@given(MAPPERS, st.lists(VALUES, max_size=8))
def test_many_elements_become_what_each_becomes_by_itself(
    mapper: Mapper, elements: list[Json]
) -> None:
    together = ArrayShape(None, mapper).apply(elements, SCOPE)
    each = [null_if_absent(mapper.apply(element, SCOPE)) for element in elements]
    assert compact(together) == compact(each)


def test_elements_of_one_list_share_nothing() -> None:
    rows = [{"a": number} for number in range(9)]
    made = ArrayShape(None, ObjectShape((("n", select("$.a")),))).apply(rows, SCOPE)
    assert made == [{"n": number} for number in range(9)]
    made[0]["n"] = "changed"
    assert made[1] == {"n": 1}


def test_what_is_null_or_no_object_among_many_elements_is_read_like_alone() -> None:
    item = ObjectShape((("n", select("$.a")), ("c", Fixed(Literal("v")))))
    rows: Json = [{"a": 1}, None, {}, {"a": None}, "text", [2], {"a": {"b": 3}}]
    assert ArrayShape(None, item).apply(rows, SCOPE) == [
        {"n": 1, "c": "v"},
        None,
        {"n": None, "c": "v"},
        {"n": None, "c": "v"},
        {"n": None, "c": "v"},
        {"n": None, "c": "v"},
        {"n": {"b": 3}, "c": "v"},
    ]
