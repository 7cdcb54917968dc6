"""The HTTP door: every row of exposes.md MCP-4 and MCP-5, with and without the fast lane."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from naftiko_runtime.options import Limits

OLD, NEW = "2025-11-25", "2026-07-28"
PROTOCOL = "io.modelcontextprotocol/protocolVersion"
CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"
LEVEL = "io.modelcontextprotocol/logLevel"
STAMP = {
    "io.modelcontextprotocol/serverInfo": {
        "name": "shop-mcp",
        "title": "Shop",
        "version": "unspecified",
        "description": "Orders of a small shop",
    }
}
NOT_ONE = "Body must be a single JSON-RPC request or notification object"
CALL = {"name": "get-order", "arguments": {"id": 7}}
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}

pytestmark = pytest.mark.anyio


@pytest.fixture(params=[True, False], ids=["lane", "sdk"])
async def world(
    request: pytest.FixtureRequest, build: Any, upstream: Any, answering: Any
) -> AsyncIterator[Any]:
    upstream.answers["/orders/7"] = answering(body={"id": 7})
    prompts = [build.prompt("greet", "Hi {{who}}", ["who"])]
    exposure = build.exposure(build.tool(), prompts=prompts)
    async with build.world(exposure, lane=request.param) as served:
        yield served


def error(reply: Any) -> tuple[int, int, str]:
    """Return HTTP status, code and message of a JSON-RPC error."""
    found = reply.json()["error"]
    return reply.status_code, found["code"], found["message"]


async def test_an_old_client_calls_a_tool(world: Any) -> None:
    reply = await world.old("tools/call", CALL)
    assert (reply.status_code, reply.headers["content-type"]) == (200, "application/json")
    assert reply.json() == {
        "jsonrpc": "2.0",
        "id": 1,
        "result": {
            "content": [{"type": "text", "text": '{"id":7}'}],
            "structuredContent": {"id": 7},
            "isError": False,
        },
    }
    assert world.upstream.requests == [("GET", "/orders/7")]


async def test_a_new_client_calls_a_tool(world: Any) -> None:
    reply = await world.new("tools/call", CALL)
    assert (reply.status_code, reply.headers["content-type"]) == (200, "application/json")
    assert reply.json()["result"] == {
        "content": [{"type": "text", "text": '{"id":7}'}],
        "structuredContent": {"id": 7},
        "isError": False,
        "resultType": "complete",
        "_meta": STAMP,
    }


@pytest.mark.parametrize("version", ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", None])
async def test_every_old_revision_is_answered_in_the_old_way(world: Any, version: Any) -> None:
    message = {"jsonrpc": "2.0", "id": "a", "method": "tools/call", "params": CALL}
    reply = await world.post(message, {"mcp-protocol-version": version})
    assert reply.json()["result"].keys() == {"content", "structuredContent", "isError"}
    assert reply.json()["id"] == "a"


async def test_a_get_without_an_event_stream_is_refused(world: Any) -> None:
    reply = await world.client.get("/mcp", headers={"accept": "application/json"})
    assert (reply.status_code, reply.headers["allow"], reply.content) == (405, "POST", b"")


async def test_a_get_of_the_new_era_is_refused(world: Any) -> None:
    headers = {"accept": "text/event-stream", "mcp-protocol-version": NEW}
    reply = await world.client.get("/mcp", headers=headers)
    assert (reply.status_code, reply.headers["allow"], reply.content) == (405, "POST", b"")


@pytest.mark.parametrize("method", ["DELETE", "PUT", "PATCH", "HEAD"])
async def test_other_methods_are_refused(world: Any, method: str) -> None:
    reply = await world.client.request(method, "/mcp", headers={"mcp-session-id": "a"})
    assert (reply.status_code, reply.headers["allow"], reply.content) == (405, "POST", b"")


async def test_options_says_what_is_allowed(world: Any) -> None:
    reply = await world.client.options("/mcp")
    assert (reply.status_code, reply.headers["allow"]) == (204, "GET, POST")
    assert "access-control-allow-origin" not in reply.headers


@pytest.mark.parametrize("kind", [None, "text/plain", "application/jsonx", "multipart/form-data"])
async def test_a_body_that_does_not_say_json_is_refused(world: Any, kind: str | None) -> None:
    reply = await world.post(PING, {"content-type": kind})
    assert error(reply) == (400, -32600, "Content-Type must be application/json")


async def test_json_may_have_a_charset(world: Any) -> None:
    reply = await world.post(PING, {"content-type": "Application/JSON; charset=utf-8"})
    assert (reply.status_code, reply.json()["result"]) == (200, {})


async def test_a_large_body_is_refused(build: Any) -> None:
    async with build.world(build.exposure(), limits=Limits(mcp_body=100)) as world:
        reply = await world.post({**PING, "params": {"x": "y" * 100}})
        assert reply.status_code == 413
        assert reply.json()["type"] == "urn:naftiko:problem:body-too-large"
        assert (await world.post(PING)).status_code == 200


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff", b'{"jsonrpc": NaN}', b'{"id": 1e999}', b"[" * 100_000, b"9" * 5000]
)
async def test_a_body_that_is_not_json_is_a_parse_error(world: Any, body: bytes) -> None:
    reply = await world.post(body)
    assert reply.status_code == 400
    assert reply.headers["content-type"] == "application/json"
    assert reply.json() == {
        "jsonrpc": "2.0",
        "id": None,
        "error": {"code": -32700, "message": "Parse error"},
    }


@pytest.mark.parametrize("version", ["2025-03-26", OLD, NEW, None])
@pytest.mark.parametrize(
    "message",
    [
        [PING],
        [],
        "ping",
        7,
        None,
        {"id": 1, "method": "ping"},
        {"jsonrpc": "1.0", "id": 1, "method": "ping"},
        {"jsonrpc": "2.0"},
        {"jsonrpc": "2.0", "id": 1},
        {"jsonrpc": "2.0", "id": None, "method": "ping"},
        {"jsonrpc": "2.0", "id": 1.5, "method": "ping"},
        {"jsonrpc": "2.0", "id": True, "method": "ping"},
        {"jsonrpc": "2.0", "id": 1, "method": 5},
        {"jsonrpc": "2.0", "id": 1, "method": "ping", "params": []},
        {"jsonrpc": "2.0", "result": {}},
    ],
)
async def test_what_is_no_single_message_is_refused(
    world: Any, version: str | None, message: Any
) -> None:
    reply = await world.post(message, {"mcp-protocol-version": version})
    assert error(reply) == (400, -32600, NOT_ONE)
    assert reply.json()["id"] is None


async def test_an_envelope_without_its_header_is_a_mismatch(world: Any) -> None:
    envelope = {PROTOCOL: NEW, CAPABILITIES: {}}
    message = {**PING, "method": "tools/list", "params": {"_meta": envelope}}
    status, code, _ = error(await world.post(message))
    assert (status, code) == (400, -32020)


@pytest.mark.parametrize("accept", ["application/json", "*/*", None])
async def test_json_alone_is_always_served(world: Any, accept: str | None) -> None:
    old = await world.old("tools/call", {**CALL, "_meta": {"progressToken": 1}}, accept=accept)
    meta = {PROTOCOL: NEW, CAPABILITIES: {}, "progressToken": 1}
    new = await world.new("tools/call", {**CALL, "_meta": meta}, accept=accept)
    for reply in (old, new):
        assert (reply.status_code, reply.headers["content-type"]) == (200, "application/json")
        assert reply.json()["result"]["structuredContent"] == {"id": 7}


async def test_listening_needs_a_stream(world: Any) -> None:
    params = {"notifications": {"toolsListChanged": True}}
    reply = await world.new("subscriptions/listen", params, accept="application/json")
    assert reply.status_code == 406


async def test_an_old_caller_with_a_progress_token_gets_a_stream(world: Any) -> None:
    reply = await world.old("tools/call", {**CALL, "_meta": {"progressToken": "p"}})
    assert reply.headers["content-type"].startswith("text/event-stream")
    assert '"structuredContent":{"id":7}' in reply.text


async def test_a_new_caller_gets_json_when_nothing_is_reported(world: Any) -> None:
    meta = {PROTOCOL: NEW, CAPABILITIES: {}, "progressToken": "p"}
    reply = await world.new("tools/call", {**CALL, "_meta": meta})
    assert reply.headers["content-type"] == "application/json"


async def test_initialize_negotiates_and_gives_a_session(world: Any) -> None:
    params = {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "c", "version": "1"},
    }
    message = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}
    reply = await world.post(message)
    assert reply.status_code == 200
    assert reply.json()["result"] == {
        "protocolVersion": "2025-06-18",
        "capabilities": {
            "tools": {"listChanged": True},
            "prompts": {"listChanged": True},
            "completions": {},
            "logging": {},
        },
        "serverInfo": STAMP["io.modelcontextprotocol/serverInfo"],
        "instructions": "Orders of the shop",
    }
    assert len(reply.headers["mcp-session-id"]) == 32
    other = await world.post(message)
    assert other.headers["mcp-session-id"] != reply.headers["mcp-session-id"]


@pytest.mark.parametrize("asked", ["2026-07-28", "1999-01-01"])
async def test_initialize_with_another_revision_gets_the_newest_old_one(
    world: Any, asked: str
) -> None:
    params = {
        "protocolVersion": asked,
        "capabilities": {},
        "clientInfo": {"name": "c", "version": "1"},
    }
    reply = await world.post({**PING, "method": "initialize", "params": params})
    assert reply.json()["result"]["protocolVersion"] == OLD


async def test_a_session_id_is_never_checked(world: Any) -> None:
    reply = await world.old("tools/call", CALL, **{"mcp-session-id": "never given"})
    assert reply.status_code == 200
    assert "mcp-session-id" not in reply.headers


async def test_discover_says_everything(world: Any) -> None:
    reply = await world.new("server/discover")
    assert reply.status_code == 200
    assert reply.json()["result"] == {
        "supportedVersions": [NEW],
        "capabilities": {
            "tools": {"listChanged": True},
            "prompts": {"listChanged": True},
            "completions": {},
            "logging": {},
        },
        "instructions": "Orders of the shop",
        "resultType": "complete",
        "ttlMs": 0,
        "cacheScope": "private",
        "_meta": STAMP,
    }


@pytest.mark.parametrize(
    ("method", "code"), [("server/discover", -32601), ("subscriptions/listen", -32601)]
)
async def test_new_methods_are_unknown_to_the_old_era(world: Any, method: str, code: int) -> None:
    status, found, _ = error(await world.old(method, {}))
    assert (status, found) == (200, code)


@pytest.mark.parametrize("method", ["initialize", "ping", "logging/setLevel"])
async def test_old_methods_are_unknown_to_the_new_era(world: Any, method: str) -> None:
    status, code, _ = error(await world.new(method))
    assert (status, code) == (404, -32601)


async def test_ping_of_the_old_era(world: Any) -> None:
    reply = await world.old("ping")
    assert (reply.status_code, reply.json()["result"]) == (200, {})


@pytest.mark.parametrize("version", [OLD, NEW])
async def test_notifications_are_accepted(world: Any, version: str) -> None:
    message = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    reply = await world.post(message, {"mcp-protocol-version": version})
    assert (reply.status_code, reply.content) == (202, b"")


@pytest.mark.parametrize("answer", [{"result": {}}, {"error": {"code": 1, "message": "no"}}])
async def test_posted_responses(world: Any, answer: Any) -> None:
    message = {"jsonrpc": "2.0", "id": 1, **answer}
    old = await world.post(message, {"mcp-protocol-version": OLD})
    new = await world.post(message, {"mcp-protocol-version": NEW})
    assert (old.status_code, old.content) == (202, b"")
    assert error(new) == (400, -32600, NOT_ONE)


async def test_an_unknown_method(world: Any) -> None:
    old, new = await world.old("orders/list"), await world.new("orders/list")
    assert error(old)[:2] == (200, -32601)
    assert error(new)[:2] == (404, -32601)
    assert old.json()["error"]["data"] == new.json()["error"]["data"] == "orders/list"


@pytest.mark.parametrize("params", [{"name": "get-order", "arguments": []}, {"arguments": {}}])
async def test_bad_parameters(world: Any, params: Any) -> None:
    old, new = await world.old("tools/call", params), await world.new("tools/call", params)
    assert error(old)[:2] == (200, -32602)
    assert error(new)[:2] == (400, -32602)


@pytest.mark.parametrize(
    ("method", "message"),
    [("tools/call", "Unknown tool: nope"), ("prompts/get", "Unknown prompt: nope")],
)
async def test_unknown_names(world: Any, method: str, message: str) -> None:
    params = {"name": "nope"}
    old, new = await world.old(method, params), await world.new(method, params)
    assert error(old) == (200, -32602, message)
    assert error(new) == (400, -32602, message)


async def test_an_unknown_resource(world: Any) -> None:
    params = {"uri": "shop://nothing"}
    old, new = await world.old("resources/read", params), await world.new("resources/read", params)
    message = "Unknown resource: shop://nothing"
    assert error(old) == (200, -32002, message)
    assert error(new) == (400, -32602, message)
    assert old.json()["error"]["data"] == new.json()["error"]["data"] == params


@pytest.mark.parametrize(
    ("meta", "missing"),
    [(None, [PROTOCOL, CAPABILITIES]), ({PROTOCOL: NEW}, [CAPABILITIES])],
)
async def test_a_new_request_needs_its_envelope(world: Any, meta: Any, missing: Any) -> None:
    params = {**CALL, "_meta": meta}
    status, code, message = error(await world.new("tools/call", params))
    assert (status, code) == (400, -32602)
    assert all(key in message for key in missing)


@pytest.mark.parametrize(
    "headers",
    [
        {"mcp-method": None},
        {"mcp-method": "tools/list"},
        {"mcp-name": None},
        {"mcp-name": "other"},
        {"mcp-name": "=?base64?bm9wZQ==?="},
        {"mcp-name": "=?base64?%%?="},
    ],
)
async def test_routing_headers_must_agree_in_the_new_era(world: Any, headers: Any) -> None:
    status, code, _ = error(await world.new("tools/call", CALL, **headers))
    assert (status, code) == (400, -32020)
    assert (await world.old("tools/call", CALL, **headers)).status_code == 200


async def test_prompts_and_resources_are_routed_by_name_too(world: Any) -> None:
    prompt = {"name": "greet", "arguments": {"who": "Al"}}
    assert (await world.new("prompts/get", prompt)).status_code == 200
    assert error(await world.new("prompts/get", prompt, **{"mcp-name": "x"}))[1] == -32020
    uri = {"uri": "shop://x"}
    assert error(await world.new("resources/read", uri, **{"mcp-name": "x"}))[1] == -32020


@pytest.mark.parametrize("name", ["mcp-method", "mcp-name", "mcp-protocol-version"])
async def test_a_routing_header_may_not_stand_twice(world: Any, name: str) -> None:
    values = {
        "mcp-method": "tools/call",
        "mcp-name": "get-order",
        "mcp-protocol-version": NEW,
        "content-type": "application/json",
        "accept": "application/json, text/event-stream",
    }
    params = {**CALL, "_meta": {PROTOCOL: NEW, CAPABILITIES: {}}}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    reply = await world.post_raw(message, [*values.items(), (name, values[name])])
    assert error(reply)[:2] == (400, -32020)


async def test_a_name_may_be_in_base64(world: Any) -> None:
    reply = await world.new("tools/call", CALL, **{"mcp-name": "=?base64?Z2V0LW9yZGVy?="})
    assert reply.json()["result"]["structuredContent"] == {"id": 7}


async def test_blanks_around_routing_headers_are_no_part_of_them(world: Any) -> None:
    blanks = {"mcp-name": "get-order ", "mcp-method": " tools/call\t"}
    reply = await world.new("tools/call", CALL, **blanks)
    assert reply.json()["result"]["structuredContent"] == {"id": 7}
    listed = await world.new("tools/list", **{"mcp-method": "tools/list "})
    assert listed.status_code == 200


async def test_an_unknown_revision(world: Any) -> None:
    meta = {PROTOCOL: "2099-01-01", CAPABILITIES: {}}
    params = {**CALL, "_meta": meta}
    reply = await world.new("tools/call", params, **{"mcp-protocol-version": "2099-01-01"})
    assert error(reply)[:2] == (400, -32022)
    assert reply.json()["error"]["data"] == {"supported": [NEW], "requested": "2099-01-01"}


async def test_an_unknown_log_level(world: Any) -> None:
    new = {PROTOCOL: NEW, CAPABILITIES: {}, LEVEL: "shout"}
    assert (await world.old("tools/call", {**CALL, "_meta": {LEVEL: "shout"}})).status_code == 200
    assert error(await world.new("tools/call", {**CALL, "_meta": new}))[:2] == (400, -32602)


@pytest.mark.parametrize("era", ["old", "new"])
async def test_a_bug_says_nothing_but_its_reference(
    world: Any, era: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("secret inside")

    monkeypatch.setattr("naftiko_runtime.adapters.mcp.tools.list_result", broken)
    reply = await getattr(world, era)("tools/list")
    status, code, message = error(reply)
    assert (status, code) == (200, -32603)
    reference = message.removeprefix("Internal error (reference ").removesuffix(")")
    assert len(reference) == 32
    assert "secret" not in reply.text
    assert reference in caplog.text
    assert "secret inside" in caplog.text


async def test_a_cors_policy_lets_pages_of_other_origins_in(build: Any) -> None:
    exposure = build.exposure(build.tool(), cors=build.cors("https://app.example"))
    async with build.world(exposure) as world:
        asked = {"origin": "https://app.example", "access-control-request-method": "POST"}
        reply = await world.guarded("OPTIONS", asked)
        assert reply.status_code == 204
        assert reply.headers["access-control-allow-origin"] == "https://app.example"
        assert "Mcp-Session-Id" in reply.headers["access-control-allow-headers"]
        assert reply.headers["access-control-allow-methods"] == "GET, POST"
        actual = await world.guarded("DELETE", {"origin": "https://app.example"})
        assert actual.headers["access-control-allow-origin"] == "https://app.example"
        assert "Mcp-Session-Id" in actual.headers["access-control-expose-headers"]
