"""Conversion, checks and names of inputs (language.md 3.8, 10.4, 10.7 to 10.11)."""

import gc
import weakref
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from naftiko_runtime.engine.inputs import check, check_arguments, forget, settled
from naftiko_runtime.engine.variables import Variables
from naftiko_runtime.errors import Diagnostic, InvalidInput, Misconfigured, Place
from naftiko_runtime.expressions.mapper import Fixed
from naftiko_runtime.expressions.reference import (
    Environment,
    FromInput,
    FromVariable,
    Literal,
    Template,
    Variable,
)
from naftiko_runtime.plan.function import Constant, Function, Input, Unavailable
from naftiko_runtime.values import ABSENT, Json


def given(name: str = "v", **settings: Any) -> Input:
    defaults: dict[str, Any] = {"place": "query", "key": name, "shown": name}
    return Input(name, **{**defaults, **settings})


def function(*inputs: Input, closed: bool = True) -> Function:
    return Function("f", inputs, Constant(Fixed(Literal(1))), closed=closed)


def value_of(value: Json, **settings: Any) -> Json:
    return check((given(**settings),), {"v": value}).get("v", "ABSENT")


def fault(value: Json, **settings: Any) -> str:
    with pytest.raises(InvalidInput) as caught:
        check((given(**settings),), {"v": value})
    return caught.value.detail


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("integer", "7", 7),
        ("integer", "-7", -7),
        ("integer", "007", 7),
        ("integer", 7.0, 7),
        ("integer", 7, 7),
        ("number", "0.1", 0.1),
        ("number", "-1e2", -100.0),
        ("number", "5", 5),
        ("number", 5, 5),
        ("boolean", "TRUE", True),
        ("boolean", "false", False),
        ("boolean", True, True),
        ("string", 5, "5"),
        ("string", 5.0, "5"),
        ("string", True, "true"),
        ("string", "a,b", "a,b"),
        ("array", "a,b", ["a,b"]),
        ("array", ["1", "2"], ["1", "2"]),
        ("array", 5, [5]),
        ("object", '{"a":1}', {"a": 1}),
        ("object", {"a": 1}, {"a": 1}),
        (None, "7", "7"),
        (None, [1], [1]),
    ],
)
def test_a_textual_value_is_converted(kind: Any, value: Json, expected: Json) -> None:
    converted = value_of(value, type=kind, textual=True)
    assert (converted, type(converted)) == (expected, type(expected))


def test_elements_of_a_textual_array_are_converted() -> None:
    schema = {"type": "array", "items": {"type": "integer"}}
    assert value_of(["1", "2"], type="array", schema=schema, textual=True) == [1, 2]
    assert value_of("1", type="array", schema={"items": True}, textual=True) == ["1"]
    assert value_of("1", type="array", schema={"items": {"type": ["x"]}}, textual=True) == ["1"]


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        ("integer", "x", "must be an integer"),
        ("integer", "1.5", "must be an integer"),
        ("integer", "", "must be an integer"),
        ("integer", True, "must be an integer"),
        ("integer", "9" * 5000, "must be an integer"),
        ("number", "x", "must be a number"),
        ("number", "1e999", "must be a number"),
        ("number", "9" * 5000, "must be a number"),
        ("number", False, "must be a number"),
        ("boolean", "1", "must be true or false"),
        ("string", ["a"], "must be text"),
        ("object", "[1]", "must be an object"),
        ("object", "{bad", "must be an object"),
    ],
)
def test_a_textual_value_that_does_not_fit_is_refused(kind: Any, value: Json, message: str) -> None:
    assert fault(value, type=kind, textual=True) == f"v: {message}"


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("integer", [7, 7.0], ["7", 7.5, True]),
        ("number", [7, 7.5], ["7", False]),
        ("boolean", [True], ["true", 1]),
        ("string", ["7"], [7]),
        ("array", [[7]], [7, "7"]),
        ("object", [{}], ["{}", []]),
    ],
)
def test_json_types_must_match_elsewhere(kind: Any, good: list[Json], bad: list[Json]) -> None:
    for value in good:
        assert value_of(value, type=kind, place="member") == value
    for value in bad:
        fault(value, type=kind, place="member")


