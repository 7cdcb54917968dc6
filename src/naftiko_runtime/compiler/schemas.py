"""Makes JSON Schemas of outputs (language.md 9.7, orchestration.md 2.28, 2.29)."""

from collections.abc import Sequence
from typing import Final

from naftiko_runtime.plan.exposure import JsonObject
from naftiko_runtime.spec.consumes import Output
from naftiko_runtime.values import Json

_TYPES: Final = ("string", "integer", "number", "boolean", "array", "object")


def output_schema(outputs: Sequence[Output]) -> JsonObject | None:
    """Return the schema of a function's result; None when the outputs say too little (9.7)."""
    named = [output for output in outputs if output.name]
    if named:
        return _members({output.name or "": output for output in named})
    if len(outputs) != 1 or not _says_enough(outputs[0]):
        return None
    return schema_of(outputs[0], nullable=outputs[0].type == "array")


def schema_of(output: Output, *, nullable: bool = True) -> JsonObject:
    """Return the schema of one output; ``nullable`` adds null to its type."""
    kind = _type(output)
    schema: JsonObject = {}
    if kind is not None:
        schema["type"] = [kind, "null"] if nullable else kind
    if output.description:
        schema["description"] = output.description
    if output.properties is not None:
        schema["properties"] = {
            name: schema_of(member) for name, member in output.properties.items()
        }
    if output.value_type is not None:
        schema["additionalProperties"] = schema_of(output.value_type)
    items = _items(output)
    if items is not None:
        schema["items"] = items
    if output.enum is not None:
        schema["enum"] = [*output.enum, None] if None not in output.enum else list(output.enum)
    return schema


def _members(outputs: dict[str, Output]) -> JsonObject:
    return {
        "type": "object",
        "properties": {name: schema_of(output) for name, output in outputs.items()},
    }


def _items(output: Output) -> Json:
    items = output.items
    if items is None:
        return None
    if not isinstance(items, list):
        return schema_of(items)
    named = {item.name: item for item in items if item.name}
    if len(items) == 1 and items[0].type in ("object", "array") and not named:
        return schema_of(items[0])
    return _members({str(name): item for name, item in named.items()}) if named else {}


def _type(output: Output) -> str | None:
    if output.type in _TYPES:
        return output.type
    if output.type is None and output.properties is not None:
        return "object"
    return "array" if output.type is None and output.items is not None else None


def _says_enough(output: Output) -> bool:
    return output.properties is not None or output.items is not None
