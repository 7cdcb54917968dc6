"""From a document to an answer: what the compiler and this adapter make of MCP adapters together."""

from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import mcp
import pytest
from laboratory import laboratory

from naftiko_runtime.adapters.mcp.view import McpView, view_of
from naftiko_runtime.plan.exposure import McpExposure
from naftiko_runtime.plan.function import Unavailable

CONFORMANCE = Path(__file__).parents[3] / "examples" / "conformance" / "capability.yaml"
SHOP = """
naftiko: 1.0.0-alpha2
info: {label: Shop, description: Orders of a small shop}
capability:
  consumes:
    - type: http
      namespace: shop-api
      baseUri: http://up.test
      resources:
        - path: "/orders/{id}"
          operations:
            - name: get-order
              method: GET
              inputParameters:
                - {name: id, in: path, type: integer, required: true, description: Order id}
  exposes:
    - type: mcp
      port: 9090
      namespace: shop-mcp
      description: Orders of the shop
"""

pytestmark = pytest.mark.anyio


def compiled(text: str, folder: Path | None = None) -> McpView:
    """Return the view of the MCP adapter of a document."""
    plan = laboratory(text, folder=folder).plan
    exposure = next(each for each in plan.exposures if isinstance(each, McpExposure))
    return view_of(exposure, plan.label or "")


@pytest.fixture
def connected(build: Any) -> Any:
    """Give a context that serves the Shop with more keys of its adapter."""

    @asynccontextmanager
    async def connect(keys: str, folder: Path | None = None) -> Any:
        view = compiled(SHOP + keys, folder)
        async with build.world(view) as world, mcp.Client(world.endpoint.server) as client:
            yield client

    return connect


def shown(value: Any) -> Any:
    return value.model_dump(by_alias=True, exclude_none=True)


async def test_a_tool_is_listed_with_what_the_document_says(connected: Any) -> None:
    async with connected(
        """
      tools:
        - name: list-openapi.yml
          label: Get order
          tags: [orders]
          call: shop-api.get-order
          with: {id: tools.id}
"""
    ) as client:
        (tool,) = (await client.list_tools()).tools
    assert shown(tool) == {
        "name": "list-openapi-yml",
        "title": "Get order",
        "description": "Get order",
        "inputSchema": {
            "type": "object",
            "properties": {"id": {"type": "integer", "description": "Order id"}},
            "required": ["id"],
            "additionalProperties": False,
        },
        "annotations": {"title": "Get order", "readOnlyHint": True},
        "_meta": {"naftiko/tags": ["orders"], "naftiko/name": "list-openapi.yml"},
    }


async def test_outputs_give_a_schema_that_results_keep(build: Any, connected: Any) -> None:
    build.answer(200, {"no": "7", "lines": [{"sku": 5}, {"sku": "b"}]})
    async with connected(
        """
      tools:
        - name: get-order
          description: One order
          call: shop-api.get-order
          with: {id: tools.id}
          outputParameters:
            - {name: number, type: integer, mapping: $.no}
            - name: lines
              type: array
              mapping: $.lines
              items: {type: object, properties: {sku: {type: string, mapping: $.sku}}}
        - name: get-lines
          description: Its lines
          call: shop-api.get-order
          with: {id: tools.id}
          outputParameters:
            - {type: array, mapping: $.lines, items: {type: object, properties: {sku: {type: integer, mapping: $.sku}}}}
"""
    ) as client:
        listed = (await client.list_tools()).tools
        order = await client.call_tool("get-order", {"id": 7})
        lines = await client.call_tool("get-lines", {"id": 7})
    assert [tool.output_schema["type"] for tool in listed] == ["object", "object"]
    assert listed[1].output_schema["required"] == ["result"]
    assert order.structured_content == {"number": 7, "lines": [{"sku": "5"}, {"sku": "b"}]}
    assert lines.structured_content == {"result": [{"sku": 5}, {"sku": None}]}
    assert shown(lines)["_meta"]["naftiko/mismatch"] == ["/result/1/sku"]


