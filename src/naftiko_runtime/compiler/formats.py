"""Compiles how answers are read (language.md 7)."""

import re
from typing import Final, get_args

from naftiko_runtime.compiler.world import World
from naftiko_runtime.diagnostics import Found
from naftiko_runtime.errors import Place
from naftiko_runtime.plan.upstream import RawFormat, ResponseFormat
from naftiko_runtime.spec.consumes import ConsumedOperation, Consumes

_FORMATS: Final[dict[str, RawFormat]] = {name: name for name in get_args(RawFormat)}
_SCHEMAS: Final = ("avro", "protobuf")
_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(B|KiB|MiB|GiB)?")
_UNITS: Final = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_DEFAULT: Final = ResponseFormat()


def response_of(world: World, adapter: Consumes, operation: ConsumedOperation) -> ResponseFormat:
    """Return how an operation's answer is read; raise ``Unresolved`` by 7.15."""
    name = (operation.output_raw_format or "").lower()
    media_type = operation.output_media_type
    limit = operation.max_binary_size or adapter.max_binary_size
    size = size_of(world.found, limit, operation.at("maxBinarySize")) if limit else None
    if not name:
        kind: RawFormat | None = "binary" if media_type else None
        return _sized(ResponseFormat(kind, None, media_type), size)
    place = operation.at("outputRawFormat")
    if name not in _FORMATS:
        message = (
            f"{adapter.namespace}.{operation.name}: outputRawFormat {name!r} is not one of "
            f"{', '.join(_FORMATS)}"
        )
        raise world.around.unresolved("format/unknown", place, message)
    schema = _schema(world, adapter, operation, name)
    return _sized(ResponseFormat(_FORMATS[name], schema, media_type), size)


def _sized(response: ResponseFormat, size: int | None) -> ResponseFormat:
    if size is None:
        return response
    return ResponseFormat(
        response.format, response.schema, response.media_type, _DEFAULT.max_size, size
    )


def _schema(world: World, adapter: Consumes, operation: ConsumedOperation, name: str) -> str | None:
    label = f"{adapter.namespace}.{operation.name}"
    if name in world.missing_extras:
        message = f"{label}: outputRawFormat {name} needs {world.missing_extras[name]}"
        place = operation.at("outputRawFormat")
        raise world.around.unresolved("format/extra-missing", place, message)
    if name not in _SCHEMAS:
        return operation.output_schema
    written = operation.output_schema or ""
    location, mark, message_name = written.partition("#")
    path = world.files.confined(location, world.folder_of(adapter.origin)) if location else None
    if path is None or not world.files.is_file(path):
        message = f"{label}: outputRawFormat {name} needs outputSchema, the path of a schema file"
        raise world.around.unresolved("format/schema-missing", operation.place, message)
    return f"{path}{mark}{message_name}"


def size_of(found: Found, text: str, place: Place) -> int | None:
    """Return a size such as ``5MiB`` in bytes (exposes.md IKA-6)."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        found.add("document/wrong-kind", place, f"{text!r} is no size; write 5MiB, 200KiB or 10B")
        return None
    if match.group(2) is None:
        found.add("size/bare-number", place, f"{text!r} has no unit; read as bytes")
    return int(float(match.group(1)) * _UNITS[match.group(2) or "B"])
