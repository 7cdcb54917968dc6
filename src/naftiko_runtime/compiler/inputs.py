"""Turns drafts into inputs: type, description, required, place, listed schema (language.md 10)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from naftiko_runtime.compiler.drafts import Draft, Drafts
from naftiko_runtime.compiler.input_places import location_of
from naftiko_runtime.compiler.templates import link_json
from naftiko_runtime.compiler.world import World
from naftiko_runtime.errors import Place
from naftiko_runtime.expressions.reference import MISSING, Expression, FromVariable
from naftiko_runtime.expressions.template import Hole
from naftiko_runtime.plan.exposure import JsonObject
from naftiko_runtime.plan.function import Input, InputPlace, ValueType
from naftiko_runtime.spec.consumes import Parameter
from naftiko_runtime.values import ABSENT, Json

_TYPES: Final[dict[str, ValueType]] = {
    "string": "string",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "array": "array",
    "object": "object",
}
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_.-]+")
_SAFE: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_SHOWN: Final = 64
_KEYWORDS: Final = (
    ("format", "format"),
    ("pattern", "pattern"),
    ("minimum", "minimum"),
    ("maximum", "maximum"),
    ("minLength", "min_length"),
    ("maxLength", "max_length"),
    ("items", "items"),
    ("properties", "properties"),
)


@dataclass(frozen=True, slots=True)
class _Typed:
    """What is said about one input, by its own declaration or by what it feeds first."""

    parameter: Parameter | None
    own: Parameter | None

    def get(self, name: str) -> Any:
        """Return a member of the declaration, else of the consumed parameter."""
        own = None if self.own is None else getattr(self.own, name)
        if own is not None or self.parameter is None:
            return own
        return getattr(self.parameter, name)

    def default(self) -> Json:
        for parameter in (self.own, self.parameter):
            if parameter is not None and parameter.has("default"):
                return parameter.default
        return ABSENT


def inputs_of(drafts: Drafts, *, required_by_default: bool) -> tuple[Input, ...]:
    """Return the inputs of a function.

    ``required_by_default``: a declared MCP input without ``required`` is required even where it
    feeds only optional parameters (10.6).
    """
    ordered = drafts.in_order()
    shown = safe_names(drafts, [draft.name for draft in ordered])
    return tuple(
        _input(drafts, draft, shown[draft.name], required_by_default=required_by_default)
        for draft in ordered
    )


def safe_names(drafts: Drafts, names: Sequence[str]) -> dict[str, str]:
    """Return the names that tool schemas show (10.11)."""
    shown: dict[str, str] = {}
    for name in names:
        safe = name
        if not _SAFE.fullmatch(name):
            safe = _UNSAFE.sub("_", name).strip("_")[:_SHOWN] or "input"
            drafts.world.found.add(
                "dialect/parameter-name",
                _place(drafts, name),
                f"{drafts.label}: {name!r} is sent as written and listed as {safe!r}",
            )
        number, unique = 2, safe
        while unique in shown.values():
            unique, number = f"{safe[: _SHOWN - 3]}_{number}", number + 1
        shown[name] = unique
    return shown


def _place(drafts: Drafts, name: str) -> Place:
    draft = drafts.declared.get(name) or drafts.derived.get(name)
    if draft is None:
        return Place(drafts.world.file)
    return draft.feeds[0].place if draft.feeds else draft.place


def _input(drafts: Drafts, draft: Draft, shown: str, *, required_by_default: bool) -> Input:
    typed = _Typed(_first_parameter(draft), draft.parameter)
    kind = _type(drafts.world, drafts.label, draft, typed)
    place, key, path = location_of(drafts, draft)
    constant = _constant(drafts, draft)
    required = _required(drafts, draft, required_by_default=required_by_default)
    return Input(
        name=draft.name,
        place=place,
        key=key,
        shown=shown,
        type=kind,
        required=required and constant is None,
        description=typed.get("description"),
        default=typed.default(),
        constant=constant,
        enum=tuple(typed.get("enum")) if typed.get("enum") is not None else None,
        pattern=_pattern(typed),
        minimum=typed.get("minimum"),
        maximum=typed.get("maximum"),
        schema=_schema(typed, kind),
        textual=_is_textual(place, draft),
        feeds_header=any(need.kind == "header" for need in draft.feeds),
        feeds_path=any(need.kind == "path" for need in draft.feeds),
        path=path,
        validator=_validator(typed, kind),
        nullable=kind is None and any(need.kind == "body" for need in draft.feeds),
        raw=_is_raw(drafts, draft),
        whole=any(need.kind == "whole" for need in draft.feeds),
        json=_is_raw(drafts, draft) and _must_be_json(draft),
    )


def _first_parameter(draft: Draft) -> Parameter | None:
    return next((need.parameter for need in draft.feeds if need.parameter is not None), None)


def _type(world: World, label: str, draft: Draft, typed: _Typed) -> ValueType | None:
    written = typed.get("type")
    if written is not None:
        known = _TYPES.get(str(written).lower())
        if known is None:
            parameter = draft.parameter or _first_parameter(draft)
            place = parameter.at("type") if parameter is not None else draft.place
            message = (
                f"{label}: type {written!r} of {draft.name!r} is not known; any value is taken"
            )
            world.found.add("dialect/unknown-type", place, message)
        return known
    if draft.members:
        return "object"
    is_placeholder = draft.route is not None or any(need.kind == "path" for need in draft.feeds)
    return "string" if is_placeholder and draft.parameter is None else None


def _constant(drafts: Drafts, draft: Draft) -> Expression | None:
    """Return the constant of a declared input, which replaces what the caller sends (10.4)."""
    if draft.owned and not draft.feeds:
        return MISSING
    parameter = draft.parameter
    if parameter is None or not parameter.has("value") or parameter.value is None:
        return None
    value = parameter.value
    if isinstance(value, str) and value.startswith("$") and not value.startswith("${"):
        return None
    around = drafts.world.around

    def resolve(hole: Hole, embedded: bool) -> Expression:  # noqa: FBT001
        variable = around.variable(hole, None, parameter.at("value"), drafts.label)
        if variable is None:
            message = (
                f"{drafts.label}: {{{{{hole.name}}}}} in the value of {draft.name!r} is no variable"
            )
            raise around.unresolved("template/unresolved", parameter.at("value"), message)
        return FromVariable(variable)

    return link_json(value, resolve, around, parameter.at("value"))


def _required(drafts: Drafts, draft: Draft, *, required_by_default: bool) -> bool:
    parameter = draft.parameter
    needed = draft.embedded or any(need.required or need.embedded for need in draft.feeds)
    if parameter is None:
        return needed or draft.route is not None
    if parameter.required is not None:
        return parameter.required and not parameter.has("default")
    if drafts.side == "rest":
        return needed or draft.route is not None
    if needed or not draft.feeds or required_by_default or parameter.has("default"):
        return not parameter.has("default")
    drafts.world.found.add(
        "dialect/required-omitted",
        parameter.place,
        f"{drafts.label}: {draft.name!r} says nothing about required and feeds only optional "
        "parameters; it is optional",
    )
    return False


def _is_textual(place: InputPlace, draft: Draft) -> bool:
    return place in ("path", "query", "header", "cookie") or any(
        need.textual for need in draft.feeds
    )


def _is_raw(drafts: Drafts, draft: Draft) -> bool:
    """Tell whether REST relays the body itself for this input."""
    whole = draft.whole or (draft.parameter is not None and draft.name == "body")
    return drafts.side == "rest" and whole and any(need.kind == "whole" for need in draft.feeds)


def _must_be_json(draft: Draft) -> bool:
    return any(need.parameter is not None for need in draft.feeds)


def _pattern(typed: _Typed) -> str | None:
    pattern = typed.get("pattern")
    if pattern is None:
        return None
    try:
        re.compile(pattern)
    except re.error:
        return None
    return str(pattern)


def _schema(typed: _Typed, kind: ValueType | None) -> JsonObject:
    schema: JsonObject = {"type": kind} if kind is not None else {}
    if typed.get("description"):
        schema["description"] = typed.get("description")
    for keyword, name in _KEYWORDS:
        if typed.get(name) is not None:
            schema[keyword] = typed.get(name)
    if typed.get("enum") is not None:
        schema["enum"] = list(typed.get("enum"))
    if typed.default() is not ABSENT:
        schema["default"] = typed.default()
    if kind == "array" and "items" not in schema:
        schema["items"] = {}
    return schema


def _validator(typed: _Typed, kind: ValueType | None) -> Any:
    """Return a validator for a nested value; scalars are checked by the engine itself."""
    schema = {key: typed.get(key) for key in ("items", "properties") if typed.get(key)}
    if not schema or kind not in ("array", "object"):
        return None
    # imported when a document needs it: 0.15 s that most starts do without
    from jsonschema import Draft202012Validator  # noqa: PLC0415
    from jsonschema.exceptions import SchemaError  # noqa: PLC0415

    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError:
        return None
    return Draft202012Validator(schema)
