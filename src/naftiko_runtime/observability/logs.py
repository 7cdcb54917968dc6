"""Log output: records as text or JSON lines on stderr, with request and trace ids, scrubbed.

Nothing here is called for a record below the level of its logger.
"""

import json
import logging
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final, Literal, TextIO

from naftiko_runtime.observability.access import ACCESS, MESSAGE
from naftiko_runtime.observability.access_line import AccessLine, Operation
from naftiko_runtime.observability.clock import timestamp
from naftiko_runtime.observability.context import CURRENT
from naftiko_runtime.observability.redaction import Redactor, scrubbed
from naftiko_runtime.observability.stream import LineHandler
from naftiko_runtime.values import Json

PACKAGE: Final = "naftiko_runtime"
_LEVELS: Final = {logging.WARNING: "WARN", logging.CRITICAL: "ERROR"}
_encode: Final = json.JSONEncoder(ensure_ascii=False, default=str).encode
_NUMBERS: Final = (int, float)
_CHATTY: Final = ("asyncio", "httpx", "mcp", "opentelemetry", "uvicorn")
"""Libraries that log every request at INFO: only their warnings are of interest."""


def members(record: logging.LogRecord) -> dict[str, Json]:
    """Return a record as the JSON object of OBS-7; extra members come from ``record.fields``."""
    line: dict[str, Json] = {
        "timestamp": timestamp(int(record.created * 1_000_000_000)),
        "level": level_name(record.levelno),
        "logger": record.name,
        "message": record.getMessage(),
    }
    line |= _current()
    line |= fields_of(record)
    if trace := _trace_of(record):
        line["exception"] = trace
    return line


def _trace_of(record: logging.LogRecord) -> str:
    if not record.exc_info or record.exc_info[0] is None:
        return ""
    return "".join(traceback.format_exception(*record.exc_info)).rstrip()


def one_line(record: logging.LogRecord, redactor: Redactor) -> str:
    """Return a record as one line of JSON, scrubbed."""
    return _scrubbed(_encode(members(record)), redactor)


def _scrubbed(line: str, redactor: Redactor) -> str:
    """Return a line of JSON without secrets, still JSON."""
    return _encode(scrubbed(json.loads(line), redactor.scrub)) if redactor.holds(line) else line


def fields_of(record: logging.LogRecord) -> Mapping[str, Json]:
    """Return the members given with ``extra={"fields": {…}}``."""
    found: Mapping[str, Json] = getattr(record, "fields", {})
    return found


def level_name(level: int) -> str:
    """Return the name of a level as the control port and log lines spell it."""
    return _LEVELS.get(level) or logging.getLevelName(level)


class JsonLines:
    """One JSON object a line (OBS-7)."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor

    def line(self, record: logging.LogRecord) -> str:
        """Return a record as one JSON object."""
        return _encode(members(record))

    def access(self, line: AccessLine) -> str:
        """Return a request as one JSON object."""
        head = {
            "timestamp": timestamp(time.time_ns()),
            "level": "INFO",
            "logger": ACCESS.name,
            "message": MESSAGE,
        }
        return _encode({**head, **_current(), **line.fields})

    def scrubbed(self, lines: list[str]) -> str:
        """Return lines without secrets; only those that have one are looked at closely."""
        text = "\n".join(lines)
        if not self._redactor.holds(text):
            return text
        return "\n".join([_scrubbed(line, self._redactor) for line in lines])


class TextLines:
    """One line for people: time, level, logger, message, then the members as ``name=value``."""

    def __init__(self, redactor: Redactor) -> None:
        self._scrub = redactor.scrub

    def line(self, record: logging.LogRecord) -> str:
        """Return a record for people, its traceback below."""
        level = _LEVELS.get(record.levelno) or record.levelname
        time_ = timestamp(int(record.created * 1_000_000_000))
        pieces = [f"{time_} {level:5} {record.name} {record.getMessage()}"]
        pieces += [f"{name}={_shown(value)}" for name, value in _current().items()]
        pieces += [f"{name}={_shown(value)}" for name, value in fields_of(record).items()]
        text = " ".join(pieces)
        trace = _trace_of(record)
        return f"{text}\n{trace}" if trace else text

    def access(self, line: AccessLine) -> str:
        """Return a request for people: what ``line`` would give, in one step."""
        current = CURRENT.get()
        if current is None:
            context = ""
        elif (trace := current.trace) is None:
            context = f" request_id={current.request_id}"
        else:
            ids = f" trace_id={trace.id} span_id={current.span_id}"
            context = f"{ids} request_id={current.request_id}"
        method, route, status, duration, received, sent, operation = line
        return (
            f"{timestamp(time.time_ns())} INFO  {ACCESS.name} {MESSAGE}{context} method={method} "
            f"route={_text(route)} status={status} duration_ms={duration} "
            f"request_bytes={received} response_bytes={sent}{_tail(operation)}"
        )

    def scrubbed(self, lines: list[str]) -> str:
        """Return lines without secrets."""
        return self._scrub("\n".join(lines))


def _current() -> dict[str, Json]:
    """Return the ids of what is being served: trace and span when recorded, and the request's."""
    current = CURRENT.get()
    if current is None:
        return {}
    ids: dict[str, Json] = {}
    if current.trace is not None:
        ids = {"trace_id": current.trace.id, "span_id": current.span_id}
    ids["request_id"] = current.request_id
    return ids


@lru_cache(maxsize=4096)
def _tail(operation: Operation) -> str:
    return "".join([f" {name}={_shown(value)}" for name, value in operation.fields.items()])


def install_logs(
    redactor: Redactor,
    level: str = "INFO",
    output: Literal["text", "json"] = "text",
    stream: TextIO | None = None,
) -> Callable[[], None]:
    """Send what is logged to ``stream`` (stderr); return what undoes it.

    The handler stands on the root logger, so that libraries are scrubbed too.
    """
    lines = JsonLines(redactor) if output == "json" else TextLines(redactor)
    handler = LineHandler(stream or sys.stderr, lines)
    root = logging.getLogger()
    before, threads = root.level, logging.logThreads
    logging.logThreads = False  # nothing here shows them, and looking them up costs
    root.addHandler(handler)
    root.setLevel(level_number(level))
    for name in _CHATTY:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))

    def undo() -> None:
        root.removeHandler(handler)
        handler.close()
        root.setLevel(before)
        logging.logThreads = threads

    return undo


def level_number(name: str) -> int:
    """Return the number of a level of CTL-8 in any case; raise ``ValueError`` for another word."""
    try:
        return LEVEL_NUMBERS[name.upper()]
    except KeyError:
        raise ValueError(f"{name!r} is not one of {', '.join(LEVEL_NUMBERS)}") from None


LEVEL_NUMBERS: Final[Mapping[str, int]] = {
    "TRACE": logging.DEBUG,
    "DEBUG": logging.DEBUG,
    "INFO": logging.INFO,
    "WARN": logging.WARNING,
    "ERROR": logging.ERROR,
    "OFF": logging.CRITICAL + 50,
}


def _shown(value: Json) -> str:
    if type(value) in _NUMBERS:
        return str(value)
    return _text(value if isinstance(value, str) else _encode(value))


@lru_cache(maxsize=1024)
def _text(text: str) -> str:
    return _encode(text) if " " in text or not text else text
