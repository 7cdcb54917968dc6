"""What adapters and the engine tell becomes spans, metrics and access lines (OBS-3 to OBS-7)."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from naftiko_runtime.observability.context import CURRENT
from naftiko_runtime.observability.conventions import Conventions
from naftiko_runtime.observability.exposition import exposition
from naftiko_runtime.observability.instruments import Instruments
from naftiko_runtime.observability.metrics import Metrics
from naftiko_runtime.observability.propagation import Propagation
from naftiko_runtime.observability.recorder import Recorder
from naftiko_runtime.observability.settings import TelemetrySettings
from naftiko_runtime.observability.spans import Attributes, Note, Span, Trace, Tracer, span_of
from naftiko_runtime.observability.start import open_observability
from naftiko_runtime.observability.telemetry import OFF, Consumed, Endpoint, Message, Work

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"
ORDERS = Endpoint("rest", "shop-rest", "/v1/orders/{order-id} GET", "/v1/orders/{order-id}", "Shop")
REFUSED = Endpoint("rest", "shop-rest", capability="Shop")
TOOL = Endpoint("mcp", "shop-mcp", "get-order", "/mcp", "Shop")
MCP = Endpoint("mcp", "shop-mcp", route="/mcp", capability="Shop")
UPSTREAM = Consumed("shop-api", "get-order", "/orders/{id}")
URL = "https://user:pw@api.shop.example/v2/orders/7?key=s3cret&flag#frag"


@dataclass
class Seen:
    """A finished span."""

    trace_id: str
    span: Span
    attributes: Attributes

    @property
    def name(self) -> str:
        return self.span.name

    @property
    def kind(self) -> str:
        return self.span.kind

    @property
    def error(self) -> str | None:
        return self.span.error

    @property
    def id(self) -> str:
        return self.span.id

    @property
    def parent_id(self) -> str:
        return self.span.parent_id


class Telemetry:
    """A recorder with everything on, and what it recorded."""

    def __init__(self, ratio: float = 1.0, propagation: Propagation = "w3c") -> None:
        self.metrics = Metrics()
        self.conventions = Conventions()
        self.spans: list[Seen] = []
        self.traces: list[Trace] = []
        tracer = Tracer(ratio, propagation, self._finished, self.traces.append)
        self.recorder = Recorder(Instruments(self.metrics, tracer, self.conventions))

    def _finished(self, trace: Trace, note: Note) -> None:
        span = span_of(note)
        self.spans.append(Seen(trace.id, span, span.attributes()))

    def roots(self) -> list[Span]:
        return [span_of(trace.root) for trace in self.traces if trace.root is not None]

    def lines(self, name: str) -> list[str]:
        return [
            line
            for line in exposition(self.metrics.snapshot()).splitlines()
            if line.startswith(f"{name}{{")
        ]


def scope(*headers: tuple[str, str], method: str = "GET") -> dict[str, Any]:
    return {
        "type": "http",
        "method": method,
        "path": "/v1/orders/7",
        "query_string": b"token=s3cret",
        "scheme": "http",
        "http_version": "1.1",
        "client": ("192.0.2.1", 5),
        "server": ("127.0.0.1", 8080),
        "headers": [
            (b"host", b"shop.example:8080"),
            (b"user-agent", b"curl/8"),
            *((name.encode(), value.encode()) for name, value in headers),
        ],
    }


@pytest.fixture(autouse=True)
def _nothing_is_served() -> None:
    CURRENT.set(None)


@pytest.fixture
def telemetry() -> Telemetry:
    return Telemetry()


def test_a_request_becomes_a_server_span_without_its_query(telemetry: Telemetry) -> None:
    arrival = telemetry.recorder.arrived(scope())
    arrival.matched(ORDERS)
    arrival.ended(200, None, 0, 10)
    (span,) = telemetry.spans
    assert (span.name, span.kind, span.error) == ("GET /v1/orders/{order-id}", "SERVER", None)
    assert span.attributes == {
        "http.request.method": "GET",
        "http.route": "/v1/orders/{order-id}",
        "url.path": "/v1/orders/7",
        "url.scheme": "http",
        "server.address": "shop.example",
        "server.port": 8080,
        "client.address": "192.0.2.1",
        "network.protocol.version": "1.1",
        "user_agent.original": "curl/8",
        "http.response.status_code": 200,
        "naftiko.adapter.type": "rest",
        "naftiko.namespace": "shop-rest",
        "naftiko.operation.id": "/v1/orders/{order-id} GET",
        "naftiko.capability": "Shop",
        "naftiko.request.id": arrival.request_id,
    }


@pytest.mark.parametrize(
    ("host", "scheme", "expected"),
    [
        ("shop.example", "https", ("shop.example", 443)),
        ("shop.example", "http", ("shop.example", 80)),
        ("[::1]:9", "http", ("::1", 9)),
        ("[::1]", "http", ("::1", 80)),
        ("", "http", ("127.0.0.1", 8080)),
    ],
)
def test_the_server_is_named_as_the_caller_names_it(
    telemetry: Telemetry, host: str, scheme: str, expected: tuple[str, int]
) -> None:
    given = scope() | {"scheme": scheme, "headers": [(b"host", host.encode())]}
    telemetry.recorder.arrived(given).ended(200)
    attributes = telemetry.spans[0].attributes
    assert (attributes["server.address"], attributes["server.port"]) == expected


def test_a_method_that_is_none_does_not_grow_names(telemetry: Telemetry) -> None:
    telemetry.recorder.arrived(scope(method="BREW")).ended(405)
    (span,) = telemetry.spans
    assert span.name == "HTTP"
    assert span.attributes["http.request.method"] == "_OTHER"
    assert span.attributes["http.request.method_original"] == "BREW"


@pytest.mark.parametrize(
    ("status", "error", "expected"),
    [
        (200, None, None),
        (404, "not-found", None),
        (499, "cancelled", None),
        (500, "internal", "internal"),
        (502, "upstream-unreachable", "upstream-unreachable"),
        (503, None, "upstream-status"),
    ],
)
def test_a_server_span_is_an_error_from_500_on(
    telemetry: Telemetry, status: int, error: str | None, expected: str | None
) -> None:
    arrival = telemetry.recorder.arrived(scope())
    arrival.matched(ORDERS)
    arrival.ended(status, error)
    assert telemetry.spans[0].error == expected


def test_the_callers_context_is_the_parent_and_names_the_request(telemetry: Telemetry) -> None:
    headers = scope(("traceparent", f"00-{TRACE}-{PARENT}-01"), ("tracestate", "a=1"))
    arrival = telemetry.recorder.arrived(headers)
    attempt = telemetry.recorder.peer(UPSTREAM).attempt("GET", URL)
    sent = dict(attempt.headers)
    attempt.ended(200)
    arrival.ended(200)
    client, server = telemetry.spans
    assert arrival.request_id == server.trace_id == TRACE
    assert server.parent_id == PARENT
    assert sent == {"traceparent": f"00-{TRACE}-{client.id}-01", "tracestate": "a=1"}
    assert client.parent_id == server.id
    assert telemetry.roots() == [server.span]
    assert [span_of(note) for note in telemetry.traces[0].notes] == [client.span]


def test_baggage_goes_nowhere(telemetry: Telemetry) -> None:
    arrival = telemetry.recorder.arrived(scope(("baggage", "user=1")))
    attempt = telemetry.recorder.peer(UPSTREAM).attempt("GET", URL)
    assert {name for name, _ in attempt.headers} == {"traceparent"}
    arrival.ended(200)


def test_b3_goes_in_and_out() -> None:
    telemetry = Telemetry(propagation="b3")
    arrival = telemetry.recorder.arrived(scope(("b3", f"{TRACE}-{PARENT}-1")))
    attempt = telemetry.recorder.peer(UPSTREAM).attempt("GET", URL)
    headers = dict(attempt.headers)
    arrival.ended(200)
    assert (headers["X-B3-TraceId"], headers["X-B3-Sampled"]) == (TRACE, "1")


def test_a_client_span_masks_user_and_query(telemetry: Telemetry) -> None:
    attempt = telemetry.recorder.peer(UPSTREAM).attempt("GET", URL, resend=1)
    attempt.ended(200)
    (span,) = telemetry.spans
    assert (span.name, span.kind, span.error) == ("GET /orders/{id}", "CLIENT", None)
    assert span.attributes == {
        "http.request.method": "GET",
        "url.template": "/orders/{id}",
        "url.full": "https://api.shop.example/v2/orders/7?key=REDACTED&REDACTED",
        "server.address": "api.shop.example",
        "server.port": 443,
        "naftiko.namespace": "shop-api",
        "naftiko.operation": "get-order",
        "http.response.status_code": 200,
        "http.request.resend_count": 1,
    }


@pytest.mark.parametrize(
    ("status", "error", "expected"),
    [
        (200, None, None),
        (404, None, "404"),
        (503, None, "503"),
        (None, "timeout", "timeout"),
        (None, None, "connection"),
    ],
)
def test_a_client_span_is_an_error_from_400_on_or_without_answer(
    telemetry: Telemetry, status: int | None, error: str | None, expected: str | None
) -> None:
    telemetry.recorder.peer(UPSTREAM).attempt("GET", URL).ended(status, error)
    assert telemetry.spans[0].error == expected
    outcome = f'error_type="{expected}"' if status is None else f'status_code="{status}"'
    (line,) = telemetry.lines("naftiko_http_client_total")
    assert outcome in line
    assert line.endswith(" 1")


def test_steps_and_functions_nest_and_know_their_adapter(telemetry: Telemetry) -> None:
    arrival = telemetry.recorder.arrived(scope())
    arrival.matched(ORDERS)
    function = telemetry.recorder.ran(Work("function", "crew.find"))
    step = telemetry.recorder.ran(Work("call", "folk", {"index": 0, "call": "yard.list"}))
    telemetry.recorder.peer(UPSTREAM).attempt("GET", URL).ended(200)
    step.ended()
    script = telemetry.recorder.ran(Work("script", "best", {"index": 1}))
    script.ended("script")
    function.ended("script")
    arrival.ended(500, "script")
    client, call, best, aggregate, server = telemetry.spans
    assert [s.name for s in telemetry.spans[1:4]] == [
        "step folk",
        "step best",
        "function crew.find",
    ]
    assert [s.kind for s in telemetry.spans[1:4]] == ["INTERNAL"] * 3
    assert client.parent_id == call.id
    assert call.parent_id == best.parent_id == aggregate.id
    assert aggregate.parent_id == server.id
    assert call.attributes == {
        "naftiko.step.type": "call",
        "naftiko.step.name": "folk",
        "naftiko.step.index": 0,
        "naftiko.step.call": "yard.list",
    }
    assert (best.error, aggregate.attributes) == ("script", {"naftiko.aggregate.ref": "crew.find"})
    assert telemetry.lines("naftiko_step_duration_seconds_count") == [
        'naftiko_step_duration_seconds_count{step_type="call",naftiko_namespace="shop-rest"} 1',
        'naftiko_step_duration_seconds_count{step_type="script",naftiko_namespace="shop-rest"} 1',
    ]


@pytest.mark.parametrize(
    ("status", "error", "errors"),
    [
        (200, None, []),
        (404, None, []),
        (400, "invalid-input", []),
        (502, "upstream-timeout", ["upstream-timeout"]),
        (503, None, ["upstream-status"]),
        (499, "cancelled", ["cancelled"]),
    ],
)
def test_rest_counts_every_request_and_errors_from_500_on(
    telemetry: Telemetry, status: int, error: str | None, errors: Sequence[str]
) -> None:
    arrival = telemetry.recorder.arrived(scope())
    arrival.matched(ORDERS)
    arrival.ended(status, error)
    labels = (
        'naftiko_adapter_type="rest",naftiko_namespace="shop-rest",'
        'naftiko_operation_id="/v1/orders/{order-id} GET"'
    )
    assert telemetry.lines("naftiko_request_total") == [
        f'naftiko_request_total{{{labels},status="{status}"}} 1'
    ]
    assert telemetry.lines("naftiko_request_errors_total") == [
        f'naftiko_request_errors_total{{{labels},error_type="{each}"}} 1' for each in errors
    ]


def test_a_refused_request_counts_as_unmatched_and_has_a_span(telemetry: Telemetry) -> None:
    arrival = telemetry.recorder.arrived(scope())
    arrival.matched(REFUSED)
    arrival.ended(401, "unauthorized")
    assert telemetry.spans[0].name == "GET"
    (line,) = telemetry.lines("naftiko_request_total")
    assert 'naftiko_operation_id="unmatched",status="401"' in line


def test_requests_in_flight_are_a_gauge(telemetry: Telemetry) -> None:
    name = "naftiko_request_active"
    labels = f'{name}{{naftiko_adapter_type="rest",naftiko_namespace="shop-rest"}}'
    first, second = telemetry.recorder.arrived(scope()), telemetry.recorder.arrived(scope())
    first.matched(REFUSED)
    first.matched(ORDERS)
    second.matched(ORDERS)
    assert telemetry.lines(name) == [f"{labels} 2"]
    second.ended(200)
    first.ended(200)
    assert telemetry.lines(name) == [f"{labels} 0"]


def test_a_tool_call_is_a_server_span_inside_the_post(telemetry: Telemetry) -> None:
    arrival = telemetry.recorder.arrived(scope(method="POST"))
    arrival.matched(MCP)
    message = Message("tools/call", "get-order", "3", "2026-07-28")
    call = telemetry.recorder.called(TOOL, message)
    call.ended()
    arrival.ended(200)
    tool, post = telemetry.spans
    assert (tool.name, tool.kind, post.name) == ("tools/call get-order", "SERVER", "POST /mcp")
    assert tool.parent_id == post.id
    assert tool.attributes == {
        "mcp.method.name": "tools/call",
        "mcp.protocol.version": "2026-07-28",
        "jsonrpc.request.id": "3",
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "get-order",
        "network.transport": "tcp",
        "naftiko.adapter.type": "mcp",
        "naftiko.namespace": "shop-mcp",
        "naftiko.operation.id": "get-order",
        "naftiko.capability": "Shop",
        "naftiko.request.id": arrival.request_id,
    }


@pytest.mark.parametrize(
    ("message", "attribute", "value"),
    [
        (Message("prompts/get", "review"), "gen_ai.prompt.name", "review"),
        (Message("resources/read", "docs://a"), "mcp.resource.uri", "docs://a"),
        (Message("tools/list", transport="pipe"), "network.transport", "pipe"),
    ],
)
def test_other_mcp_requests_name_what_they_ask_for(
    telemetry: Telemetry, message: Message, attribute: str, value: str
) -> None:
    telemetry.recorder.called(TOOL, message).ended()
    assert telemetry.spans[0].attributes[attribute] == value
    assert "gen_ai.tool.name" not in telemetry.spans[0].attributes


@pytest.mark.parametrize(
    ("error", "code", "kind", "counted"),
    [
        (None, None, None, None),
        ("invalid-input", None, "tool_error", "invalid-input"),
        ("upstream-status", None, "tool_error", "upstream-status"),
        (None, -32602, "-32602", "-32602"),
    ],
)
def test_mcp_counts_ok_or_error_and_never_the_post_again(
    telemetry: Telemetry, error: str | None, code: int | None, kind: str | None, counted: str | None
) -> None:
    arrival = telemetry.recorder.arrived(scope(method="POST"))
    arrival.matched(MCP)
    telemetry.recorder.called(TOOL, Message("tools/call", "get-order")).ended(error, code)
    arrival.ended(200)
    (line,) = telemetry.lines("naftiko_request_total")
    assert f'operation_id="get-order",status="{"OK" if kind is None else "ERROR"}"' in line
    errors = telemetry.lines("naftiko_request_errors_total")
    assert len(errors) == (0 if counted is None else 1)
    assert counted is None or f'error_type="{counted}"' in errors[0]
    span = telemetry.spans[0]
    assert span.error == kind
    assert span.attributes.get("rpc.response.status_code") == (None if code is None else str(code))


def test_an_mcp_request_that_is_refused_before_json_rpc_counts_once(telemetry: Telemetry) -> None:
    for status in (401, 200):
        arrival = telemetry.recorder.arrived(scope(method="POST"))
        arrival.matched(MCP)
        arrival.ended(status, "unauthorized" if status == 401 else None)
    (line,) = telemetry.lines("naftiko_request_total")
    assert 'naftiko_operation_id="unmatched",status="ERROR"} 1' in line


def test_the_context_in_meta_beats_the_one_in_the_header(telemetry: Telemetry) -> None:
    arrival = telemetry.recorder.arrived(scope(("traceparent", f"00-{'1' * 32}-{PARENT}-01")))
    meta = {"traceparent": f"00-{TRACE}-{PARENT}-01", "progressToken": 3}
    call = telemetry.recorder.called(TOOL, Message("tools/call", "get-order", meta=meta))
    telemetry.recorder.peer(UPSTREAM).attempt("GET", URL).ended(200)
    call.ended()
    arrival.ended(200)
    client, tool, post = telemetry.spans
    assert (tool.trace_id, client.trace_id, post.trace_id) == (TRACE, TRACE, "1" * 32)
    assert (tool.parent_id, client.parent_id) == (PARENT, tool.id)
    assert telemetry.roots() == [tool.span, post.span]


def test_over_stdio_a_call_stands_alone(telemetry: Telemetry) -> None:
    call = telemetry.recorder.called(TOOL, Message("tools/list", transport="pipe"))
    call.ended()
    (span,) = telemetry.spans
    assert (telemetry.roots(), span.parent_id) == ([span.span], "")


def test_nothing_is_recorded_of_what_is_not_sampled_but_the_decision_goes_on() -> None:
    telemetry = Telemetry(ratio=0.0)
    arrival = telemetry.recorder.arrived(scope())
    arrival.matched(ORDERS)
    attempt = telemetry.recorder.peer(UPSTREAM).attempt("GET", URL)
    headers = dict(attempt.headers)
    attempt.ended(200)
    arrival.ended(200)
    assert (telemetry.spans, telemetry.traces) == ([], [])
    assert headers["traceparent"].endswith("-00")
    assert len(telemetry.lines("naftiko_request_total")) == 1


@pytest.mark.parametrize(("ratio", "flags", "kept"), [(0.0, "01", 1), (1.0, "00", 0)])
def test_the_caller_decides_about_its_own_trace(ratio: float, flags: str, kept: int) -> None:
    telemetry = Telemetry(ratio)
    header = ("traceparent", f"00-{TRACE}-{PARENT}-{flags}")
    telemetry.recorder.arrived(scope(header)).ended(200)
    assert len(telemetry.spans) == kept


def test_a_ratio_samples_about_so_many_roots() -> None:
    telemetry = Telemetry(0.25)
    for _ in range(2000):
        telemetry.recorder.arrived(scope()).ended(200)
    assert 380 < len(telemetry.spans) < 620


@pytest.mark.parametrize("wanted", ["abc.DEF_1-2", None])
def test_the_callers_request_id_is_kept(telemetry: Telemetry, wanted: str | None) -> None:
    arrival = telemetry.recorder.arrived(scope(), wanted)
    arrival.ended(200)
    assert arrival.request_id == (wanted or telemetry.spans[0].trace_id)


def test_without_instruments_a_request_has_an_id_and_nothing_else() -> None:
    recorder = Recorder(Instruments())
    arrival = recorder.arrived(scope())
    assert len(arrival.request_id) == 32
    assert recorder.arrived(scope()).request_id != arrival.request_id
    assert recorder.peer(UPSTREAM).attempt("GET", URL).headers == ()
    assert recorder.peer(UPSTREAM) is OFF.peer(UPSTREAM)
    assert recorder.ran(Work("call", "x")) is OFF.ran(Work("call", "x"))
    recorder.called(TOOL, Message("tools/list")).ended()
    arrival.ended(200)


def access_fields(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return [
        dict(record.fields)  # type: ignore[attr-defined]
        for record in caplog.records
        if record.name == "naftiko_runtime.access"
    ]


def test_one_access_line_per_request(
    telemetry: Telemetry, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    arrival = telemetry.recorder.arrived(scope())
    arrival.matched(ORDERS)
    arrival.ended(200, None, 3, 10)
    (fields,) = access_fields(caplog)
    assert isinstance(fields.pop("duration_ms"), float)
    assert fields == {
        "method": "GET",
        "route": "/v1/orders/{order-id}",
        "status": 200,
        "request_bytes": 3,
        "response_bytes": 10,
        "adapter": "rest",
        "namespace": "shop-rest",
        "operation": "/v1/orders/{order-id} GET",
    }
    assert "s3cret" not in caplog.text


def test_the_access_line_of_mcp_says_what_was_called(
    telemetry: Telemetry, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    arrival = telemetry.recorder.arrived(scope(method="POST"))
    arrival.matched(MCP)
    telemetry.recorder.called(TOOL, Message("tools/call", "get-order")).ended("template")
    arrival.ended(200)
    (fields,) = access_fields(caplog)
    assert (fields["rpc_method"], fields["tool"], fields["is_error"]) == (
        "tools/call",
        "get-order",
        True,
    )
    assert (fields["operation"], fields["status"]) == ("get-order", 200)


def test_over_stdio_the_call_has_its_own_line(
    telemetry: Telemetry, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    telemetry.recorder.called(TOOL, Message("tools/list", transport="pipe")).ended()
    (fields,) = access_fields(caplog)
    assert (fields["rpc_method"], fields["is_error"], "status" in fields) == (
        "tools/list",
        False,
        False,
    )


def test_no_access_line_is_made_below_its_level(
    telemetry: Telemetry, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    telemetry.recorder.arrived(scope()).ended(200)
    assert access_fields(caplog) == []


def test_a_session_that_outlives_its_first_request_gets_lines_of_its_own(
    telemetry: Telemetry, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    arrival = telemetry.recorder.arrived(scope(method="POST"))
    first = telemetry.recorder.called(TOOL, Message("initialize"))
    arrival.ended(200)
    later = telemetry.recorder.called(TOOL, Message("tools/list"))
    later.ended()
    first.ended()
    assert [fields["rpc_method"] for fields in access_fields(caplog)] == [
        "initialize",
        "tools/list",
    ]


def test_conventional_metrics_are_kept_for_export(telemetry: Telemetry) -> None:
    arrival = telemetry.recorder.arrived(scope())
    arrival.matched(ORDERS)
    telemetry.recorder.peer(UPSTREAM).attempt("GET", URL).ended(404)
    arrival.ended(500, "internal")
    telemetry.recorder.called(
        TOOL, Message("tools/call", "get-order", protocol="2026-07-28")
    ).ended(None, -32603)
    found = {
        family.name: [dict(zip(family.labels, labels, strict=True)) for labels in sample]
        for family, sample in telemetry.conventions.registry.snapshot().items()
    }
    assert found == {
        "http.server.request.duration": [
            {
                "http.request.method": "GET",
                "http.route": "/v1/orders/{order-id}",
                "url.scheme": "http",
                "network.protocol.version": "1.1",
                "http.response.status_code": "500",
                "error.type": "internal",
            }
        ],
        "http.client.request.duration": [
            {
                "http.request.method": "GET",
                "server.address": "api.shop.example",
                "server.port": "443",
                "http.response.status_code": "404",
                "error.type": "404",
            }
        ],
        "mcp.server.operation.duration": [
            {
                "mcp.method.name": "tools/call",
                "gen_ai.tool.name": "get-order",
                "gen_ai.prompt.name": "",
                "mcp.protocol.version": "2026-07-28",
                "network.transport": "tcp",
                "error.type": "-32603",
                "rpc.response.status_code": "-32603",
            }
        ],
    }


def test_what_a_listener_refuses_before_any_adapter_counts_for_its_first_one(
    telemetry: Telemetry,
) -> None:
    listener = telemetry.recorder.by(REFUSED)
    listener.arrived(scope()).ended(421, "misdirected")
    served = listener.arrived(scope())
    served.matched(ORDERS)
    served.ended(200)
    refused, counted = sorted(telemetry.lines("naftiko_request_total"), reverse=True)
    assert 'naftiko_operation_id="unmatched",status="421"} 1' in refused
    assert 'naftiko_operation_id="/v1/orders/{order-id} GET",status="200"} 1' in counted
    assert telemetry.lines("naftiko_request_active")[0].endswith(" 0")
    assert telemetry.spans[0].attributes["naftiko.namespace"] == "shop-rest"


def test_control_routes_have_access_lines_only(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    observability = open_observability(TelemetrySettings(metrics=True, traces=True), {})
    observability.lines.arrived(scope()).ended(200)
    assert observability.traces is not None
    assert observability.traces.listing()["traces"] == []
    assert [fields["status"] for fields in access_fields(caplog)] == [200]
