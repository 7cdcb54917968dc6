"""Plain scalars of YAML 1.2 (core schema), less what people write and mean as text."""

import re
from typing import Final

_WORDS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_STARTS: Final = frozenset(["", *"~ntTfF+-.0123456789"])
_INTEGER: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_OTHER_BASE: Final = re.compile(r"0(?:o[0-7]+|x[0-9a-fA-F]+)")
_FLOAT: Final = re.compile(
    r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,5})?"
)
_LONGEST: Final = 4000
"""Digits of the longest number; Python converts no longer ones."""


def resolve_scalar(text: str) -> bool | int | float | str | None:
    """Return what a plain scalar is: null, boolean, number, or text (language.md 1.2)."""
    if text[:1] not in _STARTS:
        return text
    return _WORDS[text] if text in _WORDS else _number(text)


def _number(text: str) -> int | float | str:
    if len(text) > _LONGEST:
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    if _OTHER_BASE.fullmatch(text):
        return int(text, 0)
    if not _FLOAT.fullmatch(text):
        return text
    value = float(text)
    return text if value in (float("inf"), float("-inf")) else value
