"""The published examples and fixtures about functions: they load, and do what their data implies.

What a test cannot reach, or another test does:
- ``reverse-tunnel-ziti.yml`` needs a Ziti network: only that nothing is sent around it.
- ``formats/proto-capability.yaml`` names no schema, as the fixture's engine took it from its
  class path: that it says so; with the schema that stands beside it, it works.
- ``openapi/*`` are no capabilities: that they are refused; they are imported in ``tests/openapi``.
- ``control-scripting-capability.yaml`` names scripts in a folder of a container that is not there;
  no function of it uses them: its governance.
"""

import csv
import json
import sys
from pathlib import Path
from typing import Any

import mcp
import pytest
from laboratory import Answer, Laboratory, laboratory
from live_process import live
from mcp.client.stdio import StdioServerParameters
from openapi_stand_in import serving_app
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from naftiko_runtime.options import RuntimeOptions
from naftiko_runtime.runtime.documents import load

pytestmark = pytest.mark.anyio

REFERENCE = Path(__file__).parents[2] / ".." / "shared" / "reference"
FIXTURES = REFERENCE / "fixtures-alpha2"
SCHEMAS = FIXTURES / "schemas"

if not FIXTURES.is_dir():
    pytest.skip("the reference fixtures are not beside the project", allow_module_level=True)


def fixture(name: str, answers: Answer | dict[str, Answer] | None = None) -> Laboratory:
    file = REFERENCE / name
    return laboratory(file.read_text(encoding="utf-8"), folder=file.parent, answers=answers)


def users() -> list[dict[str, str]]:
    """The rows of the sample file, read by a reader of another kind."""
    with (SCHEMAS / "sample-users.csv").open(newline="") as file:
        return list(csv.DictReader(file))


PHOTO = bytes(range(256)) * 40


@pytest.mark.parametrize("path", ["/photos/7/image", "/photos/7/thumbnail"])
async def test_bytes_pass_through_a_flow_as_they_are(path: str) -> None:
    answer = Answer(200, PHOTO, (("content-type", "application/octet-stream"),))
    lab = fixture("examples-beta5/capability-binary-content.yml", answer)
    reply = await lab.rest("GET", path)
    assert (reply.status, reply.body) == (200, PHOTO)
    assert reply.headers["content-type"] == "image/jpeg"
    assert reply.only.url == "https://photos.example.org/photos/7/binary"


