"""The last finished local traces, for the control port (exposes.md CTL-10)."""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Literal

from naftiko_runtime.observability.clock import timestamp
from naftiko_runtime.observability.spans import Span
from naftiko_runtime.values import Json

Status = Literal["OK", "ERROR"]


class TraceRing:
    """Keeps the newest ``size`` traces; ``scrub`` is applied to every text that leaves it."""

    def __init__(self, size: int, scrub: Callable[[str], str]) -> None:
        self._roots: deque[Span] = deque(maxlen=size)
        self._size = size
        self._scrub = scrub

    def add(self, root: Span) -> None:
        """Take a local root that has ended; its spans may still grow when work outlives it."""
        self._roots.append(root)

    def listing(self, operation: str | None = None, status: str | None = None) -> dict[str, Json]:
        """Return ``{"traces", "bufferSize", "bufferUsed"}``, newest first.

        ``operation`` is a part of the root's name or of an operation id in the trace; ``status``
        is ``ok`` or ``error`` in any case.
        """
        wanted = None if status is None else status.upper()
        found = [
            self._summary(root)
            for root in reversed(self._roots)
            if _about(root, operation) and wanted in {None, _status(root)}
        ]
        return {"traces": found, "bufferSize": self._size, "bufferUsed": len(self._roots)}

    def trace(self, trace_id: str) -> dict[str, Json] | None:
        """Return one trace with its spans in order of their start; None when it is not kept."""
        roots = [root for root in self._roots if root.trace_hex == trace_id]
        if not roots:
            return None
        spans = sorted(_spans(roots), key=lambda span: span.start_ns)
        return {**self._summary(roots[-1]), "spans": [self._span(span) for span in spans]}

    def _summary(self, root: Span) -> dict[str, Json]:
        return {
            "traceId": root.trace_hex,
            "operation": self._scrub(root.name),
            "durationMs": _milliseconds(root),
            "status": _status(root),
            "spanCount": len(root.spans),
            "timestamp": timestamp(root.start_ns),
        }

    def _span(self, span: Span) -> dict[str, Json]:
        shown: dict[str, Json] = {"spanId": span.span_hex}
        if span.parent_id:
            shown["parentSpanId"] = f"{span.parent_id:016x}"
        return {
            **shown,
            "name": self._scrub(span.name),
            "kind": span.kind,
            "durationMs": _milliseconds(span),
            "status": "OK" if span.error is None else "ERROR",
            "attributes": {
                name: self._scrub(value) if isinstance(value, str) else value
                for name, value in span.attributes.items()
            },
        }


def _about(root: Span, operation: str | None) -> bool:
    return (
        operation is None
        or operation in root.name
        or any(operation in str(s.attributes.get("naftiko.operation.id", "")) for s in root.spans)
    )


def _status(root: Span) -> Status:
    return "OK" if all(span.error is None for span in root.spans) else "ERROR"


def _milliseconds(span: Span) -> float:
    return round((span.end_ns - span.start_ns) / 1_000_000, 3)


def _spans(roots: list[Span]) -> Iterator[Span]:
    for root in roots:
        yield from root.spans
