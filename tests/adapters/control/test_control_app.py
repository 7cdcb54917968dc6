"""The control port over ASGI: CTL-1 to CTL-12 and who may see what."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import httpx
import pytest
import yaml

from naftiko_runtime.adapters.access import AccessContext, gate_of
from naftiko_runtime.adapters.control.actions import (
    ControlActions,
    Reloaded,
    ScriptStatistics,
    Trial,
)
from naftiko_runtime.adapters.control.app import control_app
from naftiko_runtime.adapters.guards import ListenerRules, guarded_listener
from naftiko_runtime.errors import Diagnostic, Place
from naftiko_runtime.expressions.reference import Literal
from naftiko_runtime.observability.feed import LogFeed
from naftiko_runtime.observability.redaction import Redactor
from naftiko_runtime.plan.capability import Capability
from naftiko_runtime.plan.exposure import (
    Address,
    ControlExposure,
    InboundBearer,
    McpExposure,
    RestExposure,
    Route,
    Scripting,
    Telemetry,
    Tool,
)
from naftiko_runtime.plan.function import Constant, Function, Input

pytestmark = pytest.mark.anyio

EVERYTHING = ControlExposure(
    "ops",
    Address(None, 9191),
    health=True,
    info=True,
    reload=True,
    validate=True,
    logs_levels=True,
    logs_stream=True,
    logs_subscribers=2,
    scripting=Scripting(timeout=5000),
    telemetry=Telemetry(metrics=True, traces=True),
)
NOTHING = ControlExposure("ops", Address(None, 9191), health=False)
READS = [
    "/health/live",
    "/health/ready",
    "/status",
    "/config",
    "/diagnostics",
    "/console",
    "/logs",
    "/scripting",
    "/metrics",
    "/traces",
    "/traces/0af7651916cd43dd8448eb211c80319c",
]
WARNING = Diagnostic("rest/route-taken", "warning", "tolerated", Place("shop.yml", 41, 9), "taken")
FUNCTION = Function("get-order", (Input("id", "path", "id", "id", type="integer"),), Constant(None))  # type: ignore[arg-type]
CAPABILITY = Capability(
    file="shop.yml",
    label="Shop",
    description="Orders",
    version=None,
    family="naftiko",
    spec_version="1.0.0-alpha2",
    upstreams=(),
    operations=(),
    functions={},
    exposures=(
        RestExposure(
            "shop-rest",
            Address(None, 8080),
            (Route("GET", (), "/v1/orders/{id}", FUNCTION, Place("shop.yml")),),
        ),
        McpExposure(
            "shop-mcp",
            Address(None, 9090),
            (Tool("get-order", "get-order", FUNCTION, None, "One order", {"type": "object"}),),
        ),
    ),
    diagnostics=(WARNING,),
)


class Process:
    """A process that remembers what it was asked."""

    def __init__(self) -> None:
        self.ready = True
        self.outcome = Reloaded("unchanged")
        self.levels: dict[str, str | None] = {}
        self.settings = Scripting(enabled=True, timeout=5000, allowed_languages=("javascript",))
        self.asked: list[object] = []
        self.feed = LogFeed(Redactor())

    def actions(self) -> ControlActions:
        return ControlActions(
            ready=self._ready,
            capabilities=lambda: (CAPABILITY,),
            status=self._status,
            config=self._config,
            reload=self._reload,
            validate=self._validate,
            levels=self._levels,
            set_level=self._set_level,
            logs=self.feed.subscribed,
            metrics=self._metrics,
            traces=self._traces,
            trace=self._trace,
            scripting=self._scripting,
            set_scripting=self._set_scripting,
            call=self._call,
            address=lambda _plan, exposure: f"192.0.2.1:{len(exposure.namespace)}",
        )

    async def _ready(self, upstreams: bool) -> tuple[bool, Any]:  # noqa: FBT001
        status = "UP" if self.ready else "DEGRADED"
        extra = {"upstreams": []} if upstreams else {}
        return self.ready, {"status": status, "adapters": [], **extra}

    async def _status(self) -> Any:
        return {"uptime": "PT1S"}

    async def _config(self) -> Any:
        return {"documents": [{"file": "shop.yml", "document": {"naftiko": "1.0.0-alpha2"}}]}

    async def _reload(self) -> Reloaded:
        self.asked.append("reload")
        return self.outcome

    async def _validate(self, text: str, file: str | None) -> Any:
        self.asked.append((text, file))
        return {"valid": True}

    async def _levels(self) -> Any:
        return {"loggers": {}}

    async def _set_level(self, name: str, level: str | None) -> Any:
        if level == "LOUD":
            raise ValueError("'LOUD' is no level")
        self.levels[name] = level
        return {"configuredLevel": level, "effectiveLevel": "INFO"}

    async def _metrics(self, openmetrics: bool) -> str:  # noqa: FBT001
        return "# EOF\n" if openmetrics else "up 1\n"

    async def _traces(self, operation: str | None, status: str | None) -> Any:
        return {"traces": [], "asked": [operation, status]}

    async def _trace(self, trace_id: str) -> Any:
        return {"traceId": trace_id} if trace_id.startswith("0af7") else None

    async def _scripting(self) -> tuple[Scripting, ScriptStatistics]:
        return self.settings, ScriptStatistics(3, 1, 2.5, "2026-11-24T10:00:00.000Z")

    async def _set_scripting(self, settings: Scripting) -> None:
        self.settings = settings

    async def _call(self, function: Function, inputs: Mapping[str, Any]) -> Trial:
        self.asked.append((function.name, dict(inputs)))
        return Trial([{"method": "GET", "url": "https://up/7"}], {"status": 200, "body": 1}, 1.5)


@pytest.fixture
def process() -> Process:
    return Process()


def client(
    process: Process, exposure: ControlExposure = EVERYTHING, *, console: bool = False
) -> httpx.AsyncClient:
    context = AccessContext(resolve=lambda expression: str(expression.evaluate(None)))  # type: ignore[arg-type]
    gate = gate_of(exposure.authentication, context)
    app = control_app(exposure, process.actions(), gate, console=console)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:9191")


@pytest.mark.parametrize("path", READS)
async def test_a_route_answers_when_it_is_on_and_is_unknown_when_it_is_off(
    process: Process, path: str
) -> None:
    async with client(process) as on, client(process, NOTHING) as off:
        there, missing = await on.get(path), await off.get(path)
    assert there.status_code == 200
    assert there.headers["cache-control"] == "no-store"
    assert (missing.status_code, missing.json()["type"]) == (404, "urn:naftiko:problem:not-found")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/config/reload"),
        ("POST", "/config/validate"),
        ("PUT", "/logs/ROOT"),
        ("PUT", "/scripting"),
        ("GET", "/logs/stream"),
        ("POST", "/console/call"),
    ],
)
async def test_what_is_off_can_not_be_changed(process: Process, method: str, path: str) -> None:
    async with client(process, NOTHING) as http:
        reply = await http.request(method, path, json={})
    assert reply.status_code == 404
    assert process.asked == []


async def test_each_switch_turns_on_its_own_routes(process: Process) -> None:
    levels_only = replace(NOTHING, logs_levels=True)
    async with client(process, levels_only) as http:
        assert (await http.get("/logs")).status_code == 200
        assert (await http.get("/logs/stream")).status_code == 404
    async with client(process, replace(NOTHING, health=True)) as http:
        assert (await http.get("/health/live")).status_code == 200
        assert (await http.get("/metrics")).status_code == 404


async def test_the_console_option_turns_on_the_console_alone(process: Process) -> None:
    async with client(process, NOTHING, console=True) as http:
        assert (await http.get("/console")).status_code == 200
        assert (await http.get("/console/data")).status_code == 200
        assert (await http.get("/status")).status_code == 404


async def test_another_method_is_refused_with_those_allowed(process: Process) -> None:
    async with client(process) as http:
        reply = await http.delete("/scripting")
        options = await http.options("/config/reload")
        head = await http.head("/status")
    assert (reply.status_code, reply.headers["allow"]) == (405, "GET, HEAD, OPTIONS, PUT")
    assert (options.status_code, options.headers["allow"]) == (204, "OPTIONS, POST")
    assert (head.status_code, head.content) == (200, b"")


async def test_live_is_up_and_ready_follows_the_process(process: Process) -> None:
    async with client(process) as http:
        live = await http.get("/health/live")
        up = await http.get("/health/ready?upstreams=true")
        process.ready = False
        down = await http.get("/health/ready")
    assert (live.status_code, live.json()) == (200, {"status": "UP"})
    assert (up.status_code, up.json()["upstreams"]) == (200, [])
    assert (down.status_code, down.json()["status"]) == (503, "DEGRADED")


async def test_config_is_json_or_yaml(process: Process) -> None:
    async with client(process) as http:
        plain = await http.get("/config")
        written = await http.get("/config", headers={"Accept": "application/yaml"})
    assert written.headers["content-type"] == "application/yaml"
    assert yaml.safe_load(written.text) == plain.json()
    assert plain.json()["documents"][0]["file"] == "shop.yml"


async def test_diagnostics_that_no_plan_holds_are_shown_too(process: Process) -> None:
    extra = replace(WARNING, code="listener/overlap")
    actions = replace(process.actions(), diagnostics=lambda: [extra])
    transport = httpx.ASGITransport(control_app(EVERYTHING, actions))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        listed = (await http.get("/diagnostics")).json()["diagnostics"]
        shown = (await http.get("/console/data")).json()["diagnostics"]
    assert listed == shown == [WARNING.as_json(), extra.as_json()]


async def test_diagnostics_are_those_of_all_documents(process: Process) -> None:
    async with client(process) as http:
        reply = await http.get("/diagnostics")
    assert reply.json() == {
        "diagnostics": [
            {
                "code": "rest/route-taken",
                "severity": "warning",
                "effect": "tolerated",
                "file": "shop.yml",
                "line": 41,
                "column": 9,
                "path": "",
                "message": "taken",
            }
        ]
    }


CHANGE = {"file": "shop.yml", "adapter": "shop-mcp", "name": "get-order", "change": "modified"}


@pytest.mark.parametrize(
    ("outcome", "status", "body"),
    [
        (Reloaded("unchanged"), 200, {"status": "unchanged"}),
        (
            Reloaded("applied", [CHANGE]),
            200,
            {"status": "applied", "changes": [CHANGE], "diagnostics": []},
        ),
        (
            Reloaded("rejected", [], [WARNING], "old.yml is not valid"),
            422,
            {
                "status": "rejected",
                "reason": "old.yml is not valid",
                "changes": [],
                "diagnostics": [WARNING.as_json()],
            },
        ),
    ],
)
async def test_a_reload_says_what_became_of_it(
    process: Process, outcome: Reloaded, status: int, body: object
) -> None:
    process.outcome = outcome
    async with client(process) as http:
        reply = await http.post("/config/reload", headers={"Content-Type": "application/json"})
    assert (reply.status_code, reply.json()) == (status, body)


async def test_a_text_is_validated_against_the_document_it_would_replace(process: Process) -> None:
    async with client(process) as http:
        reply = await http.post("/config/validate?file=shop.yml", content="naftiko: é".encode())
        alone = await http.post(
            "/config/validate", content=b"x", headers={"Content-Type": "text/x"}
        )
    assert (reply.status_code, alone.status_code) == (200, 200)
    assert process.asked == [("naftiko: é", "shop.yml"), ("x", None)]


async def test_a_text_over_one_mebibyte_or_not_utf8_is_refused(process: Process) -> None:
    async with client(process) as http:
        large = await http.post("/config/validate", content=b"x" * (1024 * 1024 + 1))
        broken = await http.post("/config/validate", content=b"\xff")
    assert (large.status_code, large.json()["type"]) == (413, "urn:naftiko:problem:body-too-large")
    assert (broken.status_code, broken.json()["type"]) == (400, "urn:naftiko:problem:invalid-input")
    assert process.asked == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/config/reload"),
        ("PUT", "/logs/ROOT"),
        ("PUT", "/scripting"),
        ("POST", "/console/call"),
    ],
)
@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded"])
async def test_a_change_needs_json(
    process: Process, method: str, path: str, kind: str | None
) -> None:
    headers = {} if kind is None else {"Content-Type": kind}
    async with client(process) as http:
        reply = await http.request(method, path, content=b"{}", headers=headers)
    assert reply.status_code == 415
    assert process.asked == []


async def test_a_level_is_set_and_reset(process: Process) -> None:
    async with client(process) as http:
        done = await http.put("/logs/naftiko_runtime.engine", json={"level": "DEBUG"})
        await http.put("/logs/ROOT", json={"level": None})
    assert done.json() == {"configuredLevel": "DEBUG", "effectiveLevel": "INFO"}
    assert process.levels == {"naftiko_runtime.engine": "DEBUG", "ROOT": None}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/logs/ROOT", {"level": "LOUD"}),
        ("/logs/ROOT", {"level": 3}),
        ("/logs/ROOT", {}),
        ("/logs/ROOT", []),
        ("/logs/a%20b", {"level": "INFO"}),
    ],
)
async def test_an_unknown_level_or_logger_is_refused(
    process: Process, path: str, body: object
) -> None:
    async with client(process) as http:
        reply = await http.put(path, json=body)
    assert (reply.status_code, reply.json()["type"]) == (400, "urn:naftiko:problem:invalid-input")
    assert process.levels == {}


async def test_metrics_are_prometheus_or_openmetrics_text(process: Process) -> None:
    async with client(process) as http:
        plain = await http.get("/metrics")
        wanted = {"Accept": "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"}
        modern = await http.get("/metrics", headers=wanted)
    assert plain.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert plain.text == "up 1\n"
    assert modern.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert modern.text == "# EOF\n"


async def test_traces_are_filtered_and_an_unknown_one_is_not_found(process: Process) -> None:
    async with client(process) as http:
        some = await http.get("/traces?operation=orders&status=ERROR")
        bad = await http.get("/traces?status=fine")
        missing = await http.get("/traces/ffff")
    assert some.json()["asked"] == ["orders", "ERROR"]
    assert (bad.status_code, missing.status_code) == (400, 404)


async def test_scripting_shows_settings_that_are_there_and_statistics(process: Process) -> None:
    async with client(process) as http:
        reply = await http.get("/scripting")
    assert reply.json() == {
        "enabled": True,
        "timeout": 5000,
        "allowedLanguages": ["javascript"],
        "stats": {
            "totalExecutions": 3,
            "totalErrors": 1,
            "averageDurationMs": 2.5,
            "lastExecutionAt": "2026-11-24T10:00:00.000Z",
        },
    }


async def test_scripting_takes_any_of_its_settings(process: Process) -> None:
    changes = {
        "enabled": False,
        "defaultLocation": "file:///srv/s",
        "defaultLanguage": "python",
        "timeout": 1,
        "statementLimit": 9,
        "allowedLanguages": ["python"],
    }
    async with client(process) as http:
        reply = await http.put("/scripting", json=changes)
    assert reply.json() == changes | {"stats": reply.json()["stats"]}
    assert process.settings == Scripting(False, "file:///srv/s", "python", 1, 9, ("python",))  # noqa: FBT003


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("timeout", 0),
        ("timeout", True),
        ("timeout", "5"),
        ("statementLimit", -1),
        ("defaultLanguage", "groovy"),
        ("allowedLanguages", ["python", "groovy"]),
        ("allowedLanguages", "python"),
        ("defaultLocation", "https://x"),
        ("enabled", "yes"),
        ("stats", {}),
    ],
)
async def test_scripting_applies_all_changes_or_none(
    process: Process, name: str, value: object
) -> None:
    before = process.settings
    async with client(process) as http:
        reply = await http.put("/scripting", json={"timeout": 7, "enabled": False, name: value})
    assert reply.status_code == 400
    assert [fault["name"] for fault in reply.json()["errors"]] == [name]
    assert process.settings == before


SECURED = replace(EVERYTHING, authentication=InboundBearer(Literal("ops-token")))


@pytest.mark.parametrize("path", [*READS[2:], "/logs/stream", "/nope", "/console/data"])
async def test_every_route_but_the_probes_needs_the_credential(process: Process, path: str) -> None:
    async with client(process, SECURED) as http:
        reply = await http.get(path)
    assert reply.status_code == 401
    assert reply.headers["www-authenticate"].startswith("Bearer")


async def test_strangers_learn_the_status_alone(process: Process) -> None:
    known = {"Authorization": "Bearer ops-token"}
    async with client(process, SECURED) as http:
        live = await http.get("/health/live")
        stranger = await http.get("/health/ready?upstreams=true")
        wrong = await http.get("/health/ready", headers={"Authorization": "Bearer nope"})
        operator = await http.get("/health/ready?upstreams=true", headers=known)
        status = await http.get("/status", headers=known)
    assert live.json() == {"status": "UP"}
    assert stranger.json() == wrong.json() == {"status": "UP"}
    assert operator.json() == {"status": "UP", "adapters": [], "upstreams": []}
    assert status.status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "ops.example"])  # noqa: S104
async def test_an_open_port_serves_the_network_health_and_metrics_only(
    process: Process, host: str
) -> None:
    async with client(process, replace(EVERYTHING, address=Address(host, 9191))) as http:
        served = {path: (await http.get(path)).status_code for path in READS}
        changed = await http.post("/config/reload", json={})
    public = {"/health/live", "/health/ready", "/metrics"}
    assert served == {path: 200 if path in public else 403 for path in READS}
    assert changed.status_code == 403
    assert process.asked == []


@pytest.mark.parametrize("host", [None, "localhost", "127.0.0.1", "127.8.0.1", "::1", "[::1]"])
async def test_a_loopback_port_serves_everything(process: Process, host: str | None) -> None:
    async with client(process, replace(EVERYTHING, address=Address(host, 9191))) as http:
        assert (await http.get("/status")).status_code == 200


async def test_the_console_is_one_page_without_foreign_parts(process: Process) -> None:
    async with client(process) as http:
        first, second = await http.get("/console"), await http.get("/console")
    policy = dict(
        part.strip().split(" ", 1) for part in first.headers["content-security-policy"].split(";")
    )
    nonce = policy["script-src"].strip("'")
    assert policy["default-src"] == "'none'"
    assert policy["connect-src"] == "'self'"
    assert policy["img-src"] == "data:"
    assert policy["style-src"] == policy["script-src"]
    assert first.text.count(f'nonce="{nonce.removeprefix("nonce-")}"') == 2
    assert first.headers["content-security-policy"] != second.headers["content-security-policy"]
    assert "http://" not in first.text.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in first.text


async def test_the_console_knows_documents_operations_and_diagnostics(process: Process) -> None:
    async with client(process) as http:
        reply = (await http.get("/console/data")).json()
    (document,) = reply["documents"]
    inputs = [
        {"name": "id", "place": "path", "type": "integer", "required": False, "description": None}
    ]
    assert document["label"] == "Shop"
    assert [adapter["operations"] for adapter in document["adapters"]] == [
        [{"name": "GET /v1/orders/{id}", "kind": "route", "description": None, "inputs": inputs}],
        [{"name": "get-order", "kind": "tool", "description": "One order", "inputs": inputs}],
    ]
    assert [each["address"] for each in document["adapters"]] == ["192.0.2.1:9", "192.0.2.1:8"]
    assert reply["diagnostics"] == [WARNING.as_json()]
    assert "/metrics" in reply["routes"]


async def test_the_console_runs_an_operation_and_shows_the_upstream_request(
    process: Process,
) -> None:
    wanted = {
        "file": "shop.yml",
        "namespace": "shop-rest",
        "operation": "GET /v1/orders/{id}",
        "inputs": {"id": 7},
    }
    async with client(process) as http:
        done = await http.post("/console/call", json=wanted)
        gone = await http.post("/console/call", json=wanted | {"operation": "nope"})
        odd = await http.post("/console/call", json=wanted | {"inputs": []})
    assert process.asked == [("get-order", {"id": 7})]
    assert done.json() == {
        "requests": [{"method": "GET", "url": "https://up/7"}],
        "answer": {"status": 200, "body": 1},
        "durationMs": 1.5,
    }
    assert (gone.status_code, odd.status_code) == (400, 400)


async def test_nothing_that_the_console_shows_holds_a_secret(process: Process) -> None:
    app = guarded_listener(
        control_app(EVERYTHING, process.actions()),
        ListenerRules(),
        scrub=lambda text: text.replace("https://up/7", "***"),
    )
    wanted = {"file": "shop.yml", "namespace": "shop-mcp", "operation": "get-order"}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        reply = await http.post("/console/call", json=wanted)
    assert reply.json()["requests"] == [{"method": "GET", "url": "***"}]
