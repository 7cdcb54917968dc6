"""The last finished local traces, for the control port (exposes.md CTL-10)."""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

from naftiko_runtime.observability.clock import timestamp
from naftiko_runtime.observability.spans import Span, Trace, span_of
from naftiko_runtime.values import Json

Status = Literal["OK", "ERROR"]


class _Shown(NamedTuple):
    """A trace as it is shown: all its spans, the root the first of them."""

    trace: Trace
    root: Span
    spans: tuple[Span, ...]


class TraceRing:
    """Keeps the newest ``size`` traces; ``scrub`` is applied to every text that leaves it."""

    def __init__(self, size: int, scrub: Callable[[str], str]) -> None:
        self._traces: deque[Trace] = deque(maxlen=size)
        self._size = size
        self._scrub = scrub
        self.add: Callable[[Trace], None] = self._traces.append
        """Takes a trace whose local root ended; it may still grow when work outlives it."""

    def listing(self, operation: str | None = None, status: str | None = None) -> dict[str, Json]:
        """Return ``{"traces", "bufferSize", "bufferUsed"}``, newest first.

        ``operation`` is a part of the root's name or of an operation id in the trace; ``status``
        is ``ok`` or ``error`` in any case.
        """
        wanted = None if status is None else status.upper()
        found = [
            self._summary(shown)
            for shown in self._newest_first()
            if _about(shown, operation) and wanted in {None, _status(shown)}
        ]
        return {"traces": found, "bufferSize": self._size, "bufferUsed": len(self._traces)}

    def trace(self, trace_id: str) -> dict[str, Json] | None:
        """Return one trace with its spans in order of their start; None when it is not kept.

        It may have several local roots: requests of one caller.
        """
        found = [shown for shown in self._newest_first() if shown.trace.id == trace_id]
        if not found:
            return None
        spans = [(shown.trace.start_ns(span), span) for shown in found for span in shown.spans]
        spans.sort(key=lambda pair: pair[0])
        return {**self._summary(found[0]), "spans": [self._span(span) for _, span in spans]}

    def _newest_first(self) -> Iterator[_Shown]:
        for trace in reversed(self._traces):
            if trace.root is not None:
                root = span_of(trace.root)
                yield _Shown(trace, root, (root, *map(span_of, trace.notes)))

    def _summary(self, shown: _Shown) -> dict[str, Json]:
        trace, root, spans = shown
        return {
            "traceId": trace.id,
            "operation": self._scrub(root.name),
            "durationMs": _milliseconds(root),
            "status": _status(shown),
            "spanCount": len(spans),
            "timestamp": timestamp(trace.start_ns(root)),
        }

    def _span(self, span: Span) -> dict[str, Json]:
        shown: dict[str, Json] = {"spanId": span.id}
        if span.parent_id:
            shown["parentSpanId"] = span.parent_id
        return {
            **shown,
            "name": self._scrub(span.name),
            "kind": span.kind,
            "durationMs": _milliseconds(span),
            "status": "OK" if span.error is None else "ERROR",
            "attributes": {
                name: self._scrub(value) if isinstance(value, str) else value
                for name, value in span.attributes().items()
            },
        }


def _about(shown: _Shown, operation: str | None) -> bool:
    return (
        operation is None
        or operation in shown.root.name
        or any(operation in span.operation for span in shown.spans)
    )


def _status(shown: _Shown) -> Status:
    return "OK" if all(span.error is None for span in shown.spans) else "ERROR"


def _milliseconds(span: Span) -> float:
    return round(span.seconds * 1000, 3)
