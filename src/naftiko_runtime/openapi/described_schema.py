"""Schemas of documents as schemas that every OpenAPI tool reads, in 3.1 and in 3.0."""

import re
from collections.abc import Mapping
from typing import Any, Final

from naftiko_runtime.values import Json

_TYPES: Final = frozenset({"string", "integer", "number", "boolean", "array", "object", "null"})
_PYTHON: Final[Mapping[str, type | tuple[type, ...]]] = {
    "string": str,
    "number": (int, float),
    "array": list,
    "object": dict,
    "null": type(None),
}
_VALUES: Final = frozenset({"default", "example", "enum", "const"})
_NUMBERS: Final = ("minimum", "maximum")
_COUNTS: Final = ("minLength", "maxLength", "minItems", "maxItems")
_TEXTS: Final = ("description", "title", "format", "pattern")
_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9._-]+")


def component_name(name: str) -> str:
    """Return a name that may be a key under ``components``."""
    return _NOT_IN_NAMES.sub("-", name) or "-"


def clean(schema: Json) -> Json:
    """Return what of a schema is valid: documents may write anything into ``items``."""
    if not isinstance(schema, Mapping):
        return {}
    cleaned: dict[str, Any] = {}
    kind = _kind(schema.get("type"))
    if kind is not None:
        cleaned["type"] = kind
    for name in (*_TEXTS, *_NUMBERS, *_COUNTS):
        value = schema.get(name)
        if _is_fit(name, value):
            cleaned[name] = value
    for name in ("default", "const", "example"):
        if name in schema and _has_kind(schema[name], kind):
            cleaned[name] = schema[name]
    if isinstance(schema.get("enum"), list | tuple) and schema["enum"]:
        cleaned["enum"] = list(schema["enum"])
    return cleaned | _inner(schema)


def _kind(kind: Json) -> Json:
    if isinstance(kind, list):
        known = [each for each in kind if each in _TYPES]
        return known or None
    return kind if isinstance(kind, str) and kind in _TYPES else None


def _has_kind(value: Json, kind: Json) -> bool:
    """Tell whether a value is of a type; tools refuse defaults that are not."""
    kinds = [kind] if isinstance(kind, str) else kind
    return not kinds or any(_is_a(value, each) for each in kinds)


def _is_a(value: Json, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if kind == "integer":
        return isinstance(value, int)
    return isinstance(value, _PYTHON.get(kind, ()))


def _is_fit(name: str, value: Json) -> bool:
    if name in _TEXTS:
        return isinstance(value, str)
    if isinstance(value, bool):
        return False
    if name in _COUNTS:
        return isinstance(value, int) and value >= 0
    return isinstance(value, int | float)


def _inner(schema: Mapping[str, Json]) -> dict[str, Json]:
    inner: dict[str, Json] = {}
    properties = schema.get("properties")
    if isinstance(properties, Mapping):
        inner["properties"] = {str(name): clean(each) for name, each in properties.items()}
    if "items" in schema:
        inner["items"] = clean(schema["items"])
    more = schema.get("additionalProperties")
    if isinstance(more, bool):
        inner["additionalProperties"] = more
    elif isinstance(more, Mapping):
        inner["additionalProperties"] = clean(more)
    required = schema.get("required")
    if isinstance(required, list) and required and all(isinstance(each, str) for each in required):
        inner["required"] = list(dict.fromkeys(required))
    for name in ("oneOf", "anyOf", "allOf"):
        if isinstance(schema.get(name), list) and schema[name]:
            inner[name] = [clean(each) for each in schema[name]]
    return inner


def as_3_0(value: Json) -> Json:
    """Return a document of 3.1 as one of 3.0 (orchestration.md 7.11)."""
    if isinstance(value, list):
        return [as_3_0(each) for each in value]
    if not isinstance(value, dict):
        return value
    older = {name: _older_member(name, each) for name, each in value.items()}
    if isinstance(older.get("type"), list):
        older |= _older_type(older.pop("type"))
    if "const" in older:
        older["enum"] = [older.pop("const")]
    if isinstance(older.get("type"), str) and older["type"] == "array":
        older.setdefault("items", {})
    return older


def _older_member(name: str, value: Json) -> Json:
    if name in _VALUES:
        return value
    if name == "properties" and isinstance(value, dict):
        # its members are names, whatever they are called
        return {each: as_3_0(schema) for each, schema in value.items()}
    return as_3_0(value)


def _older_type(kinds: list[str]) -> dict[str, Json]:
    """``[T, "null"]`` is T that is nullable; several types are none."""
    others = [kind for kind in kinds if kind != "null"]
    nullable = {"nullable": True} if "null" in kinds and others else {}
    if len(others) == 1:
        return {"type": others[0]} | nullable
    if others:
        return {"anyOf": [{"type": kind} | nullable for kind in others]}
    return {"nullable": True}
