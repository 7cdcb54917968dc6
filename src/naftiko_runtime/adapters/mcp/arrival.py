"""What every HTTP request to an MCP endpoint is, also one that is refused before the SDK."""

from naftiko_runtime.adapters.asgi import Scope
from naftiko_runtime.adapters.mcp.view import McpView
from naftiko_runtime.adapters.visit import visit_of
from naftiko_runtime.observability.telemetry import Endpoint


def arrived(view: McpView, scope: Scope) -> None:
    """Name the adapter for telemetry and add its CORS headers (exposes.md OBS-5, REST-15)."""
    visit = visit_of(scope)
    endpoint = Endpoint("mcp", view.name, route=scope["path"], capability=view.capability)
    visit.arrival.matched(endpoint)
    is_actual = scope["method"] != "OPTIONS"
    if view.cors is not None and visit.origin is not None and is_actual:
        visit.headers += view.cors.actual(visit.origin)
