"""The server side while recording: HTTP requests and the JSON-RPC requests inside them."""

from collections.abc import Mapping
from time import perf_counter
from typing import Any, Final

from naftiko_runtime.observability.access import access_wanted, log_access, log_fields
from naftiko_runtime.observability.access_line import AccessLine, Operation, call_of, operation_of
from naftiko_runtime.observability.context import CURRENT, Current
from naftiko_runtime.observability.instruments import Instruments
from naftiko_runtime.observability.metrics import Served
from naftiko_runtime.observability.server_spans import (
    CallSpan,
    RequestSpan,
    callers_context,
    context_in_meta,
    noted_heads,
)
from naftiko_runtime.observability.spans import Trace, Tracer
from naftiko_runtime.observability.telemetry import Endpoint, Message, fresh_id

_REFUSED: Final = 400
_FAILED: Final = 500


class ServedRequest:
    """One HTTP request (``telemetry.Arrival``); the JSON-RPC request inside it, if any, joins.

    ``call`` is what the access line says about that one.
    """

    __slots__ = (
        "_began",
        "_heads",
        "_instruments",
        "_previous",
        "_scope",
        "_served",
        "call",
        "endpoint",
        "open",
        "request_id",
        "span_id",
        "trace",
    )

    def __init__(
        self, instruments: Instruments, scope: Mapping[str, Any], wanted_id: str | None
    ) -> None:
        self._began = perf_counter()
        self._instruments = instruments
        self._scope = scope
        self._served: Served | None = None
        self.endpoint: Endpoint | None = None
        self.call: Operation | None = None
        self.open = True
        self.trace: Trace | None = None
        self.span_id = ""
        if (tracer := instruments.tracer) is None:
            self.request_id = wanted_id or fresh_id()
        else:
            self._heads = heads = noted_heads(scope["headers"])
            self.trace = trace = tracer.begin(self._began, callers_context(heads, tracer))
            self.span_id = trace.span_id
            self.request_id = wanted_id or _id_of(trace)
        self._previous = CURRENT.get()
        CURRENT.set(self)

    def matched(self, endpoint: Endpoint) -> None:
        """Name the operation; a later, more exact answer replaces an earlier one."""
        if self._served is not None:
            self._served.active.value -= 1
        self.endpoint = endpoint
        if (metrics := self._instruments.metrics) is not None:
            self._served = served = metrics.served(endpoint)
            served.active.value += 1

    def ended(
        self, status: int, error: str | None = None, received: int = 0, sent: int = 0
    ) -> None:
        """Record the end of the request everywhere."""
        seconds = perf_counter() - self._began
        if self.endpoint is None and self._instruments.otherwise is not None:
            self.matched(self._instruments.otherwise)
        failed = error or "upstream-status" if status >= _FAILED else ""
        if self._served is not None:
            self._count(self._served, status, error, seconds)
        if (conventions := self._instruments.conventions) is not None and self.endpoint is not None:
            conventions.answered(self._scope, self.endpoint, (status, failed), seconds)
        if self.trace is not None and self.trace.sampled:
            self._trace(self.trace, status, failed or None, seconds)
        if access_wanted():
            self._log(status, seconds, received, sent)
        self.open = False
        CURRENT.set(self._previous)

    def _trace(self, trace: Trace, status: int, failed: str | None, seconds: float) -> None:
        if (tracer := self._instruments.tracer) is not None:
            scope = self._scope
            member = scope.get
            members = (
                self.span_id,
                trace.parent_id,
                self._began,
                seconds,
                failed,
                scope["method"],
                scope["path"],
                member("scheme", "http"),
                member("http_version", "1.1"),
                member("client"),
                member("server"),
                self._heads,
                self.endpoint,
                status,
                self.request_id,
            )
            tracer.end(trace, self.span_id, (RequestSpan, members))

    def _log(self, status: int, seconds: float, received: int, sent: int) -> None:
        endpoint, call = self.endpoint, self.call
        log_access(
            AccessLine(
                self._scope["method"],
                endpoint.route if endpoint is not None else "",
                status,
                round(seconds * 1000, 1),
                received,
                sent,
                operation_of(endpoint) if call is None else call,
            )
        )

    def _count(self, served: Served, status: int, error: str | None, seconds: float) -> None:
        served.active.value -= 1
        if self.endpoint is None or self.endpoint.adapter != "mcp":
            served.ended(status, seconds)
            if status >= _FAILED or error == "cancelled":
                served.failed(error or "upstream-status")
        elif self.call is None and status >= _REFUSED:
            served.ended("ERROR", seconds)
            served.failed(error or "upstream-status")


