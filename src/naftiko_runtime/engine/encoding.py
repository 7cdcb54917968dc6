"""Percent-encoding, one function for each place of a request: a value never leaves its place."""

import re
from typing import Final
from urllib.parse import quote, quote_plus

from naftiko_runtime.values import Json, compact

_COOKIE_SAFE: Final = "!#$%&'()*+-./:<=>?@[]^_`{|}~"
_NAME_SAFE: Final = "!$'()*,/:;?@[\\]^`{|}~"
_UNWRITABLE: Final = re.compile(r"[^\x21-\x7e]+")
_EXACT: Final = 1e16
_DOTS: Final = frozenset((".", ".."))


def segment(text: str) -> str:
    """Encode a value for a path segment: all but ``A-Z a-z 0-9 - . _ ~`` (language.md 4.6)."""
    return quote(text, safe="")


def query(text: str) -> str:
    """Encode a query value; a space is ``%20`` (language.md 4.15)."""
    return quote(text, safe="")


def query_name(text: str) -> str:
    """Encode a query name: as written but for what would end it (language.md 4.15)."""
    return quote(text, safe=_NAME_SAFE)


def form(text: str) -> str:
    """Encode a form's name or value: ``+`` for space, all but ``A-Z a-z 0-9 - . _ *`` (5.6)."""
    return quote_plus(text, safe="*").replace("~", "%7E")


def cookie(text: str) -> str:
    """Encode a cookie's value outside the cookie characters of RFC 6265 (language.md 4.18)."""
    return quote(text, safe=_COOKIE_SAFE)


def quoted(text: str) -> str:
    """Encode what would end a quoted multipart parameter (language.md 5.7)."""
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def written(text: str) -> str:
    """Encode what can stand in no URL: controls, spaces, non-ASCII; all else goes as written."""
    return _UNWRITABLE.sub(lambda match: quote(match[0], safe=""), text)


def is_dots(text: str) -> bool:
    """Tell whether a segment would be removed as ``.`` or ``..``, encoded or not (4.6)."""
    return text in _DOTS or ("%" in text and text.lower().replace("%2e", ".") in _DOTS)


def texts(value: Json) -> list[str]:
    """Return the texts of a query or form value: one each for the elements of an array (4.16)."""
    if isinstance(value, list):
        return [scalar_text(element) for element in value]
    return [] if value is None else [scalar_text(value)]


def scalar_text(value: Json) -> str:
    """Return one value as text: numbers in their shortest form, objects as compact JSON (4.16)."""
    if isinstance(value, str):
        return value
    if type(value) is int:
        return str(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return str(int(value))
    return compact(value)


def header_text(value: Json) -> str:
    """Return a header's value: trimmed, arrays joined by ``, `` (language.md 4.17)."""
    return ", ".join(texts(value)).strip()
