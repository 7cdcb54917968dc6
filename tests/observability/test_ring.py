"""The last local traces (CTL-10)."""

import pytest

from naftiko_runtime.observability.context import CURRENT
from naftiko_runtime.observability.instruments import Instruments
from naftiko_runtime.observability.recorder import Recorder
from naftiko_runtime.observability.redaction import Redactor
from naftiko_runtime.observability.ring import TraceRing, timestamp
from naftiko_runtime.observability.spans import MAX_SPANS, Tracer
from naftiko_runtime.observability.telemetry import Consumed, Endpoint, Work

ORDERS = Endpoint("rest", "shop-rest", "/v1/orders/{order-id} GET", "/v1/orders/{order-id}")
LIST = Endpoint("rest", "shop-rest", "/v1/list GET", "/v1/list")
SCOPE = {"method": "GET", "path": "/v1/x", "headers": [], "scheme": "http"}


class Kept:
    """A recorder whose traces end in a ring."""

    def __init__(self, size: int = 100) -> None:
        redactor = Redactor()
        redactor.learn("s3cret-value")
        self.ring = TraceRing(size, redactor.scrub)
        tracer = Tracer(complete=self.ring.add)
        self.recorder = Recorder(Instruments(tracer=tracer))

    def request(self, endpoint: Endpoint = ORDERS, status: int = 200) -> str:
        arrival = self.recorder.arrived(SCOPE)
        arrival.matched(endpoint)
        arrival.ended(status)
        return arrival.request_id


@pytest.fixture(autouse=True)
def _nothing_is_served() -> None:
    CURRENT.set(None)


def test_traces_are_listed_newest_first_and_the_oldest_are_dropped() -> None:
    kept = Kept(size=2)
    ids = [kept.request() for _ in range(3)]
    listing = kept.ring.listing()
    assert [trace["traceId"] for trace in listing["traces"]] == [ids[2], ids[1]]
    assert (listing["bufferSize"], listing["bufferUsed"]) == (2, 2)
    assert kept.ring.trace(ids[0]) is None


def test_a_trace_is_summed_up_and_shows_its_spans() -> None:
    kept = Kept()
    arrival = kept.recorder.arrived(SCOPE)
    arrival.matched(ORDERS)
    peer = kept.recorder.peer(Consumed("shop-api", "get-order", "/orders/{id}"))
    peer.attempt("GET", "https://api.example/s3cret-value?a=1").ended(404)
    arrival.ended(404)
    shown = kept.ring.trace(arrival.request_id)
    assert shown is not None
    assert list(shown) == [
        "traceId",
        "operation",
        "durationMs",
        "status",
        "spanCount",
        "timestamp",
        "spans",
    ]
    assert (shown["operation"], shown["status"], shown["spanCount"]) == (
        "GET /v1/orders/{order-id}",
        "ERROR",
        2,
    )
    root, client = shown["spans"]
    assert "parentSpanId" not in root
    assert client["parentSpanId"] == root["spanId"]
    assert (client["name"], client["kind"], client["status"]) == (
        "GET /orders/{id}",
        "CLIENT",
        "ERROR",
    )
    assert client["attributes"]["url.full"] == "https://api.example/***?a=REDACTED"
    assert root["durationMs"] >= client["durationMs"] >= 0


def test_traces_are_found_by_name_or_operation_and_by_status() -> None:
    kept = Kept()
    first, second = kept.request(ORDERS, 200), kept.request(LIST, 500)

    def found(operation: str | None = None, status: str | None = None) -> list[str]:
        return [each["traceId"] for each in kept.ring.listing(operation, status)["traces"]]

    assert found("orders") == [first]
    assert found("/v1/list GET") == [second]
    assert found("nothing") == []
    assert (found(status="ok"), found(status="ERROR")) == ([first], [second])
    assert found("list", "ok") == []


def test_a_trace_keeps_a_thousand_spans() -> None:
    kept = Kept()
    arrival = kept.recorder.arrived(SCOPE)
    for number in range(MAX_SPANS + 20):
        kept.recorder.ran(Work("lookup", f"step-{number}")).ended()
    arrival.ended(200)
    shown = kept.ring.trace(arrival.request_id)
    assert shown is not None
    assert shown["spanCount"] == len(shown["spans"]) == MAX_SPANS


def test_work_that_outlives_its_request_still_joins_its_trace() -> None:
    kept = Kept()
    arrival = kept.recorder.arrived(SCOPE)
    run = kept.recorder.ran(Work("call", "late"))
    arrival.ended(200)
    run.ended("script")
    shown = kept.ring.trace(arrival.request_id)
    assert shown is not None
    assert (shown["spanCount"], shown["status"]) == (2, "ERROR")


def test_a_time_is_written_as_rfc_3339_with_milliseconds() -> None:
    assert timestamp(1_795_514_400_123_456_789) == "2026-11-24T10:00:00.123Z"
