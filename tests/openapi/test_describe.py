"""REST-16, orchestration.md 7.10 to 7.12: exposures as OpenAPI."""

from typing import Any, Literal

import pytest
from openapi_spec_validator import OpenAPIV30SpecValidator, OpenAPIV31SpecValidator

from naftiko_runtime.errors import Diagnostic, Place
from naftiko_runtime.expressions.path import Path
from naftiko_runtime.expressions.reference import FromVariable, Variable
from naftiko_runtime.expressions.reference import Literal as Constant
from naftiko_runtime.openapi.describe import Info, describe, info_of
from naftiko_runtime.plan.capability import Capability
from naftiko_runtime.plan.exposure import (
    Address,
    InboundBearer,
    InboundOAuth2,
    RestExposure,
    Route,
    RouteHole,
    Segment,
)
from naftiko_runtime.plan.function import Forward, Function, Input, Unavailable
from naftiko_runtime.plan.upstream import Upstream

DIAGNOSTIC = Diagnostic("call/unknown-operation", "error", "unavailable", Place("a.yml"), "no such")
PROBLEM = {"$ref": "#/components/responses/Problem"}


def valid(exposures: list[RestExposure], info: Info | None = None, **members: Any) -> Any:
    """Return a description that its validator accepts."""
    version: Literal["3.1", "3.0"] = members.get("version", "3.1")
    document = describe(exposures, info or Info(), **members)
    validator = OpenAPIV31SpecValidator if version == "3.1" else OpenAPIV30SpecValidator
    assert [error.message for error in validator(document).iter_errors()] == []
    return document


def function(*inputs: Input, **members: Any) -> Function:
    action = members.pop("action", Unavailable(DIAGNOSTIC))
    return Function(members.pop("name", "op"), inputs, action, **members)


def read(name: str, place: Any, kind: Any = None, **members: Any) -> Input:
    schema = {"type": kind} if kind else {}
    schema |= members.pop("schema", {})
    return Input(name, place, members.pop("key", name), name, kind, schema=schema, **members)


def route(method: str, *segments: Segment, **members: Any) -> Route:
    made = members.pop("function", None) or function()
    return Route(method, segments, "/", made, Place("a.yml"), **members)


ID: Segment = (RouteHole("order-id"),)
ORDERS: Segment = ("orders",)


def exposed(*routes: Route, **members: Any) -> RestExposure:
    return RestExposure(members.pop("namespace", "shop-rest"), Address(None, 1), routes, **members)


def operation(*routes: Route, path: str, method: str, **members: Any) -> Any:
    return valid([exposed(*routes)], **members)["paths"][path][method]


def test_the_frame_of_a_document() -> None:
    document = valid([exposed()], Info("Shop", "Orders", "2.1.0"))
    components = document.pop("components")
    assert document == {
        "openapi": "3.1.0",
        "info": {"title": "Shop", "description": "Orders", "version": "2.1.0"},
        "servers": [{"url": "/"}],
        "paths": {},
    }
    assert components["responses"]["Problem"]["content"]["application/problem+json"] == {
        "schema": {"$ref": "#/components/schemas/Problem"}
    }


def capability(file: str, **members: Any) -> Capability:
    given: dict[str, Any] = {"label": None, "description": None, "version": None, **members}
    return Capability(
        file=file,
        family="naftiko",
        spec_version="1.0.0-alpha2",
        upstreams=(),
        operations=(),
        functions={},
        exposures=(),
        **given,
    )


def test_info_is_the_one_documents_own_and_several_are_called_naftiko() -> None:
    shop = capability("a.yml", label="Shop", description="d", version="2.1.0")
    bare = capability("b.yml")
    assert info_of([shop, shop]) == Info("Shop", "d", "2.1.0")
    assert info_of([bare]) == Info("naftiko", None, "unspecified")
    assert info_of([shop, bare]) == info_of([None]) == Info("naftiko", None, "unspecified")


def test_servers_are_what_the_export_says() -> None:
    document = valid([exposed()], servers=["http://localhost:8080"])
    assert document["servers"] == [{"url": "http://localhost:8080"}]


