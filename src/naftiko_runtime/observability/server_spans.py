"""Server spans (exposes.md OBS-4): what is noted of requests and MCP calls, and how it reads."""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from naftiko_runtime.observability.metrics import known_method
from naftiko_runtime.observability.propagation import CARRIERS, Remote, extracted
from naftiko_runtime.observability.spans import DEFAULT_PORTS, Attributes, Kind, Tracer
from naftiko_runtime.observability.telemetry import Endpoint, Message

_OPERATIONS: Final = {"tools/call": "execute_tool"}
_SHOWN: Final = frozenset({b"host", b"user-agent"})
_CARRIERS: Final = frozenset(name.encode() for name in CARRIERS)
_NOTED: Final = _SHOWN | _CARRIERS
Heads = Mapping[bytes, bytes]


def noted_heads(headers: Iterable[tuple[bytes, bytes]]) -> Heads:
    """Return the headers that a span shows or that carry the caller's context."""
    found = {}
    for name, value in headers:
        if name in _NOTED:
            found[name] = value  # noqa: PERF403 - measured, a comprehension takes longer for a few
    return found


def callers_context(heads: Heads, tracer: Tracer) -> Remote | None:
    """Return the caller's span when its request names it."""
    if _CARRIERS.isdisjoint(heads):
        return None
    carried = {name.decode(): value.decode("latin-1") for name, value in heads.items()}
    return extracted(carried, tracer.propagation)


def context_in_meta(message: Message, tracer: Tracer) -> Remote | None:
    """Return the caller's span when the ``_meta`` of a JSON-RPC request names it (OBS-3)."""
    if CARRIERS.isdisjoint(message.meta):
        return None
    meta = {key: value for key, value in message.meta.items() if isinstance(value, str)}
    return extracted(meta, tracer.propagation)


class RequestSpan(NamedTuple):
    """An HTTP request: of its ASGI scope, which has credentials, only what is shown is kept."""

    id: str
    parent_id: str
    began: float
    seconds: float
    error: str | None
    method: str
    path: str
    scheme: str
    version: str
    client: tuple[str, int] | None
    server: tuple[str, int | None] | None
    heads: Heads
    endpoint: Endpoint | None
    status: int
    request_id: str

    @property
    def kind(self) -> Kind:
        """Return what OBS-4 says."""
        return "SERVER"

    @property
    def name(self) -> str:
        """Return ``GET /v1/orders/{order-id}``, or the method alone when nothing matched."""
        method = known_method(self.method)
        method = "HTTP" if method == "_OTHER" else method
        return f"{method} {self._route}" if self._route else method

    @property
    def operation(self) -> str:
        """Return the operation's id."""
        return "" if self.endpoint is None else self.endpoint.operation

    @property
    def _route(self) -> str:
        return "" if self.endpoint is None else self.endpoint.route

    def attributes(self) -> Attributes:
        """Return the attributes of an HTTP server span."""
        known = known_method(self.method)
        attributes: Attributes = {
            "http.request.method": known,
            "url.path": self.path,
            "url.scheme": self.scheme,
            "network.protocol.version": self.version,
            "http.response.status_code": self.status,
            "naftiko.request.id": self.request_id,
            **self._server(),
            **_endpoint_attributes(self.endpoint),
        }
        if known != self.method:
            attributes["http.request.method_original"] = self.method
        if self._route:
            attributes["http.route"] = self._route
        if self.client:
            attributes["client.address"] = self.client[0]
        return attributes

    def _server(self) -> Attributes:
        """Return address and port as the caller wrote them, and its user agent."""
        found: Attributes = {}
        if b"user-agent" in self.heads:
            found["user_agent.original"] = self.heads[b"user-agent"].decode("latin-1")
        host, _, port = self.heads.get(b"host", b"").decode("latin-1").rpartition(":")
        if not port.isdecimal():
            host, port = f"{host}:{port}".strip(":"), ""
        if not host:
            host, port = (str(part) for part in self.server or ("", ""))
        default = DEFAULT_PORTS.get(self.scheme, 80)
        found["server.address"] = host.strip("[]")
        found["server.port"] = int(port) if port.isdecimal() else default
        return found


class CallSpan(NamedTuple):
    """A JSON-RPC request without its ``_meta``; ``code`` is that of its JSON-RPC error."""

    id: str
    parent_id: str
    began: float
    seconds: float
    error: str | None
    endpoint: Endpoint
    request_id: str
    code: int | None
    method: str
    target: str | None
    message_id: str | None
    protocol: str
    transport: str

    @property
    def kind(self) -> Kind:
        """Return what OBS-4 says."""
        return "SERVER"

    @property
    def name(self) -> str:
        """Return ``tools/call get-order``."""
        return self.method if self.target is None else f"{self.method} {self.target}"

    @property
    def operation(self) -> str:
        """Return the operation's id."""
        return self.endpoint.operation

    def attributes(self) -> Attributes:
        """Return the attributes of an MCP server span."""
        method, target = self.method, self.target
        optional = {
            "mcp.protocol.version": self.protocol or None,
            "jsonrpc.request.id": self.message_id,
            "gen_ai.operation.name": _OPERATIONS.get(method),
            "gen_ai.tool.name": target if method == "tools/call" else None,
            "gen_ai.prompt.name": target if method == "prompts/get" else None,
            "mcp.resource.uri": target if method == "resources/read" else None,
        }
        attributes: Attributes = {
            "mcp.method.name": method,
            "network.transport": self.transport,
            "naftiko.request.id": self.request_id,
            **{name: value for name, value in optional.items() if value is not None},
            **_endpoint_attributes(self.endpoint),
        }
        if self.code is not None:
            attributes["rpc.response.status_code"] = str(self.code)
        return attributes


def _endpoint_attributes(endpoint: Endpoint | None) -> Attributes:
    """Return the attributes of every adapter span."""
    if endpoint is None:
        return {}
    attributes: Attributes = {
        "naftiko.adapter.type": endpoint.adapter,
        "naftiko.namespace": endpoint.namespace,
        "naftiko.operation.id": endpoint.operation,
    }
    if endpoint.capability:
        attributes["naftiko.capability"] = endpoint.capability
    return attributes
