"""Query strings and forms: the same text form, read the same way (exposes.md REST-6)."""

from collections.abc import Mapping
from typing import TypeAlias
from urllib.parse import unquote_to_bytes

from naftiko_runtime.errors import InvalidInput

Query: TypeAlias = Mapping[str, list[str]]
"""All values of each key, in order."""


def parsed_query(raw: bytes, place: str = "query") -> Query:
    """Return the pairs of a query or form; ``?a`` and ``?a=`` are the empty text.

    Raises ``InvalidInput`` naming ``place`` when a key or value is not UTF-8.
    """
    values: dict[str, list[str]] = {}
    if not raw:
        return values
    try:
        encoded = b"%" in raw or b"+" in raw
        for pair in raw.decode().split("&"):
            if pair:
                key, _, value = pair.partition("=")
                if encoded:
                    key, value = _decoded(key), _decoded(value)
                values.setdefault(key, []).append(value)
    except UnicodeDecodeError as error:
        fault = {"name": place, "in": place, "message": "must be UTF-8"}
        raise InvalidInput([fault]) from error
    return values


def values_of(query: Query, key: str) -> list[str] | None:
    """Return the values of a key; ``name[]`` also answers to ``name``, and the reverse."""
    found = query.get(key)
    if found is not None:
        return found
    return query.get(key[:-2] if key.endswith("[]") else f"{key}[]")


def _decoded(text: str) -> str:
    text = text.replace("+", " ")
    return unquote_to_bytes(text).decode() if "%" in text else text
