"""Pages of lists; a cursor is opaque and belongs to one state of the list (exposes.md MCP-28)."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, PaginatedRequestParams

from naftiko_runtime.adapters.mcp.view import McpView
from naftiko_runtime.values import Json, compact

_MARK: Final = 12
"""Bytes of a list's digest inside a cursor."""


def list_result(
    key: str,
    entries: Sequence[Mapping[str, Json]],
    params: PaginatedRequestParams | None,
    size: int,
    view: McpView,
) -> dict[str, Json]:
    """Return one page of a list with what MCP-7 says about keeping it; size 0 is one page."""
    cursor = params.cursor if params is not None else None
    first = 0 if cursor is None else _place(cursor, entries)
    last = first + size if size else len(entries)
    result: dict[str, Any] = kept_for(view)
    if last < len(entries):
        result["nextCursor"] = _cursor(last, entries)
    return result | {key: list(entries[first:last])}


def kept_for(view: McpView) -> dict[str, Json]:
    """Return the end of every list, read and discover result (MCP-5, MCP-7)."""
    return {"cacheScope": view.cache_scope, "resultType": "complete", "ttlMs": view.ttl_ms}


def _cursor(place: int, entries: Sequence[Mapping[str, Json]]) -> str:
    return base64.urlsafe_b64encode(_digest(entries) + str(place).encode()).decode()


def _place(cursor: str, entries: Sequence[Mapping[str, Json]]) -> int:
    try:
        content = base64.b64decode(cursor.encode(), altchars=b"-_", validate=True)
    except ValueError:
        content = b""
    place = content[_MARK:].decode(errors="replace")
    if content[:_MARK] != _digest(entries) or not (place.isascii() and place.isdecimal()):
        raise MCPError(INVALID_PARAMS, "Invalid cursor")
    return int(place)


def _digest(entries: Sequence[Mapping[str, Json]]) -> bytes:
    digest = hashlib.sha256()
    for entry in entries:
        digest.update(compact(dict(entry)).encode("utf-8", "replace"))
    return digest.digest()[:_MARK]