async def test_a_tool_without_shape_has_no_schema(build: Any, connected: Any) -> None:
    build.answer(200, b"\x89PNG\x00", content_type="image/png")
    async with connected(
        """
      tools:
        - {name: t, description: d, call: shop-api.get-order, with: {id: tools.id}, outputParameters: [{type: object, mapping: $.}]}
"""
    ) as client:
        (tool,) = (await client.list_tools()).tools
        result = await client.call_tool("t", {"id": 7})
    assert tool.output_schema is None
    assert [block.type for block in result.content] == ["text", "image"]
    assert result.structured_content == {"contentType": "image/png", "size": 5}


async def test_resources_and_prompts_of_a_document(
    build: Any, connected: Any, tmp_path: Path
) -> None:
    build.answer(200, {"id": 7})
    (tmp_path / "guide").mkdir()
    (tmp_path / "guide" / "how.md").write_text("# How")
    async with connected(
        """
      resources:
        - {name: order, label: Order, uri: "shop://orders/{id}", description: One order, mimeType: application/json, call: shop-api.get-order, with: {id: "{{id}}"}}
        - {name: guide, label: Guide, uri: "docs://guide", description: How to order, location: file:///./guide}
        - {name: gone, label: Gone, uri: "docs://gone", description: Nothing, location: file:///./gone}
      prompts:
        - name: review
          label: Review
          description: Review code
          arguments: [{name: lang, description: Language}, {name: note, description: Note, required: false}]
          template: [{role: user, content: "Review this {{lang}} code, {note} {as: json}"}]
        - name: show
          description: Shows an order
          arguments: [{name: id, description: Order id}]
          call: shop-api.get-order
          template: [{role: user, content: "Order {id} is {{result.id}}"}]
""",
        tmp_path,
    ) as client:
        templates = (await client.list_resource_templates()).resource_templates
        files = (await client.list_resources()).resources
        order = (await client.read_resource("shop://orders/7")).contents[0]
        guide = (await client.read_resource("docs://guide/how.md")).contents[0]
        review = await client.get_prompt("review", {"lang": "Go"})
        order_prompt = await client.get_prompt("show", {"id": "7"})
    assert [each.uri_template for each in templates] == ["shop://orders/{id}"]
    assert [str(each.uri) for each in files] == ["docs://guide/how.md"]
    assert (order.text, order.mime_type) == ('{"id":7}', "application/json")
    assert (guide.text, guide.mime_type) == ("# How", "text/markdown")
    assert review.messages[0].content.text == "Review this Go code,  {as: json}"
    assert order_prompt.messages[0].content.text == "Order 7 is 7"


async def test_a_tool_asks_before_it_runs(build: Any) -> None:
    view = compiled(
        SHOP
        + """
      tools:
        - {name: drop, description: d, confirm: "Drop {{id}}?", call: shop-api.get-order, with: {id: tools.id}}
"""
    )
    async with build.world(view) as world:
        reply = await world.old("tools/call", {"name": "drop", "arguments": {"id": 7}})
    assert reply.json()["result"]["content"][0]["text"] == "Confirmation needed: Drop 7?"


async def test_the_fixtures_of_the_conformance_suite_are_all_there(build: Any) -> None:
    view = compiled(CONFORMANCE.read_text())
    actions = [served.tool.function.action for served in view.tools]
    assert not any(isinstance(action, Unavailable) for action in actions)
    async with build.world(view) as world, mcp.Client(world.endpoint.server) as client:
        blocks = await client.call_tool("test_multiple_content_types", {})
        picture = await client.get_prompt("test_prompt_with_image", {})
        embedded = await client.get_prompt(
            "test_prompt_with_embedded_resource", {"resourceUri": "test://x"}
        )
    assert [block.type for block in blocks.content] == ["text", "image", "resource"]
    assert [message.content.type for message in picture.messages] == ["image", "text"]
    assert str(embedded.messages[0].content.resource.uri) == "test://x"


async def test_equal_names_stay_short() -> None:
    name = "n" * 64
    tools = "".join(f"\n        - {{name: {name}, call: shop-api.get-order}}" for _ in range(3))
    names = [served.tool.name for served in compiled(f"{SHOP}      tools:{tools}\n").tools]
    assert names == [name, f"{name[:62]}-2", f"{name[:62]}-3"]
