"""Access lines: one record per request, made without what ``Logger.info`` looks up (OBS-7)."""

import logging
import time
from collections.abc import Mapping
from typing import Final

from naftiko_runtime.values import Json

ACCESS: Final = logging.getLogger("naftiko_runtime.access")


_SAME: Final = {
    **ACCESS.makeRecord(ACCESS.name, logging.INFO, "", 0, "request", (), None).__dict__,
    "process": None,
    "relativeCreated": 0.0,
}
"""What all records have in common: looking it up anew costs more than the rest of a record."""


def access_wanted() -> bool:
    """Whether the level lets access lines through."""
    return ACCESS.isEnabledFor(logging.INFO)


def log_access(fields: Mapping[str, Json]) -> None:
    """Emit one line; ``fields`` never hold a query value, header value or body."""
    now = time.time()
    record = logging.LogRecord.__new__(logging.LogRecord)
    record.__dict__.update(_SAME, created=now, msecs=now % 1 * 1000, fields=fields)
    ACCESS.handle(record)
