"""Results of the engine as HTTP answers: bytes as they come, values as JSON (REST-11 to REST-13).

A relayed body is never read: one chunk is in memory, and the next is taken when the caller's
connection has room.
"""

import zlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import anyio.to_thread

from naftiko_runtime.adapters.asgi import RawHeader, Send
from naftiko_runtime.adapters.guards import TransferBroken
from naftiko_runtime.engine.result import Binary, Relayed, Value
from naftiko_runtime.errors import InvocationError, ResponseTooLarge
from naftiko_runtime.values import compact_bytes

_START: Final = "http.response.start"
_BODY: Final = "http.response.body"
JSON: Final = (b"content-type", b"application/json")
_EMPTY: Final = frozenset({204, 205, 304})
_FAILED: Final = 400
_COUNTED: Final = 205
_GZIP: Final = 16 + zlib.MAX_WBITS
_COMPRESSED_FROM: Final = 1024
_IN_THREAD_FROM: Final = 256 * 1024

_MAPPED: Final = frozenset(
    {b"cache-control", b"retry-after", b"link", b"location", b"x-total-count"}
)
_LENGTH: Final = b"content-length"
_DESCRIBING: Final = frozenset(
    {
        b"content-type",
        b"content-disposition",
        b"content-language",
        _LENGTH,
        b"content-encoding",
        b"etag",
        b"last-modified",
        b"content-range",
        b"accept-ranges",
    }
)
"""Headers that describe a body: not true any more of one that was reshaped."""
_RELAYED: Final = _MAPPED | _DESCRIBING
_NAMES: Final = 1024
"""Spellings of headers' names that are remembered; most answers have the same few."""
_LIMIT_HEADERS: Final = (b"ratelimit", b"x-ratelimit-")


@dataclass(frozen=True, slots=True)
class Shape:
    """What a route says about its answers.

    ``media_type`` is a declared ``responseBinary``'s, ``limit`` a declared ``maxBinarySize`` in
    bytes (IKA-6, IKA-8); ``mapped`` when outputs reshape the upstream's answer.
    """

    media_type: str | None = None
    limit: int | None = None
    mapped: bool = False


PLAIN: Final = Shape()


async def relay(result: Relayed, shape: Shape, send: Send, *, head: bool) -> None:
    """Answer with an upstream's status, chosen headers and body (exposes.md REST-11, REST-12).

    Raises ``ResponseTooLarge`` before anything is sent, ``TransferBroken`` after: the caller must
    see an incomplete transfer, never a well-formed short answer.
    """
    status = result.answer.status
    headers, length = _relayed_headers(result, shape, status)
    limit = None if result.failed else shape.limit
    if limit is not None and length is not None and length > limit and not head:
        raise _too_large(limit)
    bodiless = head or status in _EMPTY
    body = b"" if bodiless else result.answer.ready()
    if body is not None and limit is not None and len(body) > limit:
        raise _too_large(limit)
    await send({"type": _START, "status": status, "headers": headers})
    if bodiless or (body is not None and length in (None, len(body))):
        await send({"type": _BODY, "body": body})
    else:
        await _stream(result, length, limit, send)


async def _stream(result: Relayed, length: int | None, limit: int | None, send: Send) -> None:
    sent = 0
    try:
        async for chunk in result.chunks():
            sent += len(chunk)
            if limit is not None and sent > limit:
                raise _too_large(limit)
            # the chunk that completes the announced length is the last
            await send({"type": _BODY, "body": chunk, "more_body": sent != length})
    except InvocationError as error:
        raise TransferBroken(error.detail) from error
    if length is None or length == 0 == sent:
        await send({"type": _BODY, "body": b""})
    elif sent != length:
        raise TransferBroken(f"{sent} of {length} bytes came")


@lru_cache(_NAMES)
def _relayed(name: bytes) -> bytes | None:
    """Return a header's name as it is passed on; None when it stays behind (REST-12)."""
    lower = name.lower()
    return lower if lower in _RELAYED or lower.startswith(_LIMIT_HEADERS) else None


