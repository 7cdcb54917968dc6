"""Compiles control adapters (exposes.md 6, OBS-1)."""

from typing import Final, Literal

from naftiko_runtime.compiler.inbound import inbound_of
from naftiko_runtime.compiler.templates import link_text
from naftiko_runtime.compiler.world import World
from naftiko_runtime.errors import Place
from naftiko_runtime.expressions.reference import Expression, FromVariable
from naftiko_runtime.expressions.template import Hole
from naftiko_runtime.plan.exposure import Address, ControlExposure, Scripting, Telemetry
from naftiko_runtime.spec.control import ControlAdapter, LogSettings, Observability
from naftiko_runtime.spec.control import ScriptingSettings as ScriptingSpec

DEFAULT_PORT: Final = 9191
_LOOPBACK: Final = (None, "localhost", "127.0.0.1", "::1", "[::1]")


def control_exposure(world: World, spec: ControlAdapter) -> ControlExposure:
    """Return a compiled control adapter; raise ``Unresolved`` when it must not be served."""
    namespace = spec.namespace or "control"
    authentication = inbound_of(world, spec, namespace)
    if spec.address not in _LOOPBACK and authentication is None:
        message = (
            f"{namespace} listens on {spec.address} without authentication: health and metrics only"
        )
        world.found.add("control/open", spec.at("address"), message)
    management = spec.management
    logs = management.logs
    if not isinstance(logs, LogSettings):
        # `logs: true` is everything, `false` nothing (CTL-1)
        logs = LogSettings.model_validate({"level-control": logs, "stream": logs})
    return ControlExposure(
        namespace=namespace,
        address=Address(spec.address, spec.port or DEFAULT_PORT),
        health=management.health,
        info=management.info,
        reload=management.reload,
        validate=management.validate_,
        logs_levels=logs.level_control,
        logs_stream=logs.stream,
        logs_subscribers=logs.max_subscribers,
        scripting=_scripting(management.scripting),
        telemetry=_telemetry(world, spec.observability),
        authentication=authentication,
        place=spec.place,
    )


def _scripting(spec: ScriptingSpec | None) -> Scripting | None:
    if spec is None:
        return None
    languages = spec.allowed_languages
    return Scripting(
        enabled=spec.enabled,
        default_location=spec.default_location,
        default_language=spec.default_language,
        timeout=spec.timeout,
        statement_limit=spec.statement_limit,
        allowed_languages=tuple(languages) if languages is not None else None,
    )


def _telemetry(world: World, spec: Observability) -> Telemetry:
    if not spec.enabled:
        return Telemetry()
    traces = spec.traces
    propagation: Literal["w3c", "b3"] = "b3" if traces.propagation.lower() == "b3" else "w3c"
    return Telemetry(
        metrics=spec.metrics.local.enabled,
        traces=traces.local.enabled,
        sampling=float(traces.sampling),
        propagation=propagation,
        buffer_size=min(10_000, max(10, traces.local.buffer_size)),
        otlp_endpoint=_endpoint(world, spec),
    )


def _endpoint(world: World, spec: Observability) -> Expression | None:
    otlp = spec.exporters.otlp if spec.exporters is not None else None
    if otlp is None:
        return None
    place: Place = otlp.at("endpoint")

    def resolve(hole: Hole, embedded: bool) -> Expression:  # noqa: FBT001
        variable = world.around.variable(hole, None, place, "observability")
        if variable is None:
            variable = world.variables.undeclared(hole.name, place, "observability")
        return FromVariable(variable)

    return link_text(otlp.endpoint, resolve, world.around, place)
