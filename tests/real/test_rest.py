"""The eight operations through REST, against what Label Studio says itself."""

import csv
import io
import zipfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import httpx
import pytest
from processes import Serving, serving

pytestmark = pytest.mark.real
SNAPSHOTS = "/projects/1/exports"


@pytest.fixture
def snapshot(rest: httpx.Client) -> int:
    created = rest.post(SNAPSHOTS, json={"title": "through the runtime"})
    assert created.status_code == 201, created.text
    assert created.json()["title"] == "through the runtime"
    return created.json()["id"]


def test_the_list_is_what_label_studio_lists(
    rest: httpx.Client, studio: Any, snapshot: int
) -> None:
    ours = rest.get(SNAPSHOTS)
    theirs = studio.client.get("/api/projects/1/exports/")
    assert (ours.status_code, ours.content) == (200, theirs.content)
    assert ours.headers["content-type"] == theirs.headers["content-type"]
    assert "set-cookie" in theirs.headers
    assert "set-cookie" not in ours.headers
    assert ours.json()[0]["id"] == snapshot


def test_one_snapshot_and_the_formats_are_relayed(
    rest: httpx.Client, studio: Any, snapshot: int
) -> None:
    for ours, theirs in [
        (f"{SNAPSHOTS}/{snapshot}", f"/api/projects/1/exports/{snapshot}"),
        ("/projects/1/export/formats", "/api/projects/1/export/formats"),
    ]:
        assert rest.get(ours).content == studio.client.get(theirs).content


def test_a_snapshot_is_converted_once(rest: httpx.Client, snapshot: int) -> None:
    url = f"{SNAPSHOTS}/{snapshot}/convert"
    done = rest.post(url, json={"export_type": "CSV"})
    assert (done.status_code, done.json()["export_type"]) == (200, "CSV")
    again = rest.post(url, json={"export_type": "CSV"})
    assert again.status_code == 400
    assert "already started" in again.text


@pytest.mark.parametrize("export_type", [None, "JSON", "CSV", "JSON_MIN"])
def test_a_download_is_the_bytes_of_label_studio(
    rest: httpx.Client, studio: Any, snapshot: int, export_type: str | None
) -> None:
    query = {} if export_type is None else {"exportType": export_type}
    ours = rest.get(f"{SNAPSHOTS}/{snapshot}/download", params=query)
    theirs = studio.client.get(f"/api/projects/1/exports/{snapshot}/download", params=query)
    assert (ours.status_code, ours.content) == (200, theirs.content)
    for name in ("content-type", "content-disposition"):
        assert ours.headers[name] == theirs.headers[name]


def test_a_csv_download_has_a_row_for_each_annotation(rest: httpx.Client, snapshot: int) -> None:
    text = rest.get(f"{SNAPSHOTS}/{snapshot}/download", params={"exportType": "CSV"}).text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["image"] for row in rows] == [f"https://images.example/{n}.png" for n in range(3)]


@pytest.mark.parametrize("path", ["/projects/1/export", None])
def test_a_yolo_archive_arrives_whole(rest: httpx.Client, snapshot: int, path: str | None) -> None:
    url = path or f"{SNAPSHOTS}/{snapshot}/download"
    reply = rest.get(url, params={"export_type" if path else "exportType": "YOLO"})
    assert (reply.status_code, reply.headers["content-type"]) == (200, "application/zip")
    archive = zipfile.ZipFile(io.BytesIO(reply.content))
    assert archive.testzip() is None
    assert {"classes.txt", "notes.json"} <= set(archive.namelist())


def test_the_export_of_the_moment_takes_its_query(rest: httpx.Client, studio: Any) -> None:
    query = {"download_all_tasks": "TRUE", "export_type": "CSV"}
    ours = rest.get("/projects/1/export", params=query)
    theirs = studio.client.get("/api/projects/1/export", params=query)
    assert (ours.status_code, ours.content) == (200, theirs.content)
    assert ours.headers["content-type"] == "application/.csv"


def test_a_range_of_a_download_is_relayed(rest: httpx.Client, snapshot: int) -> None:
    url = f"{SNAPSHOTS}/{snapshot}/download"
    whole = rest.get(url).content
    part = rest.get(url, headers={"Range": "bytes=10-29"})
    assert (part.status_code, part.content) == (206, whole[10:30])
    assert part.headers["content-range"] == f"bytes 10-29/{len(whole)}"


