"""Request bodies: what an operation's body is for one call, as bytes or as the caller's stream."""

import base64
import json
from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass
from typing import Final, TypeAlias, assert_never

import yaml

from naftiko_runtime.engine.encoding import form, texts
from naftiko_runtime.engine.multipart import multipart
from naftiko_runtime.engine.result import IncomingBody
from naftiko_runtime.errors import BodyTooLarge, InvalidInput, TemplateFailed
from naftiko_runtime.expressions.reference import Expression, FromInput, Scope
from naftiko_runtime.plan.upstream import (
    BinaryBody,
    Body,
    CallerBody,
    FormBody,
    JsonBody,
    JsonTextBody,
    MultipartBody,
    TextBody,
    YamlBody,
)
from naftiko_runtime.values import ABSENT, Absent, Json, compact, text_of

FORM: Final = "application/x-www-form-urlencoded"
JSON: Final = "application/json"
_XML: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;"})
_JSON_VALUES: Final = (str, int, float, dict, list, type(None))


@dataclass(frozen=True, slots=True)
class Payload:
    """A body to send; ``length`` is None only for a stream whose length nobody knows.

    ``content_type`` None: the body has no type of its own.
    """

    content: bytes | AsyncIterable[bytes]
    content_type: str | None
    length: int | None


Rendered: TypeAlias = Payload | None
"""None: no body."""


async def payload(body: Body, scope: Scope, limit: int) -> Rendered:
    """Return the body of one call; ``limit`` is how many bytes may be read (language.md 5.10).

    Raises ``InvalidInput``, ``TemplateFailed``, ``BodyTooLarge`` and ``Misconfigured``.
    """
    match body:
        case CallerBody():
            return await _callers(body, scope, limit)
        case BinaryBody():
            return await _binary(body, scope, limit)
        case JsonBody():
            return await _json(body, scope, limit)
        case TextBody(parts=(FromInput() as whole,)):
            return await _whole_text(body, whole, scope, limit)
        case other:
            content, content_type = _written(other, scope)
            return Payload(content, content_type, len(content))


def _written(
    body: JsonTextBody | TextBody | YamlBody | FormBody | MultipartBody, scope: Scope
) -> tuple[bytes, str]:
    match body:
        case JsonTextBody():
            return _json_text(body, scope), body.content_type
        case TextBody():
            return _text(body, scope), body.content_type
        case YamlBody():
            return _yaml(body.data.evaluate(scope)), body.content_type
        case FormBody():
            return _form(body, scope), FORM
        case MultipartBody():
            return multipart(body, scope)
        case other:
            assert_never(other)


def _whole(content: bytes, content_type: str) -> Payload:
    return Payload(content, content_type, len(content))


async def _json(body: JsonBody, scope: Scope, limit: int) -> Rendered:
    value = body.data.evaluate(scope)
    if isinstance(value, Absent) or (body.skip_empty and value == {}):
        return None
    if not isinstance(value, _JSON_VALUES):
        return await relayed_body(value, body.content_type, body.data, limit, is_json=True)
    return _whole(compact(value).encode(), body.content_type)


async def _whole_text(body: TextBody, whole: FromInput, scope: Scope, limit: int) -> Rendered:
    """Return a text that is one input: the caller's own bytes, or the text form of a value."""
    value = whole.evaluate(scope)
    if not isinstance(value, (*_JSON_VALUES, Absent)):
        return await relayed_body(value, body.content_type, whole, limit)
    return _whole(_text(body, scope), body.content_type)


def _json_text(body: JsonTextBody, scope: Scope) -> bytes:
    pieces: list[str] = []
    for part in body.parts:
        if isinstance(part, str):
            pieces.append(part)
            continue
        inside, expression = part
        value = expression.evaluate(scope)
        if inside:
            # the text form as the inside of a JSON string
            pieces.append("" if value is ABSENT else compact(text_of(value))[1:-1])
        else:
            pieces.append("null" if value is ABSENT else compact(value))
    text = "".join(pieces)
    if body.strict:
        _require_json(text)
    return text.encode()


def _require_json(text: str) -> None:
    try:
        _parsed(text)
    except ValueError as error:
        raise TemplateFailed(f"the body is not JSON: {_fault(error)}") from error