@pytest.mark.parametrize(
    ("settings", "good", "bad", "message"),
    [
        ({"enum": ("a", "b")}, ["a"], ["c", 1], "must be one of a, b"),
        ({"enum": (1, 2), "type": "integer", "textual": True}, ["1"], ["3"], "must be one of 1, 2"),
        ({"enum": (1, 2), "type": "string", "textual": True}, ["1"], ["3"], "must be one of 1, 2"),
        ({"enum": (True,)}, [True], [1], "must be one of true"),
        ({"pattern": "[a-z]+"}, ["abc", 5], ["abc1", "1abc", "abc\n"], "must match [a-z]+"),
        ({"minimum": 1.0}, [1, "a"], [0, 0.5], "must be at least 1"),
        ({"maximum": 9}, [9, True], [9.5], "must be at most 9"),
        ({"feeds_path": True}, ["a", 0, "..."], [""], "must not be empty"),
        ({"feeds_path": True}, [False], [".", ".."], "must not be . or .."),
        ({"feeds_path": True}, [], [[1], {}], "must be one value, not an object or array"),
        (
            {"feeds_header": True},
            ["a", ["a", 1], 5],
            ["a\nb", ["\r"], "\0"],
            "must not have line breaks or NUL",
        ),
    ],
)
def test_a_value_is_checked(
    settings: dict[str, Any], good: list[Json], bad: list[Json], message: str
) -> None:
    for value in good:
        value_of(value, **settings)
    for value in bad:
        assert fault(value, **settings) == f"v: {message}"


def test_a_deeper_schema_is_checked_with_its_place() -> None:
    schema = {"properties": {"a": {"items": {"type": "integer"}}}, "required": ["a"]}
    settings = {"type": "object", "schema": schema, "validator": Draft202012Validator(schema)}
    assert value_of({"a": [1]}, **settings) == {"a": [1]}
    assert fault({"a": [1, "x"]}, **settings) == "v: a[1]: 'x' is not of type 'integer'"
    assert fault({}, **settings) == "v: 'a' is a required property"


def test_a_default_takes_the_place_of_what_is_absent() -> None:
    for value in ({}, {"v": None}):
        assert check((given(default=5, required=True),), value) == {"v": 5}
    assert check((given(default=5),), {"v": 6}) == {"v": 6}


def test_null_is_absent_unless_it_is_a_value() -> None:
    assert check((given(),), {"v": None}) == {}
    assert check((given(nullable=True, required=True),), {"v": None}) == {"v": None}
    assert fault(None, required=True) == "v: is required"


def test_empty_text_is_a_value() -> None:
    assert check((given(required=True, textual=True),), {"v": ""}) == {"v": ""}


class Body:
    """A caller's body of which only what was parsed matters here."""

    def __init__(self, parsed: Any) -> None:
        self.parsed = parsed


def test_a_callers_body_is_taken_as_it_is() -> None:
    body = Body(ABSENT)
    assert check((given(type="object", raw=True, required=True),), {"v": body}) == {"v": body}


def test_what_was_parsed_of_a_callers_body_is_checked() -> None:
    inputs = (given(type="object", raw=True),)
    body = Body({"a": 1})
    assert check(inputs, {"v": body}) == {"v": body}
    with pytest.raises(InvalidInput, match="must be an object"):
        check(inputs, {"v": Body([1])})


def test_all_faults_are_told_in_the_order_of_inputs() -> None:
    inputs = (
        given("c", place="path", type="integer", textual=True),
        given("b", place="derived", required=True),
        given("a", place="member", required=True),
        given("fine"),
    )
    with pytest.raises(InvalidInput) as caught:
        check(inputs, {"c": "x", "fine": 1})
    assert caught.value.detail == "c: must be an integer; b: is required; a: is required"
    assert [fault["in"] for fault in caught.value.faults] == ["path", "query", "body"]


def test_what_is_no_input_stays_behind() -> None:
    assert check((given(),), {"v": 1, "other": 2}) == {"v": 1}


NOTES = function(
    given("customer_id", key="customer-id", type="integer", required=True, textual=True),
    given("query", required=True),
    given("page[size]", shown="page_size", type="integer", textual=True),
    given("X-Trace", place="header"),
)  # fmt: skip


@pytest.mark.parametrize("name", ["page_size", "page[size]", "pageSize", "PAGE-SIZE", "pagesize"])
def test_an_argument_is_found_by_listed_written_or_spelled_name(name: str) -> None:
    arguments = {"customer-id": "7", "query": "a", name: 5}
    assert check_arguments(NOTES, arguments) == {"customer_id": 7, "query": "a", "page[size]": 5}


def test_an_unknown_argument_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InvalidInput) as caught:
        check_arguments(NOTES, {"customer_id": 7, "query": "a", "pageSize": 2, "limt": 1})
    assert caught.value.detail == ("limt: unknown; known: customer_id, query, page_size, X-Trace")