class ServedCall:
    """One JSON-RPC request (``telemetry.Called``)."""

    __slots__ = (
        "_began",
        "_instruments",
        "_message",
        "_parent_id",
        "_previous",
        "_request",
        "endpoint",
        "request_id",
        "span_id",
        "trace",
    )

    def __init__(self, instruments: Instruments, endpoint: Endpoint, message: Message) -> None:
        self._began = perf_counter()
        self._instruments = instruments
        self._message = message
        self._previous = outer = CURRENT.get()
        self._request = _open_request(outer)
        self.endpoint = endpoint
        self.trace: Trace | None = None
        self.span_id = self._parent_id = ""
        if (tracer := instruments.tracer) is not None:
            self._join(tracer, message, outer)
        self.request_id = _id_of(self.trace) if outer is None else outer.request_id
        if self._request is not None:
            self._request.call = call_of(endpoint, message.method, failed=False)
        CURRENT.set(self)

    def _join(self, tracer: Tracer, message: Message, outer: Current | None) -> None:
        """Become a child of the context in ``_meta``, else of the HTTP request (OBS-3).

        A context in ``_meta`` makes a local root, also when it names the trace of the request.
        """
        remote = context_in_meta(message, tracer)
        if remote is None and outer is not None and outer.trace is not None:
            self.trace = outer.trace
            self.span_id, self._parent_id = outer.trace.fresh_span_id(), outer.span_id
        else:
            self.trace = trace = tracer.begin(self._began, remote)
            self.span_id, self._parent_id = trace.span_id, trace.parent_id

    def ended(self, error: str | None = None, code: int | None = None) -> None:
        """Record the end of the call everywhere; over HTTP the access line is the request's."""
        seconds = perf_counter() - self._began
        failed = None if error is None and code is None else (error or str(code))
        self._count(failed, seconds)
        kind = "" if failed is None else "tool_error" if code is None else str(code)
        if (conventions := self._instruments.conventions) is not None:
            outcome = (kind, "" if code is None else str(code))
            conventions.called(self._message, self.endpoint.operation, outcome, seconds)
        if self.trace is not None and self.trace.sampled:
            self._trace(self.trace, kind or None, code, seconds)
        self._log(seconds, failed=failed is not None)
        CURRENT.set(self._previous)

    def _trace(self, trace: Trace, failed: str | None, code: int | None, seconds: float) -> None:
        message = self._message
        if (tracer := self._instruments.tracer) is not None:
            members = (
                self.span_id,
                self._parent_id,
                self._began,
                seconds,
                failed,
                self.endpoint,
                self.request_id,
                code,
                message.method,
                message.target,
                message.id,
                message.protocol,
                message.transport,
            )
            tracer.end(trace, self.span_id, (CallSpan, members))

    def _log(self, seconds: float, *, failed: bool) -> None:
        if self._request is None:
            if access_wanted():
                operation = call_of(self.endpoint, self._message.method, failed=failed)
                log_fields({"duration_ms": round(seconds * 1000, 1), **operation.fields})
        elif failed:
            self._request.call = call_of(self.endpoint, self._message.method, failed=True)

    def _count(self, failed: str | None, seconds: float) -> None:
        if (metrics := self._instruments.metrics) is None:
            return
        served = metrics.served(self.endpoint)
        served.ended("OK" if failed is None else "ERROR", seconds)
        if failed is not None:
            served.failed(failed)


def _open_request(current: Current | None) -> ServedRequest | None:
    """Return the HTTP request around a call; a session's task may outlive the one it began in."""
    return current if isinstance(current, ServedRequest) and current.open else None


def _id_of(trace: Trace | None) -> str:
    return trace.id if trace is not None and trace.sampled else fresh_id()