@pytest.mark.parametrize(
    ("made", "path"),
    [
        (route("GET"), "/"),
        (route("GET", ORDERS), "/orders"),
        (route("GET", ORDERS, trailing_slash=True), "/orders/"),
        (route("GET", ORDERS, ID), "/orders/{order-id}"),
        (route("GET", (RouteHole("id"), ".json")), "/{id}.json"),
        (route("GET", ("geo:", RouteHole("lat"), ";", RouteHole("lng"))), "/geo:{lat};{lng}"),
        (route("GET", (RouteHole("path", rest=True),)), "/{path}"),
    ],
)
def test_templates_become_paths(made: Route, path: str) -> None:
    assert list(valid([exposed(made)])["paths"]) == [path]


def test_paths_of_one_shape_share_the_first_names() -> None:
    reads = function(read("name", "path", "string"))
    other = route("DELETE", ORDERS, (RouteHole("name"),), function=reads)
    document = valid([exposed(route("GET", ORDERS, ID), other)])
    assert list(document["paths"]) == ["/orders/{order-id}"]
    assert document["paths"]["/orders/{order-id}"]["delete"]["parameters"] == [
        {"name": "order-id", "in": "path", "required": True, "schema": {"type": "string"}}
    ]


def test_of_equal_operations_the_first_is_described() -> None:
    first = route("GET", ORDERS, function=function(name="a"), wanted=("x",))
    second = route("GET", ORDERS, function=function(name="b"), wanted=("y",))
    paths = valid([exposed(first), exposed(second, namespace="b")])["paths"]
    assert {path: list(item) for path, item in paths.items()} == {"/orders": ["get"]}
    assert paths["/orders"]["get"]["operationId"] == "a"


def test_query_conditions_are_required_parameters() -> None:
    attach = route("POST", ORDERS, conditions=(("action", "attach"), ("force", None)))
    detach = route("POST", ORDERS, conditions=(("action", "detach"),))
    paths = valid([exposed(attach, detach)])["paths"]
    assert list(paths) == ["/orders", "/orders?action=detach"]
    assert paths["/orders"]["post"]["parameters"] == [
        {
            "name": "action",
            "in": "query",
            "required": True,
            "schema": {"type": "string", "const": "attach"},
        },
        {"name": "force", "in": "query", "required": True, "schema": {"type": "string"}},
    ]


def test_operation_ids_are_unique_and_words_come_from_the_route() -> None:
    routes = [
        route(method, ORDERS, operation_id="x", summary="S", description="D", tags=("t",))
        for method in ("GET", "POST", "PUT")
    ]
    item = valid([exposed(*routes)])["paths"]["/orders"]
    assert [item[method]["operationId"] for method in ("get", "post", "put")] == ["x", "x-2", "x-3"]
    got = item["get"]
    assert (got["summary"], got["description"], got["tags"]) == ("S", "D", ["t"])


INPUTS = (
    read("order-id", "path", "integer", description="Order id"),
    read("q", "query", "string", required=True, schema={"description": "inner", "minLength": 2}),
    read("X-A", "header"),
    read("c", "cookie", "string"),
    read("Accept", "header"),
    read("Authorization", "header"),
    read("fixed", "query", constant=Constant(1)),
    read("secret", "query", constant=FromVariable(Variable("V", ()))),
    read("ENV", "environment"),
)


def test_inputs_of_every_place_are_parameters() -> None:
    made = route("GET", ORDERS, ID, function=function(*INPUTS))
    assert operation(made, path="/orders/{order-id}", method="get")["parameters"] == [
        {
            "name": "order-id",
            "in": "path",
            "required": True,
            "description": "Order id",
            "schema": {"type": "integer"},
        },
        {
            "name": "q",
            "in": "query",
            "required": True,
            "schema": {"type": "string", "minLength": 2},
        },
        {"name": "X-A", "in": "header", "schema": {}},
        {"name": "c", "in": "cookie", "schema": {"type": "string"}},
    ]


