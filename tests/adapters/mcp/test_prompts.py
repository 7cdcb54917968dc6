"""Prompts, completion and pages (exposes.md MCP-27, MCP-28)."""

from pathlib import Path
from typing import Any

import mcp
import pytest
from mcp.shared.exceptions import MCPError
from mcp_types import PromptReference, ResourceTemplateReference

from naftiko_runtime.expressions.prompt_text import PromptHole, prompt_parts
from naftiko_runtime.options import Limits
from naftiko_runtime.plan.exposure import ResourceExposure, UriHole
from naftiko_runtime.plan.prompt import Prompt, PromptArgument, PromptText

pytestmark = pytest.mark.anyio


def review(text: str, **more: Any) -> Prompt:
    """Return a prompt with one required and one optional argument."""
    arguments = (
        PromptArgument("lang", "Language", "Language", required=True, enum=("Go", "Gleam", "Rust")),
        PromptArgument("my-note", None, "Note", required=False),
    )
    names = ["lang", "my-note"]
    parts = prompt_parts(text, names, has_result="function" in more)
    messages = (PromptText("user", parts),)
    return Prompt("review", "Review", "Review code", arguments, messages, **more)


async def got(build: Any, prompt: Prompt, arguments: Any) -> Any:
    """Get a prompt as it is on the wire."""
    exposure = build.exposure(prompts=[prompt])
    async with build.world(exposure) as world, mcp.Client(world.endpoint.server) as client:
        try:
            result = await client.get_prompt("review", arguments)
        except MCPError as error:
            failure = error  # raised below, because the client's tasks would wrap it
        else:
            shown = result.model_dump(by_alias=True, exclude_none=True)
            return {key: shown[key] for key in ("description", "messages") if key in shown}
    raise failure


async def said(build: Any, text: str, arguments: Any, **more: Any) -> str:
    """Get a prompt and return the text of its only message."""
    messages = (await got(build, review(text, **more), arguments))["messages"]
    assert len(messages) == 1
    return str(messages[0]["content"]["text"])


async def test_prompts_are_listed_with_their_arguments(build: Any) -> None:
    exposure = build.exposure(prompts=[review("x"), build.prompt("b", "y")])
    async with build.world(exposure) as world, mcp.Client(world.endpoint.server) as client:
        listed = (await client.list_prompts()).prompts
    assert [each.model_dump(by_alias=True, exclude_none=True) for each in listed] == [
        {
            "name": "review",
            "title": "Review",
            "description": "Review code",
            "arguments": [
                {
                    "name": "lang",
                    "title": "Language",
                    "description": "Language",
                    "required": True,
                },
                {"name": "my-note", "description": "Note", "required": False},
            ],
        },
        {"name": "b", "arguments": []},
    ]


async def test_both_spellings_are_replaced_in_one_pass(build: Any) -> None:
    text = "Review this {{lang}} code, {my-note} {as: json} {{ lang }}{other}{{other}}"
    assert await got(build, review(text), {"lang": "{my-note}"}) == {
        "description": "Review code",
        "messages": [
            {
                "role": "user",
                "content": {
                    "type": "text",
                    "text": "Review this {my-note} code,  {as: json} {my-note}{other}{{other}}",
                },
            }
        ],
    }


async def test_an_optional_argument_that_is_given_stands_in_its_place(build: Any) -> None:
    arguments = {"lang": "Go", "my-note": "quickly"}
    assert await said(build, "{lang} {{my-note}}", arguments) == "Go quickly"


async def test_a_required_argument_must_be_given(build: Any) -> None:
    with pytest.raises(MCPError, match="Missing prompt argument: lang") as raised:
        await got(build, review("x"), {"my-note": "n"})
    assert raised.value.error.code == -32602


async def test_a_prompt_may_come_from_a_file_that_is_read_each_time(
    build: Any, tmp_path: Path
) -> None:
    file = tmp_path / "prompt.md"
    file.write_text("Use {{lang}}")
    assert await said(build, "", {"lang": "Go"}, file=str(file)) == "Use Go"
    file.write_text("Better use {lang}")
    assert await said(build, "", {"lang": "Go"}, file=str(file)) == "Better use Go"


async def test_a_missing_file_is_an_error_without_its_path(build: Any, tmp_path: Path) -> None:
    with pytest.raises(MCPError) as raised:
        await said(build, "", {"lang": "Go"}, file=str(tmp_path / "none.md"))
    assert raised.value.error.code == -32603
    assert str(tmp_path) not in raised.value.error.message


async def test_a_prompt_with_a_function_shows_its_value(build: Any) -> None:
    value = {"items": [{"name": "pen"}], "n": 2}
    text = (
        "{{result.items.0.name}} {{result.n}} {{result.none}}{{result.items.7}}{result} {{result}}"
    )
    found = await said(
        build, text, {"lang": "Go"}, function=build.saying(value, [build.input("lang")])
    )
    assert found == 'pen 2 {result} {"items":[{"name":"pen"}],"n":2}'


async def test_a_function_that_fails_is_an_error(build: Any) -> None:
    build.answer(500, {})
    function = build.calling("/orders/7", [build.input("lang")])
    with pytest.raises(MCPError, match="HTTP 500 Internal Server Error") as raised:
        await said(build, "{{result}}", {"lang": "Go"}, function=function)
    assert raised.value.error.code == -32603


