"""Where an adapter takes an input from (language.md 10.4)."""

from collections.abc import Mapping
from typing import Final

from naftiko_runtime.compiler.drafts import Draft, Drafts
from naftiko_runtime.expressions.path import Path, PathError
from naftiko_runtime.plan.function import InputPlace
from naftiko_runtime.spec.consumes import Parameter

_DECLARED: Final[Mapping[str, InputPlace]] = {
    "query": "query",
    "header": "header",
    "cookie": "cookie",
    "environment": "environment",
}
_SOURCES: Final[Mapping[str | None, InputPlace]] = {
    "query": "query",
    "header": "header",
    "body": "member",
}


def location_of(drafts: Drafts, draft: Draft) -> tuple[InputPlace, str, Path | None]:
    """Return the place of an input, what the caller calls it there, and a path into the body."""
    if drafts.side != "rest":
        return "argument", draft.name, None
    if draft.route is not None:
        return "path", draft.route, None
    if draft.parameter is not None and draft.parameter.in_ is not None:
        return _declared(drafts, draft.parameter)
    if draft.whole:
        return "body", "body", None
    place = _SOURCES.get(draft.source, "derived")
    return place, draft.name.removeprefix(f"{draft.source}."), None


def _declared(drafts: Drafts, parameter: Parameter) -> tuple[InputPlace, str, Path | None]:
    location = (parameter.in_ or "").lower()
    if location in _DECLARED:
        return _DECLARED[location], parameter.name, None
    if location != "body":
        # in: path without a route variable of that name: nothing can give it but a query
        return "derived", parameter.name, None
    path = _body_path(drafts, parameter)
    if path is None and parameter.name == "body":
        return "body", parameter.name, None
    return "member", parameter.name, path


def _body_path(drafts: Drafts, parameter: Parameter) -> Path | None:
    if not isinstance(parameter.value, str) or not parameter.value.startswith("$"):
        return None
    try:
        return Path.parse(parameter.value)
    except PathError as error:
        message = f"{drafts.label}: {parameter.value!r} is no path: {error}"
        around = drafts.world.around
        raise around.unresolved("path/invalid", parameter.at("value"), message) from error