DERIVED = (
    read("a", "derived", "string", textual=True),
    read("X-B", "derived", "string", textual=True, feeds_header=True),
    read("c", "derived", "integer", required=True, description="C"),
)


def test_derived_inputs_stand_where_they_are_first_looked_for() -> None:
    got = operation(route("GET", ORDERS, function=function(*DERIVED)), path="/orders", method="get")
    assert [(each["name"], each["in"]) for each in got["parameters"]] == [
        ("a", "query"),
        ("X-B", "header"),
        ("c", "query"),
    ]
    assert "requestBody" not in got
    post = operation(
        route("POST", ORDERS, function=function(*DERIVED)), path="/orders", method="post"
    )
    assert [each["name"] for each in post["parameters"]] == ["a", "X-B"]
    assert post["requestBody"] == {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {"c": {"type": "integer", "description": "C"}},
                    "required": ["c"],
                }
            }
        },
    }


def body_of(*inputs: Input, method: str = "POST") -> Any:
    made = route(method, ORDERS, function=function(*inputs))
    return operation(made, path="/orders", method=method.lower()).get("requestBody")


def test_bodies_are_relayed_or_have_members() -> None:
    assert body_of() is None
    assert body_of(read("body", "body", raw=True)) == {"content": {"*/*": {}}}
    assert body_of(read("body", "body", raw=True), method="GET") is None
    whole = read("body", "body", "array", raw=True, json=True, required=True, description="All")
    assert body_of(whole) == {
        "content": {"application/json": {"schema": {"type": "array"}}},
        "description": "All",
        "required": True,
    }
    nested = read("first", "member", "string", path=Path.parse("$.data.first"), required=True)
    indexed = read("second", "member", path=Path.parse("$.rows[0]"))
    assert body_of(nested, indexed) == {
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "data": {"type": "object", "properties": {"first": {"type": "string"}}},
                        "second": {},
                    },
                }
            }
        }
    }


@pytest.mark.parametrize(
    ("members", "made", "expected"),
    [
        (
            {},
            {},
            {
                "2XX": {
                    "description": "The answer of the upstream",
                    "content": {"application/json": {}, "*/*": {}},
                },
                "204": {"description": "The upstream has nothing to say"},
            },
        ),
        (
            {},
            {"media_type": "image/png"},
            {
                "2XX": {
                    "description": "The answer of the upstream",
                    "content": {"image/png": {}},
                },
                "204": {"description": "The upstream has nothing to say"},
            },
        ),
        (
            {"output_schema": {"type": ["object", "null"], "properties": {"a": {"type": "wrong"}}}},
            {},
            {
                "200": {
                    "description": "The outputs",
                    "content": {
                        "application/json": {
                            "schema": {"type": ["object", "null"], "properties": {"a": {}}}
                        }
                    },
                }
            },
        ),
        (
            {},
            {
                "responses": {
                    "200": {"description": "A photo", "content": {"image/png": {"binary": True}}},
                    "404": {"content": {"a/b": {"schema": {"type": "string"}}, "c/d": None}},
                }
            },
            {
                "200": {
                    "description": "A photo",
                    "content": {"image/png": {"schema": {"type": "string", "format": "binary"}}},
                },
                "404": {
                    "description": "As declared",
                    "content": {"a/b": {"schema": {"type": "string"}}, "c/d": {}},
                },
            },
        ),
    ],
)
def test_responses_come_from_outputs_or_are_declared(
    members: Any, made: Any, expected: Any
) -> None:
    got = operation(
        route("GET", ORDERS, function=function(**members), **made), path="/orders", method="get"
    )
    assert got["responses"] == {"default": PROBLEM, **expected}


def test_an_unavailable_operation_says_why_without_a_path_of_the_machine() -> None:
    got = operation(route("GET", ORDERS), path="/orders", method="get")
    assert got["x-naftiko-unavailable"] == "call/unknown-operation: no such"


