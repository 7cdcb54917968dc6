"""The client side while recording: exchanges with upstreams, steps, aggregate functions."""

from time import perf_counter
from typing import Final, TypeAlias

from naftiko_runtime.observability.client_spans import AttemptSpan, RunSpan, address_of
from naftiko_runtime.observability.context import CURRENT
from naftiko_runtime.observability.instruments import Instruments
from naftiko_runtime.observability.propagation import injected
from naftiko_runtime.observability.series import Distribution
from naftiko_runtime.observability.spans import Trace, Tracer
from naftiko_runtime.observability.telemetry import Consumed, Endpoint, Headers, Work

_End: TypeAlias = tuple[str, int | None, str | None]
"""How an exchange ended: method, status if there was an answer, ``error.type`` if it failed."""
_FAILED: Final = 400
_SCHEME: Final = len("https://")
"""Characters at the start of a URL among which the slash before its path cannot be."""


class RecordedPeer:
    """One consumed operation (``telemetry.Peer``); it remembers what is counted for its host."""

    __slots__ = ("_counted", "_origin", "consumed", "instruments")

    def __init__(self, instruments: Instruments, consumed: Consumed) -> None:
        self.instruments = instruments
        self.consumed = consumed
        self._origin: str | None = None
        self._counted: dict[_End, tuple[Distribution, ...]] = {}

    def attempt(self, method: str, url: str, resend: int = 0) -> "RecordedAttempt":
        """Begin one exchange."""
        return RecordedAttempt(self, method, url, resend)

    def count(self, url: str, end: _End, seconds: float) -> None:
        """Count one exchange."""
        if self._origin is None or not url.startswith(self._origin):
            # a base URI may have placeholders; the hosts that they make are seldom many
            self._origin = url[: url.find("/", _SCHEME) + 1] or None
            self._counted = {}
        counted = self._counted.get(end)
        if counted is None:
            counted = self._counted[end] = self._found(url, *end)
        for each in counted:
            each.observe(seconds)

    def _found(
        self, url: str, method: str, status: int | None, failed: str | None
    ) -> tuple[Distribution, ...]:
        address = address_of(url)
        found: list[Distribution | None] = []
        if (metrics := self.instruments.metrics) is not None:
            found.append(metrics.sent(method, address[0], status or failed or ""))
        if (conventions := self.instruments.conventions) is not None:
            outcome = str(status or ""), failed or ""
            found.append(conventions.sent(method, address, outcome))
        return tuple(each for each in found if each is not None)


class RecordedAttempt:
    """One exchange (``telemetry.Attempt``)."""

    __slots__ = (
        "_began",
        "_method",
        "_parent_id",
        "_peer",
        "_resend",
        "_span_id",
        "_trace",
        "_url",
        "headers",
    )

    def __init__(self, peer: RecordedPeer, method: str, url: str, resend: int) -> None:
        self._began = perf_counter()
        self._peer = peer
        self._method = method
        self._url = url
        self._resend = resend
        self._trace: Trace | None = None
        self.headers: Headers = ()
        """The trace context for the upstream."""
        if (tracer := peer.instruments.tracer) is not None:
            trace, self._span_id, self._parent_id = _child(tracer, self._began)
            self._trace = trace
            self.headers = injected(
                trace.id,
                self._span_id,
                sampled=trace.sampled,
                state=trace.state,
                propagation=tracer.propagation,
            )

    def ended(self, status: int | None, error: str | None = None) -> None:
        """Record the end of the exchange."""
        seconds = perf_counter() - self._began
        peer, trace = self._peer, self._trace
        if status is None:
            failed: str | None = error or "connection"
        else:
            failed = str(status) if status >= _FAILED else error
        peer.count(self._url, (self._method, status, failed), seconds)
        if trace is not None and trace.sampled and (tracer := peer.instruments.tracer) is not None:
            members = (
                self._span_id,
                self._parent_id,
                self._began,
                seconds,
                failed,
                peer.consumed,
                self._method,
                self._url,
                self._resend,
                status,
            )
            tracer.end(trace, self._span_id, (AttemptSpan, members))


class RecordedRun:
    """A step or an aggregate function (``telemetry.Run``); what runs inside is its child."""

    __slots__ = (
        "_began",
        "_instruments",
        "_parent_id",
        "_previous",
        "_work",
        "endpoint",
        "request_id",
        "span_id",
        "trace",
    )

    def __init__(self, instruments: Instruments, work: Work) -> None:
        self._began = perf_counter()
        self._instruments = instruments
        self._work = work
        self._previous = CURRENT.get()
        self.endpoint: Endpoint | None = self._previous.endpoint if self._previous else None
        self.request_id = self._previous.request_id if self._previous else ""
        self.trace: Trace | None = None
        self.span_id = ""
        if (tracer := instruments.tracer) is not None:
            self.trace, self.span_id, self._parent_id = _child(tracer, self._began)
        CURRENT.set(self)

    def ended(self, error: str | None = None) -> None:
        """Record the end of the work."""
        seconds = perf_counter() - self._began
        CURRENT.set(self._previous)
        work, trace = self._work, self.trace
        if (metrics := self._instruments.metrics) is not None and work.kind != "function":
            namespace = self.endpoint.namespace if self.endpoint is not None else ""
            metrics.stepped(work.kind, namespace, seconds)
        tracer = self._instruments.tracer
        if trace is not None and trace.sampled and tracer is not None:
            members = (self.span_id, self._parent_id, self._began, seconds, error, work)
            tracer.end(trace, self.span_id, (RunSpan, members))


def _child(tracer: Tracer, began: float) -> tuple[Trace, str, str]:
    """Return trace, id and parent's id of a span in what is being served, or of a root."""
    current = CURRENT.get()
    if current is None or current.trace is None:
        trace = tracer.begin(began)
        return trace, trace.span_id, ""
    return current.trace, current.trace.fresh_span_id(), current.span_id
