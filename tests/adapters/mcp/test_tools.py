"""Tools as SDK clients of both eras see them (exposes.md 3.2)."""

import base64
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import mcp
import pytest
from mcp.shared.exceptions import MCPError

from naftiko_runtime.expressions.mapper import Fixed
from naftiko_runtime.expressions.reference import FromInput, Template
from naftiko_runtime.options import Limits
from naftiko_runtime.plan.function import Refer

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["auto", "legacy"])
def connected(request: pytest.FixtureRequest, build: Any) -> Any:
    """Give a context that serves tools and connects the SDK's client in either era."""

    @asynccontextmanager
    async def connect(*tools: Any, **settings: Any) -> AsyncIterator[mcp.Client]:
        exposure = settings.pop("exposure", None) or build.exposure(*tools)
        async with (
            build.world(exposure, **settings) as world,
            mcp.Client(world.endpoint.server, mode=request.param) as client,
        ):
            yield client

    return connect


async def called(client: mcp.Client, name: str = "get-order", arguments: Any = None) -> Any:
    """Call a tool and return its result as it is on the wire, without what the era adds."""
    result = await client.call_tool(name, {"id": 7} if arguments is None else arguments)
    shown = result.model_dump(by_alias=True, mode="json", exclude_none=True)
    shown.pop("resultType", None)
    meta = shown.pop("_meta", {})
    meta.pop("io.modelcontextprotocol/serverInfo", None)
    return shown | ({"_meta": meta} if meta else {})


async def test_tools_are_listed_in_document_order_with_everything_they_have(
    build: Any, connected: Any
) -> None:
    tools = [
        build.tool(
            "zebra",
            title="Get order",
            annotations={"title": "Get order", "readOnlyHint": True},
            meta={"naftiko/tags": ["orders"]},
            output_schema={"type": "object", "properties": {"id": {"type": ["integer", "null"]}}},
        ),
        build.tool("ant", build.saying("x")),
    ]
    async with connected(*tools) as client:
        listed = (await client.list_tools()).tools
    shown = [tool.model_dump(by_alias=True, exclude_none=True) for tool in listed]
    assert shown == [
        {
            "name": "zebra",
            "title": "Get order",
            "description": "One order",
            "inputSchema": {
                "type": "object",
                "properties": {"id": {"type": "integer"}},
                "required": ["id"],
                "additionalProperties": False,
            },
            "outputSchema": {
                "type": "object",
                "properties": {"id": {"type": ["integer", "null"]}},
            },
            "annotations": {"title": "Get order", "readOnlyHint": True},
            "_meta": {"naftiko/tags": ["orders"]},
        },
        {
            "name": "ant",
            "description": "One order",
            "inputSchema": {"type": "object", "properties": {}, "additionalProperties": False},
        },
    ]


async def test_a_tool_is_called_by_its_listed_and_by_its_written_name(
    build: Any, connected: Any
) -> None:
    build.answer(200, {"id": 7})
    tool = build.tool("list-openapi-yml", written="list-openapi.yml")
    async with connected(tool) as client:
        for name in ("list-openapi-yml", "list-openapi.yml"):
            assert (await called(client, name))["structuredContent"] == {"id": 7}


async def test_a_written_name_of_two_tools_is_unknown(build: Any, connected: Any) -> None:
    tools = [build.tool("a", written="same"), build.tool("b", written="same")]
    async with connected(*tools) as client:
        with pytest.raises(MCPError, match="Unknown tool: same") as raised:
            await client.call_tool("same", {})
    assert raised.value.error.code == -32602


@pytest.mark.parametrize(
    ("value", "text", "structured"),
    [
        ({"id": 7, "n": None}, '{"id":7,"n":null}', {"id": 7, "n": None}),
        ([{"id": 7}], '[{"id":7}]', {"result": [{"id": 7}]}),
        ([], "[]", {"result": []}),
        (7, "7", {"result": 7}),
        (1.5, "1.5", {"result": 1.5}),
        (False, "false", {"result": False}),
        (None, "null", {"result": None}),
        ("Ünï", "Ünï", {"result": "Ünï"}),
    ],
)
async def test_every_kind_of_value(
    build: Any, connected: Any, value: Any, text: str, structured: Any
) -> None:
    async with connected(build.tool(function=build.saying(value))) as client:
        assert await called(client, arguments={}) == {
            "content": [{"type": "text", "text": text}],
            "structuredContent": structured,
            "isError": False,
        }


