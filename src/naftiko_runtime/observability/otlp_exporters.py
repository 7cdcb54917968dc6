"""The three exporters of the OpenTelemetry project for one endpoint, over HTTP or gRPC (OBS-2).

Imported only when something is exported: gRPC alone costs 10 MB.
"""

from typing import NamedTuple

from opentelemetry.sdk._logs.export import LogRecordExporter
from opentelemetry.sdk.metrics.export import MetricExporter
from opentelemetry.sdk.trace.export import SpanExporter

from naftiko_runtime.observability.settings import TelemetrySettings


class Exporters(NamedTuple):
    """One exporter per signal."""

    spans: SpanExporter
    metrics: MetricExporter
    logs: LogRecordExporter


def exporters_for(settings: TelemetrySettings) -> Exporters:
    """Return the exporters; raise ``ImportError`` when the extra ``otlp`` is not installed.

    Headers, certificates, time limits and compression they read from ``OTEL_EXPORTER_OTLP_*``
    themselves, and the address too when it stands there.
    """
    address = None if settings.endpoint_from_environment else settings.endpoint
    return _over_grpc(address) if settings.protocol == "grpc" else _over_http(address)


def _over_http(address: str | None) -> Exporters:
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter  # noqa: PLC0415
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import (  # noqa: PLC0415
        OTLPMetricExporter,
    )
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
        OTLPSpanExporter,
    )

    base = None if address is None else address.rstrip("/")
    return Exporters(
        OTLPSpanExporter(None if base is None else f"{base}/v1/traces"),
        OTLPMetricExporter(None if base is None else f"{base}/v1/metrics"),
        OTLPLogExporter(None if base is None else f"{base}/v1/logs"),
    )


def _over_grpc(address: str | None) -> Exporters:
    from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter  # noqa: PLC0415
    from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import (  # noqa: PLC0415
        OTLPMetricExporter,
    )
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import (  # noqa: PLC0415
        OTLPSpanExporter,
    )

    insecure = None if address is None else not address.startswith("https:")
    target = None if address is None else address.replace("grpc:", "http:", 1)
    return Exporters(
        OTLPSpanExporter(target, insecure),
        OTLPMetricExporter(target, insecure),
        OTLPLogExporter(target, insecure),
    )
