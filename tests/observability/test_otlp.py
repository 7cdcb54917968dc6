"""Telemetry over OTLP (OBS-2), received and decoded by a small stand-in for a collector."""

import gzip
import logging
import threading
from collections.abc import Iterator
from concurrent import futures
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import grpc
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from naftiko_runtime.observability.context import CURRENT
from naftiko_runtime.observability.redaction import Redactor
from naftiko_runtime.observability.settings import TelemetrySettings
from naftiko_runtime.observability.start import Observability, open_observability
from naftiko_runtime.observability.telemetry import Consumed, Endpoint, Message

ORDERS = Endpoint("rest", "shop-rest", "/v1/orders GET", "/v1/orders", "Shop")
TOOL = Endpoint("mcp", "shop-mcp", "get-order", "/mcp", "Shop")
LOG = logging.getLogger("naftiko_runtime.exported")
SERVICES = {
    "traces": ("trace.v1.TraceService", ExportTraceServiceRequest, ExportTraceServiceResponse),
    "metrics": (
        "metrics.v1.MetricsService",
        ExportMetricsServiceRequest,
        ExportMetricsServiceResponse,
    ),
    "logs": ("logs.v1.LogsService", ExportLogsServiceRequest, ExportLogsServiceResponse),
}


class Collector:
    """Decodes what arrives by signal."""

    def __init__(self) -> None:
        self.received: dict[str, list[Any]] = {"traces": [], "metrics": [], "logs": []}
        self.answer = 200

    def take(self, signal: str, body: bytes) -> None:
        self.received[signal].append(SERVICES[signal][1].FromString(body))

    @property
    def spans(self) -> dict[str, Span]:
        return {
            span.name: span
            for request in self.received["traces"]
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        }

    @property
    def metrics(self) -> dict[str, Any]:
        return {
            metric.name: metric
            for request in self.received["metrics"]
            for resource in request.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }

    @property
    def records(self) -> list[Any]:
        return [
            record
            for request in self.received["logs"]
            for resource in request.resource_logs
            for scope in resource.scope_logs
            for record in scope.log_records
        ]


def attributes(pairs: Any) -> dict[str, Any]:
    return {
        pair.key: getattr(pair.value, pair.value.WhichOneof("value") or "string_value")
        for pair in pairs
    }


@pytest.fixture(autouse=True)
def _nothing_is_served() -> None:
    CURRENT.set(None)


@pytest.fixture
def collector() -> Collector:
    return Collector()


