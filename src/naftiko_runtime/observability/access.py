"""Access lines: one record per request, made without what ``Logger.info`` looks up (OBS-7)."""

import logging
from collections.abc import Mapping
from typing import Final

from naftiko_runtime.values import Json

ACCESS: Final = logging.getLogger("naftiko_runtime.access")


def access_wanted() -> bool:
    """Whether the level lets access lines through."""
    return ACCESS.isEnabledFor(logging.INFO)


def log_access(fields: Mapping[str, Json]) -> None:
    """Emit one line; ``fields`` never hold a query value, header value or body."""
    record = ACCESS.makeRecord(ACCESS.name, logging.INFO, "", 0, "request", (), None)
    record.fields = fields
    ACCESS.handle(record)
