"""Emits access lines: one for each request, without what ``logging`` looks up for each (OBS-7)."""

import logging
import time
from collections.abc import Mapping
from typing import Final

from naftiko_runtime.observability.access_line import AccessLine
from naftiko_runtime.observability.stream import LineHandler
from naftiko_runtime.values import Json

ACCESS: Final = logging.getLogger("naftiko_runtime.access")
MESSAGE: Final = "request"


def access_wanted() -> bool:
    """Whether the level lets access lines through."""
    return ACCESS.isEnabledFor(logging.INFO)


def log_access(line: AccessLine) -> None:
    """Emit the line of a request that was served, as a record unless only lines are written."""
    handlers = logging.root.handlers
    if len(handlers) == 1 and type(handlers[0]) is LineHandler and not ACCESS.handlers:
        handlers[0].access(line)
    else:
        log_fields(line.fields)


def log_fields(fields: Mapping[str, Json]) -> None:
    """Emit an access record."""
    now = time.time()
    record = logging.LogRecord.__new__(logging.LogRecord)
    record.__dict__.update(_SAME, created=now, msecs=now % 1 * 1000, fields=fields)
    ACCESS.handle(record)


_SAME: Final = {
    **ACCESS.makeRecord(ACCESS.name, logging.INFO, "", 0, MESSAGE, (), None).__dict__,
    "process": None,
    "relativeCreated": 0.0,
}
"""What all records have in common: looking it up anew costs more than the rest of a record."""
