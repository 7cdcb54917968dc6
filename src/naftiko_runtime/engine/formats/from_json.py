"""JSON answers (language.md 7.7)."""

import json
from typing import Final

from naftiko_runtime.engine.formats.charset import declared_charset, text_of_body
from naftiko_runtime.errors import UndecodableResponse
from naftiko_runtime.expressions.table import Table
from naftiko_runtime.values import Json, NoNumber, parsed, reread

LEVELS: Final = 200
"""Levels that an answer of any format may have (language.md 7.6)."""

_UTF8: Final = (None, "utf-8")
_NOT_STRUCTURE: Final = bytes(byte for byte in range(256) if byte not in b'[]{}"')


def decode_json(body: bytes, content_type: str | None) -> Json:
    """Return the value of a JSON body; raise ``UndecodableResponse``.

    Integers are exact, up to the 4,300 digits that Python converts; the last of several members
    with one name wins; numbers beyond doubles and lone surrogates, which could not be sent on as
    JSON, are refused.
    """
    if declared_charset(content_type) in _UTF8:
        try:
            value = parsed(body)
        except ValueError:
            pass  # a byte order mark, perhaps; or else there is a better reason to be given
        else:
            _require_levels(body, value)
            return value
    return _decoded(text_of_body(body, content_type))


def read_table(body: bytes, content_type: str | None, table: Table) -> list[Json] | None:
    """Return what a table makes of a JSON body; None when the body must be decoded as a whole."""
    if declared_charset(content_type) not in _UTF8 or _may_be_deep(body) or not _is_utf8(body):
        return None
    return table.read(body)


def _is_utf8(body: bytes) -> bool:
    if body.isascii():
        return True
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _decoded(text: str) -> Json:
    """Return the value of JSON text in any charset, or raise with the reason why there is none."""
    try:
        value = reread(text)
    except (ValueError, RecursionError) as error:
        raise UndecodableResponse(f"the answer is not JSON: {_reason(error)}") from error
    _require_levels(text.encode(), value)
    if "\\" in text and not _is_encodable(text, value):
        raise UndecodableResponse("the answer is not JSON: it has half a surrogate pair")
    return value


def _require_levels(body: bytes, value: Json) -> None:
    if _may_be_deep(body) and deeper_than(LEVELS, value):
        raise UndecodableResponse(f"the answer has more than {LEVELS} levels")


def deeper_than(levels: int, value: Json) -> bool:
    """Return whether a value has more levels of objects and arrays, however many more."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(levels):
        if not level:
            return False
        level = [
            child
            for container in level
            for child in (container.values() if isinstance(container, dict) else container)
            if isinstance(child, dict | list)
        ]
    return bool(level)


def _may_be_deep(body: bytes) -> bool:
    """Return False when JSON text certainly has no more than ``LEVELS`` levels.

    Walking the value costs as much as parsing. So brackets are cancelled against each other in C,
    one level a pass; what is left in doubt (escapes, brackets in texts) is walked.
    """
    if _count(body, b"[") + _count(body, b"{") <= LEVELS:
        return False
    if b"\\" in body:
        return True
    # texts without brackets vanish here; a quote that stays (it began one with) stays for good
    structure = body.translate(None, _NOT_STRUCTURE).replace(b'""', b"")
    for _ in range(LEVELS):
        if not structure:
            return False
        structure = structure.replace(b"{}", b"").replace(b"[]", b"")
    return bool(structure)


def _count(body: bytes, byte: bytes) -> int:
    # bytes.count looks at each byte by itself until Python 3.13; this jumps from one to the next
    return len(body) - len(body.replace(byte, b""))


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at line {error.lineno}, column {error.colno}"
    if isinstance(error, NoNumber):
        return str(error)
    return (
        "it is nested too deeply" if isinstance(error, RecursionError) else "a number is too long"
    )


def _is_encodable(text: str, value: Json) -> bool:
    if "\\ud" not in text and "\\uD" not in text:
        return True
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True