@pytest.fixture
def http_endpoint(collector: Collector) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            collector.take(self.path.rsplit("/", 1)[1], body)
            self.send_response(collector.answer)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/otlp/"
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.fixture
def grpc_endpoint(collector: Collector) -> Iterator[str]:
    def handler(signal: str) -> grpc.GenericRpcHandler:
        service, request, response = SERVICES[signal]

        def export(message: bytes, _: object) -> Any:
            collector.take(signal, message)
            return response()

        method = grpc.unary_unary_rpc_method_handler(
            export, response_serializer=response.SerializeToString
        )
        assert request is not None
        name = f"opentelemetry.proto.collector.{service}"
        return grpc.method_handlers_generic_handler(name, {"Export": method})

    server = grpc.server(futures.ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers(tuple(handler(signal) for signal in SERVICES))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"grpc://127.0.0.1:{port}"
    server.stop(None).wait(5)


def opened(endpoint: str, **environ: str) -> Observability:
    redactor = Redactor()
    redactor.learn("s3cret-value")
    settings = TelemetrySettings(
        endpoint=endpoint, service_name="naftiko-Shop", service_version="2.1.0"
    )
    return open_observability(settings, environ, redactor)


def serve_one_request(open_one: Observability) -> str:
    telemetry = open_one.telemetry
    scope = {"method": "GET", "path": "/v1/orders", "headers": [], "scheme": "http"}
    arrival = telemetry.arrived(scope)
    arrival.matched(ORDERS)
    peer = telemetry.peer(Consumed("shop-api", "list", "/orders"))
    peer.attempt("GET", "https://api.example/s3cret-value").ended(503)
    LOG.warning("upstream said s3cret-value", extra={"fields": {"status": 503}})
    arrival.ended(503)
    telemetry.called(TOOL, Message("tools/call", "get-order", protocol="2026-07-28")).ended()
    return arrival.request_id


@pytest.mark.parametrize("kind", ["http", "grpc"])
def test_spans_metrics_and_logs_arrive(
    kind: str, collector: Collector, request: pytest.FixtureRequest
) -> None:
    open_one = opened(request.getfixturevalue(f"{kind}_endpoint"))
    trace = serve_one_request(open_one)
    open_one.close()
    server, client = collector.spans["GET /v1/orders"], collector.spans["GET /orders"]
    assert server.trace_id.hex() == client.trace_id.hex() == trace
    assert client.parent_span_id == server.span_id
    assert (server.kind, client.kind) == (Span.SPAN_KIND_SERVER, Span.SPAN_KIND_CLIENT)
    assert server.status.code == client.status.code == Status.STATUS_CODE_ERROR
    assert attributes(client.attributes)["url.full"] == "https://api.example/***"
    assert attributes(client.attributes)["error.type"] == "503"
    assert attributes(server.attributes)["http.response.status_code"] == 503
    assert server.end_time_unix_nano >= server.start_time_unix_nano > 0
    (resource,) = {
        tuple(sorted(attributes(spans.resource.attributes).items()))
        for sent in collector.received["traces"]
        for spans in sent.resource_spans
    }
    assert dict(resource)["service.name"] == "naftiko-Shop"
    assert dict(resource)["service.version"] == "2.1.0"
    (record,) = [each for each in collector.records if "upstream" in each.body.string_value]
    assert record.body.string_value == "upstream said ***"
    assert (record.severity_text, record.trace_id.hex()) == ("WARN", trace)
    assert attributes(record.attributes)["status"] == 503


def test_metrics_have_dotted_names_and_those_of_the_conventions(
    collector: Collector, http_endpoint: str
) -> None:
    open_one = opened(http_endpoint)
    serve_one_request(open_one)
    open_one.close()
    duration = collector.metrics["naftiko.request.duration"].histogram
    points = {attributes(p.attributes)["naftiko.adapter.type"]: p for p in duration.data_points}
    assert (points["rest"].count, sum(points["rest"].bucket_counts)) == (1, 1)
    assert attributes(points["rest"].attributes) == {
        "naftiko.adapter.type": "rest",
        "naftiko.namespace": "shop-rest",
        "naftiko.operation.id": "/v1/orders GET",
        "status": "503",
    }
    requests = collector.metrics["naftiko.request"].sum
    assert requests.is_monotonic
    assert {point.as_double for point in requests.data_points} == {1.0}
    (client,) = collector.metrics["naftiko.http.client"].sum.data_points
    assert attributes(client.attributes)["http.response.status_code"] == "503"
    (http,) = collector.metrics["http.server.request.duration"].histogram.data_points
    assert list(http.explicit_bounds)[:3] == [0.005, 0.01, 0.025]
    assert collector.metrics["http.server.request.duration"].unit == "s"
    (mcp,) = collector.metrics["mcp.server.operation.duration"].histogram.data_points
    assert attributes(mcp.attributes)["gen_ai.tool.name"] == "get-order"
    assert not http.HasField("min")
    assert not http.HasField("max")


def test_only_the_wanted_signals_are_sent(collector: Collector, http_endpoint: str) -> None:
    open_one = opened(http_endpoint, OTEL_METRICS_EXPORTER="none", OTEL_LOGS_EXPORTER="none")
    serve_one_request(open_one)
    open_one.close()
    assert {signal for signal, sent in collector.received.items() if sent} == {"traces"}


def test_many_spans_arrive_without_waiting_for_the_end(
    collector: Collector, http_endpoint: str
) -> None:
    open_one = opened(http_endpoint)
    for _ in range(600):
        open_one.telemetry.arrived({"method": "GET", "path": "/", "headers": []}).ended(200)
    done = threading.Event()

    def look() -> None:
        while not collector.received["traces"] and not done.wait(0.01):
            pass

    watcher = threading.Thread(target=look)
    watcher.start()
    watcher.join(4)
    arrived = bool(collector.received["traces"])
    done.set()
    open_one.close()
    assert arrived


def test_a_collector_that_is_not_there_fails_nothing(caplog: pytest.LogCaptureFixture) -> None:
    open_one = opened("http://127.0.0.1:9")
    assert serve_one_request(open_one)
    open_one.close(seconds=1.0)
    assert open_one.warnings == ()
    assert not [
        record for record in caplog.records if record.name.startswith("naftiko_runtime.obs")
    ]


def test_an_endpoint_without_value_is_a_warning_and_local_telemetry_stays() -> None:
    settings = TelemetrySettings(
        metrics=True, traces=True, endpoint_missing="OTLP_URL has no value"
    )
    open_one = open_observability(settings, {})
    serve_one_request(open_one)
    assert open_one.warnings == ("nothing is exported: OTLP_URL has no value",)
    assert open_one.status == "active"
    assert open_one.traces is not None
    assert open_one.traces.listing()["bufferUsed"] == 2
    open_one.close()


def test_a_missing_extra_is_a_warning_and_local_telemetry_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "naftiko_runtime.observability.otlp", None)
    settings = TelemetrySettings(metrics=True, traces=True, endpoint="http://127.0.0.1:9")
    open_one = open_observability(settings, {})
    assert open_one.warnings == ("nothing is exported: install naftiko-runtime[otlp]",)
    assert (open_one.exporter, open_one.status) == (None, "active")
    open_one.close()


@pytest.mark.parametrize(
    ("settings", "environ"),
    [
        (TelemetrySettings(enabled=False, metrics=True, traces=True, endpoint="http://x"), {}),
        (TelemetrySettings(), {}),
        (TelemetrySettings(metrics=True, traces=True), {"OTEL_SDK_DISABLED": "true"}),
    ],
)
def test_what_is_off_records_nothing(settings: TelemetrySettings, environ: dict[str, str]) -> None:
    open_one = open_observability(settings, environ)
    serve_one_request(open_one)
    assert (open_one.metrics, open_one.traces, open_one.exporter) == (None, None, None)
    assert open_one.status == "disabled"
    assert open_one.telemetry.peer(Consumed("a", "b", "/")).attempt("GET", "http://x").headers == ()
    open_one.close()
