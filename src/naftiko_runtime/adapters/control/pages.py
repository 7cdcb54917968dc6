"""The control routes that only read (exposes.md CTL-2 to CTL-5, CTL-8 to CTL-11)."""

from typing import Final

import yaml
from starlette.responses import Response

from naftiko_runtime.adapters.control.actions import ControlActions
from naftiko_runtime.adapters.control.asked import Asked, rejected
from naftiko_runtime.adapters.control.settings import scripting_json
from naftiko_runtime.adapters.problems import Problem, not_found
from naftiko_runtime.errors import Diagnostic

_PROMETHEUS: Final = "text/plain; version=0.0.4; charset=utf-8"
_OPENMETRICS: Final = "application/openmetrics-text"


async def live(asked: Asked) -> Response:
    """Answer while the loop turns (CTL-2)."""
    return asked.json({"status": "UP"})


async def ready(asked: Asked) -> Response:
    """Say whether everything is served; strangers learn the status alone (CTL-3, AUTH-1)."""
    is_ready, body = await asked.actions.ready(
        asked.admitted and asked.query("upstreams") == "true"
    )
    shown = body if asked.admitted else {"status": body["status"]}
    return asked.json(shown, 200 if is_ready else 503)


async def status(asked: Asked) -> Response:
    """Return what is running (CTL-4)."""
    return asked.json(await asked.actions.status())


async def config(asked: Asked) -> Response:
    """Return the normalised documents, as YAML when asked for (CTL-5)."""
    documents = await asked.actions.config()
    if "application/yaml" in asked.request.headers.get("accept", ""):
        text = yaml.safe_dump(documents, sort_keys=False, allow_unicode=True)
        return Response(text, media_type="application/yaml")
    return asked.json(documents)


async def diagnostics(asked: Asked) -> Response:
    """Return the diagnostics of all documents (CTL-5)."""
    found = all_diagnostics(asked.actions)
    return asked.json({"diagnostics": [each.as_json() for each in found]})


def all_diagnostics(actions: ControlActions) -> list[Diagnostic]:
    """Return the diagnostics of the plans, then those that no plan holds."""
    found = [each for plan in actions.capabilities() for each in plan.diagnostics]
    return found if actions.diagnostics is None else [*found, *actions.diagnostics()]


async def levels(asked: Asked) -> Response:
    """Return the levels of all loggers (CTL-8)."""
    return asked.json(await asked.actions.levels())


async def metrics(asked: Asked) -> Response:
    """Return the metrics as text (CTL-9)."""
    openmetrics = _OPENMETRICS in asked.request.headers.get("accept", "")
    text = await asked.actions.metrics(openmetrics)
    kind = f"{_OPENMETRICS}; version=1.0.0; charset=utf-8" if openmetrics else _PROMETHEUS
    return Response(text, headers={"Content-Type": kind})


async def traces(asked: Asked) -> Response:
    """Return the last local traces (CTL-10)."""
    wanted = asked.query("status")
    if wanted is not None and wanted.lower() not in {"ok", "error"}:
        raise rejected("status", "must be ok or error", "query")
    return asked.json(await asked.actions.traces(asked.query("operation"), wanted))


async def trace(asked: Asked) -> Response | Problem:
    """Return one trace with its spans (CTL-10)."""
    found = await asked.actions.trace(asked.variable)
    return not_found(asked.request.url.path) if found is None else asked.json(found)


async def scripting(asked: Asked) -> Response:
    """Return the settings of scripts and what they did (CTL-11)."""
    settings, statistics = await asked.actions.scripting()
    return asked.json(scripting_json(settings, statistics))
