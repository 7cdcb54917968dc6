"""Log output: records as text or JSON lines on stderr, with request and trace ids, scrubbed.

Nothing here is called for a record below the level of its logger.
"""

import json
import logging
import sys
import traceback
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final, Literal, TextIO

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
    if (current := CURRENT.get()) is not None:
        if current.span is not None:
            line |= {"trace_id": current.span.trace_hex, "span_id": current.span.span_hex}
        line["request_id"] = current.request_id
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
    line = members(record)
    text = _encode(line)
    return _encode(scrubbed(line, redactor.scrub)) if redactor.holds(text) else text


def fields_of(record: logging.LogRecord) -> Mapping[str, Json]:
    """Return the members given with ``extra={"fields": {…}}``."""
    found: Mapping[str, Json] = getattr(record, "fields", {})
    return found


def level_name(level: int) -> str:
    """Return the name of a level as the control port and log lines spell it."""
    return _LEVELS.get(level) or logging.getLevelName(level)


class JsonFormatter(logging.Formatter):
    """One JSON object a line (OBS-7)."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        return one_line(record, self._redactor)


class TextFormatter(logging.Formatter):
    """One line for people: time, level, logger, message, then the members as ``name=value``."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._scrub = redactor.scrub

    def format(self, record: logging.LogRecord) -> str:
        level = _LEVELS.get(record.levelno) or record.levelname
        time = timestamp(int(record.created * 1_000_000_000))
        pieces = [f"{time} {level:5} {record.name} {record.getMessage()}"]
        if (current := CURRENT.get()) is not None:
            if current.span is not None:
                pieces.append(f"trace_id={current.span.trace_hex}")
            pieces.append(f"request_id={_shown(current.request_id)}")
        for name, value in fields_of(record).items():
            pieces.append(_pair(name, value) if type(value) is str else f"{name}={_shown(value)}")
        text = " ".join(pieces)
        trace = _trace_of(record)
        return self._scrub(f"{text}\n{trace}" if trace else text)


def install_logs(
    redactor: Redactor,
    level: str = "INFO",
    output: Literal["text", "json"] = "text",
    stream: TextIO | None = None,
) -> Callable[[], None]:
    """Send what is logged to ``stream`` (stderr); return what undoes it.

    The handler stands on the root logger, so that libraries are scrubbed too.
    """
    handler = LineHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter(redactor) if output == "json" else TextFormatter(redactor))
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


@lru_cache(maxsize=4096)
def _pair(name: str, text: str) -> str:
    """Return a member whose value is text: lines repeat the names of few operations."""
    return f"{name}={_shown(text)}"


def _shown(value: Json) -> str:
    if type(value) in _NUMBERS:
        return str(value)
    text = value if isinstance(value, str) else _encode(value)
    return _encode(text) if " " in text or not text else text
