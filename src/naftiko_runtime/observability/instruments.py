"""What is recorded in this process: each part is there or None."""

from dataclasses import dataclass

from naftiko_runtime.observability.conventions import Conventions
from naftiko_runtime.observability.metrics import Metrics
from naftiko_runtime.observability.spans import Tracer
from naftiko_runtime.observability.telemetry import Endpoint


@dataclass(frozen=True, slots=True)
class Instruments:
    """``conventions``: the metrics of OpenTelemetry's conventions, kept only when exported.

    ``otherwise`` names what ends before anything has matched, such as a refused Host or login.
    """

    metrics: Metrics | None = None
    tracer: Tracer | None = None
    conventions: Conventions | None = None
    otherwise: Endpoint | None = None
