"""Models know their keys, their places, and no behaviour."""

import pytest
from pydantic import ValidationError

from naftiko_runtime.dialect.shape import CHILDREN
from naftiko_runtime.errors import Place
from naftiko_runtime.spec.consumes import Body, Output, Parameter
from naftiko_runtime.spec.document import Document
from naftiko_runtime.spec.kinds import MODELS, known_keys
from naftiko_runtime.spec.model import BROKEN_KEY, ORIGIN_KEY, PLACE_KEY, VALUES_KEY, Places
from naftiko_runtime.tree import Items, Node, Scalar

PLACE = Place("a.yml", 3, 5, "/a")


def node(**members: object) -> Node:
    marks = dict.fromkeys(members, (4, 1, 4, 10))
    return Node(members, place=PLACE, marks=marks)


def test_every_kind_of_the_shape_has_a_model() -> None:
    kinds = {child.kind for children in CHILDREN.values() for child in children.values()}
    assert (kinds | CHILDREN.keys()) - MODELS.keys() == {"adapter"}


@pytest.mark.parametrize("kind", CHILDREN)
def test_every_child_of_the_shape_is_a_key_of_the_model(kind: str) -> None:
    assert set(CHILDREN[kind]) <= set(known_keys(kind))


@pytest.mark.parametrize("kind", MODELS)
def test_a_model_shows_people_only_keys_that_documents_write(kind: str) -> None:
    hidden = {PLACE_KEY, VALUES_KEY, BROKEN_KEY, ORIGIN_KEY}
    assert {"label", "description"} <= set(known_keys(kind))
    assert hidden.isdisjoint(known_keys(kind))
    assert known_keys("nothing") == known_keys(None) == ()


def test_a_part_knows_where_it_and_its_values_stand() -> None:
    parameter = Parameter.model_validate(node(name="a", value=Scalar(None, "~")))
    assert parameter.place == PLACE
    assert parameter.at("name") == Place("a.yml", 4, 10, "/a/name")
    assert parameter.at("type") == PLACE
    assert parameter.has("value")
    assert not parameter.has("type")
    assert dict(parameter.values) == {
        "name": Place("a.yml", 4, 10, "/a/name"),
        "value": Place("a.yml", 4, 10, "/a/value"),
    }
    assert len(Places(node(a=1))) == 1


def test_equality_and_dumps_leave_the_place_out() -> None:
    here, there = node(type="text", data="x"), Node({"type": "text", "data": "x"}, place=Place("b"))
    assert Body.model_validate(here).model_dump() == Body.model_validate(there).model_dump()


def test_a_model_is_frozen_and_strict() -> None:
    body = Body.model_validate({"type": "json", "data": 1})
    with pytest.raises(ValidationError):
        body.type = "text"  # type: ignore[misc]
    with pytest.raises(ValidationError):
        Body.model_validate({"typ": "json"})
    with pytest.raises(ValidationError):
        Parameter.model_validate({"name": "a", "required": 1})
    with pytest.raises(ValidationError):
        Parameter.model_validate({"name": "a", "minimum": True})
    assert Parameter.model_validate({"name": "a", "minimum": 1}).minimum == 1


def test_items_are_one_output_or_a_list_of_them() -> None:
    one = Output.model_validate(node(items=node(type="string")))
    several = Output.model_validate(
        node(items=Items([node(name="a"), node(name="b")], place=PLACE))
    )
    assert isinstance(one.items, Output)
    assert isinstance(several.items, list)
    assert [item.name for item in several.items] == ["a", "b"]


def test_the_schema_of_the_models_can_be_printed() -> None:
    schema = Document.model_json_schema()
    assert {"info", "binds", "consumes", "aggregates", "exposes"} <= set(schema["properties"])
