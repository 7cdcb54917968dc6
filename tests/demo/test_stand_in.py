import json
import socket
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import anyio
import httpx
import pytest

from naftiko_runtime.demo.checks import Tokens
from naftiko_runtime.demo.dev_server import Framing, serve
from naftiko_runtime.demo.formats import FORMATS
from naftiko_runtime.demo.label_studio import label_studio
from naftiko_runtime.demo.sample import fill
from naftiko_runtime.demo.studio import Studio

pytestmark = pytest.mark.anyio
TOKEN = "demo-token"  # noqa: S105 - made up
AUTHORIZED = {"Authorization": f"Token {TOKEN}"}
EXPORTS = "/api/projects/1/exports/"


@pytest.fixture
def framing() -> Framing:
    return "close"


@pytest.fixture
async def client(framing: Framing) -> AsyncIterator[httpx.AsyncClient]:
    studio = Studio()
    fill(studio)
    async with anyio.create_task_group() as group:
        url = await group.start(serve, label_studio(studio, Tokens(TOKEN)), framing)
        async with httpx.AsyncClient(base_url=url, headers=AUTHORIZED, timeout=10) as client:
            yield client
        group.cancel_scope.cancel()


async def raw(client: httpx.AsyncClient, text: bytes) -> bytes:
    """Send bytes as they are and return everything until the server hangs up."""
    where = urlsplit(str(client.base_url))
    received = b""
    with anyio.fail_after(5):
        async with await anyio.connect_tcp(where.hostname or "", where.port or 0) as stream:
            await stream.send(text)
            async for piece in stream:
                received += piece
    return received


@pytest.mark.parametrize(
    ("headers", "status", "detail"),
    [
        ({"Authorization": f"Token {TOKEN}"}, 200, None),
        ({"Authorization": f"token {TOKEN}"}, 200, None),
        ({"X-Api-Key": TOKEN, "Authorization": "Bearer nope"}, 200, None),
        ({"Authorization": f"Bearer {TOKEN}"}, 401, "were not provided"),
        ({"Authorization": TOKEN}, 401, "were not provided"),
        ({"Authorization": "Token nope"}, 401, "Invalid token."),
        ({"Authorization": "Token"}, 401, "No credentials provided"),
        ({"Authorization": "Token a b"}, 401, "should not contain spaces"),
        ({}, 401, "were not provided"),
    ],
)
async def test_credentials_are_checked_as_label_studio_does(
    client: httpx.AsyncClient, headers: dict[str, str], status: int, detail: str | None
) -> None:
    del client.headers["Authorization"]
    reply = await client.get(EXPORTS, headers=headers)
    assert reply.status_code == status
    assert detail is None or detail in reply.json()["detail"]
    assert reply.headers.get("www-authenticate") == ("Token" if status == 401 else None)


async def test_two_authorization_headers_are_refused(client: httpx.AsyncClient) -> None:
    line = f"Authorization: Token {TOKEN}\r\n"
    head = f"GET {EXPORTS} HTTP/1.1\r\nHost: x\r\n{line}{line}Connection: close\r\n\r\n"
    assert b" 401 " in (await raw(client, head.encode())).split(b"\r\n")[0]


async def test_a_personal_token_is_traded_for_five_minutes_of_access(
    client: httpx.AsyncClient,
) -> None:
    personal = (await client.post("/api/token/")).json()["token"]
    assert (await client.post("/api/token/")).status_code == 409
    traded = await client.post("/api/token/refresh/", json={"refresh": personal})
    bearer = {"Authorization": f"Bearer {traded.json()['access']}"}
    assert (await client.get(EXPORTS, headers=bearer)).status_code == 200
    direct = {"Authorization": f"Bearer {personal}"}
    assert (await client.get(EXPORTS, headers=direct)).status_code == 401
    wrong = await client.post("/api/token/refresh/", json={"refresh": "nope"})
    assert (wrong.status_code, wrong.json()["detail"]) == (401, "Token is invalid")


async def test_legacy_tokens_can_be_switched_off(client: httpx.AsyncClient) -> None:
    await client.post("/api/jwt/settings", json={"legacy_api_tokens_enabled": False})
    reply = await client.get(EXPORTS)
    assert reply.status_code == 401
    assert "has been disabled" in reply.json()["detail"]


async def test_checks_come_in_the_order_of_the_real_server(client: httpx.AsyncClient) -> None:
    nobody = {"Authorization": ""}
    picky = {"Accept": "text/csv"}
    assert (await client.get("/api/nothing", headers=nobody)).status_code == 404
    assert (await client.put(EXPORTS, headers=nobody | picky)).status_code == 406
    assert (await client.put(EXPORTS, headers=nobody)).status_code == 401
    assert (await client.put(EXPORTS)).status_code == 405
    text = {"Content-Type": "text/plain"}
    missing = "/api/projects/99/exports/"
    assert (await client.post(missing, content=b"x", headers=text)).status_code == 415
    assert (await client.post(missing, json={"title": None})).status_code == 400
    assert (await client.post(missing, json={})).status_code == 404


