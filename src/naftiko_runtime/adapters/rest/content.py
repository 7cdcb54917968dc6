"""Bodies that have members: JSON, forms and multipart forms as JSON values (exposes.md REST-6)."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, NoReturn, TypeAlias

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from naftiko_runtime.adapters.rest.body import RequestBody
from naftiko_runtime.adapters.rest.query import parsed_query
from naftiko_runtime.errors import InvalidInput, UnsupportedMediaType
from naftiko_runtime.values import ABSENT, Absent, Json, parsed, reread

Kind: TypeAlias = Literal["json", "form", "multipart"]

_KINDS: Final[Mapping[str, Kind]] = {
    "application/json": "json",
    "text/json": "json",
    "application/x-www-form-urlencoded": "form",
    "multipart/form-data": "multipart",
}
_ACCEPTED: Final = "application/json, application/x-www-form-urlencoded, multipart/form-data"


@dataclass(frozen=True, slots=True)
class Content:
    """A parsed body; ``textual`` when its values are texts because a form has nothing else."""

    value: Json | Absent
    textual: bool = False


def kind_of(content_type: str | None) -> Kind | None:
    """Return how a body of this type is parsed; no type at all means JSON."""
    if content_type is None:
        return "json"
    media = content_type.partition(";")[0].strip().casefold()
    if media.endswith("+json"):
        return "json"
    return _KINDS.get(media) if media else "json"


async def content_of(body: RequestBody, *, only_json: bool = False) -> Content:
    """Read and parse a body; an empty one is absent (exposes.md REST-8)."""
    if body.is_empty:
        return Content(ABSENT)
    kind = kind_of(body.content_type)
    if kind is None or (only_json and kind != "json"):
        accepted = "application/json" if only_json else _ACCEPTED
        raise UnsupportedMediaType(f"{body.content_type} is not accepted; accepted: {accepted}")
    data = await body.read()
    if not data:
        return Content(ABSENT)
    match kind:
        case "json":
            return Content(parsed_json(data))
        case "form":
            return Content(_single(parsed_query(data, "body")), textual=True)
        case "multipart":
            return Content(parsed_multipart(data, body.content_type or ""), textual=True)


def parsed_json(data: bytes) -> Json:
    """Return the value of JSON text; raises ``InvalidInput`` with line and column (REST-8)."""
    try:
        return parsed(data)
    except ValueError:
        return _explained(data)


def _explained(data: bytes) -> Json:
    """Read what may be no JSON with ``json``, which says what is wrong, and where."""
    try:
        return reread(data.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        reason = error.msg[0].lower() + error.msg[1:]
        _refuse(f"is not JSON: {reason} at line {error.lineno}, column {error.colno}", error)
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = error.start - (before.rfind(b"\n") + 1) + 1
        _refuse(f"is not UTF-8 at line {line}, column {column}", error)
    except RecursionError as error:
        _refuse("is nested too deeply", error)
    except ValueError as error:
        _refuse("is not JSON: a number that JSON does not have", error)


def _refuse(message: str, cause: Exception) -> NoReturn:
    raise InvalidInput([{"name": "body", "in": "body", "message": message}]) from cause


def _single(values: Mapping[str, list[str]]) -> Json:
    """Return fields given once as texts, repeated ones as arrays."""
    return {name: each[0] if len(each) == 1 else each for name, each in values.items()}


def parsed_multipart(data: bytes, content_type: str) -> Json:
    """Return the fields of a multipart form; a file is an object with base64 (language.md 5.7)."""
    boundary = parse_options_header(content_type)[1].get(b"boundary")
    if not boundary:
        raise InvalidInput([{"name": "body", "in": "body", "message": "has no boundary"}])
    collected = _Parts()
    try:
        parser = collected.parser(boundary)
        parser.write(data)
        parser.finalize()
    except FormParserError as error:
        _refuse("is not multipart/form-data", error)
    if not collected.ended:
        raise InvalidInput([{"name": "body", "in": "body", "message": "ends before its last part"}])
    return collected.members()


class _Parts:
    """Collects what the multipart parser reports."""

    def __init__(self) -> None:
        self.ended = False
        self._fields: list[tuple[str, Json]] = []
        self._headers: dict[str, bytes] = {}
        self._header = bytearray()
        self._value = bytearray()
        self._data = bytearray()

    def parser(self, boundary: bytes) -> MultipartParser:
        return MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": lambda data, start, end: self._header.extend(data[start:end]),
                "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
                "on_header_end": self._end_header,
                "on_part_data": lambda data, start, end: self._data.extend(data[start:end]),
                "on_part_end": self._end_part,
                "on_end": self._end,
            },
        )

    def members(self) -> Json:
        values: dict[str, list[Json]] = {}
        for name, value in self._fields:
            values.setdefault(name, []).append(value)
        return {name: each[0] if len(each) == 1 else each for name, each in values.items()}

    def _begin(self) -> None:
        self._headers, self._data = {}, bytearray()

    def _end_header(self) -> None:
        self._headers[self._header.decode("latin-1").casefold()] = bytes(self._value)
        self._header, self._value = bytearray(), bytearray()

    def _end(self) -> None:
        self.ended = True

    def _end_part(self) -> None:
        disposition = self._headers.get("content-disposition", b"")
        options = parse_options_header(disposition)[1]
        name = options.get(b"name", b"").decode("utf-8", "replace")
        media = self._headers.get("content-type", b"").decode("latin-1")
        data = bytes(self._data)
        if b"filename" in options:
            filename = options[b"filename"].decode("utf-8", "replace")
            self._fields.append((name, _file(filename, media, data)))
        elif kind_of(media or "text/plain") == "json":
            self._fields.append((name, parsed_json(data)))
        else:
            self._fields.append((name, _field(name, data)))


def _field(name: str, data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        fault = {"name": name, "in": "body", "message": "must be UTF-8"}
        raise InvalidInput([fault]) from error


def _file(filename: str, media: str, data: bytes) -> Json:
    return {
        "filename": filename,
        "contentType": media or "application/octet-stream",
        "base64": base64.b64encode(data).decode(),
    }
