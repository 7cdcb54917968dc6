"""Levels of loggers, read and changed while running (exposes.md CTL-8)."""

import logging
from typing import Final

from naftiko_runtime.observability.logs import LEVEL_NUMBERS, PACKAGE, level_name, level_number
from naftiko_runtime.values import Json

ROOT: Final = "ROOT"
_OFF: Final = LEVEL_NUMBERS["OFF"]


def log_levels() -> dict[str, Json]:
    """Return ``{"loggers": {name: {"configuredLevel", "effectiveLevel"}}}``.

    Listed are the root, the loggers of this package, and others whose level was set.
    """
    known = sorted(name for name, logger in _loggers().items() if _listed(name, logger))
    return {"loggers": {name: log_level(name) for name in (ROOT, *known)}}


def log_level(name: str) -> dict[str, Json]:
    """Return the two levels of one logger."""
    logger = _logger(name)
    configured = None if logger.level == logging.NOTSET else _name(logger.level)
    return {"configuredLevel": configured, "effectiveLevel": _name(logger.getEffectiveLevel())}


def set_log_level(name: str, level: str | None) -> dict[str, Json]:
    """Set a logger's level, or (None) let it inherit; return its levels.

    Kept in memory only. Raises ``ValueError`` for an unknown level.
    """
    _logger(name).setLevel(logging.NOTSET if level is None else level_number(level))
    return log_level(name)


def _logger(name: str) -> logging.Logger:
    return logging.getLogger() if name == ROOT else logging.getLogger(name)


def _loggers() -> dict[str, logging.Logger]:
    known = list(logging.root.manager.loggerDict.items())
    return {name: logger for name, logger in known if isinstance(logger, logging.Logger)}


def _listed(name: str, logger: logging.Logger) -> bool:
    ours = name == PACKAGE or name.startswith(f"{PACKAGE}.")
    return ours or logger.level != logging.NOTSET


def _name(level: int) -> str:
    return "OFF" if level >= _OFF else level_name(level)
