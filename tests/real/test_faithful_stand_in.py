"""The stand-in of the demo answers as the real server does, request by request."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import httpx
import pytest
from anyio.from_thread import start_blocking_portal

from naftiko_runtime.demo.checks import Tokens
from naftiko_runtime.demo.dev_server import serve
from naftiko_runtime.demo.label_studio import label_studio
from naftiko_runtime.demo.studio import Studio

pytestmark = pytest.mark.real
CONFIG = (
    '<View><Text name="text" value="$text"/><Choices name="mood" toName="text">'
    '<Choice value="Good"/><Choice value="Bad"/></Choices></View>'
)
CHOICE = {"from_name": "mood", "to_name": "text", "type": "choices", "value": {"choices": ["Good"]}}
TASKS = [
    {"data": {"text": "one"}, "annotations": [{"result": [CHOICE]}]},
    {"data": {"text": "two / zwei"}},
    {"data": {"text": "three"}, "annotations": [{"result": [], "was_cancelled": True}]},
]
SNAPSHOTS = "/api/projects/1/exports/"
PROJECT = {"title": "Moods", "label_config": CONFIG}
REQUESTS: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/api/projects/", {"json": PROJECT}),
    ("POST", "/api/projects/", {"json": {"title": "x"}}),
    ("POST", "/api/projects/1/import", {"json": TASKS}),
    ("POST", "/api/projects/1/import", {"json": []}),
    ("POST", SNAPSHOTS, {"json": {"title": "first", "id": 9, "unknown": 1}}),
    ("POST", SNAPSHOTS, {}),
    ("POST", SNAPSHOTS, {"json": {"title": None}}),
    ("POST", SNAPSHOTS, {"json": {"title": ["a"]}}),
    ("POST", SNAPSHOTS, {"json": [1]}),
    ("POST", SNAPSHOTS, {"json": {"task_filter_options": {"finished": "never"}}}),
    ("POST", SNAPSHOTS, {"json": {"annotation_filter_options": {"usual": "maybe"}}}),
    ("POST", SNAPSHOTS, {"json": {"task_filter_options": {"only_with_annotations": True}}}),
    ("POST", SNAPSHOTS, {"json": {"task_filter_options": {"annotated": "exclude"}}}),
    ("POST", SNAPSHOTS, {"content": b"{", "headers": {"Content-Type": "application/json"}}),
    ("POST", SNAPSHOTS, {"content": b"x", "headers": {"Content-Type": "text/plain"}}),
    ("POST", SNAPSHOTS, {"data": {"title": "from a form"}}),
    ("POST", "/api/projects/9/exports/", {"json": {}}),
    ("GET", SNAPSHOTS, {}),
    ("GET", "/api/projects/1/exports?page=7", {}),
    ("GET", SNAPSHOTS, {"headers": {"Accept": "text/html"}}),
    ("GET", SNAPSHOTS, {"headers": {"Authorization": "Bearer nope"}}),
    ("GET", SNAPSHOTS, {"headers": {"Authorization": "Token nope"}}),
    ("PATCH", SNAPSHOTS, {"json": {}}),
    ("GET", f"{SNAPSHOTS}1", {}),
    ("GET", f"{SNAPSHOTS}1/", {}),
    ("GET", f"{SNAPSHOTS}99", {}),
    ("POST", f"{SNAPSHOTS}1/convert", {"json": {"export_type": "CSV"}}),
    ("POST", f"{SNAPSHOTS}1/convert", {"json": {"export_type": "CSV"}}),
    ("POST", f"{SNAPSHOTS}1/convert", {"json": {"export_type": "YOLO"}}),
    ("POST", f"{SNAPSHOTS}1/convert", {"json": {"export_type": "nope"}}),
    ("POST", f"{SNAPSHOTS}1/convert", {"json": {}}),
    ("POST", "/api/projects/9/exports/1/convert", {"json": {"export_type": "TSV"}}),
    ("GET", f"{SNAPSHOTS}1", {}),
    ("GET", f"{SNAPSHOTS}1/download", {}),
    ("GET", f"{SNAPSHOTS}1/download", {"headers": {"Range": "bytes=2-5"}}),
    ("GET", f"{SNAPSHOTS}1/download", {"headers": {"Range": "bytes=9999999-99999999"}}),
    ("GET", f"{SNAPSHOTS}1/download?exportType=JSON_MIN", {}),
    ("GET", f"{SNAPSHOTS}1/download?exportType=CSV", {}),
    ("GET", f"{SNAPSHOTS}1/download?exportType=", {}),
    ("GET", f"{SNAPSHOTS}3/download", {}),
    ("GET", f"{SNAPSHOTS}4/download", {}),
    ("GET", "/api/projects/1/export", {}),
    ("GET", "/api/projects/1/export?download_all_tasks=yes&exportType=JSON_MIN", {}),
    ("GET", "/api/projects/1/export?exportType=CSV&ids[]=2", {}),
    ("GET", "/api/projects/1/export?ids[]=2&download_all_tasks=on", {}),
    ("GET", "/api/projects/1/export?ids[]=x", {}),
    ("GET", "/api/projects/1/export?download_all_tasks=often", {}),
    ("GET", "/api/projects/1/export?exportType=nope", {}),
    ("GET", "/api/projects/1/export?exportType=ASR_MANIFEST", {}),
    ("GET", "/api/projects/1/export?exportType=BRUSH_TO_COCO", {}),
    ("GET", "/api/projects/9/export", {}),
    ("GET", "/api/projects/1/export/formats", {}),
    ("DELETE", f"{SNAPSHOTS}1", {}),
    ("DELETE", f"{SNAPSHOTS}1", {}),
    ("GET", f"{SNAPSHOTS}1/download", {}),
    ("GET", "/api/tasks/?project=9", {}),
    ("GET", "/api/nothing", {}),
]
LOOSE = {"/api/projects/"}
"""Answers with members that have nothing to do with exports: status and type are compared."""


@contextmanager
def stand_in(authorization: str) -> Iterator[httpx.Client]:
    app = label_studio(Studio(), Tokens(authorization.removeprefix("Token ")))
    with start_blocking_portal() as portal:
        serving, url = portal.start_task(serve, app)
        headers = {"Authorization": authorization}
        try:
            with httpx.Client(base_url=url, headers=headers, trust_env=False) as client:
                yield client
        finally:
            serving.cancel()


def shape(value: Any) -> Any:
    """Return types for values, but sentences of errors and facts of the seed as they are."""
    match value:
        case {"status_code": _}:
            return value | {"id": "any"}
        case dict():
            return {key: shape(member) for key, member in value.items()}
        case list():
            return [shape(member) for member in value]
        case int() | float() if not isinstance(value, bool):
            return "number"
        case _:
            return type(value).__name__


def seen(client: httpx.Client, method: str, path: str, arguments: dict[str, Any]) -> Any:
    reply = client.request(method, path, **arguments)
    kind = reply.headers.get("content-type")
    facts = (reply.status_code, kind, reply.headers.get("allow"), "content-length" in reply.headers)
    if path in LOOSE:
        return facts[:2]
    if kind and kind.startswith("text/html"):
        return (*facts, len(reply.content))
    if kind and kind.endswith("json") and reply.status_code != 206:
        return (*facts, members(path, reply.json()))
    return (*facts, reply.text.splitlines()[0] if kind and "csv" in kind else None)


def members(path: str, value: Any) -> Any:
    if path.endswith("/formats"):
        return [
            (each["name"], each["title"], each.get("tags"), each.get("disabled")) for each in value
        ]
    return shape(value)


def test_both_answer_alike(start_studio: Callable[[str], AbstractContextManager[Any]]) -> None:
    problems = []
    with start_studio("development") as studio:
        real, authorization = studio.client, studio.client.headers["Authorization"]
        with stand_in(authorization) as ours:
            for method, path, arguments in REQUESTS:
                mine, theirs = (seen(each, method, path, arguments) for each in (ours, real))
                if mine != theirs:
                    problems.append(f"{method} {path} {arguments}\n  {mine}\n  {theirs}")
    assert not problems, "\n".join(problems)
