"""The routes of the control adapter and the switches that turn them on (exposes.md CTL-1)."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from starlette.responses import Response

from naftiko_runtime.adapters.control import changes, console, pages, stream
from naftiko_runtime.adapters.control.asked import Asked
from naftiko_runtime.adapters.problems import Problem
from naftiko_runtime.plan.exposure import ControlExposure

Handler: TypeAlias = Callable[[Asked], Awaitable[Response | Problem]]

VARIABLE: Final = "{}"


@dataclass(frozen=True, slots=True)
class ControlRoute:
    """One method of one path.

    ``public`` routes are served to the network without authentication. ``never`` is a text that
    the variable does not take, because it is a path of its own.
    """

    method: str
    segments: tuple[str, ...]
    handler: Handler
    public: bool = False
    never: str = ""

    def takes(self, segments: Sequence[str]) -> bool:
        """Whether a decoded path is this one; a variable takes any text."""
        return len(segments) == len(self.segments) and all(
            given == known or (known == VARIABLE and given != self.never)
            for known, given in zip(self.segments, segments, strict=True)
        )


def routes_of(exposure: ControlExposure, *, console_on: bool) -> tuple[ControlRoute, ...]:
    """Return the routes that are on, in no particular order: no two of them take one path."""
    groups = (
        (exposure.health, _HEALTH),
        (exposure.info, _INFO),
        (exposure.info or console_on, _CONSOLE),
        (exposure.reload, _RELOAD),
        (exposure.validate, _VALIDATE),
        (exposure.logs_levels, _LEVELS),
        (exposure.logs_stream, _STREAM),
        (exposure.scripting is not None, _SCRIPTING),
        (exposure.telemetry.metrics, _METRICS),
        (exposure.telemetry.traces, _TRACES),
    )
    return tuple(route for on, routes in groups if on for route in routes)


def _route(method: str, path: str, handler: Handler, *, public: bool = False) -> ControlRoute:
    return ControlRoute(method, tuple(path.split("/")[1:]), handler, public)


_HEALTH: Final = (
    _route("GET", "/health/live", pages.live, public=True),
    _route("GET", "/health/ready", pages.ready, public=True),
)
_INFO: Final = (
    _route("GET", "/status", pages.status),
    _route("GET", "/config", pages.config),
    _route("GET", "/diagnostics", pages.diagnostics),
)
_CONSOLE: Final = (
    _route("GET", "/console", console.page),
    _route("GET", "/console/data", console.data),
    _route("POST", "/console/call", console.call),
)
_RELOAD: Final = (_route("POST", "/config/reload", changes.reload),)
_VALIDATE: Final = (_route("POST", "/config/validate", changes.validate),)
_LEVELS: Final = (
    _route("GET", "/logs", pages.levels),
    ControlRoute("PUT", ("logs", VARIABLE), changes.set_level, never="stream"),
)
_STREAM: Final = (_route("GET", "/logs/stream", stream.log_stream),)
_SCRIPTING: Final = (
    _route("GET", "/scripting", pages.scripting),
    _route("PUT", "/scripting", changes.set_scripting),
)
_METRICS: Final = (_route("GET", "/metrics", pages.metrics, public=True),)
_TRACES: Final = (
    _route("GET", "/traces", pages.traces),
    _route("GET", "/traces/{}", pages.trace),
)
