"""The control routes that change something, or would (exposes.md CTL-6 to CTL-8, CTL-11)."""

import re
from typing import Final

from starlette.responses import Response

from naftiko_runtime.adapters.control.actions import Reloaded
from naftiko_runtime.adapters.control.asked import Asked, rejected
from naftiko_runtime.adapters.control.settings import changed, scripting_json
from naftiko_runtime.values import Json

_LOGGER: Final = re.compile(r"[A-Za-z0-9_.-]{1,200}")
_UNPROCESSABLE: Final = 422


async def reload(asked: Asked) -> Response:
    """Read all documents again (CTL-6)."""
    asked.require_json()
    outcome = await asked.actions.reload()
    status = _UNPROCESSABLE if outcome.status == "rejected" else 200
    return asked.json(_reload_json(outcome), status)


async def validate(asked: Asked) -> Response:
    """Say what a text would do if it replaced a document (CTL-7)."""
    text = await asked.text()
    return asked.json(await asked.actions.validate(text, asked.query("file")))


async def set_level(asked: Asked) -> Response:
    """Set or reset the level of one logger (CTL-8)."""
    wanted = await asked.object()
    if not _LOGGER.fullmatch(asked.variable):
        raise rejected("logger", "is no logger's name", "path")
    level = wanted.get("level", 0)
    if level is not None and not isinstance(level, str):
        raise rejected("level", "must be a level or null")
    try:
        return asked.json(await asked.actions.set_level(asked.variable, level))
    except ValueError as exc:
        raise rejected("level", str(exc)) from exc


async def set_scripting(asked: Asked) -> Response:
    """Change the settings of scripts, all or none (CTL-11)."""
    settings, _ = await asked.actions.scripting()
    await asked.actions.set_scripting(changed(settings, await asked.object()))
    return asked.json(scripting_json(*await asked.actions.scripting()))


def _reload_json(outcome: Reloaded) -> dict[str, Json]:
    if outcome.status == "unchanged":
        return {"status": "unchanged"}
    reason = {} if outcome.reason is None else {"reason": outcome.reason}
    return {
        "status": outcome.status,
        **reason,
        "changes": list(outcome.changes),
        "diagnostics": [each.as_json() for each in outcome.diagnostics],
    }
