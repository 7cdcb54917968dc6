"""REST-5, REST-15, AUTH-1, AUTH-2: methods, CORS, and what an unknown path gets."""

from typing import Any

import pytest

from naftiko_runtime.adapters.guards import ListenerRules
from naftiko_runtime.expressions.reference import Literal
from naftiko_runtime.plan.exposure import (
    Address,
    CorsPolicy,
    InboundBearer,
    McpExposure,
    RestExposure,
)

pytestmark = pytest.mark.anyio
APP = "https://app.example"
TOKEN = {"authorization": "Bearer s3cret"}


def exposure(plans: Any, path: str = "/v1/orders", **members: Any) -> RestExposure:
    routes = (plans.route("GET", path, plans.call()), plans.route("POST", path, plans.call()))
    return RestExposure(members.pop("namespace", "a"), Address(None, 8080), routes, **members)


async def test_a_wrong_method_is_405_with_all_methods(plans: Any, serve: Any) -> None:
    async with serve(exposure(plans)) as client:
        response = await client.put("/v1/orders", headers={"x-request-id": "r"})
    assert response.headers["allow"] == "GET, HEAD, OPTIONS, POST"
    assert response.json() == {
        "type": "urn:naftiko:problem:method-not-allowed",
        "title": "Method not allowed",
        "status": 405,
        "detail": "PUT is not served here; allowed: GET, HEAD, OPTIONS, POST",
        "instance": "/v1/orders",
        "requestId": "r",
    }


async def test_an_unknown_path_is_404_without_its_query(plans: Any, serve: Any) -> None:
    async with serve(exposure(plans)) as client:
        response = await client.get("/v1/or%20ders?token=t")
    assert response.status_code == 404
    assert response.json()["instance"] == "/v1/or%20ders"
    assert "token" not in response.text


async def test_options_answers_204_without_running_or_authentication(
    plans: Any, serve: Any, upstream: Any
) -> None:
    bearer = InboundBearer(Literal("s3cret"))
    async with serve(exposure(plans, authentication=bearer)) as client:
        response = await client.options("/v1/orders")
        unknown = await client.options("/nowhere")
    assert (response.status_code, response.headers["allow"]) == (204, "GET, HEAD, OPTIONS, POST")
    assert (unknown.status_code, upstream.requests) == (404, [])
    assert "access-control-allow-origin" not in response.headers


PREFLIGHT = {"origin": APP, "access-control-request-method": "POST"}
ALLOWED = "Content-Type, Authorization, Accept, If-None-Match, X-Request-Id"
EXPOSED = "X-Request-Id, X-Upstream-Status, ETag, Link, Location, Retry-After, Content-Disposition"


def cors_headers(response: Any) -> dict[str, str]:
    return {
        name: value
        for name, value in response.headers.items()
        if name.startswith("access-control") or name == "vary"
    }


async def test_a_preflight_of_an_allowed_origin_says_what_is_allowed(
    plans: Any, serve: Any
) -> None:
    policy = CorsPolicy((APP,), headers=("X-Tenant",))
    rules = ListenerRules(loopback=False, origins=(APP,))
    async with serve(exposure(plans, cors=policy), rules=rules) as client:
        response = await client.options("/v1/orders", headers=PREFLIGHT)
    assert response.status_code == 204
    assert cors_headers(response) == {
        "access-control-allow-origin": APP,
        "access-control-allow-methods": "GET, HEAD, OPTIONS, POST",
        "access-control-allow-headers": f"{ALLOWED}, X-Tenant",
        "access-control-max-age": "600",
        "vary": "Origin",
    }


async def test_actual_answers_and_problems_carry_cors_headers(plans: Any, serve: Any) -> None:
    bearer = InboundBearer(Literal("s3cret"))
    policy = CorsPolicy((APP,), credentials=True)
    rules = ListenerRules(loopback=False, origins=(APP,))
    served = exposure(plans, cors=policy, authentication=bearer)
    async with serve(served, rules=rules) as client:
        responses = [
            await client.request(method, path, headers={"origin": APP, **headers})
            for method, path, headers in (
                ("GET", "/v1/orders", TOKEN),
                ("GET", "/v1/orders", {}),
                ("PUT", "/v1/orders", TOKEN),
                ("GET", "/nowhere", TOKEN),
            )
        ]
    assert [each.status_code for each in responses] == [200, 401, 405, 404]
    for response in responses:
        assert cors_headers(response) == {
            "access-control-allow-origin": APP,
            "access-control-expose-headers": EXPOSED,
            "access-control-allow-credentials": "true",
            "vary": "Origin",
        }


async def test_a_preflight_of_another_origin_is_403(plans: Any, serve: Any, upstream: Any) -> None:
    rules = ListenerRules(loopback=False, origins=(APP,))
    async with serve(exposure(plans, cors=CorsPolicy((APP,))), rules=rules) as client:
        headers = {**PREFLIGHT, "origin": "https://evil.example"}
        response = await client.options("/v1/orders", headers=headers)
    assert (response.status_code, cors_headers(response)) == (403, {})


