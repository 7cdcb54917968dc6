"""The life of the Label Studio exports capability, call by call: language.md section 12."""

from pathlib import Path

import pytest
from laboratory import Answer, Laboratory, laboratory

from naftiko_runtime.values import Json

pytestmark = pytest.mark.anyio

TEXT = (Path(__file__).parents[2] / "capabilities" / "label-studio-exports.yaml").read_text()
TOKEN = "Token 0123456789abcdef0123456789abcdef01234567"  # noqa: S105 -- made up
ENVIRON = {"LABEL_STUDIO_API_KEY": TOKEN}
PROJECT = "http://localhost:8000/api/projects/7"
SNAPSHOT = (
    b'{"title":"nightly","id":3,"created_by":{"id":1},"status":"completed",'
    b'"counters":{"task_number":7},"converted_formats":[]}'
)


def answer(body: bytes = b"{}", status: int = 200, **headers: str) -> Answer:
    given = {"content_type": "application/json", "content_length": str(len(body)), **headers}
    pairs = tuple((name.replace("_", "-"), value) for name, value in given.items())
    return Answer(status, body, pairs)


def studio(reply: Answer | None = None, environ: dict[str, str] | None = None) -> Laboratory:
    return laboratory(TEXT, environ=ENVIRON if environ is None else environ, answers=reply)


async def test_a_read_is_relayed() -> None:
    reply = answer(SNAPSHOT, content_language="en-us", set_cookie="s=1", allow="GET")
    outcome = await studio(reply).rest(
        "GET", "/v1/api/projects/7/exports/3?x=1", headers={"authorization": "Bearer stolen"}
    )
    sent = outcome.only
    assert (sent.method, sent.url, sent.body) == ("GET", f"{PROJECT}/exports/3", None)
    assert {name.lower(): value for name, value in sent.headers.items()} == {
        "accept": "application/json, */*;q=0.8",
        "accept-encoding": "identity",
        "user-agent": sent.headers["User-Agent"],
        "authorization": TOKEN,
    }
    assert (outcome.status, outcome.body) == (200, SNAPSHOT)
    assert outcome.headers["content-language"] == "en-us"
    assert outcome.headers["content-length"] == str(len(SNAPSHOT))
    assert {"set-cookie", "allow"}.isdisjoint(outcome.headers)


async def test_a_created_snapshot_is_what_the_caller_wrote() -> None:
    lab = studio(answer(SNAPSHOT, 201))
    headers = {"content-type": "application/json"}
    outcome = await lab.rest(
        "POST", "/v1/api/projects/7/exports", content=b'{"title": "nightly"}', headers=headers
    )
    sent = outcome.only
    assert (sent.url, sent.body) == (f"{PROJECT}/exports/", b'{"title": "nightly"}')
    assert (sent.own["content-type"], sent.own["content-length"]) == ("application/json", "20")
    assert (outcome.status, outcome.body) == (201, SNAPSHOT)
    empty = (await lab.rest("POST", "/v1/api/projects/7/exports")).only
    assert (empty.body, empty.own) == (None, {"authorization": TOKEN, "content-length": "0"})
    broken = await lab.rest("POST", "/v1/api/projects/7/exports", content=b"{bad", headers=headers)
    assert (broken.status, broken.problem, broken.sent) == (400, "invalid-input", [])


@pytest.mark.parametrize(
    "arguments",
    [{"id": 7, "export_pk": 3}, {"id": "7", "export_pk": "3"}, {"id": 7, "exportPk": 3}],
)
async def test_a_tool_reads_the_same(arguments: dict[str, Json]) -> None:
    outcome = await studio(answer(SNAPSHOT)).call("get-export-snapshot-id", arguments)
    assert outcome.only.url == f"{PROJECT}/exports/3"
    assert outcome.only.headers["Accept-Encoding"] == "gzip"
    assert isinstance(outcome.value, dict)
    assert outcome.value["title"] == "nightly"


async def test_faults_of_arguments_are_told_in_the_order_of_inputs() -> None:
    outcome = await studio().call("get-export-snapshot-id", {"id": "x"})
    assert outcome.detail == "export_pk: is required; id: must be an integer"


async def test_a_tool_without_an_answer_gives_null() -> None:
    lab = studio(Answer(204, b"", ()))
    assert (await lab.call("delete-export-snapshot", {"id": 7, "export_pk": 3})).value is None
    assert (await lab.rest("DELETE", "/v1/api/projects/7/exports/3")).status == 204