async def test_no_body_is_null(build: Any, connected: Any) -> None:
    build.answer(204, content_type=None)
    async with connected(build.tool()) as client:
        result = await called(client)
    assert result["content"] == [{"type": "text", "text": "null"}]
    assert result["structuredContent"] == {"result": None}


async def test_a_text_body_is_itself(build: Any, connected: Any) -> None:
    build.answer(200, b"plain\nwords", content_type="text/markdown")
    async with connected(build.tool()) as client:
        result = await called(client)
    assert result["content"] == [{"type": "text", "text": "plain\nwords"}]
    assert result["structuredContent"] == {"result": "plain\nwords"}


async def test_half_of_a_surrogate_pair_does_not_break_the_answer(
    build: Any, connected: Any
) -> None:
    echo = build.saying(Fixed(FromInput("say")), [build.input("say", type="string")])
    async with connected(build.tool(function=echo)) as client:
        result = await called(client, arguments={"say": "a\ud800"})
    assert result["structuredContent"] == {"result": "a?"}


@pytest.mark.parametrize(
    ("media_type", "block"),
    [
        ("image/png", {"type": "image", "mimeType": "image/png"}),
        ("audio/wav", {"type": "audio", "mimeType": "audio/wav"}),
    ],
)
async def test_images_and_audio_are_blocks(
    build: Any, connected: Any, media_type: str, block: Any
) -> None:
    build.answer(200, b"\x00\xff\x01", content_type=media_type)
    async with connected(build.tool()) as client:
        result = await called(client)
    described = {"contentType": media_type, "size": 3}
    text = f'{{"contentType":"{media_type}","size":3}}'
    data = base64.b64encode(b"\x00\xff\x01").decode()
    assert result == {
        "content": [{"type": "text", "text": text}, {**block, "data": data}],
        "structuredContent": described,
        "isError": False,
    }


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        ({}, "content"),
        ({"content-disposition": 'attachment; filename="a b.pdf"'}, "a%20b.pdf"),
    ],
)
async def test_other_bytes_are_an_embedded_resource(
    build: Any, connected: Any, headers: Any, name: str
) -> None:
    build.answer(200, b"%PDF\x00", content_type="application/pdf", headers=headers)
    async with connected(build.tool()) as client:
        result = await called(client)
    assert result["content"][1] == {
        "type": "resource",
        "resource": {
            "uri": f"naftiko://get-order/{name}",
            "mimeType": "application/pdf",
            "blob": base64.b64encode(b"%PDF\x00").decode(),
        },
    }
    assert result["structuredContent"]["size"] == 5
    assert ("filename" in result["structuredContent"]) == bool(headers)


async def test_arguments_are_checked_before_anything_is_sent(
    build: Any, upstream: Any, connected: Any
) -> None:
    async with connected(build.tool()) as client:
        result = await called(client, arguments={"colour": "red"})
        converted = await called(client, arguments={"id": "7"})
    text = "Invalid input: colour: unknown; known: id; id: is required"
    assert result["isError"] is True
    assert result["content"] == [{"type": "text", "text": text}]
    assert "structuredContent" not in result
    problem = result["_meta"]["naftiko/problem"]
    assert (problem["type"], problem["status"]) == ("urn:naftiko:problem:invalid-input", 400)
    assert len(problem["requestId"]) == 32
    assert "instance" not in problem
    assert [fault["name"] for fault in problem["errors"]] == ["colour", "id"]
    assert converted["_meta"]["naftiko/upstream"]["status"] == 404
    assert upstream.requests == [("GET", "/orders/7")]


async def test_an_upstream_error_is_shown_as_it_is(build: Any, connected: Any) -> None:
    build.answer(404, {"error": "no"}, headers={"retry-after": "3"})
    async with connected(build.tool()) as client:
        result = await called(client)
    assert result == {
        "content": [{"type": "text", "text": 'HTTP 404 Not Found\n{"error": "no"}'}],
        "isError": True,
        "_meta": {
            "naftiko/upstream": {
                "status": 404,
                "operation": "shop-api.get-order",
                "contentType": "application/json",
                "retryAfter": 3,
            }
        },
    }


