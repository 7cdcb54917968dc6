"""Names and attributes of server spans (exposes.md OBS-4): HTTP requests and MCP calls."""

from collections.abc import Mapping
from typing import Any, Final

from naftiko_runtime.observability.metrics import known_method
from naftiko_runtime.observability.propagation import CARRIERS, Remote, extracted
from naftiko_runtime.observability.spans import Attribute, Span, Tracer
from naftiko_runtime.observability.telemetry import Endpoint, Message

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_OPERATIONS: Final = {"tools/call": "execute_tool"}


def begin_server_span(tracer: Tracer, scope: Mapping[str, Any]) -> Span:
    """Begin the span of an HTTP request; its name follows when the route is known."""
    carried = {
        name.decode("latin-1"): value.decode("latin-1")
        for name, value in scope["headers"]
        if name in _CARRIERS
    }
    remote = extracted(carried, tracer.propagation) if carried else None
    return tracer.begin("", "SERVER", remote)


def server_span_name(scope: Mapping[str, Any], endpoint: Endpoint | None) -> str:
    """Return ``GET /v1/orders/{order-id}``, or the method alone when nothing matched."""
    method = known_method(scope["method"])
    method = "HTTP" if method == "_OTHER" else method
    return f"{method} {endpoint.route}" if endpoint is not None and endpoint.route else method


def server_attributes(
    scope: Mapping[str, Any], endpoint: Endpoint | None, status: int, request_id: str
) -> dict[str, Attribute]:
    """Return the attributes of an HTTP server span; never a query."""
    method = scope["method"]
    known = known_method(method)
    attributes: dict[str, Attribute] = {
        "http.request.method": known,
        "url.path": scope["path"],
        "url.scheme": scope.get("scheme", "http"),
        "network.protocol.version": scope.get("http_version", "1.1"),
        "http.response.status_code": status,
        "naftiko.request.id": request_id,
        **_server(scope),
        **endpoint_attributes(endpoint),
    }
    if known != method:
        attributes["http.request.method_original"] = method
    if endpoint is not None and endpoint.route:
        attributes["http.route"] = endpoint.route
    if scope.get("client"):
        attributes["client.address"] = scope["client"][0]
    return attributes


def endpoint_attributes(endpoint: Endpoint | None) -> dict[str, Attribute]:
    """Return the attributes of every adapter span."""
    if endpoint is None:
        return {}
    attributes: dict[str, Attribute] = {
        "naftiko.adapter.type": endpoint.adapter,
        "naftiko.namespace": endpoint.namespace,
        "naftiko.operation.id": endpoint.operation,
    }
    if endpoint.capability:
        attributes["naftiko.capability"] = endpoint.capability
    return attributes


def begin_call_span(tracer: Tracer, message: Message, outer: Span | None) -> Span:
    """Begin the span of a JSON-RPC request: ``tools/call get-order``.

    Its parent is the context in ``_meta``, else the HTTP request (OBS-3). A context in ``_meta``
    that does not name the same trace as the request starts a local root of its own.
    """
    meta = {key: value for key, value in message.meta.items() if isinstance(value, str)}
    remote = extracted(meta, tracer.propagation)
    name = message.method if message.target is None else f"{message.method} {message.target}"
    return tracer.begin(name, "SERVER", _nested(outer, remote))


def call_attributes(endpoint: Endpoint, message: Message, request_id: str) -> dict[str, Attribute]:
    """Return the attributes of an MCP server span."""
    optional = {
        "mcp.protocol.version": message.protocol or None,
        "jsonrpc.request.id": message.id,
        "gen_ai.operation.name": _OPERATIONS.get(message.method),
        "gen_ai.tool.name": message.target if message.method == "tools/call" else None,
        "gen_ai.prompt.name": message.target if message.method == "prompts/get" else None,
        "mcp.resource.uri": message.target if message.method == "resources/read" else None,
    }
    return {
        "mcp.method.name": message.method,
        "network.transport": message.transport,
        "naftiko.request.id": request_id,
        **{name: value for name, value in optional.items() if value is not None},
        **endpoint_attributes(endpoint),
    }


_CARRIERS: Final = frozenset(name.encode() for name in CARRIERS)


def _server(scope: Mapping[str, Any]) -> dict[str, Attribute]:
    """Return address and port as the caller wrote them, and its user agent."""
    found: dict[str, Attribute] = {}
    host, port = "", ""
    for name, value in scope["headers"]:
        if name == b"user-agent":
            found["user_agent.original"] = value.decode("latin-1")
        elif name == b"host":
            host, _, port = value.decode("latin-1").rpartition(":")
            host, port = (host, port) if port.isdecimal() else (f"{host}:{port}".strip(":"), "")
    if not host:
        host, port = (str(part) for part in scope.get("server") or ("", ""))
    default = _DEFAULT_PORTS.get(scope.get("scheme", "http"), 80)
    found["server.address"] = host.strip("[]")
    found["server.port"] = int(port) if port.isdecimal() else default
    return found


def _nested(outer: Span | None, remote: Remote | None) -> Span | Remote | None:
    return outer if remote is None else remote