async def test_bytes_reach_an_mcp_client_as_an_image_and_as_a_resource() -> None:
    async def photo(request: Request) -> JSONResponse:
        reply = JSONResponse(None)
        reply.body = PHOTO
        reply.headers.update({"content-type": "image/jpeg", "content-length": str(len(PHOTO))})
        return reply

    file = REFERENCE / "examples-beta5" / "capability-binary-content.yml"
    with (
        serving_app(Starlette(routes=[Route("/photos/7/binary", photo)])) as upstream,
        live(file, adapters=2, upstreams={"photo-library": upstream}) as runtime,
    ):
        async with runtime.mcp("photos-mcp") as client:
            result = await client.call_tool("get-photo", {"id": "7"})
            assert result.structured_content["size"] == len(PHOTO)
            assert {each.type for each in result.content} == {"text", "image"}
            read = await client.read_resource("photos://library/7/bytes")
    (content,) = read.contents
    assert content.mime_type == "image/jpeg"
    assert len(content.blob) == 4 * ((len(PHOTO) + 2) // 3)


async def test_nothing_is_sent_around_a_tunnel() -> None:
    file = REFERENCE / "examples-beta5" / "reverse-tunnel-ziti.yml"
    tools = "{list: {description: All, call: crm.list-customers}}"
    text = (
        f"{file.read_text().rstrip()}\n  exposes: [{{type: mcp, namespace: m, tools: {tools}}}]\n"
    )
    lab = laboratory(text, folder=file.parent, environ={})
    outcome = await lab.call("list")
    assert (outcome.status, outcome.sent) == (501, [])
    assert outcome.members["code"] == "consumes/tunnel-unsupported"


async def test_properties_without_a_mapping_of_their_object_start_at_the_root() -> None:
    ship = {
        "imo_number": "IMO-1",
        "vessel_name": "Ann",
        "operational_status": "active",
        "year_built": 1999,
        "gross_tonnage": 10,
        "dimensions": {"length_overall": 5.5},
    }
    lab = fixture("fixtures-alpha2/nested-object-output-capability.yaml", Answer.json(ship))
    outcome = await lab.call("get-ship", {"imo": "IMO-1"})
    assert outcome.only.url == "http://localhost:9999/ships/IMO-1"
    assert outcome.value == {
        "imo": "IMO-1",
        "name": "Ann",
        "status": "active",
        "specs": {"yearBuilt": 1999, "tonnage": 10, "length": 5.5},
    }


async def test_inputs_are_taken_out_of_a_body_by_paths() -> None:
    lab = fixture("fixtures-alpha2/http/http-body-capability.yaml", Answer.json({"ok": True}))
    body = {"user": {"id": "u-1", "name": 'Ann "A"'}}
    reply = await lab.rest("POST", "/users", json=body)
    assert (reply.status, reply.value) == (200, {"ok": True})
    assert (reply.only.method, reply.only.url) == ("POST", "http://example.com/create")
    assert reply.only.json == {"id": "u-1", "name": 'Ann "A"'}


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH"])
async def test_a_namespace_is_forwarded_to(method: str) -> None:
    lab = fixture("fixtures-alpha2/register.capability.yml", Answer.json({"id": 1}))
    headers = {"Notion-Version": "2022", "X-Private": "no", "Authorization": "Bearer mine"}
    reply = await lab.rest(method, "/notion/users/me?a=1&a=2", headers=headers)
    assert (reply.status, reply.value) == (200, {"id": 1})
    base = "http://host.docker.internal:8080/rest/Notion+API/1.0.0"
    assert (reply.only.method, reply.only.url) == (method, f"{base}/users/me?a=1&a=2")
    sent = reply.only.own
    assert sent["notion-version"] == "2022"
    assert "x-private" not in sent
    assert sent["authorization"].startswith("Basic ")


async def test_a_template_in_with_is_the_input() -> None:
    name = "fixtures-alpha2/mcp/mcp-tool-handler-with-mustache-capability.yaml"
    lab = fixture(name, Answer.json({"n": 1}))
    outcome = await lab.call("get-ship", {"imo": "IMO 1/2"})
    assert outcome.only.url == "http://localhost:19999/ships/IMO%201%2F2"
    assert outcome.value == {"n": 1}


async def test_a_ref_to_nothing_takes_down_its_tool_alone() -> None:
    lab = fixture("fixtures-alpha2/aggregates/aggregate-invalid-ref.yaml")
    outcome = await lab.call("bad-tool")
    assert (outcome.status, outcome.sent) == (501, [])
    assert outcome.members["code"] == "ref/unknown"
    assert "data.read-items" in outcome.detail


async def test_csv_becomes_rows() -> None:
    content = (SCHEMAS / "sample-users.csv").read_bytes()
    answer = Answer(200, content, (("content-type", "text/csv"),))
    reply = await fixture("fixtures-alpha2/formats/csv-capability.yaml", answer).rest(
        "GET", "/csv/users"
    )
    assert (reply.status, reply.value) == (200, users())


async def test_yaml_becomes_rows() -> None:
    content = "users:\n" + "".join(f"- {json.dumps(row)}\n" for row in users())
    answer = Answer(200, content.encode(), (("content-type", "application/yaml"),))
    lab = fixture("fixtures-alpha2/formats/yaml-capability.yaml", answer)
    reply = await lab.rest("GET", "/yaml/users")
    assert (reply.status, reply.value) == (200, users())


async def test_protobuf_without_a_schema_says_what_is_missing() -> None:
    reply = await fixture("fixtures-alpha2/formats/proto-capability.yaml").rest(
        "GET", "/proto/records"
    )
    assert (reply.status, reply.sent) == (501, [])
    assert "outputSchema" in reply.detail


async def test_protobuf_with_the_schema_beside_it_becomes_rows(tmp_path: Path) -> None:
    schema = "test-records.proto"
    (tmp_path / schema).write_bytes((SCHEMAS / schema).read_bytes())
    text = (FIXTURES / "formats" / "proto-capability.yaml").read_text().rstrip()
    text += f'\n              outputSchema: "{schema}"\n'
    record = b"\x0a\x017\x12\x01A\x1a\x01d"
    content = b"\x0a" + bytes([len(record)]) + record
    answer = Answer(200, content, (("content-type", "application/protobuf"),))
    lab = laboratory(text, folder=tmp_path, answers=answer)
    reply = await lab.rest("GET", "/proto/records")
    assert reply.status == 200, reply
    assert reply.value == [{"id": "7", "title": "A", "description": "d"}]
    assert reply.only.headers["Accept"] == "application/protobuf"


@pytest.mark.parametrize(
    ("name", "method", "hints"),
    [
        ("consistent", "GET", {"readOnlyHint": True, "openWorldHint": True}),
        ("inconsistent", "DELETE", {"readOnlyHint": False, "destructiveHint": True}),
    ],
)
async def test_explicit_hints_and_methods_win_over_semantics(
    name: str, method: str, hints: dict[str, bool]
) -> None:
    file = f"fixtures-alpha2/rules/spectral-semantics-{name}.yaml"
    lab = fixture(file, Answer.json({"forecast": {"t": 3}}))
    derived = {"destructiveHint": False, "idempotentHint": True}
    assert lab.tool("get-forecast").annotations == {**derived, **hints}
    by_tool = await lab.call("get-forecast", {"city": "Oslo"})
    by_path = await lab.rest(method, "/forecast?city=Oslo")
    urls = {each.only.url for each in (by_tool, by_path)}
    assert urls == {"https://api.weather.example.com/forecast?city=Oslo"}
    assert by_tool.value == by_path.value == {"t": 3}


def test_scripts_are_governed_as_the_control_adapter_says() -> None:
    file = FIXTURES / "control" / "control-scripting-capability.yaml"
    with live(file, adapters=1) as runtime:
        (namespace,) = runtime.urls
        with runtime.http(namespace) as client:
            shown = client.get("/scripting").json()
            assert client.get("/health/live").status_code == 200
    expected = {"enabled": True, "timeout": 3000, "statementLimit": 50000}
    assert {name: shown[name] for name in expected} == expected
    assert shown["allowedLanguages"] == ["javascript", "python"]


QUERY_ROWS: Any = {
    "results": [
        {
            "properties": {
                "Name": {"title": [{"text": {"content": "Ann"}}]},
                "Status": {"select": {"name": "Committed"}},
            }
        },
        {"properties": {"Name": {"title": []}}},
    ]
}


async def test_a_tool_on_stdio_shapes_what_lies_deep() -> None:
    bodies: list[Any] = []

    async def query(request: Request) -> JSONResponse:
        bodies.append((request.headers["content-type"], await request.json()))
        return JSONResponse(QUERY_ROWS)

    file = FIXTURES / "mcp" / "mcp-stdio-capability.yaml"
    path = "/databases/test-db-id-123/query"
    with serving_app(Starlette(routes=[Route(path, query, methods=["POST"])])) as url:
        words = ["-m", "naftiko_runtime", "serve", str(file), "--set", f"baseUri.mock-api={url}"]
        server = StdioServerParameters(command=sys.executable, args=words, env={"NO_PROXY": "*"})
        async with mcp.Client(server) as client:
            result = await client.call_tool("query-database", {})
    assert result.structured_content == {
        "result": [{"name": "Ann", "status": "Committed"}, {"name": None, "status": None}]
    }
    wanted = {"filter": {"property": "Status", "select": {"equals": "Committed"}}}
    assert bodies == [("application/json", wanted)]


@pytest.mark.parametrize("file", sorted((FIXTURES / "openapi").iterdir()), ids=lambda f: f.name)
def test_an_openapi_document_is_no_capability(file: Path) -> None:
    document = load(str(file), RuntimeOptions())
    assert document.capability is None
    assert [each.code for each in document.diagnostics] == [
        "document/not-naftiko",
        "document/no-capability",
    ]


def test_every_file_is_tested_here() -> None:
    """A new fixture has to be looked at."""
    text = Path(__file__).read_text(encoding="utf-8")
    documents = [*FIXTURES.rglob("*.y*ml"), *(REFERENCE / "examples-beta5").iterdir()]
    others = [each for each in documents if "openapi" not in each.parts]
    missing = [
        each.name for each in others if each.name not in text and "spectral" not in str(each)
    ]
    assert (missing, len(others)) == ([], 14)
