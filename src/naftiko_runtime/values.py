"""JSON values, their text forms, and the one that is not there."""

import json
import re
from typing import Any, Final, TypeAlias, final

Json: TypeAlias = Any
"""``None``, ``bool``, ``int``, ``float``, ``str``, ``list[Json]`` or ``dict[str, Json]``."""


@final
class Absent:
    """The type of ``ABSENT``: not given, not found (language.md, Terms)."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "ABSENT"

    def __bool__(self) -> bool:
        return False


ABSENT: Final = Absent()

# one encoder for all: json.dumps would make one for each call
_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def compact(value: Json) -> str:
    """Return JSON without spaces, members in order, non-ASCII as it is (language.md 5.3)."""
    return _encode(value)


def text_of(value: Json) -> str:
    """Return the text form of a value: text as it is, everything else as JSON (language.md 3.4)."""
    return value if isinstance(value, str) else compact(value)


def integer_of(value: Json) -> Json:
    """Return text as the integer it writes, everything else as it is (language.md 9.4)."""
    if isinstance(value, str) and _INTEGER.fullmatch(value.strip()):
        return int(value)
    return value


def number_of(value: Json) -> Json:
    """Return text as the JSON number it writes, everything else as it is (language.md 9.4)."""
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return json.loads(value)
    return value


def boolean_of(value: Json) -> Json:
    """Return ``true`` or ``false`` in any case as a boolean, everything else as it is."""
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    return value


def structure_of(value: Json) -> Json:
    """Return JSON text as its object or array, everything else as it is (language.md 11.2)."""
    if not isinstance(value, str):
        return value
    try:
        parsed = json.loads(value)
    except ValueError:
        return value
    return parsed if isinstance(parsed, dict | list) else value


_INTEGER: Final = re.compile(r"-?[0-9]+")
_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