async def test_six_operations_answer_the_long_page_and_two_the_envelope(
    client: httpx.AsyncClient,
) -> None:
    pages = ["export", "export/formats", "exports/99", "exports/99/download"]
    for path in pages:
        reply = await client.get(f"/api/projects/99/{path}")
        assert reply.status_code == 404
        assert reply.headers["content-type"] == "text/html; charset=utf-8"
        assert len(reply.content) == 170_734
    for path in ("/api/projects/99/exports/", "/api/projects/99/exports"):
        reply = await client.get(path)
        assert sorted(reply.json()) == ["detail", "exc_info", "id", "status_code", "version"]
    assert (await client.get("/api/projects/1/export/")).status_code == 404


@pytest.mark.parametrize("accept", ["text/csv", "application/octet-stream", ""])
async def test_an_accept_header_without_json_is_refused(
    client: httpx.AsyncClient, accept: str
) -> None:
    url = "/api/projects/1/exports/1/download?exportType=CSV"
    assert (await client.get(url, headers={"Accept": accept})).status_code == 406
    assert (await client.get(url, headers={"Accept": "text/csv, */*;q=0"})).status_code == 200


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("ids[]=1&ids[]=2", [1, 2]),
        ("ids%5B%5D=2", [2]),
        ("ids=1&ids=2", [1, 2, 3, 4]),
        ("ids=1,2", [1, 2, 3, 4]),
        ("ids[]=5", []),
        ("ids[]=5&download_all_tasks=1", [5]),
        ("download_all_tasks=TRUE", [1, 2, 3, 4, 5]),
    ],
)
async def test_only_ids_in_brackets_filter_an_export(
    client: httpx.AsyncClient, query: str, numbers: list[int]
) -> None:
    reply = await client.get(f"/api/projects/1/export?{query}")
    assert [task["id"] for task in reply.json()] == numbers


@pytest.mark.parametrize(
    ("query", "status", "kind"),
    [
        ("", 200, "application/.json"),
        ("?exportType=", 200, "application/.json"),
        ("?export_type=CSV", 200, "application/.csv"),
        ("?exportType=TSV&export_type=JSON", 200, "application/.csv"),
        ("?exportType=CONLL2003", 200, "application/.conll"),
        ("?exportType=YOLO", 200, "application/zip"),
        ("?exportType=json", 500, "application/json"),
        ("?ids[]=1,2", 500, "application/json"),
        ("?download_all_tasks=maybe", 400, "application/json"),
    ],
)
async def test_the_format_of_an_export_decides_its_content_type(
    client: httpx.AsyncClient, query: str, status: int, kind: str
) -> None:
    reply = await client.get(f"/api/projects/1/export{query}")
    assert (reply.status_code, reply.headers["content-type"]) == (status, kind)
    assert "content-length" in reply.headers
    if status == 200:
        assert reply.headers["filename"] in reply.headers["content-disposition"]


async def test_an_unknown_format_is_a_server_error_without_a_word(
    client: httpx.AsyncClient,
) -> None:
    for path in ("export?exportType=nope", "exports/1/download?exportType=", "export?exportType=x"):
        reply = await client.get(f"/api/projects/1/{path}")
        assert (reply.status_code, reply.json()["detail"]) == (500, "")


async def test_formats_are_objects_and_those_that_fit_come_first(
    client: httpx.AsyncClient,
) -> None:
    formats = (await client.get("/api/projects/2/export/formats")).json()
    assert {each["name"] for each in formats} == set(FORMATS)
    fits = [each["name"] for each in formats if not each.get("disabled")]
    assert [each["name"] for each in formats[: len(fits)]] == fits
    assert "YOLO" in fits
    assert "CONLL2003" not in fits


async def test_a_snapshot_is_created_converted_and_deleted(client: httpx.AsyncClient) -> None:
    created = await client.post(EXPORTS, json={"title": "mine", "id": 77})
    assert created.status_code == 201
    snapshot = created.json()
    assert (snapshot["title"], snapshot["status"], snapshot["id"]) == ("mine", "completed", 2)
    convert = f"{EXPORTS}2/convert"
    assert (await client.post(convert, json={"export_type": "CSV"})).json() == {
        "export_type": "CSV",
        "converted_format": 1,
    }
    again = await client.post(convert, json={"export_type": "CSV"})
    assert again.status_code == 400
    assert "already started" in json.dumps(again.json()["validation_errors"])
    assert (await client.post(convert, json={"exportType": "TSV"})).status_code == 400
    assert (await client.post(convert, json={"export_type": "csv"})).status_code == 400
    shown = (await client.get(f"{EXPORTS}2")).json()
    assert [c["export_type"] for c in shown["converted_formats"]] == ["CSV"]
    deleted = await client.delete(f"{EXPORTS}2")
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert "content-type" not in deleted.headers
    for method, path in (("DELETE", f"{EXPORTS}2"), ("GET", f"{EXPORTS}2/download")):
        assert (await client.request(method, path)).status_code == 404
    assert [s["id"] for s in (await client.get(EXPORTS)).json()] == [1]


