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
    begin_call_span,
    begin_server_span,
    call_attributes,
    server_attributes,
    server_span_name,
)
from naftiko_runtime.observability.spans import Span
from naftiko_runtime.observability.telemetry import Endpoint, Message, fresh_id

_REFUSED: Final = 400
_FAILED: Final = 500


class ServedRequest:
    """One HTTP request (``telemetry.Arrival``); the JSON-RPC request inside it, if any, joins."""

    __slots__ = (
        "_began",
        "_instruments",
        "_previous",
        "_scope",
        "_served",
        "call",
        "endpoint",
        "open",
        "request_id",
        "span",
    )

    def __init__(
        self, instruments: Instruments, scope: Mapping[str, Any], wanted_id: str | None
    ) -> None:
        self._began = perf_counter()
        self._instruments = instruments
        self._scope = scope
        self._served: Served | None = None
        self.endpoint: Endpoint | None = None
        self.call: ServedCall | None = None
        self.open = True
        tracer = instruments.tracer
        self.span: Span | None = None if tracer is None else begin_server_span(tracer, scope)
        self.request_id = wanted_id or (fresh_id() if self.span is None else _id_of(self.span))
        self._previous = CURRENT.get()
        CURRENT.set(self)

    def matched(self, endpoint: Endpoint) -> None:
        """Name the operation; a later, more exact answer replaces an earlier one."""
        if self._served is not None:
            self._served.active.add(-1)
        self.endpoint = endpoint
        if (metrics := self._instruments.metrics) is not None:
            self._served = metrics.served(endpoint)
            self._served.active.add()

    def ended(
        self, status: int, error: str | None = None, received: int = 0, sent: int = 0
    ) -> None:
        """Record the end of the request everywhere."""
        seconds = perf_counter() - self._began
        if self.endpoint is None and self._instruments.otherwise is not None:
            self.matched(self._instruments.otherwise)
        failed = error or "upstream-status" if status >= _FAILED else ""
        if self._served is not None:
            self._count(status, error, seconds)
        if (conventions := self._instruments.conventions) is not None and self.endpoint is not None:
            conventions.answered(self._scope, self.endpoint, (status, failed), seconds)
        if self.span is not None and (tracer := self._instruments.tracer) is not None:
            self.span.name = server_span_name(self._scope, self.endpoint)
            attributes = server_attributes(self._scope, self.endpoint, status, self.request_id)
            tracer.end(self.span, attributes, failed or None)
        if access_wanted():
            self._log(status, seconds, received, sent)
        self.open = False
        CURRENT.set(self._previous)

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
                operation_of(endpoint) if call is None else call.operation,
            )
        )

    def _count(self, status: int, error: str | None, seconds: float) -> None:
        served, endpoint = self._served, self.endpoint
        if served is None or endpoint is None:
            return
        served.active.add(-1)
        if endpoint.adapter != "mcp":
            served.ended(str(status), seconds)
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
        "_previous",
        "_request",
        "endpoint",
        "error",
        "message",
        "request_id",
        "span",
    )

    def __init__(self, instruments: Instruments, endpoint: Endpoint, message: Message) -> None:
        self._began = perf_counter()
        self._instruments = instruments
        self._previous = CURRENT.get()
        self._request = _open_request(self._previous)
        self.endpoint = endpoint
        self.message = message
        self.error: str | None = None
        self.span = self._begin_span(message)
        outer = self._previous
        self.request_id = _id_of(self.span) if outer is None else outer.request_id
        if self._request is not None:
            self._request.call = self
        CURRENT.set(self)

    def _begin_span(self, message: Message) -> Span | None:
        tracer = self._instruments.tracer
        if tracer is None:
            return None
        return begin_call_span(tracer, message, self._previous.span if self._previous else None)

    def ended(self, error: str | None = None, code: int | None = None) -> None:
        """Record the end of the call everywhere; over HTTP the access line is the request's."""
        seconds = perf_counter() - self._began
        self.error = None if error is None and code is None else (error or str(code))
        self._count(seconds)
        kind = "" if self.error is None else "tool_error" if code is None else str(code)
        if (conventions := self._instruments.conventions) is not None:
            outcome = (kind, "" if code is None else str(code))
            conventions.called(self.message, self.endpoint.operation, outcome, seconds)
        if self.span is not None and (tracer := self._instruments.tracer) is not None:
            attributes = call_attributes(self.endpoint, self.message, self.request_id)
            outcome_attributes = {"rpc.response.status_code": str(code)} if code is not None else {}
            tracer.end(self.span, attributes | outcome_attributes, kind or None)
        if self._request is None and access_wanted():
            log_fields({"duration_ms": round(seconds * 1000, 1), **self.operation.fields})
        CURRENT.set(self._previous)

    @property
    def operation(self) -> Operation:
        """What an access line says about the call."""
        return call_of(self.endpoint, self.message.method, failed=self.error is not None)

    def _count(self, seconds: float) -> None:
        if (metrics := self._instruments.metrics) is None:
            return
        served = metrics.served(self.endpoint)
        served.ended("OK" if self.error is None else "ERROR", seconds)
        if self.error is not None:
            served.failed(self.error)


def _open_request(current: Current | None) -> ServedRequest | None:
    """Return the HTTP request around a call; a session's task may outlive the one it began in."""
    return current if isinstance(current, ServedRequest) and current.open else None


def _id_of(span: Span | None) -> str:
    return span.trace_hex if span is not None and span.sampled else fresh_id()
