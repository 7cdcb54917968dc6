"""What lives as long as the process: connections to upstreams, telemetry, logs."""

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Final

from naftiko_runtime.adapters.digest import Nonces
from naftiko_runtime.adapters.failures import Failures
from naftiko_runtime.engine.engine import Engine, engine_for
from naftiko_runtime.engine.scope import InvocationScope
from naftiko_runtime.engine.variables import Variables
from naftiko_runtime.errors import Misconfigured
from naftiko_runtime.expressions.reference import Expression
from naftiko_runtime.observability.logs import install_logs
from naftiko_runtime.observability.settings import TelemetrySettings
from naftiko_runtime.observability.start import Observability, open_observability
from naftiko_runtime.options import RuntimeOptions
from naftiko_runtime.plan.capability import Capability
from naftiko_runtime.plan.exposure import ControlExposure
from naftiko_runtime.plan.listener import Merged

_KEY_BYTES: Final = 32
_SERVER_LOGS: Final = "uvicorn.error"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class House:
    """The surroundings of every ``Live``; ``key`` is shared by workers (exposes.md AUTH-6).

    ``failures`` and ``nonces`` are what is remembered of callers: a reload forgives nobody.
    """

    options: RuntimeOptions
    environ: Mapping[str, str] = field(repr=False)
    engine: Engine
    """Holds connections and scripts; every ``Live`` renews it."""
    observability: Observability
    key: bytes = field(repr=False)
    failures: Failures
    nonces: Nonces


@asynccontextmanager
async def open_house(
    options: RuntimeOptions,
    environ: Mapping[str, str],
    settings: TelemetrySettings,
    key: bytes | None = None,
) -> AsyncIterator[House]:
    """Open it; leaving closes connections and flushes telemetry (exposes.md LST-8)."""
    observability = open_observability(settings, environ)
    restore_logs = install_logs(observability.redactor, options.log_level, options.log_format)
    # whatever goes wrong in a request was answered and logged before the server hears of it
    logging.getLogger(_SERVER_LOGS).setLevel(logging.CRITICAL + 1)
    for warning in observability.warnings:
        _log.warning("otel/exporter: %s", warning)
    telemetry, redactor = observability.telemetry, observability.redactor
    try:
        async with engine_for(options, environ, telemetry=telemetry, redactor=redactor) as engine:
            used = key or os.urandom(_KEY_BYTES)
            nonces = Nonces(used, time.time)
            yield House(options, environ, engine, observability, used, Failures(), nonces)
    finally:
        await asyncio.to_thread(observability.close)
        restore_logs()


def telemetry_settings(
    merged: Merged, capabilities: Sequence[Capability], environ: Mapping[str, str]
) -> TelemetrySettings:
    """Return what the first control adapter asks for (exposes.md OBS-1)."""
    controls = (placed.exposure for placed in merged.placed)
    control = next((each for each in controls if isinstance(each, ControlExposure)), None)
    label = capabilities[0].label if len(capabilities) == 1 else None
    version = capabilities[0].version if len(capabilities) == 1 else None
    settings = TelemetrySettings(
        service_name=f"naftiko-{label}" if label else "naftiko",
        service_version=version or "unspecified",
    )
    if control is None:
        return settings
    telemetry = control.telemetry
    endpoint, missing = _resolved(telemetry.otlp_endpoint, environ)
    return replace(
        settings,
        metrics=telemetry.metrics,
        traces=telemetry.traces,
        sampling=telemetry.sampling,
        propagation=telemetry.propagation,
        buffer_size=telemetry.buffer_size,
        endpoint=endpoint,
        endpoint_missing=missing,
    )


def _resolved(
    expression: Expression | None, environ: Mapping[str, str]
) -> tuple[str | None, str | None]:
    """Return the text of a template, or why it has none."""
    if expression is None:
        return None, None
    try:
        return str(expression.evaluate(InvocationScope({}, Variables(environ)))), None
    except Misconfigured as exc:
        return None, exc.detail
