"""Tools that ask before they run (exposes.md MCP-23)."""

from typing import Any

import mcp
import pytest
from mcp_types import ElicitResult

from naftiko_runtime.expressions.reference import FromInput, Template

CONFIRM = Template(("Delete order ", FromInput("id"), "?"))

pytestmark = pytest.mark.anyio


async def outcome(build: Any, answer: Any, mode: str = "auto", arguments: Any = None) -> Any:
    """Call a tool that asks; return texts asked, the result and what was sent upstream."""
    build.answer(204, content_type=None)
    asked: list[str] = []

    async def elicit(_: Any, params: Any) -> ElicitResult:
        asked.append(params.message)
        return ElicitResult(**answer)

    callback = {} if answer is None else {"elicitation_callback": elicit}
    tool = build.tool(function=build.calling(method="DELETE"), confirm=CONFIRM)
    async with (
        build.world(build.exposure(tool)) as world,
        mcp.Client(world.endpoint.server, mode=mode, **callback) as client,
    ):
        result = await client.call_tool("get-order", arguments or {"id": 7})
    return asked, result, build.upstream.requests


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_confirmed_call_runs(build: Any, mode: str) -> None:
    asked, result, sent = await outcome(build, {"action": "accept", "content": {"ok": True}}, mode)
    assert asked == ["Delete order 7?"]
    assert result.is_error is False
    assert sent == [("DELETE", "/orders/7")]


@pytest.mark.parametrize("mode", ["auto", "legacy"])
@pytest.mark.parametrize(
    "answer",
    [
        {"action": "accept", "content": {"ok": False}},
        {"action": "accept", "content": {}},
        {"action": "decline"},
        {"action": "cancel"},
    ],
)
async def test_anything_but_a_yes_sends_nothing(build: Any, mode: str, answer: Any) -> None:
    asked, result, sent = await outcome(build, answer, mode)
    assert (len(asked), sent) == (1, [])
    assert result.is_error is True
    assert result.content[0].text == "Not confirmed: Delete order 7?"


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_client_that_cannot_ask_sends_nothing(build: Any, mode: str) -> None:
    _, result, sent = await outcome(build, None, mode)
    assert result.is_error is True
    assert result.content[0].text == "Confirmation needed: Delete order 7?"
    assert sent == []


async def test_old_http_cannot_ask(build: Any) -> None:
    tool = build.tool(confirm=CONFIRM)
    async with build.world(build.exposure(tool)) as world:
        reply = await world.old("tools/call", {"name": "get-order", "arguments": {"id": 7}})
    result = reply.json()["result"]
    assert result["isError"] is True
    assert result["content"][0]["text"] == "Confirmation needed: Delete order 7?"
    assert build.upstream.requests == []


async def test_bad_arguments_are_not_asked_about(build: Any) -> None:
    asked, result, sent = await outcome(build, {"action": "accept"}, arguments={"id": "x"})
    assert (asked, sent) == ([], [])
    assert result.content[0].text == "Invalid input: id: must be an integer"


META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {"elicitation": {}},
}
YES = {"confirm": {"action": "accept", "content": {"ok": True}}}


async def test_a_confirmation_belongs_to_one_call(build: Any) -> None:
    build.answer(204, content_type=None)
    keys = [b"k" * 32]
    exposure = build.exposure(build.tool(confirm=CONFIRM))
    call = {"name": "get-order", "arguments": {"id": 7}, "_meta": META}
    async with build.world(exposure, keys=keys) as world:
        first = (await world.new("tools/call", call)).json()["result"]
        assert first["resultType"] == "input_required"
        request = first["inputRequests"]["confirm"]
        assert request["method"] == "elicitation/create"
        assert request["params"]["message"] == "Delete order 7?"
        assert request["params"]["requestedSchema"]["required"] == ["ok"]
        state = first["requestState"]
        retry = {**call, "inputResponses": YES}
        forged = await world.new("tools/call", {**retry, "requestState": "asked"})
        other = {**retry, "arguments": {"id": 8}, "requestState": state}
        moved = await world.new("tools/call", other)
        none = (await world.new("tools/call", retry)).json()["result"]
    for refused in (forged, moved):
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, -32602)
    assert none["resultType"] == "input_required"
    assert build.upstream.requests == []
    # another worker with the same keys knows the state
    async with build.world(exposure, keys=keys) as world:
        done = await world.new("tools/call", {**retry, "requestState": state})
    assert done.json()["result"]["isError"] is False
    assert build.upstream.requests == [("GET", "/orders/7")]
