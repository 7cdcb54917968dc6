"""One route as it is served: everything that can be known before a request comes."""

from dataclasses import dataclass
from typing import Final

from naftiko_runtime.adapters.access import Gate
from naftiko_runtime.adapters.cors import Cors, cors_of
from naftiko_runtime.adapters.rest.inputs import Reading, reading_of
from naftiko_runtime.adapters.rest.replies import PLAIN, Shape
from naftiko_runtime.observability.telemetry import Endpoint
from naftiko_runtime.options import RuntimeOptions
from naftiko_runtime.plan.exposure import RestExposure, Route
from naftiko_runtime.plan.function import Forward, Function, Reshape, Unavailable
from naftiko_runtime.plan.listener import Placed

CONDITIONAL: Final = frozenset(
    {
        b"if-none-match",
        b"if-modified-since",
        b"if-match",
        b"if-unmodified-since",
        b"range",
        b"if-range",
    }
)
"""Headers that go upstream on relayed GETs (exposes.md REST-13)."""


@dataclass(frozen=True, slots=True, eq=False)
class Adapter:
    """One REST adapter of the listener; ``gate`` is None when it is open."""

    exposure: RestExposure
    gate: Gate | None
    cors: Cors | None
    unmatched: Endpoint


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """What serves one route."""

    adapter: Adapter
    function: Function
    reading: Reading
    shape: Shape
    endpoint: Endpoint
    forward: Forward | None
    conditional: bool
    unavailable: bool
    is_plain: bool
    """Its inputs are read without touching the body."""


def adapter_of(
    placed: Placed, exposure: RestExposure, gate: Gate | None, options: RuntimeOptions
) -> Adapter:
    unmatched = Endpoint("rest", exposure.namespace, capability=_label(placed))
    return Adapter(exposure, gate, cors_of(exposure.cors, options.cors_origins), unmatched)


def target_of(adapter: Adapter, route: Route) -> Target:
    """Return what serves a route."""
    function = route.function
    reading = reading_of(function, route.method)
    action = function.action
    return Target(
        adapter=adapter,
        function=function,
        reading=reading,
        shape=_shape(route),
        endpoint=Endpoint(
            "rest",
            adapter.exposure.namespace,
            f"{route.template} {route.method}",
            route.template,
            adapter.unmatched.capability,
        ),
        forward=action if isinstance(action, Forward) else None,
        conditional=route.conditional,
        unavailable=isinstance(action, Unavailable),
        is_plain=not reading.inside and not isinstance(action, Forward | Unavailable),
    )


def _shape(route: Route) -> Shape:
    mapped = isinstance(route.function.output, Reshape)
    shape = Shape(route.media_type, route.max_binary_size, mapped=mapped)
    return PLAIN if shape == PLAIN else shape


def _label(placed: Placed) -> str:
    return (placed.capability.label or "") if placed.capability else ""
