"""Metrics as text (CTL-9), read back by the parsers of prometheus-client."""

from collections.abc import Iterator

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as prometheus

from naftiko_runtime.observability.exposition import exposition
from naftiko_runtime.observability.metrics import Metrics
from naftiko_runtime.observability.series import BUCKETS, Family, Registry, merged
from naftiko_runtime.observability.telemetry import Endpoint

ORDERS = Endpoint("rest", "shop-rest", "/v1/orders/{order-id} GET", "/v1/orders/{order-id}")
TOOL = Endpoint("mcp", "shop-mcp", "get-order", "/mcp")


@pytest.fixture
def metrics() -> Metrics:
    recorded = Metrics()
    recorded.built("0.1.0", "3.11.7")
    served = recorded.served(ORDERS)
    served.active.add()
    for seconds in (0.001, 0.005, 0.3, 100.0):
        served.ended("200", seconds)
    served.ended("502", 0.02)
    served.failed("upstream-unreachable")
    recorded.served(TOOL).ended("OK", 0.004)
    recorded.stepped("call", "shop-rest", 0.2)
    recorded.sent("GET", "api.shop.example", 200).observe(0.03)
    recorded.sent("GET", "api.shop.example", "timeout").observe(10.0)
    recorded.reloaded(applied=True)
    recorded.reloaded(applied=False)
    recorded.serving(("Shop", "Desk"))
    return recorded


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in prometheus(text)
        for sample in family.samples
    }


def labelled(**labels: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(labels.items()))


SERVED = {
    "naftiko_adapter_type": "rest",
    "naftiko_namespace": "shop-rest",
    "naftiko_operation_id": "/v1/orders/{order-id} GET",
}


def test_every_metric_is_there_with_its_labels(metrics: Metrics) -> None:
    found = samples(exposition(metrics.snapshot()))
    upstream = {"http_request_method": "GET", "server_address": "api.shop.example"}
    expected = {
        ("naftiko_request_total", labelled(**SERVED, status="200")): 4,
        ("naftiko_request_total", labelled(**SERVED, status="502")): 1,
        ("naftiko_request_errors_total", labelled(**SERVED, error_type="upstream-unreachable")): 1,
        (
            "naftiko_request_active",
            labelled(naftiko_adapter_type="rest", naftiko_namespace="shop-rest"),
        ): 1,
        (
            "naftiko_request_total",
            labelled(
                naftiko_adapter_type="mcp",
                naftiko_namespace="shop-mcp",
                naftiko_operation_id="get-order",
                status="OK",
            ),
        ): 1,
        (
            "naftiko_step_duration_seconds_count",
            labelled(step_type="call", naftiko_namespace="shop-rest"),
        ): 1,
        (
            "naftiko_http_client_total",
            labelled(**upstream, http_response_status_code="200"),
        ): 1,
        ("naftiko_http_client_total", labelled(**upstream, error_type="timeout")): 1,
        (
            "naftiko_http_client_duration_seconds_sum",
            labelled(**upstream, error_type="timeout"),
        ): 10.0,
        ("naftiko_capability_active", labelled(naftiko_capability="Shop")): 1,
        ("naftiko_reload_total", labelled(result="applied")): 1,
        ("naftiko_reload_total", labelled(result="rejected")): 1,
        ("naftiko_build_info", labelled(version="0.1.0", python="3.11.7")): 1,
    }
    assert {key: found.get(key) for key in expected} == expected


def test_the_line_of_the_specification_is_written_like_this(metrics: Metrics) -> None:
    line = (
        'naftiko_request_total{naftiko_adapter_type="mcp",naftiko_namespace="shop-mcp",'
        'naftiko_operation_id="get-order",status="OK"} 1'
    )
    assert line in exposition(metrics.snapshot()).splitlines()


def test_buckets_count_up_to_all_observations(metrics: Metrics) -> None:
    found = samples(exposition(metrics.snapshot()))
    counts = {
        dict(labels)["le"]: value
        for (name, labels), value in found.items()
        if name == "naftiko_request_duration_seconds_bucket"
        and dict(labels)["status"] == "200"
        and dict(labels)["naftiko_adapter_type"] == "rest"
    }
    assert [float(bound) for bound in counts] == [*BUCKETS, float("inf")]
    assert counts["0.005"] == 2  # a bound belongs to its bucket
    assert (counts["0.25"], counts["0.5"], counts["60.0"], counts["+Inf"]) == (2, 3, 3, 4)


def test_openmetrics_is_read_by_a_strict_parser(metrics: Metrics) -> None:
    text = exposition(metrics.snapshot(), openmetrics=True)
    families = {family.name: family.type for family in openmetrics(text)}
    assert text.endswith("# EOF\n")
    assert families["naftiko_request"] == "counter"
    assert families["naftiko_request_duration_seconds"] == "histogram"


def test_label_values_are_escaped() -> None:
    registry = Registry()
    registry.number(Family("odd", "gauge", "Odd.", ("text",)), 'a"b\\c\nd').add(1.5)
    ((_, labels),) = samples(exposition(registry.snapshot()))
    assert dict(labels) == {"text": 'a"b\\c\nd'}


def test_nothing_recorded_is_an_empty_text() -> None:
    assert exposition(Registry().snapshot()) == ""


def test_the_snapshots_of_several_processes_are_summed(metrics: Metrics) -> None:
    both = samples(exposition(merged([metrics.snapshot(), metrics.snapshot()])))
    one = samples(exposition(metrics.snapshot()))
    peaks = {"naftiko_build_info", "naftiko_capability_active"}
    assert both == {
        (name, labels): value if name in peaks else 2 * value
        for (name, labels), value in one.items()
    }


def test_a_capability_that_is_no_longer_served_becomes_zero(metrics: Metrics) -> None:
    metrics.serving(("Desk",))
    found = samples(exposition(metrics.snapshot()))
    assert found["naftiko_capability_active", labelled(naftiko_capability="Shop")] == 0
    assert found["naftiko_capability_active", labelled(naftiko_capability="Desk")] == 1


def test_callers_cannot_grow_the_labels_without_end(metrics: Metrics) -> None:
    for number in range(3000):
        metrics.sent("GET", f"tenant-{number}.example", 200).observe(0.1)
        metrics.sent(f"METHOD{number}", "x.example", 200).observe(0.1)
    addresses = {
        dict(labels).get("server_address")
        for name, labels in samples(exposition(metrics.snapshot()))
        if name == "naftiko_http_client_total"
    }
    methods = {
        dict(labels)["http_request_method"]
        for name, labels in samples(exposition(metrics.snapshot()))
        if name == "naftiko_http_client_total"
    }
    assert len(addresses) <= 1001
    assert "other" in addresses
    assert methods == {"GET", "_OTHER"}


def test_families_and_children_come_in_a_stable_order(metrics: Metrics) -> None:
    def names(text: str) -> Iterator[str]:
        return (line.split()[2] for line in text.splitlines() if line.startswith("# TYPE"))

    text = exposition(metrics.snapshot())
    assert list(names(text)) == sorted(names(text))
    assert text == exposition(metrics.snapshot())
