"""The last edge before a caller: nothing internal leaks, and every request is told to telemetry."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from mcp.server.context import CallNext, HandlerResult
from mcp.shared.exceptions import MCPError
from mcp_types import INTERNAL_ERROR, INVALID_PARAMS

from naftiko_runtime.adapters.mcp.context import Context, meta_of, request_id
from naftiko_runtime.adapters.mcp.results import LOGGER
from naftiko_runtime.adapters.mcp.serving import Serving
from naftiko_runtime.adapters.mcp.view import McpView
from naftiko_runtime.observability.telemetry import UNMATCHED, Endpoint, Message
from naftiko_runtime.values import Json

Handler = Callable[[Serving, Context, Any], Awaitable[dict[str, Json]]]
_TARGETS: Final[Mapping[str, str]] = {
    "tools/call": "name",
    "prompts/get": "name",
    "resources/read": "uri",
}
_METHODS: Final = frozenset(
    {
        "completion/complete",
        "initialize",
        "logging/setLevel",
        "ping",
        "prompts/list",
        "resources/list",
        "resources/read",
        "resources/templates/list",
        "server/discover",
        "subscriptions/listen",
        "tools/list",
    }
)
_CANCELLED: Final = -32800


def guarded(
    serving: Serving, handler: Handler
) -> Callable[[Context, Any], Awaitable[dict[str, Json]]]:
    """Return a handler of the SDK that lets nothing out but JSON-RPC errors (MCP-5)."""

    async def handle(ctx: Context, params: Any) -> dict[str, Json]:
        try:
            return await handler(serving, ctx, params)
        except MCPError:
            raise
        except Exception:  # noqa: BLE001 - the text of any other would reach old clients
            reference = request_id(ctx)
            LOGGER.exception("%s failed; request %s", ctx.method, reference)
            message = f"Internal error (reference {reference})"
            raise MCPError(INTERNAL_ERROR, message) from None

    return handle


class Observed:
    """Middleware of the SDK: tells telemetry about each JSON-RPC request."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving

    async def __call__(self, ctx: Context, call_next: CallNext) -> HandlerResult:
        if ctx.request_id is None:
            return await call_next(ctx)
        called = self._serving.telemetry.called(_endpoint(self._serving, ctx), self._message(ctx))
        error: str | None = "cancelled"
        code: int | None = None
        try:
            result = await call_next(ctx)
            error = error_of(result) if isinstance(result, Mapping) else None
        except MCPError as exc:
            code = exc.error.code
            error = "cancelled" if code == _CANCELLED else str(code)
            raise
        except ValueError:
            # parameters that the SDK found malformed
            error, code = str(INVALID_PARAMS), INVALID_PARAMS
            raise
        finally:
            called.ended(error, code)
        return result

    def _message(self, ctx: Context) -> Message:
        key = _TARGETS.get(ctx.method)
        target = (ctx.params or {}).get(key) if key is not None else None
        return Message(
            method=ctx.method,
            target=target if isinstance(target, str) else None,
            id=str(ctx.request_id),
            protocol=ctx.protocol_version,
            meta=meta_of(ctx),
            transport=self._serving.transport,
        )


def error_of(result: Mapping[str, Json]) -> str | None:
    """Return how telemetry names a result with ``isError``: the problem, or the upstream's."""
    if not result.get("isError"):
        return None
    meta = result.get("_meta") or {}
    if "naftiko/upstream" in meta:
        return "upstream-status"
    kind = meta.get("naftiko/problem", {}).get("type", "not-confirmed")
    return str(kind).rpartition(":")[2]


def _endpoint(serving: Serving, ctx: Context) -> Endpoint:
    with serving.lease() as served:
        return endpoint_of(served.view, ctx.method, ctx.params or {})


def endpoint_of(view: McpView, method: str, params: Mapping[str, Json]) -> Endpoint:
    """Return the labels of a request: the tool's or prompt's, else the method's (CTL-9)."""
    name = params.get("name")
    if method == "tools/call":
        tool = view.tool_names.get(name) if isinstance(name, str) else None
        return view.endpoint(UNMATCHED) if tool is None else tool.endpoint
    if method == "prompts/get":
        prompt = view.prompt_names.get(name) if isinstance(name, str) else None
        return view.endpoint(UNMATCHED) if prompt is None else prompt.endpoint
    return view.endpoint(method if method in _METHODS else UNMATCHED)
