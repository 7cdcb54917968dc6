"""Settings of scripts as JSON, shown and changed (exposes.md CTL-11)."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from naftiko_runtime.adapters.control.actions import ScriptStatistics
from naftiko_runtime.errors import InvalidInput
from naftiko_runtime.plan.exposure import Scripting
from naftiko_runtime.values import Json

_LANGUAGES: Final = ("javascript", "python")


def scripting_json(settings: Scripting, statistics: ScriptStatistics) -> dict[str, Json]:
    """Return the answer of ``GET /scripting``; absent settings are left out."""
    shown = {name: getattr(settings, field) for name, (field, _) in _FIELDS.items()}
    return {
        **{name: _listed(value) for name, value in shown.items() if value is not None},
        "stats": {
            "totalExecutions": statistics.executions,
            "totalErrors": statistics.errors,
            "averageDurationMs": statistics.average_ms,
            "lastExecutionAt": statistics.last_at,
        },
    }


def changed(settings: Scripting, wanted: Mapping[str, Json]) -> Scripting:
    """Return the settings with all changes; raise ``InvalidInput`` with every fault, else none."""
    faults = [
        {"name": name, "in": "body", "message": message}
        for name, value in wanted.items()
        if (message := _fault(name, value)) is not None
    ]
    if faults:
        raise InvalidInput(faults)
    values: dict[str, Any] = {_FIELDS[name][0]: _stored(value) for name, value in wanted.items()}
    return replace(settings, **values)


def _fault(name: str, value: Json) -> str | None:
    if name not in _FIELDS:
        return f"unknown; known: {', '.join(_FIELDS)}"
    return _FIELDS[name][1](value)


def _flag(value: Json) -> str | None:
    return None if isinstance(value, bool) else "must be true or false"


def _whole(value: Json) -> str | None:
    good = isinstance(value, int) and not isinstance(value, bool) and value >= 1
    return None if good else "must be an integer of at least 1"


def _language(value: Json) -> str | None:
    return None if value in _LANGUAGES else f"must be one of {', '.join(_LANGUAGES)}"


def _languages(value: Json) -> str | None:
    good = isinstance(value, list) and all(_language(each) is None for each in value)
    return None if good else f"must be a list of {', '.join(_LANGUAGES)}"


def _location(value: Json) -> str | None:
    good = isinstance(value, str) and value.startswith("file:")
    return None if good else "must be a file: URI"


_FIELDS: Final[Mapping[str, tuple[str, Callable[[Json], str | None]]]] = {
    "enabled": ("enabled", _flag),
    "defaultLocation": ("default_location", _location),
    "defaultLanguage": ("default_language", _language),
    "timeout": ("timeout", _whole),
    "statementLimit": ("statement_limit", _whole),
    "allowedLanguages": ("allowed_languages", _languages),
}


def _listed(value: Any) -> Json:
    return list(value) if isinstance(value, tuple) else value


def _stored(value: Json) -> Any:
    return tuple(value) if isinstance(value, list) else value