def _parsed(text: str) -> Json:
    return json.loads(text, parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> Json:
    raise ValueError(name)


def _fault(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg[:1].lower()}{error.msg[1:]} in line {error.lineno} column {error.colno}"
    return "not UTF-8" if isinstance(error, UnicodeError) else f"{error} is no JSON value"


def _text(body: TextBody, scope: Scope) -> bytes:
    pieces: list[str] = []
    for part in body.parts:
        if isinstance(part, str):
            pieces.append(part)
            continue
        value = part.evaluate(scope)
        text = "" if value is ABSENT else text_of(value)
        pieces.append(text.translate(_XML) if body.xml else text)
    return "".join(pieces).encode()


def _yaml(value: Json) -> bytes:
    plain = None if value is ABSENT else value
    return yaml.safe_dump(plain, allow_unicode=True, sort_keys=False).encode()


def _form(body: FormBody, scope: Scope) -> bytes:
    pairs: list[str] = []
    for name, expression in body.members:
        value = expression.evaluate(scope)
        if value is not ABSENT:
            pairs += [f"{form(name)}={form(text)}" for text in texts(value)]
    return "&".join(pairs).encode()


async def _binary(body: BinaryBody, scope: Scope, limit: int) -> Rendered:
    value = body.data.evaluate(scope)
    if value is None or isinstance(value, Absent):
        return None
    if not isinstance(value, _JSON_VALUES):
        return await relayed_body(value, body.content_type, body.data, limit)
    if isinstance(value, str):
        try:
            return _whole(base64.b64decode(value, validate=True), body.content_type)
        except ValueError:
            pass
    raise _refused(body.data, "must be base64 text")


async def _callers(body: CallerBody, scope: Scope, limit: int) -> Rendered:
    value = body.data.evaluate(scope)
    if isinstance(value, Absent):
        return None
    if isinstance(value, _JSON_VALUES):
        return _whole(compact(value).encode(), JSON)
    kind = value.content_type or (JSON if body.json else None)
    return await relayed_body(value, kind, body.data, limit, is_json=body.json)


async def relayed_body(
    body: IncomingBody, kind: str | None, source: Expression, limit: int, *, is_json: bool = False
) -> Rendered:
    """Return the caller's body byte for byte, of media type ``kind`` (language.md 5.10).

    ``is_json``: it is read and refused when it is none. ``source`` names it in messages.
    """
    if body.length == 0:
        return None
    if is_json:
        content = await body.read()
        if not content:
            return None
        if body.parsed is ABSENT:
            _check_json(content, source)
        return Payload(content, kind, len(content))
    if body.length is not None:
        return Payload(_exactly(body), kind, body.length)
    return await _collected(body, kind, limit)


def _check_json(content: bytes, source: Expression) -> None:
    try:
        _parsed(content.decode("utf-8-sig"))
    except ValueError as error:
        raise _refused(source, f"must be JSON: {_fault(error)}") from error


async def _collected(body: IncomingBody, kind: str | None, limit: int) -> Rendered:
    """Read a body of unknown length as far as ``limit``; stream it when it goes on (5.10)."""
    pieces: list[bytes] = []
    size = 0
    rest = body.chunks()
    async for piece in rest:
        pieces.append(piece)
        size += len(piece)
        if size > limit:
            if _is_read_whole(kind or ""):
                raise BodyTooLarge(f"the body has more than {limit} bytes")
            return Payload(_resumed(pieces, rest), kind, None)
    return Payload(b"".join(pieces), kind, size) if size else None


async def _resumed(pieces: list[bytes], rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece
    pieces.clear()
    async for piece in rest:
        yield piece


async def _exactly(body: IncomingBody) -> AsyncIterator[bytes]:
    """Yield what the caller announced; more or less would shift the next request's start."""
    left = body.length or 0
    async for piece in body.chunks():
        left -= len(piece)
        if left < 0:
            break
        yield piece
    if left:
        raise InvalidInput([{"name": "body", "in": "body", "message": "differs from its length"}])


def is_json(kind: str) -> bool:
    """Tell whether a media type, parameters and all, is JSON."""
    essence = kind.partition(";")[0].strip().lower()
    return essence in (JSON, "text/json") or essence.endswith("+json")


def _is_read_whole(kind: str) -> bool:
    """Tell whether a body of unknown length may not exceed what is read (5.10)."""
    essence = kind.partition(";")[0].strip().lower()
    return is_json(kind) or essence in (FORM, "multipart/form-data")


def _refused(source: Expression, message: str) -> InvalidInput:
    name = source.name if isinstance(source, FromInput) else "body"
    return InvalidInput([{"name": name, "in": "body", "message": message}])
