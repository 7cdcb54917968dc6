"""``naftiko call`` on ten published documents of different kinds: what arrives at an API.

Each is run as a process, as people do, with the API replaced by one on loopback that notes what it
is sent. Only the settings of the command line are added to the documents.
"""

import base64
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[3] / "shared" / "corpus" / "dev"
ANSWER = b'{"arrived": true}'
PATIENCE = 60


@dataclass(frozen=True)
class Arrived:
    """One request as the API sees it; header names are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Call:
    """A command and what it is to send; ``body`` as its media type is read, see ``content``."""

    document: str
    words: tuple[str, ...]
    environ: Mapping[str, str]
    line: str
    headers: Mapping[str, str]
    body: Any = None


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


CALLS = [
    Call(
        "adobe-analytics__reporting-and-analysis",
        (
            "adobe-reporting-analysis-mcp.get-server-call-estimate",
            *("rsid=shop/eu", "dateRangeStart=2026-01-01", "dateRangeEnd=2026-02-01"),
        ),
        {"ADOBE_ANALYTICS_BEARER_TOKEN": "t0ken", "ADOBE_ANALYTICS_GLOBAL_COMPANY_ID": "acme"},
        "GET /shop%2Feu/serverCallEstimate?dateRangeStart=2026-01-01&dateRangeEnd=2026-02-01",
        {"authorization": "Bearer t0ken"},
    ),
    Call(
        "3m__3m-supply-chain-integration",
        (
            "3m-supply-chain-mcp.create-order",
            *('items:=[{"sku": "a", "n": 2}]', 'shippingAddress:={"city": "Köln"}'),
        ),
        {"THREEEM_BEARER_TOKEN": "t0ken"},
        "POST /orders",
        {"authorization": "Bearer t0ken", "content-type": "application/json"},
        {"items": [{"sku": "a", "n": 2}], "shippingAddress": {"city": "Köln"}},
    ),
    Call(
        "twilio__identity-and-fraud-prevention",
        ("verify-send-code", "ServiceSid=VA1", "to=+49 12", "channel=sms"),
        {"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "pä:ss"},
        "POST /Services/VA1/Verifications",
        {
            "authorization": basic("AC1", "pä:ss"),
            "content-type": "application/x-www-form-urlencoded",
        },
        b"To=%2B49+12&Channel=sms",
    ),
    Call(
        "abstract-api__fraud-detection",
        ("check-email-reputation", "email=a+b@c.example"),
        {"EMAIL_REPUTATION_API_KEY": "k&y"},
        "GET /?email=a%2Bb%40c.example&api_key=k%26y",
        {},
    ),
    Call(
        "apache-atlas__atlas-data-governance",
        ("GET /v1/lineage/g%201?direction=BOTH",),
        {"ATLAS_USERNAME": "me", "ATLAS_PASSWORD": "secret"},
        "GET /v2/lineage/g%201?direction=BOTH",
        {"authorization": basic("me", "secret")},
    ),
    Call(
        "datadog__log-analytics",
        ("list-log-indexes",),
        {"DATADOG_API_KEY": "one", "DATADOG_APP_KEY": "two"},
        "GET /api/v1/logs/config/indexes",
        {"dd-api-key": "one", "dd-application-key": "two"},
    ),
    Call(
        "dynatrace__monitoring-and-observability",
        ("monitoring-observability-mcp.ingest-custom-metrics", "metric_lines=cpu,host=a 1\nµ 2"),
        {"DYNATRACE_API_TOKEN": "dt0", "DYNATRACE_ENVIRONMENT_ID": "env"},
        "POST /metrics/ingest",
        {"authorization": "Api-Token dt0", "content-type": "text/plain; charset=utf-8"},
        "cpu,host=a 1\nµ 2".encode(),
    ),
    Call(
        "pinecone__pinecone-capability",
        ("pinecone-mcp.fetch-project", "project_id=p 1", "X-Pinecone-Api-Version=2026-01"),
        {"PINECONE_TOKEN": "t0ken"},
        "GET /admin/projects/p%201",
        {"authorization": "Bearer t0ken", "x-pinecone-api-version": "2026-01"},
    ),
    Call(
        "google-pub-sub__google-pub-sub-capability",
        ("PUT /v1/projects/p1/snapshots/s1", "--input", '{ "subscription": "x" }'),
        {"GOOGLE_PUB_SUB_TOKEN": "t0ken"},
        "PUT /v1/projects/p1/snapshots/s1",
        {"authorization": "Bearer t0ken", "content-type": "application/json"},
        # the caller's own bytes, blanks and all
        b'{ "subscription": "x" }',
    ),
    Call(
        "stability-ai__image-creation",
        ("image-creation-api.generate-image-core", "prompt=a ship", "seed:=7"),
        {"STABILITY_AI_API_KEY": "t0ken"},
        "POST /v2beta/stable-image/generate/core",
        {"authorization": "Bearer t0ken"},
        {"prompt": "a ship", "seed": "7"},
    ),
]


@dataclass
class Api:
    """Answers everything and notes what was asked."""

    url: str = ""
    arrived: list[Arrived] = field(default_factory=list)


@pytest.fixture
def api() -> Iterator[Api]:
    noted = Api()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            noted.arrived.append(Arrived(self.command, self.path, headers, body))
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(ANSWER)))
            self.end_headers()
            self.wfile.write(ANSWER)

        do_GET = do_POST = do_PUT = answer  # noqa: N815 - the names are the base class's

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        noted.url = f"http://127.0.0.1:{server.server_port}"
        yield noted
        server.shutdown()
        thread.join(PATIENCE)


def content(arrived: Arrived) -> Any:
    """Return a JSON body as a value, a multipart one as texts by name, any other as its bytes."""
    kind = arrived.headers.get("content-type", "")
    if kind.startswith("multipart/form-data"):
        message = BytesParser().parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + arrived.body)
        return {
            part.get_param("name", header="content-disposition"): part.get_payload(
                decode=True
            ).decode()
            for part in message.get_payload()
        }
    return arrived.body


@pytest.mark.parametrize("wanted", CALLS, ids=lambda call: call.document)
def test_a_published_document_is_called_from_the_shell(wanted: Call, api: Api) -> None:
    document = FOLDER / f"{wanted.document}.yaml"
    if not document.is_file():
        pytest.skip("../shared is not there, so no published document is called")
    command = [sys.executable, "-m", "naftiko_runtime", "call", str(document), *wanted.words]
    environ = {"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(sys.path), **wanted.environ}
    done = subprocess.run(
        [*command, "--set", f"baseUri.*={api.url}", "--json"],
        env=environ,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (arrived,) = api.arrived
    assert f"{arrived.method} {arrived.target}" == wanted.line
    assert {name: arrived.headers.get(name) for name in wanted.headers} == wanted.headers
    found = content(arrived)
    if isinstance(wanted.body, dict) and isinstance(found, bytes):
        found = json.loads(found)
    assert found == (b"" if wanted.body is None else wanted.body)
    if wanted.body is None:
        assert "content-type" not in arrived.headers
    answered = json.loads(done.stdout)
    assert answered == {"status": 200, "value": json.loads(ANSWER)}
