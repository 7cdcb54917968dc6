"""The eight operations as tools, called by the official Python client in both protocol eras."""

from collections.abc import AsyncIterator
from typing import Any, Literal

import mcp
import pytest
from processes import Serving, serving

pytestmark = [pytest.mark.real, pytest.mark.anyio]
Mode = Literal["auto", "legacy"]


@pytest.fixture(params=["auto", "legacy"])
async def client(request: pytest.FixtureRequest, runtime: Serving) -> AsyncIterator[mcp.Client]:
    async with mcp.Client(runtime.mcp, mode=request.param) as client:
        yield client


async def call(client: mcp.Client, tool: str, **arguments: Any) -> Any:
    called = await client.call_tool(tool, arguments)
    assert not called.is_error, called.content
    return called


async def created(client: mcp.Client) -> int:
    made = await call(client, "create-new-export-snapshot", id=1, body={"title": "by a tool"})
    return made.structured_content["id"]


async def test_eight_tools_are_listed_with_their_hints(client: mcp.Client) -> None:
    tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert len(tools) == 8
    delete = tools["delete-export-snapshot"].annotations
    assert (delete.read_only_hint, delete.destructive_hint) == (False, True)
    assert "Authorization" not in tools["get-export-snapshot-id"].input_schema["properties"]


async def test_a_snapshot_lives_and_dies_by_tools(client: mcp.Client) -> None:
    number = await created(client)
    listed = await call(client, "list-all-export-snapshots", id=1)
    assert listed.structured_content["result"][0]["id"] == number
    shown = await call(client, "get-export-snapshot-id", id=1, export_pk=number)
    assert shown.structured_content["title"] == "by a tool"
    arguments = {"id": 1, "export_pk": number, "body": {"export_type": "CSV"}}
    converted = await call(client, "export-conversion", **arguments)
    assert converted.structured_content["export_type"] == "CSV"
    assert (await client.call_tool("export-conversion", arguments)).is_error
    gone = await call(client, "delete-export-snapshot", id=1, export_pk=number)
    assert gone.structured_content == {"result": None}
    missing = await client.call_tool("get-export-snapshot-id", {"id": 1, "export_pk": number})
    assert missing.is_error
    assert missing.content[0].text.startswith("HTTP 404")


async def test_a_download_is_a_value_a_text_or_a_file_by_its_format(client: mcp.Client) -> None:
    tool = "download-export-snapshot-file-specified"
    where = {"id": 1, "export_pk": await created(client)}
    tasks = await call(client, tool, **where)
    assert [task["inner_id"] for task in tasks.structured_content["result"]] == [1, 2, 3]
    table = await call(client, tool, **where, exportType="CSV")
    assert table.content[0].text.splitlines()[0].startswith('"annotation_id"')
    archive = await call(client, tool, **where, exportType="YOLO")
    assert archive.structured_content["contentType"] == "application/zip"
    assert archive.structured_content["filename"].endswith(".zip")
    assert archive.content[1].type == "resource"
    assert archive.content[1].resource.blob.startswith("UEsDB")


async def test_the_export_of_the_moment_and_its_formats(client: mcp.Client) -> None:
    tool = "deprecated-easy-export-tasks-and"
    everything = await call(client, tool, id=1, download_all_tasks=True, ids=[1])
    assert len(everything.structured_content["result"]) == 3
    formats = await call(client, "deprecated-get-export-formats", id=1)
    assert {"JSON", "CSV", "YOLO"} <= {
        each["name"] for each in formats.structured_content["result"]
    }


async def test_a_missing_project_is_an_error_of_the_tool(client: mcp.Client) -> None:
    called = await client.call_tool("list-all-export-snapshots", {"id": 99999})
    assert called.is_error
    assert "No Project matches the given query." in called.content[0].text
    assert called.meta["naftiko/upstream"]["status"] == 404


async def test_a_wrong_type_never_reaches_label_studio(client: mcp.Client) -> None:
    called = await client.call_tool("list-all-export-snapshots", {"id": "one"})
    assert called.is_error
    assert called.content[0].text.startswith("Invalid input: id")


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_wrong_token_is_an_error_of_the_tool(studio: Any, mode: Mode) -> None:
    with serving(studio.url, environ={"LABEL_STUDIO_API_KEY": "Token nope"}) as wrong:
        async with mcp.Client(wrong.mcp, mode=mode) as client:
            called = await client.call_tool("list-all-export-snapshots", {"id": 1})
    assert called.is_error
    assert "Invalid token." in called.content[0].text
    assert "Token nope" not in called.content[0].text
