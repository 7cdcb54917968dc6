"""What an access line says of a request (exposes.md OBS-7)."""

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from naftiko_runtime.observability.telemetry import Endpoint
from naftiko_runtime.values import Json


class Operation:
    """What the lines of one operation have in common: ``fields`` at their end."""

    __slots__ = ("fields",)

    def __init__(self, fields: Mapping[str, Json]) -> None:
        self.fields = fields


class AccessLine(NamedTuple):
    """One request; never holds a query value, header value or body."""

    method: str
    route: str
    status: int
    duration_ms: float
    request_bytes: int
    response_bytes: int
    operation: Operation

    @property
    def fields(self) -> dict[str, Json]:
        """All members, in order."""
        own = self._asdict()
        del own["operation"]
        return {**own, **self.operation.fields}


@lru_cache(maxsize=4096)
def operation_of(endpoint: Endpoint | None) -> Operation:
    """Return what lines say of an endpoint; None is a request that was refused before."""
    if endpoint is None:
        return Operation({})
    return Operation(
        {
            "adapter": endpoint.adapter,
            "namespace": endpoint.namespace,
            "operation": endpoint.operation,
        }
    )


@lru_cache(maxsize=4096)
def call_of(endpoint: Endpoint, method: str, *, failed: bool) -> Operation:
    """Return what lines say of a JSON-RPC request and how it ended."""
    tool = {"tool": endpoint.operation} if method == "tools/call" else {}
    common = operation_of(endpoint).fields
    return Operation({**common, "rpc_method": method, **tool, "is_error": failed})
