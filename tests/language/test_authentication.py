"""Outbound authentication as documents spell it: language.md section 6."""

import base64

import pytest
from laboratory import Laboratory, document, laboratory

from naftiko_runtime.options import Settings
from naftiko_runtime.values import Json

pytestmark = pytest.mark.anyio

BINDS = "[{namespace: env, keys: {V: V, U: U, P: P, W: W}}]"
ENVIRON = {"V": "v", "U": "u", "P": "p", "W": "w"}
TOOL = "{name: t, description: d, call: up.op}"


def with_block(
    block: str,
    operation: str = "{name: op}",
    *,
    tool: str = TOOL,
    settings: Settings | None = None,
    key: str = "authentication",
) -> Laboratory:
    text = document(f"{{path: /a, operations: [{operation}]}}", tool, binds=BINDS)
    block = f"{key}: {block}, resources: ["
    return laboratory(text.replace("resources: [", block, 1), environ=ENVIRON, settings=settings)


@pytest.mark.parametrize(
    ("block", "line", "headers"),
    [
        ('{type: bearer, token: "{{V}}"}', "GET /a", {"authorization": "Bearer v"}),
        ('{type: bearer, value: "{{V}}"}', "GET /a", {"authorization": "Bearer v"}),
        ('{type: bearer, token: "Bearer {{V}}"}', "GET /a", {"authorization": "Bearer v"}),
        (
            '{type: basic, username: "{{U}}", password: "{{P}}"}',
            "GET /a",
            {"authorization": "Basic " + base64.b64encode(b"u:p").decode()},
        ),
        (
            '{type: basic, username: "{{U}}", password: ""}',
            "GET /a",
            {"authorization": "Basic " + base64.b64encode(b"u:").decode()},
        ),
        ('{type: apikey, key: X-K, value: "{{V}}", placement: header}', "GET /a", {"x-k": "v"}),
        ('{type: apiKey, key: X-K, value: "{{V}}"}', "GET /a", {"x-k": "v"}),
        ('{type: apikey, key: k, value: "{{V}}", placement: query}', "GET /a?k=v", {}),
        ('{type: apikey, key: k, value: "{{V}}", placement: cookie}', "GET /a", {"cookie": "k=v"}),
        ('{type: apikey, key: k, value: "{{V}}", placement: body}', "GET /a?k=v", {}),
        ('{type: apikey, in: query, name: k, value: "{{V}}"}', "GET /a?k=v", {}),
        ('{type: apikey, header: X-K, value: "{{V}}"}', "GET /a", {"x-k": "v"}),
        ('{type: apikey, header: X-K, token: "{{V}}"}', "GET /a", {"x-k": "v"}),
        ('{type: apikey, header: X-K, key: "{{V}}"}', "GET /a", {"x-k": "v"}),
        (
            '{type: apikey, headers: {X-A: "{{V}}", X-B: "{{W}}"}}',
            "GET /a",
            {"x-a": "v", "x-b": "w"},
        ),
        (
            '{type: apikey, headers: [{name: X-A, value: "{{V}}"}]}',
            "GET /a",
            {"x-a": "v"},
        ),
        ('{type: header, header: X-K, value: "{{V}}"}', "GET /a", {"x-k": "v"}),
        ('{type: query, parameters: [{name: k, value: "{{V}}"}]}', "GET /a?k=v", {}),
        ('{type: apikey, key: Authorization, value: "Token {{V}}"}', "GET /a", {"authorization": "Token v"}),
        ('{type: apikey, key: X, value: "S X-APP={{V}},X-KEY={{W}}"}', "GET /a", {"x": "S X-APP=v,X-KEY=w"}),
        ('{type: apikey, key: X, value: "$env.V"}', "GET /a", {"x": "v"}),
        ("{type: none}", "GET /a", {}),
    ],
)  # fmt: skip
async def test_every_kind_and_spelling(block: str, line: str, headers: dict[str, str]) -> None:
    sent = (await with_block(block).call("t")).only
    assert (sent.line, sent.own) == (line, headers)


async def test_auth_is_authentication() -> None:
    lab = with_block('{type: bearer, token: "{{V}}"}', key="auth")
    assert (await lab.call("t")).only.own == {"authorization": "Bearer v"}


