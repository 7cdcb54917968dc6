"""What is recorded and where it goes: the document's settings, over which ``OTEL_*`` wins."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from naftiko_runtime.observability.propagation import Propagation

_TRUE: Final = "true"
_SIGNALS: Final = ("TRACES", "METRICS", "LOGS")
Protocol = Literal["grpc", "http"]


@dataclass(frozen=True, slots=True)
class TelemetrySettings:
    """Settings of one process (exposes.md OBS-1, OBS-2).

    ``metrics`` and ``traces``: a control adapter shows them. ``endpoint`` is the OTLP receiver with
    its variables resolved; ``endpoint_missing`` says why there is none though one is configured.
    ``exported`` are the signals that go there; ``endpoint_from_environment`` leaves the address to
    the exporters, which read more variables than we know.
    """

    enabled: bool = True
    metrics: bool = False
    traces: bool = False
    sampling: float = 1.0
    propagation: Propagation = "w3c"
    buffer_size: int = 100
    endpoint: str | None = None
    endpoint_missing: str | None = None
    endpoint_from_environment: bool = False
    protocol: Protocol = "http"
    exported: frozenset[str] = frozenset()
    service_name: str = "naftiko"
    service_version: str = "unspecified"


def effective(settings: TelemetrySettings, environ: Mapping[str, str]) -> TelemetrySettings:
    """Return the settings after the environment had its say."""
    if environ.get("OTEL_SDK_DISABLED", "").lower() == _TRUE:
        return replace(settings, enabled=False)
    from_environment = any(name in environ for name in _endpoint_names())
    known = settings.endpoint if not from_environment else environ.get(_endpoint_names()[0], "")
    has_endpoint = from_environment or settings.endpoint is not None
    return replace(
        settings,
        sampling=_sampling(environ, settings.sampling),
        propagation=_propagation(environ, settings.propagation),
        endpoint_from_environment=from_environment,
        protocol=_protocol(environ, known or ""),
        exported=_exported(environ) if has_endpoint else frozenset(),
        service_name=environ.get("OTEL_SERVICE_NAME") or settings.service_name,
    )


def _endpoint_names() -> tuple[str, ...]:
    return (
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        *(f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT" for signal in _SIGNALS),
    )


def _exported(environ: Mapping[str, str]) -> frozenset[str]:
    """Return the signals whose exporter is not another one than ``otlp``."""
    return frozenset(
        signal.lower()
        for signal in _SIGNALS
        if "otlp" in environ.get(f"OTEL_{signal}_EXPORTER", "otlp").split(",")
    )


def _protocol(environ: Mapping[str, str], endpoint: str) -> Protocol:
    """Return gRPC for port 4317 and ``grpc:``, else HTTP; the environment's word wins (OBS-2)."""
    written = environ.get("OTEL_EXPORTER_OTLP_PROTOCOL", "").lower()
    if written:
        return "grpc" if written == "grpc" else "http"
    host = endpoint.partition("://")[2].partition("/")[0]
    return "grpc" if endpoint.startswith("grpc:") or host.endswith(":4317") else "http"


def _sampling(environ: Mapping[str, str], ratio: float) -> float:
    """Return the ratio of sampled roots; every sampler here is parent-based (OBS-1)."""
    match environ.get("OTEL_TRACES_SAMPLER", "").lower().removeprefix("parentbased_"):
        case "always_on":
            return 1.0
        case "always_off":
            return 0.0
        case "traceidratio":
            return _ratio(environ.get("OTEL_TRACES_SAMPLER_ARG", ""), 1.0)
        case _:
            return ratio


def _ratio(text: str, otherwise: float) -> float:
    try:
        ratio = float(text)
    except ValueError:
        return otherwise
    return ratio if 0.0 <= ratio <= 1.0 else otherwise


def _propagation(environ: Mapping[str, str], otherwise: Propagation) -> Propagation:
    for word in environ.get("OTEL_PROPAGATORS", "").lower().split(","):
        match word.strip():
            case "tracecontext":
                return "w3c"
            case "b3" | "b3multi":
                return "b3"
            case _:
                pass
    return otherwise