@pytest.mark.parametrize(
    ("tool", "properties", "required"),
    [
        (
            "deprecated-easy-export-tasks-and",
            {
                "id": "integer",
                "download_all_tasks": "boolean",
                "download_resources": "boolean",
                "export_type": "string",
                "ids": "array",
            },
            {"id"},
        ),
        ("deprecated-get-export-formats", {"id": "integer"}, {"id"}),
        ("list-all-export-snapshots", {"id": "integer", "ordering": "string"}, {"id"}),
        ("create-new-export-snapshot", {"id": "integer", "body": "object"}, {"id"}),
        (
            "get-export-snapshot-id",
            {"export_pk": "integer", "id": "integer"},
            {"export_pk", "id"},
        ),
        (
            "delete-export-snapshot",
            {"export_pk": "integer", "id": "integer"},
            {"export_pk", "id"},
        ),
        (
            "export-conversion",
            {"export_pk": "integer", "id": "integer", "body": "object"},
            {"export_pk", "id"},
        ),
        (
            "download-export-snapshot-file-specified",
            {"export_pk": "integer", "id": "integer", "exportType": "string"},
            {"export_pk", "id"},
        ),
    ],
)
def test_tools_have_these_inputs(tool: str, properties: dict[str, str], required: set[str]) -> None:
    schema = studio().tool(tool).input_schema
    assert {name: each["type"] for name, each in schema["properties"].items()} == properties
    assert (set(schema["required"]), schema["additionalProperties"]) == (required, False)
    assert schema["properties"]["id"]["description"]


async def test_a_tool_creates_a_snapshot() -> None:
    arguments: dict[str, Json] = {"id": 7, "body": {"title": "nightly"}}
    sent = (await studio().call("create-new-export-snapshot", arguments)).only
    assert (sent.body, sent.own["content-length"]) == (b'{"title":"nightly"}', "19")


async def test_a_table_is_relayed_and_is_text_for_a_tool() -> None:
    disposition = 'attachment; filename="project-7-at-2026.csv"'
    headers = (("content-type", "application/csv"), ("content-disposition", disposition))
    lab = studio(Answer(200, b'"annotation_id"\r\n1\r\n', headers))
    outcome = await lab.rest("GET", "/v1/api/projects/7/exports/3/download?exportType=CSV")
    assert outcome.only.url == f"{PROJECT}/exports/3/download?exportType=CSV"
    assert outcome.body == b'"annotation_id"\r\n1\r\n'
    assert outcome.headers["content-type"] == "application/csv"
    assert outcome.headers["content-disposition"] == disposition
    arguments: dict[str, Json] = {"id": 7, "export_pk": 3, "exportType": "CSV"}
    called = await lab.call("download-export-snapshot-file-specified", arguments)
    assert called.value == '"annotation_id"\r\n1\r\n'


async def test_an_archive_is_described_for_a_tool() -> None:
    disposition = 'attachment; filename="project-7-at-2026.zip"'
    headers = (("content-type", "application/zip"), ("content-disposition", disposition))
    lab = studio(Answer(200, b"PK\0\xff" + bytes(806), headers))
    arguments: dict[str, Json] = {"id": 7, "export_pk": 3, "exportType": "YOLO"}
    called = await lab.call("download-export-snapshot-file-specified", arguments)
    assert called.value == {
        "contentType": "application/zip",
        "size": 810,
        "filename": "project-7-at-2026.zip",
    }


async def test_query_values_are_converted_and_ordered() -> None:
    query = "ids=1&ids=2&download_all_tasks=TRUE&export_type=CSV"
    sent = (await studio().rest("GET", f"/v1/api/projects/7/export?{query}")).only
    expected = "download_all_tasks=true&export_type=CSV&ids=1&ids=2"
    assert sent.url == f"{PROJECT}/export?{expected}"


@pytest.mark.parametrize(
    "path", ["/v1/api/projects/abc/exports", "/v1/api/projects/7/exports/..%2f..%2fadmin"]
)
async def test_what_is_no_integer_never_leaves(path: str) -> None:
    outcome = await studio().rest("GET", path)
    assert (outcome.status, outcome.problem, outcome.sent) == (400, "invalid-input", [])


async def test_an_error_of_label_studio_comes_back_as_it_is() -> None:
    page = b"<html>" + b"x" * 1000
    lab = studio(answer(page, 404, content_type="text/html"))
    outcome = await lab.rest("GET", "/v1/api/projects/99999/exports/3")
    assert (outcome.status, outcome.body) == (404, page)
    assert outcome.headers["content-type"] == "text/html"
    called = await lab.call("get-export-snapshot-id", {"id": 99999, "export_pk": 3})
    assert (called.status, called.body) == (404, page)


async def test_a_wrong_token_is_401_without_a_challenge() -> None:
    lab = studio(answer(b'{"detail":"no"}', 401, www_authenticate="Token"))
    outcome = await lab.rest("GET", "/v1/api/projects/7/exports/3")
    assert (outcome.status, outcome.body) == (401, b'{"detail":"no"}')
    assert "www-authenticate" not in outcome.headers


async def test_an_unset_variable_sends_nothing() -> None:
    lab = studio(environ={})
    outcome = await lab.rest("GET", "/v1/api/projects/7/exports/3")
    assert (outcome.status, outcome.problem, outcome.sent) == (500, "configuration", [])
    assert outcome.members["variables"] == ["LABEL_STUDIO_API_KEY"]
    called = await lab.call("get-export-snapshot-id", {"id": 7, "export_pk": 3})
    assert (called.problem, called.detail) == ("configuration", outcome.detail)
