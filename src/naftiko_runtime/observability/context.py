"""What is being served right now in this task: for log records, child spans and step metrics."""

from contextvars import ContextVar
from typing import Final, Protocol

from naftiko_runtime.observability.spans import Trace
from naftiko_runtime.observability.telemetry import Endpoint


class Current(Protocol):
    """A request, or a piece of work inside it."""

    @property
    def request_id(self) -> str: ...
    @property
    def endpoint(self) -> Endpoint | None: ...
    @property
    def trace(self) -> Trace | None:
        """The trace that it belongs to; None when nothing is traced."""
        ...

    @property
    def span_id(self) -> str: ...


CURRENT: Final[ContextVar[Current | None]] = ContextVar("naftiko_current", default=None)
