"""Reads ``NAME=value`` lines: ``.env`` and ``.properties`` files (language.md 2.2)."""

import re
from typing import Final

_LINE: Final = re.compile(
    r"""
    ^[ \t]* (?:export[ \t]+)? (?P<name>[^\s=\#][^\s=]*) [ \t]* = [ \t]*
    (?:
        "(?P<double>(?:[^"\\]|\\.)*)"
      | '(?P<single>[^']*)'
      | (?P<plain>[^\r\n]*?)
    )
    [ \t]* (?:(?<=\s)\#[^\r\n]*)? $
    """,
    re.VERBOSE | re.MULTILINE,
)
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t"}


def parse(text: str) -> dict[str, str]:
    r"""Return the values by name; the last of equal names counts.

    ``export`` and ``#`` comments (at the start or behind a space) are dropped. Double quotes take
    the escapes ``\n \r \t \" \\`` and several lines, single quotes take everything as it is.
    """
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n")
    return {match["name"]: _value(match) for match in _LINE.finditer(lines)}


def _value(match: re.Match[str]) -> str:
    if match["double"] is not None:
        return _ESCAPE.sub(lambda escape: _ESCAPES.get(escape[1], escape[1]), match["double"])
    return match["single"] if match["single"] is not None else match["plain"]
