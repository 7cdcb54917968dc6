"""OTLP: our spans, metrics and log records as the OpenTelemetry SDK's exporters take them.

The only module that imports OpenTelemetry; it needs the extra ``otlp``.
"""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Final

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState

from naftiko_runtime.observability.export import Finished, LogLine
from naftiko_runtime.observability.otlp_exporters import exporters_for
from naftiko_runtime.observability.redaction import scrubbed
from naftiko_runtime.observability.series import Family, LabelValues, Point, Sample, Snapshot
from naftiko_runtime.observability.settings import TelemetrySettings
from naftiko_runtime.observability.spans import Attributes, Span, Trace, span_of

_SCHEMA: Final = "https://opentelemetry.io/schemas/1.40.0"
_SECOND: Final = 1_000_000_000
_SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED)
_KINDS: Final = {
    "SERVER": SpanKind.SERVER,
    "CLIENT": SpanKind.CLIENT,
    "INTERNAL": SpanKind.INTERNAL,
}
_SEVERITIES: Final = {
    logging.DEBUG: SeverityNumber.DEBUG,
    logging.INFO: SeverityNumber.INFO,
    logging.WARNING: SeverityNumber.WARN,
    logging.ERROR: SeverityNumber.ERROR,
    logging.CRITICAL: SeverityNumber.FATAL,
}
_LABELS: Final = {"http_response_status_code": "http.response.status_code"}


class OtlpReceiver:
    """Sends to one OTLP endpoint (``export.Receiver``); texts are scrubbed on the way out."""

    def __init__(self, settings: TelemetrySettings, scrub: Callable[[str], str]) -> None:
        self._scrub = scrub
        self._began = time.time_ns()
        self._resource = Resource.create(
            {"service.name": settings.service_name, "service.version": settings.service_version}
        )
        self._scope = InstrumentationScope("naftiko_runtime")
        self._spans, self._metrics, self._logs = exporters_for(settings)
        self._exported = settings.exported

    def spans(self, spans: Sequence[Finished]) -> None:
        """Send finished spans."""
        if "traces" in self._exported:
            self._spans.export([self._readable(trace, span_of(note)) for trace, note in spans])

    def metrics(self, snapshot: Snapshot) -> None:
        """Send the state of all metrics, cumulative since the start."""
        if "metrics" not in self._exported:
            return
        now = time.time_ns()
        metrics = [self._metric(family, snapshot[family], now) for family in snapshot]
        scope = ScopeMetrics(self._scope, metrics, _SCHEMA)
        self._metrics.export(MetricsData([ResourceMetrics(self._resource, [scope], _SCHEMA)]))

    def logs(self, lines: Sequence[LogLine]) -> None:
        """Send log records."""
        if "logs" in self._exported:
            self._logs.export([self._record(line) for line in lines])

    def shutdown(self) -> None:
        """Close the exporters."""
        for exporter in (self._spans, self._metrics, self._logs):
            exporter.shutdown()

    def _readable(self, trace: Trace, span: Span) -> ReadableSpan:
        failed = span.error is not None
        began = trace.start_ns(span)
        return ReadableSpan(
            self._scrub(span.name),
            context=_context(trace, span.id, is_remote=False),
            parent=_parent(trace, span),
            resource=self._resource,
            attributes=self._attributes(_with_error(span)),
            kind=_KINDS[span.kind],
            status=Status(StatusCode.ERROR if failed else StatusCode.UNSET),
            start_time=began,
            end_time=began + round(span.seconds * _SECOND),
            instrumentation_scope=self._scope,
        )

    def _attributes(self, attributes: Attributes) -> Attributes:
        return {
            name: self._scrub(value) if isinstance(value, str) else value
            for name, value in attributes.items()
        }

    def _metric(self, family: Family, sample: Sample, now: int) -> Metric:
        return Metric(
            family.name.removesuffix("_total").removesuffix("_seconds").replace("_", "."),
            family.help,
            family.unit,
            self._data(family, sample, now),
        )

    def _data(self, family: Family, sample: Sample, now: int) -> Sum | Gauge | Histogram:
        cumulative = AggregationTemporality.CUMULATIVE
        match family.kind:
            case "histogram":
                points = [self._buckets(family, each, now) for each in sample.items()]
                return Histogram(points, cumulative)
            case "counter":
                return Sum(self._numbers(family, sample, now), cumulative, is_monotonic=True)
            case "gauge":
                return Gauge(self._numbers(family, sample, now))

    def _numbers(self, family: Family, sample: Sample, now: int) -> list[NumberDataPoint]:
        return [
            NumberDataPoint(_labelled(family, labels), self._began, now, point.value)
            for labels, point in sample.items()
        ]

    def _buckets(
        self, family: Family, child: tuple[LabelValues, Point], now: int
    ) -> HistogramDataPoint:
        labels, point = child
        return HistogramDataPoint(
            _labelled(family, labels),
            self._began,
            now,
            sum(point.counts),
            point.value,
            point.counts,
            family.buckets,
            None,  # type: ignore[arg-type] # not kept; the encoder leaves out what is None
            None,  # type: ignore[arg-type]
        )

    def _record(self, line: LogLine) -> ReadableLogRecord:
        attributes = scrubbed(line.fields, self._scrub)
        record = LogRecord(
            timestamp=line.time_ns,
            observed_timestamp=line.time_ns,
            trace_id=int(line.trace_id or "0", 16),
            span_id=int(line.span_id or "0", 16),
            trace_flags=_SAMPLED if line.trace_id else TraceFlags.get_default(),
            severity_text=line.level,
            severity_number=_SEVERITIES.get(line.number, SeverityNumber.UNSPECIFIED),
            body=self._scrub(line.message),
            attributes=attributes,
        )
        return ReadableLogRecord(record, self._resource, InstrumentationScope(line.logger))


def _with_error(span: Span) -> Attributes:
    attributes = span.attributes()
    return attributes if span.error is None else {**attributes, "error.type": span.error}


def _context(trace: Trace, span_id: str, *, is_remote: bool) -> SpanContext:
    known = TraceState.from_header([trace.state]) if trace.state else TraceState()
    return SpanContext(int(trace.id, 16), int(span_id, 16), is_remote, _SAMPLED, known)


def _parent(trace: Trace, span: Span) -> SpanContext | None:
    if not span.parent_id:
        return None
    return _context(trace, span.parent_id, is_remote=span.id == trace.span_id)


def _labelled(family: Family, labels: LabelValues) -> dict[str, str]:
    return {
        _LABELS.get(name, name.replace("_", ".")) if "." not in name else name: value
        for name, value in zip(family.labels, labels, strict=True)
        if value
    }
