"""Spans: made, nested and sampled here; shown by the ring and sent by the exporter.

A span is a record of our own, not an object of the OpenTelemetry SDK: measured, begin and end
cost 2 µs against 26 µs there, and the SDK is needed only where spans are exported.
"""

import os
import time
from collections.abc import Callable, Mapping
from random import Random
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from naftiko_runtime.observability.propagation import Propagation, Remote, injected

Kind = Literal["SERVER", "CLIENT", "INTERNAL"]
Attribute: TypeAlias = str | int | float | bool
MAX_SPANS: Final = 1000
"""Spans kept of one local trace (exposes.md CTL-10)."""
_LOW_64: Final = (1 << 64) - 1
_NONE: Final[Mapping[str, Attribute]] = MappingProxyType({})


class Span:
    """One timed piece of work; ``local_root`` gathers the finished spans of its trace here.

    An unsampled span has identifiers only, so that upstreams learn the decision. Times are
    nanoseconds since 1970.
    """

    __slots__ = (
        "attributes",
        "end_ns",
        "error",
        "kind",
        "local_root",
        "name",
        "parent_id",
        "remote_parent",
        "sampled",
        "span_id",
        "spans",
        "start_ns",
        "state",
        "trace_id",
    )

    def __init__(
        self, name: str, kind: Kind, parent: "Span | Remote | None", *, sampled: bool
    ) -> None:
        self.name = name
        self.kind = kind
        self.sampled = sampled
        self.parent_id: int = parent.span_id if parent is not None else 0
        self.remote_parent = isinstance(parent, Remote)
        self.trace_id: int = parent.trace_id if parent is not None else _random_id(128)
        self.state: str = parent.state if parent is not None else ""
        self.span_id: int = _random_id(64)
        self.local_root: Span = parent.local_root if isinstance(parent, Span) else self
        self.spans: list[Span] = []
        self.attributes: Mapping[str, Attribute] = _NONE
        self.error: str | None = None
        """What went wrong; None unless the status is ERROR (OBS-5)."""
        self.start_ns = time.time_ns() if sampled else 0
        self.end_ns = 0

    @property
    def trace_hex(self) -> str:
        return f"{self.trace_id:032x}"

    @property
    def span_hex(self) -> str:
        return f"{self.span_id:016x}"


class Tracer:
    """Begins and ends spans; each goes to ``finished``, a local root also to ``complete``."""

    def __init__(
        self,
        ratio: float = 1.0,
        propagation: Propagation = "w3c",
        finished: Callable[[Span], None] | None = None,
        complete: Callable[[Span], None] | None = None,
    ) -> None:
        self._threshold = round(ratio * (_LOW_64 + 1))
        self._finished = finished
        self._complete = complete
        self.propagation: Final = propagation

    def begin(self, name: str, kind: Kind, parent: Span | Remote | None) -> Span:
        """Begin a span; a root is sampled by the ratio, all others as their parent is (OBS-1)."""
        decided = parent.sampled if parent is not None else None
        if decided is not None:
            return Span(name, kind, parent, sampled=decided)
        span = Span(name, kind, parent, sampled=True)
        span.sampled = span.trace_id & _LOW_64 < self._threshold
        return span

    def end(self, span: Span, attributes: Mapping[str, Attribute], error: str | None) -> None:
        """End a span; one that is not sampled is forgotten."""
        if not span.sampled:
            return
        span.attributes = attributes
        span.error = error
        span.end_ns = max(time.time_ns(), span.start_ns)
        root = span.local_root
        if len(root.spans) < MAX_SPANS:
            root.spans.append(span)
        if self._finished is not None:
            self._finished(span)
        if root is span and self._complete is not None:
            self._complete(span)

    def headers(self, span: Span) -> tuple[tuple[str, str], ...]:
        """Return the headers that make ``span`` the parent of what an upstream does (OBS-3)."""
        return injected(
            span.trace_id,
            span.span_id,
            sampled=span.sampled,
            state=span.state,
            propagation=self.propagation,
        )


_random: Final = Random()  # noqa: S311 - identifiers need to differ, not to be secret
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_random.seed)  # else all workers make the same ones


def _random_id(bits: int) -> int:
    return _random.getrandbits(bits) or 1
