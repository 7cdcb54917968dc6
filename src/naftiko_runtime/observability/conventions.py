"""The metrics that OpenTelemetry's semantic conventions name; exported over OTLP only (OBS-2)."""

from collections.abc import Mapping
from typing import Any, Final

from naftiko_runtime.observability.metrics import known_method
from naftiko_runtime.observability.series import Distribution, Family, Registry
from naftiko_runtime.observability.telemetry import Endpoint, Message

_HTTP_BUCKETS: Final = (
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
)  # fmt: skip
_MCP_BUCKETS: Final = (
    0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0,
)  # fmt: skip
_CHILDREN: Final = 5000
"""Label combinations kept; what comes later is not recorded here (CTL-9 still counts it)."""

HTTP_SERVER = Family(
    "http.server.request.duration",
    "histogram",
    "Duration of HTTP server requests.",
    (
        "http.request.method",
        "http.route",
        "url.scheme",
        "network.protocol.version",
        "http.response.status_code",
        "error.type",
    ),
    _HTTP_BUCKETS,
    unit="s",
)
HTTP_CLIENT = Family(
    "http.client.request.duration",
    "histogram",
    "Duration of HTTP client requests.",
    (
        "http.request.method",
        "server.address",
        "server.port",
        "http.response.status_code",
        "error.type",
    ),
    _HTTP_BUCKETS,
    unit="s",
)
MCP_SERVER = Family(
    "mcp.server.operation.duration",
    "histogram",
    "Duration of MCP requests as received.",
    (
        "mcp.method.name",
        "gen_ai.tool.name",
        "gen_ai.prompt.name",
        "mcp.protocol.version",
        "network.transport",
        "error.type",
        "rpc.response.status_code",
    ),
    _MCP_BUCKETS,
    unit="s",
)


class Conventions:
    """The registry of these metrics."""

    def __init__(self) -> None:
        self.registry = Registry()
        self._children: dict[tuple[str, ...], Distribution] = {}

    def answered(
        self, scope: Mapping[str, Any], endpoint: Endpoint, outcome: tuple[int, str], seconds: float
    ) -> None:
        """Record one HTTP request; ``outcome`` is its status and ``error.type`` or nothing."""
        status, error = outcome
        self._observe(
            HTTP_SERVER,
            (
                known_method(scope["method"]),
                endpoint.route,
                scope.get("scheme", "http"),
                scope.get("http_version", ""),
                str(status),
                error,
            ),
            seconds,
        )

    def sent(
        self, method: str, address: tuple[str, int], outcome: tuple[str, str]
    ) -> Distribution | None:
        """Return what observes exchanges that end so, unless there are too many kinds.

        ``outcome`` is the status and ``error.type``, or empty texts.
        """
        host, port = address
        return self._child(HTTP_CLIENT, (known_method(method), host, str(port), *outcome))

    def called(
        self, message: Message, listed: str, outcome: tuple[str, str], seconds: float
    ) -> None:
        """Record one JSON-RPC request of the operation ``listed``.

        ``outcome`` is ``error.type`` and the JSON-RPC error code.
        """
        tool = listed if message.method == "tools/call" else ""
        prompt = listed if message.method == "prompts/get" else ""
        self._observe(
            MCP_SERVER,
            (message.method, tool, prompt, message.protocol, message.transport, *outcome),
            seconds,
        )

    def _observe(self, family: Family, labels: tuple[str, ...], seconds: float) -> None:
        child = self._child(family, labels)
        if child is not None:
            child.observe(seconds)

    def _child(self, family: Family, labels: tuple[str, ...]) -> Distribution | None:
        child = self._children.get((family.name, *labels))
        if child is None and len(self._children) < _CHILDREN:
            child = self.registry.distribution(family, *labels)
            self._children[family.name, *labels] = child
        return child
