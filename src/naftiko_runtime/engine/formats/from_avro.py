"""Avro answers (language.md 7.13): one bare record, or a container file with its own schema.

Values are read by fastavro. What could hurt is not left to it: it reads nested values with the
C stack, elements without bytes as often as the answer says, and unpacks without a limit.
"""

import io
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import fastavro
from fastavro import _read_py as slow_reader

from naftiko_runtime.engine.formats.from_json import LEVELS, deeper_than
from naftiko_runtime.engine.formats.schema_files import base64_of, finite, stamp_of, text_of_file
from naftiko_runtime.errors import ResponseTooLarge, UndecodableResponse
from naftiko_runtime.values import Json

_MAGIC: Final = b"Obj\x01"
_SYNC: Final = 16
_HEADER: Final = fastavro.parse_schema({"type": "map", "values": "bytes"})
_LONG: Final = fastavro.parse_schema({"type": "long"})
_UNPACKED: Final = 64 * 1024 * 1024
"""Bytes that the blocks of a container may unpack to."""


@dataclass(frozen=True, slots=True)
class Schema:
    """A parsed schema; ``recursive``: values may be nested as deep as the answer likes."""

    parsed: Any
    recursive: bool

    def read(self, source: io.BytesIO) -> Any:
        """Read one value; raise ``UndecodableResponse``."""
        # only the reader in Python notices that the stack ends
        reader = slow_reader if self.recursive else fastavro
        try:
            return reader.schemaless_reader(source, self.parsed, None)
        except Exception as error:  # fastavro lets through what its parts raise
            kind = type(error).__name__
            raise UndecodableResponse(f"the answer is not Avro of its schema ({kind})") from error


def decode_avro(body: bytes, schema: str | None) -> Json:
    """Return a record as an object, a container as an array of records.

    ``schema`` is the path of an ``.avsc`` file. Raises ``UndecodableResponse``, and
    ``ResponseTooLarge`` for a container that unpacks to too much.
    """
    if body.startswith(_MAGIC):
        value = list(_records(io.BytesIO(body)))
    elif schema is None:
        raise UndecodableResponse("a bare Avro record needs an outputSchema")
    else:
        source = io.BytesIO(body)
        value = loaded_schema(schema).read(source)
        if source.read(1):
            raise UndecodableResponse("the answer has bytes behind its Avro record")
    if deeper_than(LEVELS, value):
        raise UndecodableResponse(f"the answer has more than {LEVELS} levels")
    return _json(value)


def loaded_schema(path: str) -> Schema:
    """Return the schema of a file, parsed once for each version of the file."""
    schema = _loaded(path, stamp_of(path))
    if isinstance(schema, str):
        raise UndecodableResponse(f"the schema {path.rpartition('/')[2]} is not Avro: {schema}")
    return schema


@lru_cache(maxsize=64)
def _loaded(path: str, _stamp: tuple[int, int]) -> Schema | str:
    return _parsed(text_of_file(path))


def _parsed(text: str) -> Schema | str:
    """Return a schema, or what is wrong with it."""
    names: dict[str, Any] = {}
    try:
        parsed = fastavro.parse_schema(json.loads(text), named_schemas=names)
        shape = _Shape(names)
        empty = shape.is_empty(parsed)
    except Exception as error:  # noqa: BLE001 -- fastavro lets through what its parts raise
        return type(error).__name__
    if empty or shape.has_empty_items:
        return "a value of no bytes can stand any number of times"
    return Schema(parsed, shape.recursive)


class _Shape:
    """What a schema lets an answer do, found in one walk."""

    def __init__(self, names: Mapping[str, Any]) -> None:
        self._names = names
        self._open: list[str] = []
        self.recursive = False
        self.has_empty_items = False

    def is_empty(self, schema: Any) -> bool:
        """Return whether values take no bytes."""
        if isinstance(schema, list):
            for branch in schema:
                self.is_empty(branch)
            return False
        if isinstance(schema, str):
            return self._named(schema)
        return self._of_kind(schema["type"], schema)

    def _named(self, name: str) -> bool:
        if name not in self._names:
            return name == "null"
        if name in self._open:
            self.recursive = True
            return False
        return self.is_empty(self._names[name])

    def _of_kind(self, kind: Any, schema: Mapping[str, Any]) -> bool:
        if kind == "array":
            self.has_empty_items |= self.is_empty(schema["items"])
            return False
        if kind == "map":
            self.is_empty(schema["values"])
            return False
        if kind == "fixed":
            return bool(schema["size"] == 0)
        if kind in ("record", "error"):
            self._open.append(schema["name"])
            empty = [self.is_empty(member["type"]) for member in schema["fields"]]
            self._open.pop()
            return all(empty)
        return kind != "enum" and self.is_empty(kind)


def _records(source: io.BytesIO) -> Iterator[Any]:
    """Yield the records of a container file (Avro specification, Object Container Files)."""
    source.seek(len(_MAGIC))
    header = Schema(_HEADER, recursive=False).read(source)
    sync = source.read(_SYNC)
    schema = _parsed(header.get("avro.schema", b"").decode("utf-8", "replace"))
    if isinstance(schema, str):
        raise UndecodableResponse(f"the answer's schema is not Avro: {schema}")
    codec = header.get("avro.codec", b"null").decode("ascii", "replace")
    left = _UNPACKED
    while source.tell() < len(source.getbuffer()):
        count = _long(source)
        block = _unpacked(codec, source.read(_long(source)), left)
        left -= len(block)
        if source.read(_SYNC) != sync:
            raise UndecodableResponse("the answer is cut or damaged: an Avro block does not end")
        yield from _block(schema, io.BytesIO(block), count)


def _block(schema: Schema, block: io.BytesIO, count: int) -> Iterator[Any]:
    for _ in range(count):
        yield schema.read(block)
    if block.read(1):
        raise UndecodableResponse("the answer has bytes behind the records of an Avro block")


def _long(source: io.BytesIO) -> int:
    number = Schema(_LONG, recursive=False).read(source)
    if not isinstance(number, int) or number < 0:
        raise UndecodableResponse("the answer is not an Avro container: a negative size")
    return number


def _unpacked(codec: str, data: bytes, limit: int) -> bytes:
    if codec == "null":
        return data
    if codec != "deflate":
        raise UndecodableResponse(f"the answer is packed with {codec}; null and deflate are known")
    unpacker = zlib.decompressobj(-15)
    try:
        unpacked = unpacker.decompress(data, limit + 1)
    except zlib.error as error:
        raise UndecodableResponse("the answer has an Avro block that is not deflate") from error
    if len(unpacked) > limit:
        raise ResponseTooLarge(f"the answer unpacks to more than {_UNPACKED} bytes")
    if not unpacker.eof:
        raise UndecodableResponse("the answer has an Avro block that is not all of its deflate")
    return unpacked


def _json(value: Any) -> Json:
    """Return a value of fastavro as JSON (7.13); its depth was checked."""
    if isinstance(value, dict):
        return {name: _json(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_json(element) for element in value]
    return _scalar(value)


def _scalar(value: Any) -> Json:
    match value:
        case bytes():
            return base64_of(value)
        case datetime() | date() | time():
            return value.isoformat()
        case Decimal():
            return format(value, "f")
        case UUID():
            return str(value)
        case _:
            return finite(value) if isinstance(value, float) else value