def test_a_forward_is_one_path_without_operations() -> None:
    upstream = Upstream("k", "crm-api", None, ("http://up.test",), None)
    action = Forward(upstream, (), (), (), "path", credentials=False)
    passed = route("*", ("crm",), (RouteHole("path", rest=True),), function=function(action=action))
    beside = route("GET", ("crm",), (RouteHole("path", rest=True),))
    item = valid([exposed(beside, passed)])["paths"]["/crm/{path}"]
    assert item["x-naftiko-forward"] == "crm-api"
    assert item["parameters"][0]["name"] == "path"
    assert "get" in item


def test_security_is_the_adapters_own() -> None:
    bearer = exposed(
        route("GET", ORDERS),
        namespace="shop rest",
        authentication=InboundBearer(Constant("t")),
        security={"type": "http", "scheme": "bearer"},
    )
    oauth = exposed(
        route("GET", ("b",)),
        namespace="b",
        authentication=InboundOAuth2(Constant("https://as"), None, None, ("read",)),
        security={"type": "openIdConnect", "openIdConnectUrl": "https://as/.well-known/x"},
    )
    document = valid([bearer, oauth, exposed(route("GET", ("c",)), namespace="c")])
    assert document["components"]["securitySchemes"] == {
        "shop-rest": {"type": "http", "scheme": "bearer"},
        "b": {"type": "openIdConnect", "openIdConnectUrl": "https://as/.well-known/x"},
    }
    used = {path: item["get"].get("security") for path, item in document["paths"].items()}
    assert used == {"/orders": [{"shop-rest": []}], "/b": [{"b": ["read"]}], "/c": None}


def test_schemas_of_documents_are_made_valid() -> None:
    messy = {
        "type": "array",
        "items": {"type": "decimal", "name": "x", "minLength": -1, "maximum": True, "enum": []},
        "default": "not an array",
        "properties": {"a": "no schema"},
        "required": ["a", "a"],
        "additionalProperties": {"type": "string"},
        "oneOf": [{"type": "string"}],
        "pattern": 7,
        "enum": (["a"],),
        "example": ["a"],
    }
    made = route("GET", ORDERS, function=function(read("q", "query", schema=messy)))
    got = operation(made, path="/orders", method="get")
    assert got["parameters"][0]["schema"] == {
        "type": "array",
        "items": {},
        "properties": {"a": {}},
        "required": ["a"],
        "additionalProperties": {"type": "string"},
        "oneOf": [{"type": "string"}],
        "enum": [["a"]],
        "example": ["a"],
    }


def test_a_default_has_the_type_or_is_left_out() -> None:
    cases = [("boolean", True, True), ("integer", True, False), ("number", 1, True)]
    cases += [("null", None, True), ("boolean", 0, False)]
    for kind, default, kept in cases:
        schema = {"default": default, "additionalProperties": False}
        made = route("GET", ORDERS, function=function(read("q", "query", kind, schema=schema)))
        (parameter,) = operation(made, path="/orders", method="get")["parameters"]
        assert ("default" in parameter["schema"]) is kept
        assert parameter["schema"]["additionalProperties"] is False


def test_3_0_says_nullable_and_enum_and_leaves_names_and_values_alone() -> None:
    properties = {
        "type": {"type": ["string", "null"]},
        "const": {"type": "integer", "default": 1},
        "both": {"type": ["string", "integer"]},
        "nothing": {"type": ["null"]},
        "list": {"type": "array"},
        "default": {"type": "object", "default": {"type": ["a", "b"]}},
    }
    outputs = {"type": ["object", "null"], "properties": properties}
    made = route("GET", ORDERS, function=function(output_schema=outputs), conditions=(("a", "b"),))
    document = valid([exposed(made)], version="3.0")
    assert document["openapi"] == "3.0.3"
    got = document["paths"]["/orders"]["get"]
    assert got["parameters"][0]["schema"] == {"type": "string", "enum": ["b"]}
    assert got["responses"]["200"]["content"]["application/json"]["schema"] == {
        "type": "object",
        "nullable": True,
        "properties": {
            "type": {"type": "string", "nullable": True},
            "const": {"type": "integer", "default": 1},
            "both": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
            "nothing": {"nullable": True},
            "list": {"type": "array", "items": {}},
            "default": {"type": "object", "default": {"type": ["a", "b"]}},
        },
    }