async def test_other_blocks_may_have_holes_in_their_texts(build: Any) -> None:
    picture = {"type": "image", "data": "AAEC", "mimeType": "image/png"}
    embedded = {
        "type": "resource",
        "resource": {
            "uri": (PromptHole("lang"),),
            "mimeType": "text/plain",
            "text": ("about ", PromptHole("lang")),
        },
    }
    messages = (
        PromptText("user", (), picture),
        PromptText("assistant", (), embedded),
    )
    prompt = review("x")
    prompt = Prompt("review", None, None, prompt.arguments, messages)
    found = (await got(build, prompt, {"lang": "test://x"}))["messages"]
    assert found[0] == {"role": "user", "content": picture}
    assert found[1] == {
        "role": "assistant",
        "content": {
            "type": "resource",
            "resource": {"uri": "test://x", "mimeType": "text/plain", "text": "about test://x"},
        },
    }


async def test_completion_offers_values_with_the_typed_prefix(build: Any) -> None:
    inputs = [build.input("colour", type="string", enum=("red", "rose", "blue"))]
    template = ResourceExposure(
        "c", "shop://{colour}", ("shop://", UriHole("colour")), None, None, None,
        function=build.saying(1, inputs),
    )  # fmt: skip
    exposure = build.exposure(prompts=[review("x")], resources=[template])
    async with build.world(exposure) as world, mcp.Client(world.endpoint.server) as client:

        async def values(ref: Any, name: str, typed: str) -> Any:
            found = (await client.complete(ref, {"name": name, "value": typed})).completion
            return found.values, found.total, found.has_more

        prompt = PromptReference(type="ref/prompt", name="review")
        uri = ResourceTemplateReference(type="ref/resource", uri="shop://{colour}")
        assert await values(prompt, "lang", "g") == (["Go", "Gleam"], 2, False)
        assert await values(prompt, "lang", "") == (["Go", "Gleam", "Rust"], 3, False)
        assert await values(prompt, "my-note", "g") == ([], 0, False)
        assert await values(prompt, "none", "g") == ([], 0, False)
        assert await values(uri, "colour", "R") == (["red", "rose"], 2, False)
        for unknown in (
            PromptReference(type="ref/prompt", name="nope"),
            ResourceTemplateReference(type="ref/resource", uri="shop://nope"),
        ):
            with pytest.raises(MCPError) as raised:
                await values(unknown, "x", "")
            assert raised.value.error.code == -32602


async def test_completion_gives_at_most_a_hundred_values(build: Any) -> None:
    argument = PromptArgument("n", None, None, required=True, enum=tuple(map(str, range(150))))
    prompt = Prompt("review", None, None, (argument,), ())
    exposure = build.exposure(prompts=[prompt])
    async with build.world(exposure) as world, mcp.Client(world.endpoint.server) as client:
        ref = PromptReference(type="ref/prompt", name="review")
        found = (await client.complete(ref, {"name": "n", "value": ""})).completion
    assert (len(found.values or []), found.total, found.has_more) == (100, 150, True)


async def test_lists_have_pages(build: Any) -> None:
    tools = [build.tool(f"t{n}") for n in range(5)]
    prompts = [build.prompt(f"p{n}", "x") for n in range(3)]
    settings = {"limits": Limits(mcp_page=2)}
    async with (
        build.world(build.exposure(*tools, prompts=prompts), **settings) as world,
        mcp.Client(world.endpoint.server) as client,
    ):
        names: list[str] = []
        cursor = None
        while True:
            page = await client.list_tools(cursor=cursor)
            names.append(",".join(tool.name for tool in page.tools))
            cursor = page.next_cursor
            if cursor is None:
                break
        first = await client.list_prompts()
        second = await client.list_prompts(cursor=first.next_cursor)
    assert names == ["t0,t1", "t2,t3", "t4"]
    assert [prompt.name for prompt in second.prompts] == ["p2"]
    assert second.next_cursor is None


async def test_a_wrong_or_outdated_cursor_is_refused(build: Any) -> None:
    tools = [build.tool(f"t{n}") for n in range(5)]
    settings = {"limits": Limits(mcp_page=2)}
    async with build.world(build.exposure(*tools), **settings) as world:
        page = (await world.old("tools/list")).json()["result"]
        cursors = ["nonsense", "", page["nextCursor"][:-4], page["nextCursor"] + "MTA="]
        replies = [await world.old("tools/list", {"cursor": cursor}) for cursor in cursors]
        world.view = build.view(build.exposure(*tools[:4]))
        replies.append(await world.old("tools/list", {"cursor": page["nextCursor"]}))
    for reply in replies:
        assert reply.json()["error"] == {"code": -32602, "message": "Invalid cursor"}


async def test_lists_say_how_long_they_may_be_kept(build: Any) -> None:
    exposure = build.exposure(build.tool(), ttl_ms=60000, cache_scope="public")
    async with build.world(exposure) as world:
        methods = [
            "server/discover",
            "tools/list",
            "resources/list",
            "resources/templates/list",
            "prompts/list",
        ]
        results = [(await world.new(method)).json()["result"] for method in methods]
        assert "ttlMs" not in (await world.old("tools/list")).json()["result"]
    assert [(each["ttlMs"], each["cacheScope"]) for each in results] == [(60000, "public")] * 5
