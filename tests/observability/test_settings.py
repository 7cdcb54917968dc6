"""Settings of documents and what the environment says over them (OBS-1, OBS-2)."""

from dataclasses import replace

import pytest

from naftiko_runtime.observability.settings import TelemetrySettings, effective

DOCUMENT = TelemetrySettings(
    metrics=True, traces=True, sampling=0.5, endpoint="http://collector:4318"
)
ALL = frozenset({"traces", "metrics", "logs"})


def test_without_environment_the_document_counts() -> None:
    assert effective(DOCUMENT, {}) == replace(DOCUMENT, exported=ALL)
    assert effective(TelemetrySettings(), {}) == TelemetrySettings()


@pytest.mark.parametrize("word", ["true", "TRUE"])
def test_the_environment_can_turn_everything_off(word: str) -> None:
    assert not effective(DOCUMENT, {"OTEL_SDK_DISABLED": word}).enabled


@pytest.mark.parametrize(
    ("endpoint", "environ", "protocol"),
    [
        ("http://c:4318", {}, "http"),
        ("http://c:4317", {}, "grpc"),
        ("http://c:4317/", {}, "grpc"),
        ("grpc://c:9000", {}, "grpc"),
        ("https://c/otlp", {}, "http"),
        ("http://c:4317", {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, "http"),
        ("http://c:4318", {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "grpc"),
        ("http://c:4318", {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://d:4317"}, "grpc"),
    ],
)
def test_the_protocol_follows_port_scheme_and_environment(
    endpoint: str, environ: dict[str, str], protocol: str
) -> None:
    assert effective(replace(DOCUMENT, endpoint=endpoint), environ).protocol == protocol


@pytest.mark.parametrize(
    ("environ", "ratio"),
    [
        ({"OTEL_TRACES_SAMPLER": "always_on"}, 1.0),
        ({"OTEL_TRACES_SAMPLER": "parentbased_always_off"}, 0.0),
        ({"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.1"}, 0.1),
        ({"OTEL_TRACES_SAMPLER": "traceidratio"}, 1.0),
        ({"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "9"}, 1.0),
        ({"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "x"}, 1.0),
        ({"OTEL_TRACES_SAMPLER": "somebody_elses"}, 0.5),
    ],
)
def test_the_sampler_of_the_environment_wins(environ: dict[str, str], ratio: float) -> None:
    assert effective(DOCUMENT, environ).sampling == ratio


@pytest.mark.parametrize(
    ("word", "propagation"),
    [("b3", "b3"), ("b3multi", "b3"), ("tracecontext,b3", "w3c"), ("baggage", "w3c"), ("", "w3c")],
)
def test_the_propagators_of_the_environment_win(word: str, propagation: str) -> None:
    assert effective(DOCUMENT, {"OTEL_PROPAGATORS": word}).propagation == propagation


def test_an_endpoint_in_the_environment_exports_without_any_control_adapter() -> None:
    found = effective(TelemetrySettings(), {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c/x"})
    assert (found.exported, found.endpoint_from_environment) == (ALL, True)


def test_a_signal_with_another_exporter_is_not_sent() -> None:
    found = effective(DOCUMENT, {"OTEL_LOGS_EXPORTER": "none", "OTEL_TRACES_EXPORTER": "otlp"})
    assert found.exported == {"traces", "metrics"}


def test_the_service_name_of_the_environment_wins() -> None:
    assert effective(DOCUMENT, {"OTEL_SERVICE_NAME": "mine"}).service_name == "mine"
