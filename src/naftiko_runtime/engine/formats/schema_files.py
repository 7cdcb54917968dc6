"""Schema files of answers: when they changed, and values that JSON can hold."""

import base64
import math
import struct
from pathlib import Path as FilePath
from typing import Final

from naftiko_runtime.errors import UndecodableResponse
from naftiko_runtime.values import Json

_DIGITS: Final = range(6, 10)
"""Significant digits a 32-bit float may need: nine tell all of them apart."""


def stamp_of(path: str) -> tuple[int, int]:
    """Return what tells versions of a file apart; raise ``UndecodableResponse``."""
    try:
        status = FilePath(path).stat()
    except OSError as error:
        raise _unreadable(path, error) from error
    return status.st_mtime_ns, status.st_size


def text_of_file(path: str) -> str:
    """Return the text of a schema file; raise ``UndecodableResponse``."""
    try:
        return FilePath(path).read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise _unreadable(path, error) from error


def base64_of(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def finite(number: float) -> float:
    """Return a number that JSON can hold; raise ``UndecodableResponse`` for NaN and infinity."""
    if not math.isfinite(number):
        raise UndecodableResponse(f"the answer has the number {number}, which is no JSON")
    return number


def shortest_single(number: float) -> Json:
    """Return the shortest double that is the given 32-bit float: 0.1, not 0.10000000149011612."""
    finite(number)
    candidates = (float(f"{number:.{digits}g}") for digits in _DIGITS)
    return next(short for short in candidates if _single(short) == number)


def _single(number: float) -> float:
    (rounded,) = struct.unpack("<f", struct.pack("<f", number))
    return float(rounded)


def _unreadable(path: str, error: Exception) -> UndecodableResponse:
    # a caller learns the file's name and not where it lies
    reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
    return UndecodableResponse(f"the schema {FilePath(path).name} cannot be read: {reason}")
