"""Traces: begun, sampled and gathered here; shown by the ring and sent by the exporter.

While something is served only what happened is noted, in a tuple for each span; names, attributes
and points in time are worked out when somebody asks. Measured, a span costs less than 1 µs this
way against 26 µs as an object of the OpenTelemetry SDK, which is needed only where spans are
exported.
"""

import time
from collections.abc import Callable
from random import getrandbits
from typing import Final, Literal, Protocol, TypeAlias

from naftiko_runtime.observability.propagation import CARRIERS, Propagation, Remote, injected

Kind = Literal["SERVER", "CLIENT", "INTERNAL"]
Attribute: TypeAlias = str | int | float | bool
Attributes: TypeAlias = dict[str, Attribute]
MAX_SPANS: Final = 1000
"""Spans kept of one local trace (exposes.md CTL-10)."""
_LOW_64: Final = (1 << 64) - 1
_SECOND: Final = 1_000_000_000


class Span(Protocol):
    """One timed piece of work that ended: ids as hexadecimal digits, times of ``perf_counter``."""

    @property
    def id(self) -> str: ...
    @property
    def parent_id(self) -> str:
        """The span around it, here or at the caller; empty for a root."""
        ...

    @property
    def began(self) -> float: ...
    @property
    def seconds(self) -> float: ...
    @property
    def error(self) -> str | None:
        """What went wrong; None unless the status is ERROR (OBS-5)."""
        ...

    @property
    def kind(self) -> Kind: ...
    @property
    def name(self) -> str: ...
    @property
    def operation(self) -> str:
        """The ``naftiko.operation.id``, or nothing."""
        ...

    def attributes(self) -> Attributes:
        """Return the attributes of OBS-4, not yet scrubbed."""
        ...


class Trace:
    """What happens here under one trace id, from a local root (``span_id``) on.

    One that is not sampled has identifiers only, so that upstreams learn the decision. Finished
    spans do not know their trace: if they did, only the garbage collector could free it.
    """

    __slots__ = (
        "_began",
        "_began_ns",
        "id",
        "parent_id",
        "root",
        "sampled",
        "span_id",
        "spans",
        "state",
    )

    def __init__(self, began: float, trace_id: str, span_id: str, remote: Remote | None) -> None:
        self._began = began
        self._began_ns = time.time_ns()
        self.id = trace_id
        self.span_id = span_id
        self.sampled = True
        self.parent_id = ""
        self.state = ""
        if remote is not None:
            self.parent_id = remote.span_id
            self.state = remote.state
        self.root: Span | None = None
        self.spans: list[Span] = []

    def start_ns(self, span: Span) -> int:
        """Return when a span began in nanoseconds since 1970."""
        return self._began_ns + round((span.began - self._began) * _SECOND)


class Tracer:
    """Begins traces and takes finished spans; a trace is complete when its local root ends."""

    def __init__(
        self,
        ratio: float = 1.0,
        propagation: Propagation = "w3c",
        finished: Callable[[Trace, Span], None] | None = None,
        complete: Callable[[Trace], None] | None = None,
    ) -> None:
        self._threshold = round(ratio * (_LOW_64 + 1))
        self._finished = finished
        self._complete = complete
        self.propagation: Final = propagation
        self.carriers: Final = CARRIERS[propagation]
        """Names of the headers without which there is no caller's context."""

    def begin(self, began: float, remote: Remote | None = None) -> Trace:
        """Begin a trace, or continue the caller's.

        A root is sampled by the ratio, all others as their parent is (OBS-1).
        """
        if remote is None:
            digits = f"{getrandbits(192):048x}"
            trace = Trace(began, digits[:32], digits[32:], None)
        else:
            trace = Trace(began, remote.trace_id, span_id(), remote)
            if remote.sampled is not None:
                trace.sampled = remote.sampled
                return trace
        if self._threshold <= _LOW_64:
            trace.sampled = int(trace.id[16:], 16) < self._threshold
        return trace

    def end(self, trace: Trace, span: Span) -> None:
        """Take a finished span of a trace that is sampled; others are not even noted."""
        if len(trace.spans) < MAX_SPANS:
            trace.spans.append(span)
        if self._finished is not None:
            self._finished(trace, span)
        if span.id == trace.span_id:
            trace.root = span
            if self._complete is not None:
                self._complete(trace)

    def headers(self, trace: Trace, span_id: str) -> tuple[tuple[str, str], ...]:
        """Return the headers that make a span the parent of what an upstream does (OBS-3)."""
        if trace.state or self.propagation != "w3c":
            return injected(trace, span_id, self.propagation)
        flags = "01" if trace.sampled else "00"
        return (("traceparent", f"00-{trace.id}-{span_id}-{flags}"),)


def span_id() -> str:
    """Return a fresh identifier; ``random`` seeds itself anew in forked workers."""
    return f"{getrandbits(64):016x}"