@pytest.mark.parametrize(
    ("case", "text"),
    [
        ((500, b"x" * 9000, "text/plain"), "HTTP 500 Internal Server Error\n" + "x" * 8192),
        ((500, "é".encode() * 5000, "text/plain"), "HTTP 500 Internal Server Error\n" + "é" * 4096),
        ((503, b"\x00" * 10, "image/png"), "HTTP 503 Service Unavailable\nimage/png, 10 bytes"),
        ((400, None, None), "HTTP 400 Bad Request"),
        ((599, b"odd", "text/plain"), "HTTP 599\nodd"),
        ((302, b"there", "text/plain"), "HTTP 302 Found\nthere"),
        ((418, "ü".encode("latin-1"), "text/plain; charset=latin-1"), "HTTP 418 I'm a Teapot\nü"),
    ],
)
async def test_bodies_of_upstream_errors(build: Any, connected: Any, case: Any, text: str) -> None:
    status, body, kind = case
    build.answer(status, body, content_type=kind)
    async with connected(build.tool()) as client:
        result = await called(client)
    cut = f"… [cut, {len(body)} bytes in all]" if body and len(body) > 8192 else ""
    assert result["content"] == [{"type": "text", "text": text + cut}]
    assert result["isError"] is True


async def test_secrets_are_hidden_in_upstream_errors(build: Any, connected: Any) -> None:
    body = b"x" * 8185 + b"s3cret-token" + b"y" * 100
    build.answer(401, body, content_type="text/plain")

    def scrub(text: str) -> str:
        return text.replace("s3cret-token", "***")

    async with connected(build.tool(), scrub=scrub) as client:
        text = (await called(client))["content"][0]["text"]
    assert "s3c" not in text
    assert "xxx***yyy" in text


async def test_an_unavailable_tool_is_listed_and_says_why(build: Any, connected: Any) -> None:
    message = '"shop-api.get" does not exist; did you mean "get-order"?'
    async with connected(build.tool(function=build.unavailable(message))) as client:
        assert [tool.name for tool in (await client.list_tools()).tools] == ["get-order"]
        result = await called(client, arguments={})
    assert result["content"] == [{"type": "text", "text": f"Not available: {message}"}]
    assert result["isError"] is True
    problem = result["_meta"]["naftiko/problem"]
    assert (problem["status"], problem["code"]) == (501, "call/unknown-operation")