def test_a_deleted_snapshot_is_gone(rest: httpx.Client, snapshot: int) -> None:
    deleted = rest.delete(f"{SNAPSHOTS}/{snapshot}")
    assert (deleted.status_code, deleted.content) == (204, b"")
    again = rest.delete(f"{SNAPSHOTS}/{snapshot}")
    assert (again.status_code, again.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert snapshot not in [each["id"] for each in rest.get(SNAPSHOTS).json()]


def test_a_missing_project_is_label_studios_own_404(rest: httpx.Client) -> None:
    reply = rest.get("/projects/99999/exports")
    assert reply.status_code == 404
    assert reply.json()["detail"] == "No Project matches the given query."


def test_a_wrong_type_is_refused_before_label_studio_sees_it(rest: httpx.Client) -> None:
    reply = rest.get("/projects/one/exports")
    assert (reply.status_code, reply.headers["content-type"]) == (400, "application/problem+json")
    assert reply.json()["type"] == "urn:naftiko:problem:invalid-input"


@pytest.mark.parametrize("key", ["Token nope", "nope", "Bearer nope"])
def test_a_wrong_token_is_label_studios_own_401(studio: Any, key: str) -> None:
    with serving(studio.url, environ={"LABEL_STUDIO_API_KEY": key}) as wrong:
        reply = httpx.get(wrong.exports, trust_env=False)
    assert reply.status_code == 401
    assert reply.json()["detail"]
    assert "www-authenticate" not in reply.headers


def test_the_callers_own_authorization_does_not_reach_label_studio(rest: httpx.Client) -> None:
    reply = rest.get(SNAPSHOTS, headers={"Authorization": "Token somebody-else"})
    assert reply.status_code == 200


def test_a_personal_access_token_is_traded_by_the_runtime(studio: Any) -> None:
    personal = studio.client.post("/api/token/", json={}).json()["token"]
    block = (
        "{type: token-refresh, tokenEndpoint: /api/token/refresh/, "
        'refreshToken: "{{env.LABEL_STUDIO_PAT}}"}'
    )
    environ = {"LABEL_STUDIO_PAT": personal}
    with serving(
        studio.url, "--set", f"authentication.label-studio-*={block}", environ=environ
    ) as it:
        replies = [httpx.get(it.exports, trust_env=False).status_code for _ in range(2)]
    assert replies == [200, 200]


def test_a_hundred_megabytes_pass_in_constant_memory(
    start_studio: Callable[[str], AbstractContextManager[Any]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    with start_studio("development") as studio:
        size = seed_large(studio.client)
        environ = {"LABEL_STUDIO_API_KEY": studio.client.headers["Authorization"]}
        with serving(studio.url, environ=environ) as runtime:
            assert httpx.get(runtime.exports, trust_env=False).status_code == 200
            before = runtime.resident()
            received, peak = consume(runtime)
    grown = (peak - before) / 2**20
    with capsys.disabled():
        print(f"\n{received / 2**20:.0f} MiB relayed; memory grew by {grown:.1f} MiB")  # noqa: T201 - a measurement
    assert received >= size
    assert grown < 20


def seed_large(client: httpx.Client) -> int:
    """Create project 1 with a hundred tasks of a megabyte and a snapshot; return bytes of text."""
    config = '<View><Text name="t" value="$text"/></View>'
    client.post("/api/projects/", json={"title": "Large", "label_config": config})
    text = "x" * 1_000_000
    for _ in range(10):
        client.post("/api/projects/1/import", json=[{"data": {"text": text}}] * 10)
    assert client.post("/api/projects/1/exports/", json={}).json()["status"] == "completed"
    return 100 * len(text)


def consume(runtime: Serving) -> tuple[int, int]:
    """Download snapshot 1; return the bytes and the most memory the runtime held meanwhile."""
    received, peak = 0, 0
    with httpx.stream(
        "GET", f"{runtime.exports}/1/download", timeout=120, trust_env=False
    ) as reply:
        assert reply.status_code == 200
        for piece in reply.iter_raw():
            received += len(piece)
            peak = max(peak, runtime.resident())
    return received, peak
