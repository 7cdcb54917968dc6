"""``health``, ``status``, ``metrics``, ``traces``, ``scripting``: orchestration.md 6.14."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from naftiko_runtime.cli.main import main

READY = {
    "status": "UP",
    "adapters": [
        {
            "type": "rest",
            "namespace": "shop-rest",
            "document": "s.yml",
            "port": 80,
            "state": "started",
        },
        {
            "type": "mcp",
            "namespace": "shop-mcp",
            "document": "s.yml",
            "port": 90,
            "state": "started",
        },
    ],
    "variables": {"missing": []},
}
STATUS = {
    "capability": {"label": "Shop", "specVersion": "1.0.0-alpha2"},
    "engine": {"name": "naftiko-runtime", "version": "0.1.0", "python": "3.12.4"},
    "uptime": "PT2H34M12.5S",
    "otel": {"status": "active"},
    "adapters": [{"type": "mcp", "namespace": "shop-mcp", "port": 9090, "state": "started"}],
    "reload": {
        "failed": [],
        "restartNeeded": [{"file": "shop.yml", "message": '"ops" is gone; later'}],
    },
    "documents": [
        {
            "file": "shop.yml",
            "specVersion": "1.0.0-alpha2",
            "digest": "sha256:0",
            "operations": 3,
            "tools": 1,
            "unavailable": 0,
            "warnings": 2,
            "loadedAt": "2026-11-24T10:00:00Z",
        }
    ],
}
TRACES = {
    "traces": [
        {
            "traceId": "0af7",
            "operation": "GET /v1/orders/{order-id}",
            "durationMs": 41.2,
            "status": "OK",
            "spanCount": 2,
            "timestamp": "2026-11-24T10:00:00.123Z",
        }
    ],
    "bufferSize": 100,
    "bufferUsed": 1,
}
SPANS = {
    **TRACES["traces"][0],  # type: ignore[dict-item]
    "spans": [
        {
            "spanId": "1",
            "parentSpanId": "far",
            "name": "GET /v1",
            "durationMs": 41.2,
            "status": "OK",
        },
        {
            "spanId": "2",
            "parentSpanId": "1",
            "name": "GET /orders",
            "durationMs": 40,
            "status": "OK",
        },
    ],
}
SCRIPTING = {
    "enabled": True,
    "timeout": 60000,
    "allowedLanguages": ["python"],
    "stats": {"totalExecutions": 3, "lastExecutionAt": None},
}
METRICS = """# HELP naftiko_request_total Requests.
# TYPE naftiko_request_total counter
naftiko_request_total{status="OK"} 3
naftiko_build_info{version="0.1.0"} 1
"""


@dataclass
class FakeControl:
    """A control port with canned answers; records what it was sent."""

    answers: dict[str, tuple[int, str]]
    requests: list[tuple[str, str, Mapping[str, str], str]] = field(default_factory=list)
    port: int = 0


@contextmanager
def control(**answers: Any) -> Iterator[FakeControl]:
    """Serve answers by path, whose slashes are written ``__``; a pair is status and body."""
    canned = {}
    for path, value in answers.items():
        status, body = value if isinstance(value, tuple) else (200, value)
        text = body if isinstance(body, str) else json.dumps(body)
        canned[path.replace("__", "/")] = (status, text)
    fake = FakeControl(canned)

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(length).decode()
            fake.requests.append((self.command, self.path, dict(self.headers), body))
            status, text = fake.answers.get(self.path.partition("?")[0], (404, "{}"))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_PUT = answer  # noqa: N815 - the server looks for these names

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        fake.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield fake
        finally:
            server.shutdown()
            thread.join(5)


def test_health_is_0_only_when_ready(capsys: pytest.CaptureFixture[str]) -> None:
    with control(__health__live={"status": "UP"}, __health__ready=READY) as fake:
        assert main(["health", "--port", str(fake.port)], {}) == 0
    assert capsys.readouterr().out == "Liveness:  UP\nReadiness: UP (2/2 adapters started)\n"


def test_health_names_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    adapters = [READY["adapters"][0], {**READY["adapters"][1], "state": "starting"}]  # type: ignore[index,dict-item]
    body = {"status": "DEGRADED", "adapters": adapters, "variables": {"missing": ["SHOP_TOKEN"]}}
    with control(__health__live={"status": "UP"}, __health__ready=(503, body)) as fake:
        assert main(["health", "--port", str(fake.port)], {}) == 1
    assert capsys.readouterr().out == (
        "Liveness:  UP\n"
        "Readiness: DEGRADED (1/2 adapters started)\n"
        "  shop-mcp (mcp): starting\n"
        "  variable SHOP_TOKEN: missing\n"
    )


def test_health_understands_the_bare_status_of_a_guarded_port(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with control(__health__live={"status": "UP"}, __health__ready={"status": "UP"}) as fake:
        assert main(["health", "--port", str(fake.port)], {}) == 0
    assert capsys.readouterr().out == "Liveness:  UP\nReadiness: UP\n"


def test_status_prints_tables(capsys: pytest.CaptureFixture[str]) -> None:
    with control(__status=STATUS) as fake:
        assert main(["status", "--port", str(fake.port)], {}) == 0
    assert capsys.readouterr().out.splitlines() == [
        "Shop: UP",
        "Engine:  naftiko-runtime 0.1.0 (Python 3.12.4)",
        "Uptime:  PT2H34M12.5S",
        "OTel:    active",
        "",
        "ADAPTER   TYPE  PORT  STATE",
        "shop-mcp  mcp   9090  started",
        "",
        "DOCUMENT  VERSION       OPERATIONS  TOOLS  UNAVAILABLE  WARNINGS",
        "shop.yml  1.0.0-alpha2  3           1      0            2",
        "",
        'Restart: shop.yml: "ops" is gone; later',
    ]


def test_metrics_are_filtered_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    with control(__metrics=METRICS) as fake:
        assert main(["metrics", "--filter", "REQUEST", "--port", str(fake.port)], {}) == 0
    assert capsys.readouterr().out == "".join(METRICS.splitlines(keepends=True)[:3])


def test_traces_are_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    with control(__traces=TRACES) as fake:
        words = ["traces", "--operation", "a b", "--status", "ok", "--port", str(fake.port)]
        assert main(words, {}) == 0
    assert fake.requests[0][1] == "/traces?operation=a+b&status=ok"
    assert capsys.readouterr().out.splitlines() == [
        "TIME                      TRACE  STATUS  DURATION  SPANS  OPERATION",
        "2026-11-24T10:00:00.123Z  0af7   OK      41.2 ms   2      GET /v1/orders/{order-id}",
    ]


def test_no_traces_say_so(capsys: pytest.CaptureFixture[str]) -> None:
    with control(__traces={"traces": []}) as fake:
        assert main(["traces", "--port", str(fake.port)], {}) == 0
    assert capsys.readouterr().out == "No traces found.\n"


def test_one_trace_is_a_tree(capsys: pytest.CaptureFixture[str]) -> None:
    with control(__traces__0af7=SPANS) as fake:
        assert main(["traces", "0af7", "--port", str(fake.port)], {}) == 0
    assert capsys.readouterr().out == "GET /v1  41.2 ms  OK\n  GET /orders  40 ms  OK\n"


def test_an_unknown_trace_is_1(capsys: pytest.CaptureFixture[str]) -> None:
    with control(__traces__x=(404, {"detail": "no such trace"})) as fake:
        assert main(["traces", "x", "--port", str(fake.port)], {}) == 1
    expected = f"naftiko: http://127.0.0.1:{fake.port}/traces/x answered 404: no such trace\n"
    assert capsys.readouterr().err == expected


def test_scripting_shows_settings_and_counts(capsys: pytest.CaptureFixture[str]) -> None:
    with control(__scripting=SCRIPTING) as fake:
        assert main(["scripting", "--port", str(fake.port)], {"NAFTIKO_SET": "vars.A=1"}) == 0
    assert fake.requests[0][0] == "GET"
    assert capsys.readouterr().out.splitlines() == [
        "enabled:           true",
        "timeout:           60000",
        'allowedLanguages:  ["python"]',
        "totalExecutions:   3",
        "lastExecutionAt:   null",
    ]


def test_scripting_changes_settings() -> None:
    with control(__scripting=SCRIPTING) as fake:
        pairs = ["--set", "timeout=5", "--set", "allowedLanguages=python,javascript"]
        assert main(["scripting", *pairs, "--port", str(fake.port)], {}) == 0
    method, _, _, body = fake.requests[0]
    assert method == "PUT"
    assert json.loads(body) == {"timeout": 5, "allowedLanguages": ["python", "javascript"]}


def test_a_rejected_setting_is_1(capsys: pytest.CaptureFixture[str]) -> None:
    with control(__scripting=(400, {"detail": "timeout must be at least 1"})) as fake:
        assert main(["scripting", "--set", "timeout=0", "--port", str(fake.port)], {}) == 1
    assert "answered 400: timeout must be at least 1" in capsys.readouterr().err


def test_json_is_the_answer_itself(capsys: pytest.CaptureFixture[str]) -> None:
    with control(__status=STATUS) as fake:
        assert main(["status", "--json", "--port", str(fake.port)], {}) == 0
    assert json.loads(capsys.readouterr().out) == STATUS


@pytest.mark.parametrize(
    ("words", "environ", "sent"),
    [
        (["--user", "u:p"], {}, ("Authorization", "Basic dTpw")),
        (["--token", "t"], {}, ("Authorization", "Bearer t")),
        ([], {"NAFTIKO_CONTROL_TOKEN": "t"}, ("Authorization", "Bearer t")),
        (["--header", "X-Key: k"], {}, ("X-Key", "k")),
    ],
)
def test_ways_to_authenticate(
    words: list[str], environ: dict[str, str], sent: tuple[str, str]
) -> None:
    with control(__status=STATUS) as fake:
        assert main(["status", "--port", str(fake.port), *words], environ) == 0
    assert sent in fake.requests[0][2].items()


@pytest.mark.parametrize("prefix", ["NAFTIKO", "IKANOS"])
def test_the_port_may_come_from_the_environment(prefix: str) -> None:
    with control(__status=STATUS) as fake:
        environ = {f"{prefix}_CONTROL_PORT": str(fake.port), "NAFTIKO_PORT": "1"}
        assert main(["status"], environ) == 0


def test_the_port_may_come_from_a_document_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with control(__status=STATUS) as fake:
        Path("naftiko.yaml").write_text(
            "naftiko: 1.0.0-alpha2\ncapability:\n  exposes:\n"
            f"    - {{type: control, port: {fake.port}, namespace: ops}}\n"
        )
        assert main(["status"], {}) == 0


def test_a_refused_connection_shows_how_to_declare_an_adapter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with control() as fake:
        pass
    assert main(["health", "--port", str(fake.port)], {}) == 1
    error = capsys.readouterr().err
    assert f"http://127.0.0.1:{fake.port}/health/live: connection refused" in error
    assert "- type: control" in error