@lru_cache(_NAMES)
def _mapped(name: bytes) -> bytes | None:
    """Return the same for an answer that outputs reshape."""
    known = _relayed(name)
    return None if known in _DESCRIBING else known


def _too_large(limit: int) -> ResponseTooLarge:
    return ResponseTooLarge(f"the upstream's answer exceeds {limit} bytes")


def _relayed_headers(
    result: Relayed, shape: Shape, status: int
) -> tuple[list[RawHeader], int | None]:
    """Return the headers that may pass, and the Content-Length among them."""
    mapped = shape.mapped and not result.failed
    passing = _mapped if mapped else _relayed
    headers: list[RawHeader] = []
    length: int | None = None
    for name, value in result.answer.fields:
        known = passing(name)
        if known is None:
            continue
        if known != _LENGTH:
            headers.append((known, value))
        elif value.isdigit() and status not in _EMPTY:
            length = int(value)
            headers.append((known, value))
    if result.failed or status == _COUNTED or shape is not PLAIN or result.media_type:
        _add_own(headers, result, shape, mapped=mapped)
    return headers, length


def _add_own(headers: list[RawHeader], result: Relayed, shape: Shape, *, mapped: bool) -> None:
    """Add what the runtime says about an answer that it passes on."""
    if result.failed:
        headers.append((b"x-upstream-status", str(result.status).encode()))
    elif mapped:
        if result.status not in _EMPTY:
            headers.append(JSON)
    else:
        media_type = result.media_type or shape.media_type
        if media_type is not None:
            headers[:] = [each for each in headers if each[0] != b"content-type"]
            headers.append((b"content-type", media_type.encode()))
    if result.status == _COUNTED:
        headers.append((b"content-length", b"0"))


async def reply(value: Value, send: Send, accepted: bytes | None, *, head: bool) -> None:
    """Answer with a value as compact JSON, or with binary bytes (exposes.md REST-11, REST-13).

    ``accepted`` is the caller's Accept-Encoding.
    """
    headers: list[RawHeader] = [
        (known, content) for name, content in value.fields if (known := _mapped(name)) is not None
    ]
    if value.empty or value.status in _EMPTY:
        if value.status == _COUNTED:
            headers.append((b"content-length", b"0"))
        await send({"type": _START, "status": value.status, "headers": headers})
        await send({"type": _BODY, "body": b""})
        return
    body = await _body(value, headers, accepted)
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": _START, "status": value.status, "headers": headers})
    await send({"type": _BODY, "body": b"" if head else body})


async def _body(value: Value, headers: list[RawHeader], accepted: bytes | None) -> bytes:
    """Return the bytes of a value and add the headers that describe them."""
    if isinstance(value.value, Binary):
        headers.append((b"content-type", value.value.content_type.encode()))
        return value.value.data
    headers.append(JSON)
    return await encoded(compact_bytes(value.value), headers, accepted)


async def encoded(body: bytes, headers: list[RawHeader], accepted: bytes | None) -> bytes:
    """Return our JSON as the caller accepts it, gzip from 1 KiB on; ``headers`` then say so."""
    if len(body) < _COMPRESSED_FROM:
        return body
    headers.append((b"vary", b"Accept-Encoding"))
    if not accepts_gzip(accepted):
        return body
    headers.append((b"content-encoding", b"gzip"))
    if len(body) < _IN_THREAD_FROM:
        return _gzipped(body)
    return await anyio.to_thread.run_sync(_gzipped, body)


def _gzipped(body: bytes) -> bytes:
    compressor = zlib.compressobj(1, zlib.DEFLATED, _GZIP)
    return compressor.compress(body) + compressor.flush()


def accepts_gzip(accepted: bytes | None) -> bool:
    """Return whether an Accept-Encoding has ``gzip`` or ``*`` with a weight above zero."""
    if accepted is None:
        return False
    weights: dict[str, bool] = {}
    for item in accepted.decode("latin-1").casefold().split(","):
        name, _, weight = item.partition(";")
        weights[name.strip()] = weight.replace(" ", "").rstrip(".0") not in ("q=", "q")
    return weights.get("gzip", weights.get("*", False))
