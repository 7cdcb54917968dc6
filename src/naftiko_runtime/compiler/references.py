"""Links a ``ref`` to an aggregate function: its inputs become the caller's (orchestration.md 3)."""

from typing import Final

from naftiko_runtime.compiler.caller import Caller
from naftiko_runtime.compiler.needs import Need, NeedKind
from naftiko_runtime.compiler.tables import Shared
from naftiko_runtime.compiler.with_values import WithEntries
from naftiko_runtime.errors import Place
from naftiko_runtime.expressions.reference import MISSING, Expression
from naftiko_runtime.names import matching
from naftiko_runtime.plan.function import Input, Refer
from naftiko_runtime.spec.consumes import Parameter
from naftiko_runtime.values import ABSENT

_NOWHERE: Final = Place("")
_QUERY_METHODS: Final = ("GET", "HEAD", "DELETE")


def link_reference(
    caller: Caller, shared: Shared, entries: WithEntries, method: str | None
) -> Refer:
    """Return the function with where each of its inputs comes from (3.3, 3.4)."""
    names = [each.name for each in shared.function.inputs]
    fed = {matching(key, names): key for key in entries.values}
    arguments: dict[str, Expression] = {}
    needs = {each.name: _need(caller, each, entries) for each in shared.function.inputs}
    for name, key in fed.items():
        value = entries.values[key]
        if name is None:
            message = f"{caller.label}: with {key!r} is no input of {shared.function.name}"
            caller.world.found.add("lint/with-unused", entries.at(key), message)
        elif value is None:
            arguments[name] = MISSING
        else:
            arguments[name] = caller.value(value, entries.at(key), needs[name])
    for each in shared.function.inputs:
        if each.name not in arguments and each.constant is None:
            arguments[each.name] = _inherited(caller, each, needs[each.name], method)
    return Refer(shared.function, arguments)


def _need(caller: Caller, given: Input, entries: WithEntries) -> Need:
    kind: NeedKind = "whole" if given.whole else "body"
    if given.textual:
        kind = "query"
    parameter = parameter_of(given, None)
    return Need(given.name, kind, entries.place, parameter, required=given.required)


def _inherited(caller: Caller, given: Input, need: Need, method: str | None) -> Expression:
    """Return an input that the caller passes on under its own name (3.3)."""
    known = caller.drafts.find(given.name, need.place)
    if known is None:
        location = None
        if caller.drafts.side == "rest":
            location = "query" if method in _QUERY_METHODS else "body"
        caller.drafts.inherit(parameter_of(given, location), need.place)
        known = caller.drafts.find(given.name, need.place)
    assert known is not None  # noqa: S101 -- it was declared just now
    known.feed(need)
    return caller.drafts.expression(known)


def parameter_of(given: Input, location: str | None) -> Parameter:
    """Return a compiled input as the declaration it stands for."""
    members = {
        "name": given.name,
        "in": location,
        "type": given.type,
        "required": given.required,
        "description": given.description,
        "enum": list(given.enum) if given.enum is not None else None,
        "pattern": given.pattern,
        "minimum": given.minimum,
        "maximum": given.maximum,
        "items": given.schema.get("items"),
        "properties": given.schema.get("properties"),
        "format": given.schema.get("format"),
    }
    written = {key: value for key, value in members.items() if value is not None}
    if given.default is not ABSENT:
        written["default"] = given.default
    return Parameter.model_validate({**written, "(values)": dict.fromkeys(written, _NOWHERE)})
