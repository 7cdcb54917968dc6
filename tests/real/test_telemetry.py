"""Telemetry read by others: prometheus-client's parser, and a collector that decodes OTLP."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.message import Message
from live_process import live
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as open_metrics_families,
)
from prometheus_client.parser import text_string_to_metric_families

pytestmark = pytest.mark.real
DOCUMENT = """
naftiko: 1.0.0-alpha2
info: {label: Shop, description: Orders}
binds: [{namespace: env, keys: {SHOP_TOKEN: SHOP_TOKEN}}]
capability:
  consumes:
    - type: http
      namespace: shop-api
      baseUri: http://127.0.0.1:9
      authentication: {type: bearer, token: "{{SHOP_TOKEN}}"}
      resources: [{path: "/orders/{id}", operations: [{name: get-order, method: GET, inputParameters: [{name: id, in: path}]}]}]
  exposes:
    - type: rest
      port: 8080
      namespace: shop-rest
      resources:
        - {name: order, path: "/v1/orders/{id}", operations: [{name: get-order, method: GET, call: shop-api.get-order, with: {id: rest.id}}]}
        - {name: mock, path: /v1/mock, operations: [{name: mock, method: GET, outputParameters: [{type: string, value: it}]}]}
    - {type: control, port: 9191}
"""
KINDS: dict[str, Any] = {
    "/v1/traces": ExportTraceServiceRequest,
    "/v1/metrics": ExportMetricsServiceRequest,
    "/v1/logs": ExportLogsServiceRequest,
}


@pytest.fixture
def document(tmp_path: Path) -> Path:
    file = tmp_path / "shop.yml"
    file.write_text(DOCUMENT)
    return file


@contextmanager
def collector() -> Iterator[tuple[str, dict[str, list[Message]]]]:
    """Receive OTLP over HTTP/protobuf; yield the endpoint and what was decoded, by path."""
    received: dict[str, list[Message]] = {path: [] for path in KINDS}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            assert self.headers["content-type"] == "application/x-protobuf"
            body = self.rfile.read(int(self.headers["content-length"]))
            received[self.path].append(KINDS[self.path].FromString(body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}", received
        server.shutdown()
        thread.join(10)


def test_metrics_are_read_by_prometheus_own_parsers(document: Path) -> None:
    with live(document, adapters=2, environ={"SHOP_TOKEN": "hush-hush"}) as served:
        with served.http("shop-rest") as shop:
            statuses = [shop.get(path).status_code for path in ("/v1/mock", "/v1/orders/7", "/no")]
        with served.http("control") as control:
            plain = control.get("/metrics")
            accepted = {"Accept": "application/openmetrics-text; version=1.0.0"}
            opened = control.get("/metrics", headers=accepted)
    assert statuses == [200, 502, 404]
    assert plain.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert opened.headers["content-type"].startswith("application/openmetrics-text")
    families = {each.name: each for each in text_string_to_metric_families(plain.text)}
    counted = {
        (sample.labels["naftiko_operation_id"], sample.labels["status"]): sample.value
        for sample in families["naftiko_request"].samples
    }
    assert counted == {
        ("/v1/mock GET", "200"): 1.0,
        ("/v1/orders/{id} GET", "502"): 1.0,
        ("unmatched", "404"): 1.0,
    }
    for family in families.values():
        if family.type == "histogram":
            check_buckets(family.samples)
    (failed,) = families["naftiko_http_client"].samples
    assert (failed.labels["error_type"], failed.value) == ("connection", 1.0)
    again = {each.name for each in open_metrics_families(opened.text)}
    assert {"naftiko_request", "naftiko_request_duration_seconds"} <= again


def check_buckets(samples: list[Any]) -> None:
    """Buckets grow and the last one is the count."""
    by_labels: dict[Any, dict[str, list[float]]] = {}
    for sample in samples:
        labels = tuple(sorted((k, v) for k, v in sample.labels.items() if k != "le"))
        kind = sample.name.rpartition("_")[2]
        by_labels.setdefault(labels, {}).setdefault(kind, []).append(sample.value)
    assert by_labels
    for kinds in by_labels.values():
        assert kinds["bucket"] == sorted(kinds["bucket"])
        assert len(kinds["bucket"]) == 14
        assert [kinds["bucket"][-1]] == kinds["count"]


def test_a_collector_decodes_traces_metrics_and_logs(document: Path) -> None:
    with collector() as (endpoint, received):
        environ = {"SHOP_TOKEN": "hush-hush", "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}
        context = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}
        with (
            live(document, adapters=2, environ=environ) as served,
            served.http("shop-rest") as shop,
        ):
            assert shop.get("/v1/orders/hush-hush", headers=context).status_code == 502
        # the process has ended and flushed
    spans = {
        span.name: span
        for span in every(received["/v1/traces"], "resource_spans", "scope_spans", "spans")
    }
    server, client = spans["GET /v1/orders/{id}"], spans["GET /orders/{id}"]
    assert server.trace_id == client.trace_id == bytes.fromhex("a" * 32)
    assert server.parent_span_id == bytes.fromhex("b" * 16)
    assert client.parent_span_id == server.span_id
    assert (server.kind, client.kind) == (2, 3)
    assert (server.status.code, client.status.code) == (2, 2)
    names = {
        each.name
        for each in every(received["/v1/metrics"], "resource_metrics", "scope_metrics", "metrics")
    }
    assert "http.server.request.duration" in names
    assert every(received["/v1/logs"], "resource_logs", "scope_logs", "log_records")
    (service,) = {
        attribute.value.string_value
        for request in received["/v1/traces"]
        for each in request.resource_spans
        for attribute in each.resource.attributes
        if attribute.key == "service.name"
    }
    assert service == "naftiko-Shop"
    assert "hush-hush" not in str(received)


def every(requests: list[Message], *names: str) -> list[Any]:
    """Return what stands below these repeated fields of all requests."""
    found: list[Any] = list(requests)
    for name in names:
        found = [each for parent in found for each in getattr(parent, name)]
    return found
