"""Converts and checks one value by its input's type and bounds (language.md 10.8, 10.9)."""

import re
from collections.abc import Callable, Mapping
from typing import Final

from naftiko_runtime.engine.encoding import scalar_text
from naftiko_runtime.plan.function import Input
from naftiko_runtime.values import Json, boolean_of, compact, integer_of, number_of, structure_of

Check = Callable[[Json], str | None]
"""Returns what is wrong with a value, or None."""

_MUST_BE: Final[Mapping[str, str]] = {
    "string": "must be text",
    "integer": "must be an integer",
    "number": "must be a number",
    "boolean": "must be true or false",
    "array": "must be an array",
    "object": "must be an object",
}
_UNSENDABLE: Final = re.compile(r"[\r\n\0]")
_LONGEST_MESSAGE: Final = 200
_LONGEST_NUMBER: Final = 1000
_DIGITS: Final = 20
_INFINITE: Final = (float("inf"), float("-inf"))


def converted(value: Json, kind: str | None, schema: Mapping[str, Json]) -> Json:
    """Return a value of a textual place as its type; one that does not fit stays as it is (10.8).

    Commas never split; text is an array of one.
    """
    convert = _CONVERSIONS.get(kind or "")
    return value if convert is None else convert(value, schema)


def _to_integer(value: Json, schema: Mapping[str, Json]) -> Json:
    if type(value) is str and len(value) < _DIGITS and value.isdecimal() and value.isascii():
        return int(value)  # most are plain
    return _integral(integer_of(value)) if _is_short(value) else value


def _to_number(value: Json, schema: Mapping[str, Json]) -> Json:
    number = number_of(value) if _is_short(value) else value
    return value if number in _INFINITE else number


def _to_text(value: Json, schema: Mapping[str, Json]) -> Json:
    return scalar_text(value) if isinstance(value, int | float) else value


def _to_array(value: Json, schema: Mapping[str, Json]) -> Json:
    items = schema.get("items")
    inner = items if isinstance(items, dict) else {}
    kind = inner.get("type")
    elements = value if isinstance(value, list) else [value]
    return [converted(each, kind if isinstance(kind, str) else None, inner) for each in elements]


def _is_short(value: Json) -> bool:
    """Tell whether Python reads a number of this length; a longer one stays text."""
    return not isinstance(value, str) or len(value) <= _LONGEST_NUMBER


def _integral(value: Json) -> Json:
    return int(value) if isinstance(value, float) and value.is_integer() else value


_CONVERSIONS: Final[Mapping[str, Callable[[Json, Mapping[str, Json]], Json]]] = {
    "integer": _to_integer,
    "number": _to_number,
    "boolean": lambda value, _: boolean_of(value),
    "string": _to_text,
    "array": _to_array,
    "object": lambda value, _: structure_of(value),
}


def checks_of(each: Input) -> tuple[Check, ...]:
    """Return the checks of an input; the first complaint counts."""
    checks: list[Check] = []
    if each.type is not None:
        checks.append(_type_check(each.type))
    if each.enum is not None:
        checks.append(_enum_check(each.enum, is_text=each.type == "string"))
    if each.pattern is not None:
        checks.append(_pattern_check(each.pattern))
    if each.minimum is not None or each.maximum is not None:
        checks.append(_bounds_check(each.minimum, each.maximum))
    if each.validator is not None:
        checks.append(_schema_check(each))
    if each.feeds_path:
        checks.append(_path_check)
    if each.feeds_header:
        checks.append(_header_check)
    return tuple(checks)


def class_of(kind: str | None) -> type | None:
    """Return the class of which every value is of a type, so that nothing need be checked.

    None where there is none: a number may be an ``int`` or a ``float``.
    """
    return _CLASSES.get(kind or "")


_CLASSES: Final[Mapping[str, type]] = {
    "string": str,
    "integer": int,
    "boolean": bool,
    "array": list,
    "object": dict,
}


def _type_check(kind: str) -> Check:
    fits = _FITS[kind]
    complaint = _MUST_BE[kind]
    return lambda value: None if fits(value) else complaint


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_FITS: Final[Mapping[str, Callable[[Json], bool]]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: _is_number(value) and (isinstance(value, int) or value.is_integer()),
    "number": _is_number,
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}


def _enum_check(allowed: tuple[Json, ...], *, is_text: bool) -> Check:
    values = [scalar_text(value) for value in allowed] if is_text else list(allowed)
    known = {compact(value) for value in values}
    complaint = f"must be one of {', '.join(scalar_text(value) for value in allowed)}"
    return lambda value: None if compact(value) in known else complaint


def _pattern_check(pattern: str) -> Check:
    matches = re.compile(pattern).fullmatch
    complaint = f"must match {pattern}"
    return lambda value: complaint if isinstance(value, str) and not matches(value) else None


def _bounds_check(minimum: float | None, maximum: float | None) -> Check:
    def check(value: Json) -> str | None:
        if not _is_number(value):
            return None
        if minimum is not None and value < minimum:
            return f"must be at least {scalar_text(minimum)}"
        if maximum is not None and value > maximum:
            return f"must be at most {scalar_text(maximum)}"
        return None

    return check


def _schema_check(each: Input) -> Check:
    def check(value: Json) -> str | None:
        error = next(iter(each.validator.iter_errors(value)), None)
        if error is None:
            return None
        where = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.path)
        message = str(error.message)[:_LONGEST_MESSAGE]
        return f"{where.removeprefix('.')}: {message}" if where else message

    return check


def _path_check(value: Json) -> str | None:
    """Return what keeps a value out of a path segment (language.md 4.6)."""
    if isinstance(value, dict | list):
        return "must be one value, not an object or array"
    if value == "":
        return "must not be empty"
    return "must not be . or .." if value in (".", "..") else None


def _header_check(value: Json) -> str | None:
    """Return what keeps a value out of a header (language.md 4.17)."""
    texts = value if isinstance(value, list) else [value]
    broken = any(isinstance(text, str) and _UNSENDABLE.search(text) for text in texts)
    return "must not have line breaks or NUL" if broken else None