@pytest.mark.parametrize("kind", ["oauth1", "hmac", "certificate", "custom-token"])
async def test_what_is_not_supported_sends_nothing(kind: str) -> None:
    outcome = await with_block(f"{{type: {kind}, key: a}}").call("t")
    assert (outcome.members["code"], outcome.sent) == ("auth/unsupported-type", [])


@pytest.mark.parametrize("block", ["{type: bearer}", "{type: apikey, key: X}", "{type: basic}"])
async def test_what_is_incomplete_sends_nothing(block: str) -> None:
    outcome = await with_block(block).call("t")
    assert (outcome.members["code"], outcome.sent) == ("auth/incomplete", [])


async def test_authentication_owns_its_place() -> None:
    operation = (
        "{name: op, inputParameters: [{name: authorization, in: header, required: true,"
        " value: constant}, {name: q, in: query}]}"
    )
    tool = "{name: t, description: d, call: up.op, with: {Authorization: tools.Authorization}}"
    lab = with_block('{type: bearer, token: "{{V}}"}', operation, tool=tool)
    assert list(lab.tool("t").input_schema["properties"]) == ["q"]
    assert (await lab.call("t")).only.own == {"authorization": "Bearer v"}
    assert "dialect/auth-parameter" in lab.codes


async def test_the_inner_block_replaces_the_outer() -> None:
    operation = '{name: op, authentication: {type: apikey, key: X-Own, value: "{{W}}"}}'
    lab = with_block('{type: bearer, token: "{{V}}"}', operation)
    assert (await lab.call("t")).only.own == {"x-own": "w"}
    off = with_block('{type: bearer, token: "{{V}}"}', "{name: op, authentication: {type: none}}")
    assert (await off.call("t")).only.own == {}


@pytest.mark.parametrize(
    ("setting", "headers"),
    [
        ({"type": "bearer", "token": "{{W}}"}, {"authorization": "Bearer w"}),
        ({"type": "apiKey", "in": "header", "name": "X-Q", "value": "{{W}}"}, {"x-q": "w"}),
        ({"type": "none"}, {}),
    ],
)
@pytest.mark.parametrize("namespace", ["up", "u*"])
async def test_a_setting_replaces_the_block(
    setting: Json, headers: dict[str, str], namespace: str
) -> None:
    settings = Settings(authentication={namespace: setting})
    lab = with_block('{type: bearer, token: "{{V}}"}', settings=settings)
    assert (await lab.call("t")).only.own == headers


async def test_a_credential_header_is_only_taken_where_with_names_it() -> None:
    parameters = "inputParameters: [{name: Authorization, in: header, required: true}]"
    consumes = f"{{path: /a, operations: [{{name: op, {parameters}}}]}}"
    rest = ["{path: /r, operations: [{method: GET, call: up.op}]}",
            "{path: /s, operations: [{method: GET, call: up.op, with: {Authorization: rest.Authorization}}]}"]  # fmt: skip
    lab = laboratory(document(consumes, TOOL, rest))
    headers = {"authorization": "Bearer mine"}
    assert (await lab.rest("GET", "/r", headers=headers)).only.own == {}
    assert (await lab.rest("GET", "/s", headers=headers)).only.own == headers
    assert lab.tool("t").input_schema["properties"] == {}


async def test_an_adapters_own_credential_never_goes_upstream() -> None:
    parameters = "inputParameters: [{name: Authorization, in: header}]"
    consumes = f"{{path: /a, operations: [{{name: op, {parameters}}}]}}"
    rest = ["{path: /s, operations: [{method: GET, call: up.op, with: {Authorization: rest.Authorization}}]}"]  # fmt: skip
    text = document(consumes, TOOL, rest, binds=BINDS).replace(
        "namespace: r,", 'namespace: r, authentication: {type: bearer, token: "{{V}}"},'
    )
    lab = laboratory(text, environ=ENVIRON)
    assert "auth/passthrough" in lab.codes
    reply = await lab.rest("GET", "/s", headers={"authorization": "Bearer v"})
    assert reply.only.own == {}
    assert (await lab.rest("GET", "/s")).status == 401