async def test_the_list_is_newest_first_and_numbers_run_over_all_projects(
    client: httpx.AsyncClient,
) -> None:
    assert (await client.post("/api/projects/2/exports/")).json()["id"] == 2
    assert (await client.post(EXPORTS)).json()["id"] == 3
    listed = (await client.get(EXPORTS, params={"ordering": "id", "page_size": 1})).json()
    assert [s["id"] for s in listed] == [3, 1]
    assert (await client.get("/api/projects/2/exports/1")).status_code == 404
    cross = await client.post("/api/projects/2/exports/1/convert", json={"export_type": "TSV"})
    assert cross.status_code == 200


async def test_the_list_ends_after_a_hundred(client: httpx.AsyncClient) -> None:
    for _ in range(100):
        await client.post(EXPORTS)
    numbers = [s["id"] for s in (await client.get(EXPORTS)).json()]
    assert numbers == list(range(101, 1, -1))


@pytest.mark.parametrize("framing", ["close", "chunked"])
async def test_a_download_never_says_its_length(
    client: httpx.AsyncClient, framing: Framing
) -> None:
    reply = await client.get("/api/projects/1/exports/1/download")
    assert "content-length" not in reply.headers
    assert reply.headers["content-type"] == "application/json"
    assert len(reply.json()) == 5
    closes = {"close": "close", "chunked": None}[framing]
    assert reply.headers.get("connection") == closes
    assert reply.headers.get("transfer-encoding") == (None if closes else "chunked")
    assert reply.headers["filename"].startswith("export/1/project-1-at-")
    named = await client.get("/api/projects/1/exports/1/download?exportType=JSON")
    assert named.headers["filename"].startswith("project-1-at-")


async def test_export_and_download_space_their_json_differently(client: httpx.AsyncClient) -> None:
    export = await client.get("/api/projects/1/export")
    download = await client.get("/api/projects/1/exports/1/download")
    assert export.content.startswith(b'[{"id":1,')
    assert download.content.startswith(b'[{"id": 1, ')
    assert len(download.json()) == len(export.json()) + 1


@pytest.mark.parametrize(
    ("asked", "status", "length"),
    [("bytes=0-99", 206, 100), ("bytes=-50", 206, 50), ("bytes=5-6", 206, 2)],
)
async def test_a_range_of_a_download_is_answered_with_its_length(
    client: httpx.AsyncClient, asked: str, status: int, length: int
) -> None:
    url = "/api/projects/1/exports/1/download"
    whole = (await client.get(url)).content
    reply = await client.get(url, headers={"Range": asked})
    assert (reply.status_code, int(reply.headers["content-length"])) == (status, length)
    start = int(reply.headers["content-range"].split()[1].split("-")[0])
    assert reply.content == whole[start : start + length]


async def test_a_range_past_the_end_is_everything(client: httpx.AsyncClient) -> None:
    url = "/api/projects/1/exports/1/download"
    whole = (await client.get(url)).content
    opened = await client.get(url, headers={"Range": "bytes=999999-"})
    closed = await client.get(url, headers={"Range": "bytes=999999-9999999"})
    assert (opened.status_code, opened.content) == (200, whole)
    assert (closed.status_code, closed.content) == (416, whole)


async def test_a_chunked_body_is_dropped_and_poisons_the_connection(
    client: httpx.AsyncClient,
) -> None:
    body = b'{"title":"lost"}'
    head = f"POST {EXPORTS} HTTP/1.1\r\nHost: x\r\nAuthorization: Token {TOKEN}\r\n".encode()
    framed = b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    received = await raw(client, head + framed + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body))
    first, second = received.split(b"HTTP/1.1 ")[1:]
    assert first.startswith(b"201 ")
    assert b"lost" not in first
    assert second.startswith(b"400 ")