async def test_a_bug_is_a_result_without_detail(
    build: Any, connected: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("secret inside")

    monkeypatch.setattr("naftiko_runtime.adapters.mcp.tools.value_outcome", broken)
    async with connected(build.tool(function=build.saying(1))) as client:
        result = await called(client, arguments={})
    request_id = result["_meta"]["naftiko/problem"]["requestId"]
    text = f"Internal error: request {request_id}"
    assert result["content"] == [{"type": "text", "text": text}]
    assert result["_meta"]["naftiko/problem"]["type"] == "urn:naftiko:problem:internal"
    assert "secret" not in str(result)
    assert f"request {request_id}" in caplog.text
    assert "secret inside" in caplog.text


async def test_an_unreachable_upstream_is_a_problem(build: Any, connected: Any) -> None:
    class Refusing:
        def send(self, _: Any) -> Any:
            from naftiko_runtime.errors import UpstreamUnreachable  # noqa: PLC0415

            raise UpstreamUnreachable("http://up.test: no connection")

        async def close(self) -> None:
            """Nothing is open."""

    async with connected(build.tool(), exchange=Refusing()) as client:
        result = await called(client)
    text = "Upstream unreachable: http://up.test: no connection"
    assert result["content"][0]["text"].startswith("Upstream unreachable: ")
    assert result["_meta"]["naftiko/problem"]["status"] == 502
    assert text.partition(":")[0] in result["content"][0]["text"]


SCHEMA = {
    "type": "object",
    "properties": {
        "id": {"type": ["integer", "null"]},
        "name": {"type": ["string", "null"]},
        "rows": {
            "type": ["array", "null"],
            "items": {
                "type": ["object", "null"],
                "properties": {"n": {"type": ["number", "null"]}},
            },
        },
    },
}


async def test_a_result_keeps_the_promise_of_its_schema(
    build: Any, connected: Any, caplog: pytest.LogCaptureFixture
) -> None:
    value = {"id": "7", "name": 7, "rows": [{"n": "x"}, {"n": "1.5"}, 3], "more": 1}
    tool = build.tool(function=build.saying(value), output_schema=SCHEMA)
    async with connected(tool) as client:
        await client.list_tools()  # from now on the client checks results against the schema
        with caplog.at_level(logging.WARNING):
            result = await called(client, arguments={})
    assert result["structuredContent"] == {
        "id": 7,
        "name": "7",
        "rows": [{"n": None}, {"n": 1.5}, None],
        "more": 1,
    }
    assert result["_meta"]["naftiko/mismatch"] == ["/rows/0/n", "/rows/2"]
    assert '"id":"7"' in result["content"][0]["text"]
    assert "/rows/0/n" in caplog.text


async def test_a_wrapped_schema_is_kept_too(build: Any, connected: Any) -> None:
    schema = {
        "type": "object",
        "properties": {"result": {"type": ["array", "null"], "items": {"type": ["integer"]}}},
        "required": ["result"],
    }
    values = [build.saying([1, "2"]), build.saying({"no": "array"}), build.saying(None)]
    tools = [
        build.tool(f"t{n}", function, output_schema=schema) for n, function in enumerate(values)
    ]
    async with connected(*tools) as client:
        await client.list_tools()
        results = [await called(client, f"t{n}", {}) for n in range(3)]
    assert [result["structuredContent"] for result in results] == [
        {"result": [1, 2]},
        {"result": None},
        {"result": None},
    ]
    assert results[1]["_meta"]["naftiko/mismatch"] == ["/result"]


async def test_a_large_result_loses_items(build: Any, connected: Any) -> None:
    value = {"total": 50, "results": [{"n": n} for n in range(50)]}
    settings = {"limits": Limits(mcp_result=200)}
    async with connected(build.tool(function=build.saying(value)), **settings) as client:
        result = await called(client, arguments={})
    text, note = (block["text"] for block in result["content"])
    kept = len(result["structuredContent"]["results"])
    assert len(text.encode()) <= 200
    assert result["structuredContent"] == {"total": 50, "results": value["results"][:kept]}
    cut = result["_meta"]["naftiko/cut"]
    assert cut == {"path": "$.results", "kept": kept, "of": 50, "bytes": cut["bytes"]}
    assert note == f"[cut: $.results has {kept} of 50 items; {len(text)} of {cut['bytes']} bytes]"


async def test_no_limit_cuts_nothing(build: Any, connected: Any) -> None:
    function = build.saying("x" * 1000)
    async with connected(build.tool(function=function), limits=Limits(mcp_result=0)) as client:
        result = await called(client, arguments={})
    assert len(result["content"]) == 1


async def test_binary_is_not_cut(build: Any, connected: Any) -> None:
    build.answer(200, b"\x00" * 500, content_type="image/png")
    async with connected(build.tool(), limits=Limits(mcp_result=200)) as client:
        result = await called(client)
    assert result["structuredContent"]["size"] == 500
    assert "naftiko/cut" not in result.get("_meta", {})


async def test_blocks_of_a_document_are_sent_as_they_are(build: Any, connected: Any) -> None:
    blocks = [
        {"type": "text", "text": "both:"},
        {"type": "image", "data": "AAEC", "mimeType": "image/png"},
        {
            "type": "resource",
            "resource": {"uri": "test://x", "mimeType": "text/plain", "text": "inside"},
        },
    ]
    tools = [
        build.tool("blocks", build.saying(blocks), blocks=True),
        build.tool("other", build.saying([{"type": "smell"}]), blocks=True),
    ]
    async with connected(*tools) as client:
        result = await called(client, "blocks", {})
        other = await called(client, "other", {})
    assert result == {"content": blocks, "isError": False}
    assert other["structuredContent"] == {"result": [{"type": "smell"}]}


async def test_a_reference_runs_the_function_it_names(build: Any, connected: Any) -> None:
    build.answer(200, {"id": 7})
    refer = Refer(build.calling(), {"id": FromInput("id")})
    inputs = [build.input("id", type="integer", required=True)]
    async with connected(build.tool(function=build.acting(refer, inputs))) as client:
        assert (await called(client))["structuredContent"] == {"id": 7}


async def test_texts_may_have_holes(build: Any, connected: Any) -> None:
    text = Fixed(Template(("Hi ", FromInput("who"))))
    function = build.saying(text, [build.input("who", type="string", required=True)])
    async with connected(build.tool(function=function)) as client:
        result = await called(client, arguments={"who": "Al"})
    assert result["structuredContent"] == {"result": "Hi Al"}
