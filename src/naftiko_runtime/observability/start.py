"""Puts the telemetry of one process together from its settings."""

import logging
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from naftiko_runtime import __version__
from naftiko_runtime.observability.conventions import Conventions
from naftiko_runtime.observability.export import Exporter
from naftiko_runtime.observability.feed import LogFeed
from naftiko_runtime.observability.instruments import Instruments
from naftiko_runtime.observability.metrics import Metrics
from naftiko_runtime.observability.recorder import Recorder
from naftiko_runtime.observability.redaction import Redactor
from naftiko_runtime.observability.ring import TraceRing
from naftiko_runtime.observability.series import Snapshot
from naftiko_runtime.observability.settings import TelemetrySettings, effective
from naftiko_runtime.observability.spans import Note, Trace, Tracer
from naftiko_runtime.observability.telemetry import Telemetry


@dataclass(frozen=True, slots=True)
class Observability:
    """The telemetry of one process, open until ``close``.

    ``telemetry`` is for adapters and the engine; ``lines`` writes access lines only and is for the
    control port. ``metrics`` and ``traces`` are None when nobody keeps them. ``warnings`` say why
    something is not exported (``otel/exporter``).
    """

    telemetry: Recorder
    redactor: Redactor
    feed: LogFeed
    metrics: Metrics | None = None
    traces: TraceRing | None = None
    exporter: Exporter | None = None
    warnings: tuple[str, ...] = ()

    @property
    def lines(self) -> Telemetry:
        """Telemetry without spans and metrics: control routes have none (OBS-5)."""
        return Recorder(Instruments())

    @property
    def status(self) -> str:
        """``active`` or ``disabled``, as ``otel.status`` of CTL-4."""
        return "disabled" if self.metrics is None and self.traces is None else "active"

    def close(self, seconds: float = 5.0) -> None:
        """End log streams and send what is left, for so many seconds at most (LST-8)."""
        self.feed.end()
        if self.exporter is not None:
            logging.getLogger().removeHandler(self.exporter)
            self.exporter.stop(seconds)


def open_observability(
    settings: TelemetrySettings, environ: Mapping[str, str], redactor: Redactor | None = None
) -> Observability:
    """Return the telemetry that settings and ``OTEL_*`` ask for; never fails (OBS-1)."""
    known = redactor or Redactor()
    wanted = effective(settings, environ)
    if not wanted.enabled:
        return Observability(Recorder(Instruments()), known, LogFeed(known))
    metrics = Metrics() if wanted.metrics or "metrics" in wanted.exported else None
    if metrics is not None:
        metrics.built(__version__, platform.python_version())
    conventions = Conventions() if "metrics" in wanted.exported else None
    exporter, warnings = _exporter(wanted, known, lambda: _both(metrics, conventions))
    ring = TraceRing(wanted.buffer_size, known.scrub) if wanted.traces else None
    instruments = Instruments(
        metrics,
        _tracer(wanted, exporter, ring),
        None if exporter is None else conventions,
    )
    return Observability(
        Recorder(instruments), known, LogFeed(known), metrics, ring, exporter, warnings
    )


def _tracer(
    settings: TelemetrySettings, exporter: Exporter | None, ring: TraceRing | None
) -> Tracer | None:
    exported = exporter if "traces" in settings.exported else None
    if exported is None and ring is None:
        return None
    finished: Callable[[Trace, Note], None] | None = None if exported is None else exported.add
    complete: Callable[[Trace], None] | None = None if ring is None else ring.add
    return Tracer(settings.sampling, settings.propagation, finished, complete)


def _exporter(
    settings: TelemetrySettings, redactor: Redactor, snapshot: Callable[[], Snapshot]
) -> tuple[Exporter | None, tuple[str, ...]]:
    if settings.endpoint_missing is not None and not settings.endpoint_from_environment:
        return None, (f"nothing is exported: {settings.endpoint_missing}",)
    if not settings.exported:
        return None, ()
    try:
        from naftiko_runtime.observability.otlp import OtlpReceiver  # noqa: PLC0415 - an extra

        receiver = OtlpReceiver(settings, redactor.scrub)
    except ImportError:
        return None, ("nothing is exported: install naftiko-runtime[otlp]",)
    except ValueError as exc:
        return None, (f"nothing is exported: {redactor.scrub(str(exc))}",)
    exporter = Exporter(receiver, snapshot if "metrics" in settings.exported else None)
    if "logs" in settings.exported:
        logging.getLogger().addHandler(exporter)
    return exporter, ()


def _both(metrics: Metrics | None, conventions: Conventions | None) -> Snapshot:
    ours = {} if metrics is None else metrics.snapshot()
    return ours if conventions is None else {**ours, **conventions.registry.snapshot()}
