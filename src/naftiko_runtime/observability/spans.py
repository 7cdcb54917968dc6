"""Traces: begun, sampled and gathered here; shown by the ring and sent by the exporter.

While something is served only what happened is noted, in a tuple for each span; names, attributes
and points in time are worked out when somebody asks. Measured, a span costs 1 µs this way against
26 µs as an object of the OpenTelemetry SDK, which is needed only where spans are exported.
"""

import time
from collections.abc import Callable
from random import getrandbits
from typing import Any, Final, Literal, Protocol, TypeAlias

from naftiko_runtime.observability.propagation import Propagation, Remote

Kind = Literal["SERVER", "CLIENT", "INTERNAL"]
Attribute: TypeAlias = str | int | float | bool
Attributes: TypeAlias = dict[str, Attribute]
DEFAULT_PORTS: Final = {"http": 80, "https": 443}
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


Note: TypeAlias = tuple[Callable[..., Span], tuple[Any, ...]]
"""What makes a span when somebody asks, and of what: this tuple costs a quarter of a span."""


def span_of(note: Note) -> Span:
    """Return the span that was noted."""
    make, members = note
    return make(*members)


class Trace:
    """What happens here under one trace id, from a local root (``span_id``) on.

    One that is not sampled has identifiers only, so that upstreams learn the decision. What is
    noted does not know its trace: if it did, only the garbage collector could free it.
    """

    __slots__ = (
        "_began",
        "_began_ns",
        "_spare",
        "id",
        "notes",
        "parent_id",
        "root",
        "sampled",
        "span_id",
        "state",
    )

    def __init__(self, began: float) -> None:
        self._began = began
        self._began_ns = time.time_ns()
        # asking once for all the digits of a usual trace; workers that are forked seed themselves
        digits = f"{getrandbits(256):064x}"
        self.id = digits[:32]
        self.span_id = digits[32:48]
        self._spare = digits[48:]
        self.parent_id = ""
        self.sampled = True
        self.state = ""
        self.root: Note | None = None
        """What was noted of the local root; None before it ended."""
        self.notes: list[Note] = []
        """Finished spans, the root not among them."""

    def fresh_span_id(self) -> str:
        """Return the identifier of a further span."""
        found, self._spare = self._spare, ""
        return found or f"{getrandbits(64):016x}"

    def start_ns(self, span: Span) -> int:
        """Return when a span began in nanoseconds since 1970."""
        return self._began_ns + round((span.began - self._began) * _SECOND)


class Tracer:
    """Begins traces and takes finished spans; a trace is complete when its local root ends."""

    def __init__(
        self,
        ratio: float = 1.0,
        propagation: Propagation = "w3c",
        finished: Callable[[Trace, Note], None] | None = None,
        complete: Callable[[Trace], None] | None = None,
    ) -> None:
        self._threshold = round(ratio * (_LOW_64 + 1))
        self._finished = finished
        self._complete = complete
        self.propagation: Final = propagation

    def begin(self, began: float, remote: Remote | None = None) -> Trace:
        """Begin a trace, or continue the caller's.

        A root is sampled by the ratio, all others as their parent is (OBS-1).
        """
        trace = Trace(began)
        if remote is not None:
            trace.id, trace.parent_id, trace.state = remote.trace_id, remote.span_id, remote.state
            if remote.sampled is not None:
                trace.sampled = remote.sampled
                return trace
        if self._threshold <= _LOW_64:
            trace.sampled = int(trace.id[16:], 16) < self._threshold
        return trace

    def end(self, trace: Trace, span_id: str, note: Note) -> None:
        """Take a finished span of a trace that is sampled; others are not even noted."""
        if span_id == trace.span_id:
            trace.root = note
            if self._complete is not None:
                self._complete(trace)
        elif len(trace.notes) < MAX_SPANS - 1:
            trace.notes.append(note)
        if self._finished is not None:
            self._finished(trace, note)