@pytest.mark.parametrize("framing", ["chunked"])
async def test_a_chunked_body_is_dropped_by_the_production_server_too(
    client: httpx.AsyncClient,
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b'{"title":'
        yield b'"lost"}'

    json_type = {"Content-Type": "application/json"}
    created = await client.post(EXPORTS, content=pieces(), headers=json_type)
    assert created.json()["title"].startswith("Support tickets-at-")
    assert (await client.get(EXPORTS)).status_code == 200


async def test_filters_choose_the_tasks_of_a_snapshot(client: httpx.AsyncClient) -> None:
    options = {"task_filter_options": {"annotated": "only"}}
    created = (await client.post(EXPORTS, json=options)).json()
    assert created["counters"] == {"task_number": 4}
    people = {"serialization_options": {"annotations__completed_by": {"only_id": False}}}
    number = (await client.post(EXPORTS, json=people)).json()["id"]
    tasks = (await client.get(f"{EXPORTS}{number}/download")).json()
    assert tasks[0]["annotations"][0]["completed_by"]["email"] == "demo@example.com"
    truth = {"annotation_filter_options": {"ground_truth": False, "usual": True}}
    number = (await client.post(EXPORTS, json=truth)).json()["id"]
    tasks = (await client.get(f"{EXPORTS}{number}/download")).json()
    assert [task["annotations"] for task in tasks] == [[]] * 5


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"title": "x" * 2049}, "title"),
        ({"title": ["x"]}, "title"),
        ({"task_filter_options": {"view": None}}, "task_filter_options"),
        ({"task_filter_options": {"skipped": "maybe"}}, "task_filter_options"),
        ({"annotation_filter_options": {"usual": "maybe"}}, "annotation_filter_options"),
        ({"serialization_options": "x"}, "serialization_options"),
        ("text", "non_field_errors"),
    ],
)
async def test_a_wrong_field_is_named(client: httpx.AsyncClient, body: object, where: str) -> None:
    reply = await client.post(EXPORTS, json=body)
    assert (reply.status_code, reply.json()["detail"]) == (400, "Validation error")
    assert list(reply.json()["validation_errors"]) == [where]


async def test_a_project_can_be_seeded_as_on_the_real_server(client: httpx.AsyncClient) -> None:
    config = (
        '<View><Text name="t" value="$text"/>'
        '<Choices name="c" toName="t"><Choice value="A"/></Choices></View>'
    )
    project = (
        await client.post("/api/projects/", json={"title": "New", "label_config": config})
    ).json()
    path = f"/api/projects/{project['id']}"
    imported = await client.post(f"{path}/import?return_task_ids=true", json=[{"text": "one"}])
    (number,) = imported.json()["task_ids"]
    region = {"from_name": "c", "to_name": "t", "type": "choices", "value": {"choices": ["A"]}}
    done = await client.post(f"/api/tasks/{number}/annotations/", json={"result": [region]})
    assert done.status_code == 201
    rows = (await client.get(f"{path}/export?exportType=CSV")).text.splitlines()
    assert (
        rows[0]
        == '"annotation_id","annotator","c","created_at","id","lead_time","text","updated_at"'
    )
    assert '"A"' in rows[1]
    assert (await client.post(f"{path}/import", json=[{"other": 1}])).status_code == 400


async def test_a_dropped_connection_does_not_stop_the_server(client: httpx.AsyncClient) -> None:
    where = urlsplit(str(client.base_url))
    with socket.create_connection((where.hostname or "", where.port or 0)) as caller:
        caller.sendall(b"GET / HT")
    assert (await client.get("/health/")).json() == {"status": "UP"}
    assert b" 400 " in await raw(client, b"nonsense\r\n\r\n")


async def test_a_webhook_leads_to_its_own_target(client: httpx.AsyncClient) -> None:
    hook = {"url": "https://hooks.example/x", "project": 1, "actions": ["TASKS_CREATED"]}
    created = await client.post("/api/webhooks/", json=hook)
    assert (created.status_code, created.headers["location"]) == (201, hook["url"])
    one = f"/api/webhooks/{created.json()['id']}/"
    assert (await client.get("/api/webhooks?project=1")).json() == [created.json()]
    assert (await client.get("/api/webhooks/?project=2")).json() == []
    assert (await client.delete(one)).status_code == 204
    assert (await client.get(one)).json()["detail"] == "No Webhook matches the given query."


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/", "http://localhost/", "http://10.0.0.1/"])
async def test_a_webhook_to_this_machine_is_forbidden(client: httpx.AsyncClient, url: str) -> None:
    reply = await client.post("/api/webhooks/", json={"url": url})
    assert (reply.status_code, reply.json()["detail"][:36]) == (
        403,
        "URL resolves to a reserved network a",
    )


async def test_a_webhook_needs_a_url_and_known_actions(client: httpx.AsyncClient) -> None:
    wrong = await client.post("/api/webhooks/", json={"url": "nope"})
    assert wrong.json()["validation_errors"] == {"url": ["Enter a valid URL."]}
    hook = {"url": "https://hooks.example/x", "actions": ["NOPE"]}
    wrong = await client.post("/api/webhooks/", json=hook)
    assert list(wrong.json()["validation_errors"]) == ["actions"]
