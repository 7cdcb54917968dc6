"""Schemas of an imported API, as far as parameters and members need them (7.5, 7.6)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from naftiko_runtime.openapi.import_source import References, text
from naftiko_runtime.openapi.import_warnings import Warnings

_OUTPUT_TYPES: Final = ("string", "number", "boolean", "object", "array")
_INPUT_TYPES: Final = (*_OUTPUT_TYPES, "integer")
_UNIONS: Final = ("oneOf", "anyOf")
_DEEPEST: Final = 30


@dataclass(frozen=True, slots=True)
class Schemas:
    """Resolves schemas to one level: references followed, ``allOf`` merged, unions decided."""

    references: References
    warnings: Warnings

    def flat(self, schema: Any, pointer: str, trail: tuple[str, ...] = ()) -> dict[str, Any]:
        """Return a schema without ``$ref``, ``allOf``, ``oneOf`` and ``anyOf`` on top.

        A cycle ends as ``type: object`` (7.7); of a union the first branch counts (7.6).
        """
        ref = self.references.name_of(schema)
        if ref is not None:
            if ref in trail or len(trail) > _DEEPEST:
                return {"type": "object"}
            trail = (*trail, ref)
        own = self.references.followed(schema, pointer)
        parts = [{key: own[key] for key in own if key not in ("allOf", *_UNIONS)}]
        parts += (self.flat(each, pointer, trail) for each in _list(own.get("allOf")))
        branch = self._branch(own, pointer)
        return _merged(parts if branch is None else [*parts, self.flat(branch, pointer, trail)])

    def _branch(self, schema: Mapping[str, Any], pointer: str) -> Any | None:
        """Return the branch of a union that counts: the first that is not null."""
        for key in _UNIONS:
            branches = [each for each in _list(schema.get(key)) if not _is_null(each)]
            if not branches or _only_required(branches):
                continue
            if len(branches) > 1:
                message = f"{key} of {len(branches)} schemas; the first counts"
                self.warnings.add("union", pointer, message)
            return branches[0]
        return None

    def properties(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """Return the named members of a flat schema."""
        members = schema.get("properties")
        return members if isinstance(members, dict) else {}

    def input_keys(self, schema: Any, pointer: str) -> dict[str, Any]:
        """Return ``type`` and ``enum`` of a parameter as its schema has them."""
        flat = self.flat(schema, pointer)
        type_ = type_of(flat)
        keys: dict[str, Any] = {}
        if type_ in _INPUT_TYPES:
            keys["type"] = type_
        enum = _enum(flat)
        if enum:
            keys["enum"] = enum
        return keys

    def output_type(self, schema: Any, pointer: str) -> str:
        """Return the type of a consumed output; text stands for what is not said."""
        type_ = type_of(self.flat(schema, pointer))
        type_ = "number" if type_ == "integer" else type_
        return type_ if type_ in _OUTPUT_TYPES else "string"


def type_of(schema: Mapping[str, Any]) -> str | None:
    """Return the one type of a flat schema besides null; None when it has none or several."""
    written = schema.get("type")
    types = [each for each in _list(written) if each != "null"] or [written]
    if isinstance(types[0], str):
        return _one([str(each) for each in types])
    if "properties" in schema or "additionalProperties" in schema:
        return "object"
    if "items" in schema:
        return "array"
    return _one(_json_type(each) for each in _enum(schema))


def _one(types: Iterable[str]) -> str | None:
    """Return the only type; ``integer`` beside ``number`` is a number."""
    found = list(dict.fromkeys(types))
    if sorted(found) == ["integer", "number"]:
        return "number"
    only = found[0] if len(found) == 1 else None
    return "string" if only == "file" else only


def _json_type(value: Any) -> str:
    names = {bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}
    return names.get(type(value), "string")


def _enum(schema: Mapping[str, Any]) -> list[Any]:
    if "const" in schema:
        return [schema["const"]]
    values = [each for each in _list(schema.get("enum")) if each is not None]
    # a document's template forms are no values that could be matched
    return values if not any(isinstance(each, dict | list) for each in values) else []


def _is_null(schema: Any) -> bool:
    return isinstance(schema, Mapping) and schema.get("type") == "null"


def _only_required(branches: Iterable[Any]) -> bool:
    """Tell whether a union only says which members come together, as GitHub's does."""
    return all(isinstance(each, Mapping) and set(each) <= {"required"} for each in branches)


def _merged(parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    properties: dict[str, Any] = {}
    required: list[str] = []
    for part in parts:
        merged |= {key: value for key, value in part.items() if key not in merged}
        members = part.get("properties")
        properties |= members if isinstance(members, dict) else {}
        required += (str(each) for each in _list(part.get("required")))
    if properties:
        merged["properties"] = properties
    if required:
        merged["required"] = list(dict.fromkeys(required))
    return merged


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def described(value: Mapping[str, Any], schema: Mapping[str, Any] | None = None) -> dict[str, str]:
    """Return ``description`` of a parameter, else that of its schema, when there is one."""
    found = text(value.get("description")) or text((schema or {}).get("description"))
    return {"description": found} if found else {}
