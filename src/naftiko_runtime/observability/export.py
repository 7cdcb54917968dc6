"""Sends finished spans, metrics and log records from a thread of its own; full queues lose."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Final, NamedTuple, Protocol, TypeAlias, TypeVar

from naftiko_runtime.observability.context import CURRENT
from naftiko_runtime.observability.logs import fields_of, level_name
from naftiko_runtime.observability.series import Snapshot
from naftiko_runtime.observability.spans import Note, Trace
from naftiko_runtime.values import Json

Item = TypeVar("Item")
Finished: TypeAlias = tuple[Trace, Note]
_QUEUE: Final = 2048
_BATCH: Final = 512
_SPANS_EVERY: Final = 5.0
_METRICS_EVERY: Final = 60.0
_OWN: Final = ("opentelemetry", "urllib3", "requests", "grpc")
"""Loggers of the exporters: sending what they log would make them log."""


class LogLine(NamedTuple):
    """One log record with what only its own task knows; identifiers are empty outside a trace."""

    time_ns: int
    level: str
    number: int
    logger: str
    message: str
    fields: dict[str, Json]
    trace_id: str
    span_id: str


class Receiver(Protocol):
    """The OTLP side; each method blocks, and may raise whatever its library raises."""

    def spans(self, spans: Sequence[Finished]) -> None: ...
    def metrics(self, snapshot: Snapshot) -> None: ...
    def logs(self, lines: Sequence[LogLine]) -> None: ...
    def shutdown(self) -> None:
        """Give up what is being sent and close connections."""
        ...


class Exporter(logging.Handler):
    """Gathers and sends in batches; nothing that is served ever waits for it."""

    def __init__(self, receiver: Receiver, snapshot: Callable[[], Snapshot] | None) -> None:
        super().__init__()
        self._receiver = receiver
        self._snapshot = snapshot
        self._spans: deque[Finished] = deque(maxlen=_QUEUE)
        self._lines: deque[LogLine] = deque(maxlen=_QUEUE)
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="naftiko-otlp", daemon=True)
        self._thread.start()

    def add(self, trace: Trace, note: Note) -> None:
        """Take a finished span."""
        self._spans.append((trace, note))
        if len(self._spans) >= _BATCH:
            self._wake.set()

    def emit(self, record: logging.LogRecord) -> None:
        """Take a log record."""
        if record.name.partition(".")[0] in _OWN:
            return
        current = CURRENT.get()
        trace = current.trace if current is not None else None
        fields = dict(fields_of(record))
        if current is not None:
            fields["request_id"] = current.request_id
        self._lines.append(
            LogLine(
                int(record.created * 1_000_000_000),
                level_name(record.levelno),
                record.levelno,
                record.name,
                record.getMessage(),
                fields,
                "" if trace is None else trace.id,
                "" if current is None else current.span_id,
            )
        )

    def stop(self, seconds: float = 5.0) -> None:
        """Send what is left, for so long at most (LST-8), and end the thread."""
        self._stopping = True
        self._wake.set()
        self._thread.join(seconds)
        self._receiver.shutdown()

    def _run(self) -> None:
        due = monotonic() + _METRICS_EVERY
        while not self._stopping:
            self._wake.wait(_SPANS_EVERY)
            self._wake.clear()
            if not self._stopping:
                self._send(with_metrics=monotonic() >= due)
                due = due if monotonic() < due else monotonic() + _METRICS_EVERY
        self._send(with_metrics=True)

    def _send(self, *, with_metrics: bool) -> None:
        while spans := _taken(self._spans):
            self._attempt(self._receiver.spans, spans)
        while lines := _taken(self._lines):
            self._attempt(self._receiver.logs, lines)
        if with_metrics and self._snapshot is not None:
            self._attempt(self._receiver.metrics, self._snapshot())

    def _attempt(self, send: Callable[[Item], None], item: Item) -> None:
        try:
            send(item)
        except Exception as exc:  # noqa: BLE001 - a broken exporter must not end the thread
            logging.getLogger("opentelemetry").warning("telemetry was not exported: %s", exc)


def _taken(queue: deque[Item]) -> list[Item]:
    taken: list[Item] = []
    while queue and len(taken) < _BATCH:
        taken.append(queue.popleft())
    return taken
