"""Several adapters as one server (exposes.md MCP-8)."""

from dataclasses import replace
from typing import Any

import mcp
import pytest

from naftiko_runtime.adapters.mcp.together import shared_authentication, taking_part, together
from naftiko_runtime.expressions.reference import Literal
from naftiko_runtime.plan.exposure import InboundBearer, ResourceExposure

LOCK = InboundBearer(Literal("t"))


def resource(uri: str, name: str = "r") -> ResourceExposure:
    return ResourceExposure(name, uri, (uri,), None, None, None, folder="")


@pytest.mark.anyio
async def test_tools_of_all_adapters_are_served_by_one_server(build: Any) -> None:
    a = build.exposure(
        build.tool("get", build.saying("a")), build.tool("only-a"), namespace="a-mcp"
    )
    b = build.exposure(
        build.tool("get", build.saying("b"), written="get!"), namespace="b-mcp", instructions=None
    )
    view = together([(a, "A"), (b, "B")], "1.2.3")
    async with build.world(view) as world, mcp.Client(world.endpoint.server) as client:
        assert client.server_info is not None
        assert (client.server_info.name, client.server_info.version) == ("naftiko", "1.2.3")
        assert client.instructions == "## a-mcp\nOrders of the shop\n\n## b-mcp"
        names = [tool.name for tool in (await client.list_tools()).tools]
        assert names == ["a-mcp_get", "only-a", "b-mcp_get"]
        results = [await client.call_tool(name, {}) for name in ("a-mcp_get", "b-mcp_get", "get!")]
    assert [result.structured_content for result in results] == [
        {"result": "a"},
        {"result": "b"},
        {"result": "b"},
    ]
    assert view.tools[0].listed["_meta"] == {"naftiko/name": "get"}
    assert view.tools[0].endpoint.capability == "A"


def test_long_names_are_shortened_and_stay_unique(build: Any) -> None:
    name = "x" * 60
    namespaces = ["n" * 60, "n" * 60]
    exposures = [(build.exposure(build.tool(name), namespace=each), "") for each in namespaces]
    names = [served.tool.name for served in together(exposures, "1").tools]
    assert len(set(names)) == 2
    assert all(len(each) <= 64 for each in names)


def test_prompts_are_told_apart_and_resources_are_not(
    build: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def exposure(namespace: str) -> Any:
        prompts = [build.prompt("review", "Hi"), build.prompt(f"of-{namespace}", "Hi")]
        return build.exposure(
            namespace=namespace, prompts=prompts, resources=[resource("shop://x", namespace)]
        )

    view = together([(exposure("a"), ""), (exposure("b"), "")], "1")
    assert list(view.prompt_names) == ["a_review", "of-a", "b_review", "of-b"]
    assert [served.resource.name for served in view.resources] == ["a"]
    assert "two adapters have the resource shop://x" in caplog.text


def test_lists_are_kept_as_short_as_the_strictest_adapter_says(build: Any) -> None:
    open_one = build.exposure(ttl_ms=5000, cache_scope="public")
    strict = build.exposure(ttl_ms=100)
    both = together([(open_one, ""), (strict, "")], "1")
    assert (both.ttl_ms, both.cache_scope) == (100, "private")
    alone = together([(open_one, "")], "1")
    assert (alone.ttl_ms, alone.cache_scope) == (5000, "public")


def test_adapters_with_authentication_take_part_only_when_all_have_the_same(build: Any) -> None:
    free, locked = build.exposure(namespace="free"), build.exposure(namespace="locked")
    locked = replace(locked, authentication=LOCK)
    other = replace(locked, namespace="other")
    assert taking_part([free, locked]) == (free,)
    assert shared_authentication([free, locked]) is None
    assert taking_part([locked, other]) == (locked, other)
    assert shared_authentication([locked, other]) == LOCK
    apart = replace(other, authentication=InboundBearer(Literal("u")))
    assert taking_part([locked, apart]) == ()
