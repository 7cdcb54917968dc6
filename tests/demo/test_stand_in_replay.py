"""Replays what a real Label Studio answered; the recording is not part of the project."""

import base64
import http.client
import io
import json
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from anyio.from_thread import start_blocking_portal

from naftiko_runtime.demo.checks import Tokens
from naftiko_runtime.demo.dev_server import Framing, serve
from naftiko_runtime.demo.label_studio import label_studio
from naftiko_runtime.demo.studio import Studio

RECORDING = Path(__file__).parents[3] / "shared" / "label-studio" / "recorded.json"
TOKEN = "0123456789abcdef0123456789abcdef01234567"  # noqa: S105 - made up
MASK = "HEADER.PAYLOAD.SIGNATURE"
GROUPS = [
    "accept",
    "auth",
    "body",
    "chunked",
    "convert",
    "cors",
    "download",
    "encoding",
    "export",
    "exports",
    "formats",
    "header",
    "order",
    "seed",
    "server",
]
BESIDE = {
    "webhooks.list",
    "webhooks.list.no_slash",
    "webhooks.create.loopback_blocked",
    "webhooks.create.bad_url",
    "webhooks.get.missing",
    "health",
    "projects.list",
    "projects.list.no_slash",
    "projects.list.page",
    "projects.list.page_out",
    "projects.get",
    "projects.get.no_slash",
    "projects.get.missing",
    "tasks.list",
    "tasks.list.no_slash",
    "tasks.list.no_project",
    "tasks.list.missing_project",
    "tasks.list.page_out",
    "tasks.get",
    "tasks.get.no_slash",
    "tasks.get.missing",
}
# status and content type are compared, the body is not: its members are beside the exports
LOOSE = ("seed.", "projects.", "tasks.", "webhooks.get")
UNFAITHFUL = {
    "body.utf16": "the recording keeps the text of its bytes, not the bytes",
    "body.gzip_request": "the recording keeps the text of its bytes, not the bytes",
    "auth.repeated_header": "sent as two headers, which http.client does not do; tested below",
}
COMPARED = ("allow", "www-authenticate", "accept-ranges", "access-control-allow-origin")

pytestmark = pytest.mark.skipif(not RECORDING.exists(), reason="the recording is not here")


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Caller:
    """Sends recorded requests as they were, with real tokens in place of the mask."""

    url: str
    tokens: dict[str, str] = field(default_factory=dict)

    def send(self, name: str, request: dict[str, Any]) -> Answer:
        target = request["path"] + (f"?{request['query']}" if request["query"] else "")
        body = (request["body"] or "").replace(MASK, self._token(name))
        headers = {k: v.replace(MASK, self._token(name)) for k, v in request["headers"].items()}
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=20)
        connection.putrequest(request["method"], target, skip_accept_encoding=True)
        for key, value in headers.items():
            connection.putheader(key, value)
        payload = body.encode()
        if "Transfer-Encoding" in headers:
            payload = b"%x\r\n%b\r\n0\r\n\r\n" % (len(payload), payload)
        elif request["body"] is not None:
            connection.putheader("Content-Length", str(len(payload)))
        connection.endheaders(payload or None)
        reply = connection.getresponse()
        answer = Answer(reply.status, {k.lower(): v for k, v in reply.getheaders()}, reply.read())
        connection.close()
        self._remember(name, answer)
        return answer

    def _token(self, name: str) -> str:
        if name == "auth.access_tampered":
            return self.tokens["access"][:-4] + "AAAA"
        kind = (
            "access"
            if name.startswith(("auth.access", "auth.jwt", "auth.legacy_and"))
            else "personal"
        )
        return self.tokens.get(kind, "")

    def _remember(self, name: str, answer: Answer) -> None:
        if name == "auth.pat_create":
            self.tokens["personal"] = json.loads(answer.body)["token"]
        if name == "auth.pat_refresh":
            self.tokens["access"] = json.loads(answer.body)["access"]


@contextmanager
def stand_in(framing: Framing) -> Iterator[Caller]:
    app = label_studio(Studio(), Tokens(TOKEN))
    with start_blocking_portal() as portal:
        serving, url = portal.start_task(serve, app, framing)
        try:
            yield Caller(url)
        finally:
            serving.cancel()


def recorded(pair: dict[str, Any]) -> Answer:
    reply = pair["response"]
    headers = {key.lower(): value for key, value in reply["headers"]}
    body = reply["body"] or ""
    encoded = reply["body_encoding"] == "base64"
    return Answer(reply["status"], headers, base64.b64decode(body) if encoded else body.encode())


