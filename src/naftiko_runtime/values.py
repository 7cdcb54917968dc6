"""JSON values, their text forms, and the one that is not there."""

import json
import re
from collections.abc import Callable
from functools import cache
from typing import Any, Final, NoReturn, TypeAlias, final

Json: TypeAlias = Any
"""``None``, ``bool``, ``int``, ``float``, ``str``, ``list[Json]`` or ``dict[str, Json]``.

Floats are finite: whoever lets values in refuses NaN and infinity, which JSON does not have.
"""


@final
class Absent:
    """The type of ``ABSENT``: not given, not found (language.md, Terms)."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "ABSENT"

    def __bool__(self) -> bool:
        return False


ABSENT: Final = Absent()


@cache
def _codec() -> tuple[Callable[[Json], bytes], Callable[[str | bytes], Json]]:
    """Return what writes and what reads JSON in a fraction of the time that ``json`` takes.

    Whose spelling stays the measure. It is imported with the first value, because that takes 15 ms
    and commands that only ask a running process need none.
    """
    import msgspec  # noqa: PLC0415 -- as above

    return msgspec.json.Encoder().encode, msgspec.json.Decoder().decode


# one encoder for all: json.dumps would make one for each call
_write_slowly: Final = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), allow_nan=False
).encode
_SMALL: Final = b"0.0000"
# it begins with a letter that can be searched for, and looks behind it after that
_EXPONENT: Final = re.compile(rb"e(?<=[0-9]e)-?[0-9]{1,3}(?:[,\]}]|\Z)")


def compact(value: Json) -> str:
    """Return JSON without spaces, members in order, non-ASCII as it is (language.md 5.3)."""
    written = _written(value)
    return _write_slowly(value) if written is None else written.decode()


def compact_bytes(value: Json) -> bytes:
    """Return what ``compact`` does, in UTF-8; raise ``UnicodeEncodeError`` for half surrogates."""
    written = _written(value)
    return _write_slowly(value).encode() if written is None else written


def _written(value: Json) -> bytes | None:
    """Return a value as JSON, None when json may write it in another way.

    That is a number with an exponent (``1e-05`` and ``1e+16``, where msgspec has ``0.00001`` and
    ``1e16``), half of a surrogate pair, and whatever is not exactly of one of JSON's types.
    """
    try:
        written = _codec()[0](value)
    except (TypeError, ValueError, RecursionError):
        return None
    return None if _SMALL in written or _EXPONENT.search(written) else written


def parsed(text: str | bytes) -> Json:
    """Return the value of JSON text, exact integers included; raise ``ValueError``.

    Refused, too, are numbers beyond doubles, half surrogate pairs, and a byte order mark. The
    message is for nobody's eyes: ``json`` says better what is wrong and where.
    """
    try:
        return _codec()[1](text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def double(text: str) -> float:
    """Return a number, for ``json`` as its ``parse_float``; raise ``NoNumber`` when too large."""
    number = float(text)
    if number in _INFINITE:
        raise NoNumber("a number is too large")
    return number


def no_constant(name: str) -> NoReturn:
    """Refuse ``NaN`` and ``Infinity``, for ``json`` as its ``parse_constant``."""
    raise NoNumber(f"{name} is no JSON number")


class NoNumber(ValueError):
    """What Python reads as a number and JSON cannot hold."""


def reread(text: str) -> Json:
    """Return the value of JSON text that ``parsed`` refused; raise ``ValueError`` with the reason.

    Half surrogate pairs pass; numbers that JSON cannot hold are ``NoNumber``.
    """
    return json.loads(text, parse_float=double, parse_constant=no_constant)


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
    if not isinstance(value, str) or not _NUMBER.fullmatch(value.strip()):
        return value
    try:
        return parsed(value)
    except ValueError:  # beyond doubles
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
        structure = parsed(value)
    except ValueError:
        return value
    return structure if isinstance(structure, dict | list) else value


_INFINITE: Final = (float("inf"), float("-inf"))
_INTEGER: Final = re.compile(r"-?[0-9]+")
_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