def test_an_unavailable_function_takes_anything_so_that_its_diagnostic_is_the_answer() -> None:
    diagnostic = Diagnostic("call/unknown-operation", "error", "unavailable", Place("f"), "m")
    broken = Function("f", (given("a", required=True),), Unavailable(diagnostic))
    assert check_arguments(broken, {"b": 1}) == {}


def test_unknown_arguments_come_before_the_faults_of_inputs() -> None:
    with pytest.raises(InvalidInput) as caught:
        check_arguments(NOTES, {"customer_id": "x", "limt": 1})
    assert [fault["name"] for fault in caught.value.faults] == ["limt", "customer_id", "query"]
    assert {fault["in"] for fault in caught.value.faults} == {"argument"}


def test_an_open_function_ignores_unknown_arguments() -> None:
    assert check_arguments(function(given(), closed=False), {"v": 1, "x": 2}) == {"v": 1}


def test_a_spelling_that_two_inputs_share_means_neither() -> None:
    two = function(given("page_size"), given("page[size]", shown="page_size_2"))
    assert check_arguments(two, {"page_size": 1, "page_size_2": 2}) == {
        "page_size": 1,
        "page[size]": 2,
    }
    with pytest.raises(InvalidInput, match="pageSize: unknown"):
        check_arguments(two, {"pageSize": 1})


def test_the_listed_name_of_one_input_wins_over_the_written_name_of_another() -> None:
    two = function(given("a", shown="b"), given("b", shown="c"))
    assert check_arguments(two, {"b": 1, "c": 2}) == {"a": 1, "b": 2}


def test_the_first_of_two_names_of_one_input_counts() -> None:
    arguments = {"query": "q", "customer_id": 1, "page_size": 1, "page[size]": 2}
    assert check_arguments(NOTES, arguments)["page[size]"] == 1


VARIABLE = Variable("V", (Environment("E"),))
CONSTANT = given("c", constant=Template(("n", FromInput("n"))), required=True)
SECRET = given("s", constant=FromVariable(VARIABLE))
FROM_ENVIRONMENT = given("e", place="environment", key="E", type="integer", textual=True)


def test_constants_and_environment_inputs_are_no_callers_business() -> None:
    inputs = (CONSTANT, FROM_ENVIRONMENT, given("n"))
    assert check(inputs, {"n": 1, "c": "theirs", "e": 5}) == {"n": 1}
    assert check_arguments(function(*inputs), {"n": 1, "c": "theirs", "E": 5}) == {"n": 1}


def test_constants_and_environment_inputs_are_settled_before_a_run() -> None:
    inputs = (CONSTANT, SECRET, FROM_ENVIRONMENT, given("n"))
    values = settled(inputs, {"n": 1}, Variables({"E": "7"}))
    assert values == {"n": 1, "c": "n1", "s": "7", "e": 7}


def test_inputs_without_constants_are_passed_on_untouched() -> None:
    values = {"n": 1}
    assert settled((given("n"),), values, Variables({})) is values


def test_an_absent_constant_has_no_entry() -> None:
    optional = given("c", constant=Template(("n", FromInput("n"))))
    assert settled((optional, FROM_ENVIRONMENT), {}, Variables({})) == {}


@pytest.mark.parametrize(
    ("environ", "message"), [({}, "E: is required"), ({"E": "x"}, "E: must be an integer")]
)
def test_an_environment_input_that_is_wrong_is_a_configuration_problem(
    environ: dict[str, str], message: str
) -> None:
    each = given("e", place="environment", key="E", type="integer", textual=True, required=True)
    with pytest.raises(Misconfigured) as caught:
        settled((each,), {}, Variables(environ))
    assert (caught.value.detail, caught.value.variables) == (message, ("E",))


def test_a_literal_constant_is_converted_like_a_value() -> None:
    each = given("c", constant=Literal("5"), type="integer", textual=True)
    assert settled((each,), {}, Variables({})) == {"c": 5}


def test_tables_are_made_anew_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("naftiko_runtime.engine.inputs._MOST_TABLES", 1)
    for number in range(3):
        assert check((given(default=number),), {}) == {"v": number}


class Traced(dict[str, Json]):
    """A value whose end can be seen."""


def test_what_was_made_for_inputs_goes_when_it_is_forgotten() -> None:
    inputs = (given(default=Traced()),)
    assert check(inputs, {}) == {"v": {}}
    kept = weakref.ref(inputs[0].default)
    del inputs
    gc.collect()
    assert kept() is not None, "nothing is remembered, so this test sees nothing"
    forget()
    gc.collect()
    assert kept() is None