def structure(value: Any) -> Any:
    """Return types for values, but the sentences of errors as they are."""
    match value:
        case {"status_code": _, "detail": detail}:
            problem = value.get("validation_errors")
            return {"members": sorted(value), "detail": detail, "errors": problem}
        case dict():
            return {key: structure(member) for key, member in value.items()}
        case list():
            return [structure(member) for member in value]
        case float() | int() if not isinstance(value, bool):
            return "number"
        case _:
            return type(value).__name__


def file_name(headers: dict[str, str]) -> str | None:
    """Return the disposition with the volatile pieces of the name replaced."""
    written = headers.get("content-disposition")
    return written and re.sub(r"at-[\d-]{16}-[0-9a-f]{8}(_\w{7})?", "at-MOMENT-DIGEST", written)


def zip_names(body: bytes) -> list[str]:
    names = zipfile.ZipFile(io.BytesIO(body)).namelist()
    # upload names start with random digits, text names with a digest of the text
    return sorted(re.sub(r"/[0-9a-f]{8}[-_].*(\.\w+)$", r"/NAME\1", name) for name in names)


def compare_bodies(pair: dict[str, Any], ours: Answer, theirs: Answer) -> None:
    kind = theirs.headers.get("content-type", "")
    if kind.startswith("text/html"):
        assert len(ours.body) == pair["response"]["body_length"]
    elif "zip" in kind:
        assert zip_names(ours.body) == zip_names(theirs.body)
    elif "csv" in kind:
        assert ours.body.split(b"\n")[0] == theirs.body.split(b"\n")[0]
        assert ours.body.count(b"\n") == theirs.body.count(b"\n")
    elif "conll" in kind:
        assert ours.body == theirs.body
    elif pair["response"]["body_truncated"]:
        start = re.compile(rb'[^"]*"[^"]*"')
        assert start.match(ours.body).group() == start.match(theirs.body).group()
    elif ours.body or theirs.body:
        assert structure(json.loads(ours.body)) == structure(json.loads(theirs.body))


def compare(pair: dict[str, Any], ours: Answer) -> None:
    theirs = recorded(pair)
    assert ours.status == theirs.status
    assert ours.headers.get("content-type") == theirs.headers.get("content-type")
    if pair["name"].startswith(LOOSE):
        return
    names = (*COMPARED, "connection") if theirs.status == 200 else COMPARED
    assert {n: ours.headers.get(n) for n in names} == {n: theirs.headers.get(n) for n in names}
    assert file_name(ours.headers) == file_name(theirs.headers)
    if "content-range" in theirs.headers:
        assert "content-range" in ours.headers
        assert len(ours.body) == len(theirs.body)
    else:
        compare_bodies(pair, ours, theirs)


def pairs() -> list[dict[str, Any]]:
    everything = json.loads(RECORDING.read_text(encoding="utf-8"))["pairs"]
    names = [pair["name"] for pair in everything]
    first = everything[: names.index("convert.cross_project")]
    return [p for p in first if p["name"] not in UNFAITHFUL and is_compared(p["name"])]


def is_compared(name: str) -> bool:
    return name in BESIDE or name.split(".", maxsplit=1)[0] in GROUPS


def test_the_stand_in_answers_what_the_real_server_answered() -> None:
    problems = []
    with stand_in("close") as caller:
        for pair in pairs():
            try:
                compare(pair, caller.send(pair["name"], pair["request"]))
            except AssertionError as exc:
                problems.append(f"{pair['name']}: {exc}")
    assert not problems, "\n\n".join(problems)


def test_chunked_downloads_look_like_those_of_a_production_server() -> None:
    everything = json.loads(RECORDING.read_text(encoding="utf-8"))["pairs"]
    seeds = [p for p in everything if p["name"].startswith("seed.")]
    compared = [p for p in everything if p["name"].startswith("gunicorn.")]
    snapshot = {"method": "POST", "path": "/api/projects/1/exports/", "query": None, "body": None}
    problems = []
    with stand_in("chunked") as caller:
        for pair in seeds:
            caller.send(pair["name"], pair["request"])
        caller.send("snapshot", snapshot | {"headers": {"Authorization": f"Token {TOKEN}"}})
        for pair in compared:
            ours = caller.send(pair["name"], pair["request"])
            theirs = recorded(pair)
            names = ("content-type", "transfer-encoding")
            seen = (ours.status, [ours.headers.get(n) for n in names], file_name(ours.headers))
            expected = [theirs.headers.get(n) for n in names]
            if seen != (theirs.status, expected, file_name(theirs.headers)):
                problems.append((pair["name"], seen, theirs.status, expected))
    assert not problems
