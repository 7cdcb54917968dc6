"""Shows a caller what an upstream answered when it refused (language.md 7.1, MCP-17)."""

from collections.abc import Callable
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final

from naftiko_runtime.adapters.mcp.results import Notice, Outcome, text_block, written
from naftiko_runtime.engine.result import Relayed
from naftiko_runtime.errors import InvocationError
from naftiko_runtime.values import Json

SHOWN: Final = 8 * 1024
_MARGIN: Final = 4 * 1024
"""Read beyond what is shown, so that a secret across the cut is still recognised."""
_COUNTED: Final = 1024 * 1024
_TEXTUAL: Final = ("json", "xml", "javascript", "yaml", "csv", "ndjson", "x-www-form-urlencoded")


async def upstream_outcome(relayed: Relayed, scrub: Callable[[str], str]) -> Outcome:
    """Return the result for an upstream status of 400 or more, or a redirect not followed."""
    line = status_line(relayed.status)
    body = await _shown(relayed, scrub)
    meta: dict[str, Json] = {"status": relayed.status, **_operation(relayed)}
    if media_type := _media_type(relayed):
        meta["contentType"] = media_type
    if (seconds := _retry_after(header(relayed.headers, "retry-after"))) is not None:
        meta["retryAfter"] = seconds
    text = f"{line}\n{body}" if body else line
    notice: Notice = ("error", {"message": line, "status": relayed.status})
    result = written([text_block(text)], is_error=True, meta={"naftiko/upstream": meta})
    return Outcome(result, "upstream-status", (notice,))


def status_line(status: int) -> str:
    """Return ``HTTP 404 Not Found``."""
    known = status in HTTPStatus._value2member_map_
    return f"HTTP {status} {HTTPStatus(status).phrase}" if known else f"HTTP {status}"


def header(headers: tuple[tuple[str, str], ...], name: str) -> str | None:
    """Return the first value of a header by its lower-case name."""
    return next((value for key, value in headers if key.lower() == name), None)


def _operation(relayed: Relayed) -> dict[str, Json]:
    operation = relayed.operation
    return {"operation": f"{operation.namespace}.{operation.name}"} if operation else {}


def _media_type(relayed: Relayed) -> str:
    value = header(relayed.headers, "content-type") or ""
    return value.partition(";")[0].strip().lower()


async def _shown(relayed: Relayed, scrub: Callable[[str], str]) -> str:
    data, total = await _read(relayed)
    if not data:
        return ""
    media_type = _media_type(relayed)
    size = total or f"more than {_COUNTED}"
    if not _is_textual(media_type, data):
        return f"{media_type or 'application/octet-stream'}, {size} bytes"
    encoded = scrub(_decoded(relayed, data)).encode("utf-8", "replace")
    if len(data) <= SHOWN:
        return encoded.decode()
    return f"{encoded[:SHOWN].decode(errors='ignore')}… [cut, {size} bytes in all]"


async def _read(relayed: Relayed) -> tuple[bytes, int | None]:
    """Return the beginning of the body and its length, None when that is not worth waiting for."""
    kept, total = bytearray(), 0
    try:
        async for chunk in relayed.chunks():
            total += len(chunk)
            kept += chunk[: max(0, SHOWN + _MARGIN - len(kept))]
            if total > _COUNTED:
                return bytes(kept), _announced(relayed)
    except InvocationError:
        # the status is the answer; what is missing of its body changes nothing
        return bytes(kept), total
    return bytes(kept), total


def _announced(relayed: Relayed) -> int | None:
    length = header(relayed.headers, "content-length")
    return int(length) if length is not None and length.isdecimal() else None


def _is_textual(media_type: str, data: bytes) -> bool:
    if media_type:
        kind, _, subtype = media_type.partition("/")
        return kind == "text" or any(word in subtype for word in _TEXTUAL)
    return b"\0" not in data


def _decoded(relayed: Relayed, data: bytes) -> str:
    message = Message()
    message["content-type"] = header(relayed.headers, "content-type") or ""
    charset = message.get_content_charset("utf-8")
    try:
        return data.decode(charset, "replace")
    except LookupError:
        return data.decode(errors="replace")


def _retry_after(value: str | None) -> int | None:
    """Return seconds from either form of ``Retry-After``."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return int(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0, round((moment - datetime.now(UTC)).total_seconds()))
