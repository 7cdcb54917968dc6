"""What the SDK's request context says about a caller and its request."""

from collections.abc import Mapping
from typing import Any

from mcp.server import ServerRequestContext
from mcp_types import LOG_LEVEL_META_KEY
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from naftiko_runtime.adapters.visit import visit_of
from naftiko_runtime.observability.telemetry import fresh_id
from naftiko_runtime.values import Json

Context = ServerRequestContext[Any, Any]


def is_modern(ctx: Context) -> bool:
    """Return whether the request is of the new era (MCP-3)."""
    return ctx.protocol_version in MODERN_PROTOCOL_VERSIONS


def session_of(ctx: Context) -> str | None:
    """Return the caller's ``Mcp-Session-Id``; on stdio, where there is one caller, ``""``."""
    if ctx.request is None:
        return ""
    session: str | None = ctx.request.headers.get("mcp-session-id")
    return session


def request_id(ctx: Context) -> str:
    """Return the request id of the HTTP request, or a fresh one on stdio (COM-3)."""
    return fresh_id() if ctx.request is None else visit_of(ctx.request.scope).request_id


def meta_of(ctx: Context) -> Mapping[str, Json]:
    """Return ``_meta`` as it was sent."""
    meta = (ctx.params or {}).get("_meta")
    return meta if isinstance(meta, Mapping) else {}


def wanted_level(ctx: Context) -> str | None:
    """Return the level of ``_meta`` that asks for log messages in the new era (MCP-31)."""
    level = meta_of(ctx).get(LOG_LEVEL_META_KEY)
    return level if isinstance(level, str) else None
