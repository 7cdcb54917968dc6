"""Answers of upstreams as results: relayed, or read, decoded and shaped (language.md 7)."""

from typing import Final

from naftiko_runtime.engine.exchange import Inbound
from naftiko_runtime.engine.filenames import filename_of
from naftiko_runtime.engine.formats.decode import decode, value_of
from naftiko_runtime.engine.formats.from_json import read_table
from naftiko_runtime.engine.reading import Plain, too_large, whole
from naftiko_runtime.engine.redirects import is_redirect
from naftiko_runtime.engine.result import Binary, Relayed, Value
from naftiko_runtime.expressions.mapper import null_if_absent
from naftiko_runtime.expressions.reference import Scope
from naftiko_runtime.plan.function import Reshape
from naftiko_runtime.plan.upstream import ConsumedOperation
from naftiko_runtime.values import Absent, Json

_FAILED: Final = 400
_EMPTY: Final = (204, 205, 304)
_JSON: Final = (None, "json")


def is_failed(status: int) -> bool:
    """Tell whether an answer is an error: never parsed, never mapped (language.md 7.1, 4.21)."""
    return status >= _FAILED or is_redirect(status)


def relayed(answer: Inbound, operation: ConsumedOperation | None, *, failed: bool) -> Relayed:
    """Return an answer that is passed on as it comes (language.md 7.3)."""
    media_type = None
    if operation is not None and not failed and operation.response.format in ("text", "binary"):
        media_type = operation.response.media_type
    return Relayed(answer, failed, operation, media_type=media_type)


def refused(answer: Inbound, operation: ConsumedOperation) -> Relayed:
    """Return an error answer to a request that asked for compression, with that undone."""
    if answer.header("content-encoding") is not None:
        answer = Plain(answer, label(operation))
    return relayed(answer, operation, failed=True)


async def value(answer: Inbound, operation: ConsumedOperation) -> Value:
    """Return the value of an answer that could have been relayed (language.md 7.5)."""
    name = label(operation)
    response = operation.response
    limit = response.max_binary_size if response.format == "binary" else response.max_size
    body = await whole(answer, limit, name)
    content_type = answer.header("content-type")
    found, is_text = value_of(body, content_type, answer.status, response)
    if isinstance(found, Binary):
        if len(found.data) > response.max_binary_size:
            raise too_large(name, response.max_binary_size)
        filename = filename_of(answer.header("content-disposition"))
        found = Binary(found.content_type, found.data, filename)
    is_empty = answer.status in _EMPTY
    return Value(answer.status, answer.fields, found, is_empty, operation, is_text)


async def shaped(
    answer: Inbound, operation: ConsumedOperation, output: Reshape, scope: Scope
) -> Value:
    """Return an answer parsed by its raw format and mapped (language.md 7.6, 9)."""
    found: Json | Absent = None
    is_empty = answer.status in _EMPTY
    if is_empty:
        found = output.mapper.apply(None, scope)
    else:
        response = operation.response
        body = await whole(answer, response.max_size, label(operation))
        content_type = answer.header("content-type")
        if output.table is not None and response.format in _JSON:
            found = read_table(body, content_type, output.table)
        if found is None:
            root = decode(body, content_type, response)
            found = output.mapper.apply(root, scope)
    return Value(answer.status, answer.fields, null_if_absent(found), is_empty, operation)


def label(operation: ConsumedOperation) -> str:
    """Return what messages call an operation."""
    return f"{operation.namespace}.{operation.name}"