async def test_the_option_adds_origins_to_every_adapter(plans: Any, serve: Any) -> None:
    rules = ListenerRules(loopback=False, origins=("*",))
    async with serve(exposure(plans), rules=rules, cors_origins=("*",)) as client:
        response = await client.get("/v1/orders", headers={"origin": APP})
    assert response.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in response.headers


async def test_credentials_forbid_every_origin(plans: Any, serve: Any) -> None:
    policy = CorsPolicy(("*",), credentials=True)
    rules = ListenerRules(loopback=False, origins=("*",))
    async with serve(exposure(plans, cors=policy), rules=rules) as client:
        response = await client.get("/v1/orders", headers={"origin": APP})
    assert "access-control-allow-origin" not in response.headers


async def test_authentication_comes_before_routing(plans: Any, serve: Any) -> None:
    bearer = InboundBearer(Literal("s3cret"))
    async with serve(exposure(plans, authentication=bearer)) as client:
        statuses = [
            (await client.request(method, path, headers=headers)).status_code
            for headers in ({}, TOKEN)
            for method, path in (("GET", "/v1/orders"), ("PUT", "/v1/orders"), ("GET", "/no"))
        ]
    assert statuses == [401, 401, 401, 200, 405, 404]


async def test_an_unknown_path_is_404_when_some_adapter_is_open(plans: Any, serve: Any) -> None:
    bearer = InboundBearer(Literal("s3cret"))
    closed = exposure(plans, authentication=bearer)
    opened = exposure(plans, path="/open", namespace="b")
    async with serve(closed, opened) as client:
        statuses = [(await client.get(path)).status_code for path in ("/no", "/open", "/v1/orders")]
    assert statuses == [404, 200, 401]


async def test_accepted_credentials_are_no_input_and_never_go_upstream(
    plans: Any, serve: Any, upstream: Any
) -> None:
    inputs = (plans.input("Authorization", "header", "string"),)
    function = plans.call(inputs=inputs, query=("Authorization",))
    route = plans.route("GET", "/x", function)
    closed = RestExposure(
        "a", Address(None, 1), (route,), authentication=InboundBearer(Literal("s3cret"))
    )
    async with serve(closed) as client:
        await client.get("/x", headers=TOKEN)
    assert upstream.requests == [("GET", "/v2/things", b"")]
    assert "authorization" not in upstream.headers[0]


async def test_equal_routes_of_two_adapters_stay_behind_their_own_gates(
    plans: Any, serve: Any, upstream: Any
) -> None:
    """The second would fit the request better, but the first adapter's gate was passed."""
    lane = plans.input("lane", "query")
    first = plans.route("GET", "/x", plans.call("a", path=("/a",)), wanted=("day",))
    second = plans.route(
        "GET", "/x", plans.call("b", path=("/b",), inputs=(lane,)), wanted=("lane",)
    )
    closed = RestExposure(
        "b", Address(None, 1), (second,), authentication=InboundBearer(Literal("s3cret"))
    )
    async with serve(RestExposure("a", Address(None, 1), (first,)), closed) as client:
        await client.get("/x?lane=1")
    assert upstream.requests == [("GET", "/v2/a", b"")]


async def test_every_answer_has_the_request_id_and_no_server(plans: Any, serve: Any) -> None:
    async with serve(exposure(plans)) as client:
        responses = [
            await client.get(path, headers={"x-request-id": wanted})
            for path in ("/v1/orders", "/no")
            for wanted in ("A.b_c-9", "bad id", "x" * 129, "")
        ]
    ids = [each.headers["x-request-id"] for each in responses]
    assert [ids[0], ids[4]] == ["A.b_c-9", "A.b_c-9"]
    made = [each for each in ids if each != "A.b_c-9"]
    assert len(set(made)) == 6
    assert all(len(each) == 32 and int(each, 16) >= 0 for each in made)
    assert not any("server" in each.headers for each in responses)


def mcp(**members: Any) -> McpExposure:
    return McpExposure("m", Address(None, 8080), (), **members)


@pytest.mark.parametrize(
    ("authentication", "expected"), [(None, 404), (InboundBearer(Literal("s3cret")), 401)]
)
async def test_a_listener_without_rest_has_no_docs_and_challenges_when_nothing_is_open(
    serve: Any, authentication: Any, expected: int
) -> None:
    async with serve(mcp(authentication=authentication)) as client:
        statuses = [(await client.get(path)).status_code for path in ("/docs", "/x")]
        admitted = await client.get("/docs", headers=TOKEN)
    assert (statuses, admitted.status_code) == ([expected, expected], 404)


async def test_an_open_adapter_of_another_kind_makes_unknown_paths_404(
    plans: Any, serve: Any
) -> None:
    bearer = InboundBearer(Literal("s3cret"))
    async with serve(exposure(plans, authentication=bearer), mcp()) as client:
        assert (await client.get("/x")).status_code == 404
