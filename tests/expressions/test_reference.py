"""language.md 3.4, 3.5, 3.7, 5.3: what expressions evaluate to."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from naftiko_runtime.errors import Misconfigured
from naftiko_runtime.expressions.path import Path
from naftiko_runtime.expressions.reference import (
    MISSING,
    Either,
    Environment,
    FromInput,
    FromStep,
    FromVariable,
    ListOf,
    Literal,
    Member,
    ObjectOf,
    StoredArray,
    StoredObject,
    Template,
    Variable,
)
from naftiko_runtime.values import ABSENT, Json


@dataclass(frozen=True)
class Scope:
    inputs: Mapping[str, Json] = field(default_factory=dict)
    steps: Mapping[str, Json] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)

    def variable(self, variable: Variable) -> str:
        if variable.name not in self.variables:
            raise Misconfigured(f"{variable.name} has no value", [variable.name])
        return self.variables[variable.name]


TOKEN = Variable("TOKEN", (Environment("TOKEN"),))
SCOPE = Scope(
    inputs={"n": 5, "list": [1, "a"], "o": {"k": [5]}, "t": "Zoë", "yes": True, "x": 0.1},
    steps={"ship": {"imo": "7"}},
    variables={"TOKEN": "t1"},
)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        (Literal({"a": [1]}), {"a": [1]}),
        (FromInput("n"), 5),
        (FromInput("o", Path.parse("k.0")), 5),
        (FromInput("o", Path.parse("k.1")), ABSENT),
        (FromInput("none"), ABSENT),
        (FromInput("none", Path.parse("k")), ABSENT),
        (FromStep("ship"), {"imo": "7"}),
        (FromStep("ship", Path.parse("imo")), "7"),
        (FromStep("none"), ABSENT),
        (FromStep("none", Path.parse("imo")), ABSENT),
        (FromVariable(TOKEN), "t1"),
        (Member(FromInput("o"), Path.parse("$.k")), [5]),
        (Member(FromInput("none"), Path.parse("$.k")), ABSENT),
        (MISSING, ABSENT),
        (Either((FromInput("none"), FromInput("n"), FromInput("t"))), 5),
        (Either((FromInput("none"),)), ABSENT),
        (Either(()), ABSENT),
    ],
)
def test_a_reference_has_a_value_of_its_type_or_is_absent(expression: Json, value: Json) -> None:
    assert expression.evaluate(SCOPE) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("n", "5"),
        ("list", '[1,"a"]'),
        ("o", '{"k":[5]}'),
        ("t", "Zoë"),
        ("yes", "true"),
        ("x", "0.1"),
    ],
)
def test_an_embedded_value_becomes_text(name: str, text: str) -> None:
    assert Template(("n=", FromInput(name), ";")).evaluate(SCOPE) == f"n={text};"


def test_a_template_with_an_absent_hole_is_absent() -> None:
    assert Template((FromInput("n"), "-", FromInput("none"))).evaluate(SCOPE) is ABSENT
    assert Template(()).evaluate(SCOPE) == ""


def test_a_value_that_looks_like_a_template_is_not_read_again() -> None:
    scope = Scope(inputs={"n": "{{t}}", "t": "no"})
    assert Template(("a", FromInput("n"))).evaluate(scope) == "a{{t}}"


def test_absent_members_and_elements_are_dropped_and_nulls_stay() -> None:
    members = ObjectOf((("a", FromInput("none")), ("b", Literal(None)), ("c", FromInput("n"))))
    assert members.evaluate(SCOPE) == {"b": None, "c": 5}
    assert ObjectOf((("a", FromInput("none")),)).evaluate(SCOPE) == {}
    elements = ListOf((FromInput("none"), Literal(None), members))
    assert elements.evaluate(SCOPE) == [None, {"b": None, "c": 5}]


def test_members_keep_their_written_order() -> None:
    members = ObjectOf((("z", Literal(1)), ("a", FromInput("n")), ("m", Literal(2))))
    assert list(members.evaluate(SCOPE)) == ["z", "a", "m"]


def test_a_variable_without_a_value_stops_the_evaluation() -> None:
    expression = ObjectOf((("a", Template(("x", FromVariable(TOKEN)))),))
    with pytest.raises(Misconfigured) as raised:
        expression.evaluate(Scope())
    assert raised.value.variables == ("TOKEN",)


def test_a_step_with_outputs_shows_them_first_and_its_answer_behind_them() -> None:
    stored = StoredObject({"id": "out"}, {"id": "raw", "name": "A"})
    scope = Scope(steps={"s": stored})
    assert FromStep("s", Path.parse("id")).evaluate(scope) == "out"
    assert FromStep("s", Path.parse("name")).evaluate(scope) == "A"
    assert FromStep("s", Path.parse("none")).evaluate(scope) is ABSENT
    assert FromStep("s").evaluate(scope) == {"id": "out"}


def test_a_step_with_an_array_shows_its_elements_first_and_its_outputs_behind_them() -> None:
    scope = Scope(steps={"s": StoredArray([{"id": 1}], {"total": 9})})
    assert FromStep("s", Path.parse("0.id")).evaluate(scope) == 1
    assert FromStep("s", Path.parse("total")).evaluate(scope) == 9
