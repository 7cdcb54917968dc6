"""What a scalar of a document is: YAML 1.2 core, less what people write and mean as text."""

import re
from math import isfinite
from typing import Final

from naftiko_runtime.tree import Scalar

TAGS: Final = {
    f"tag:yaml.org,2002:{name}": name
    for name in ("str", "null", "bool", "int", "float", "map", "seq")
}
"""The tags of the core schema → their names; every other tag is refused (language.md 1.1)."""

_WORDS: Final = {
    "": Scalar(None, ""),
    "~": Scalar(None, "~"),
    "null": Scalar(None, "null"),
    **{text: Scalar(value=True, text=text) for text in ("true", "True", "TRUE")},
    **{text: Scalar(value=False, text=text) for text in ("false", "False", "FALSE")},
}
_STARTS: Final = frozenset(["", *"~ntTfF+-.0123456789"])
_INTEGER: Final = re.compile(r"[-+]?(0|[1-9][0-9]{0,3999})")
_OTHER_BASE: Final = re.compile(r"0(?:o[0-7]+|x[0-9a-fA-F]+)")
_FLOAT: Final = re.compile(
    r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,3})?"
)
_LONGEST: Final = 4000
"""Digits of the longest number; Python converts no longer ones."""


def resolved(text: str) -> str | Scalar:
    """Return the value of a plain scalar: text, or null, boolean, number (language.md 1.2)."""
    if text[:1] not in _STARTS:
        return text
    word = _WORDS.get(text)
    return word if word is not None else _number(text) or text


def tagged(text: str, tag: str) -> str | Scalar | None:
    """Return a scalar under an explicit tag of the core schema; None when it does not fit."""
    if tag == "str":
        return text
    value = resolved(text)
    if isinstance(value, str):
        return None
    kind = {type(None): "null", bool: "bool", int: "int", float: "float"}[type(value.value)]
    if kind == "int" and tag == "float":
        return _float(text)
    return value if kind == tag else None


def _number(text: str) -> Scalar | None:
    if len(text) > _LONGEST:
        return None
    if _INTEGER.fullmatch(text):
        return Scalar(int(text), text)
    if _OTHER_BASE.fullmatch(text):
        return Scalar(int(text, 0), text)
    return _float(text) if _FLOAT.fullmatch(text) else None


def _float(text: str) -> Scalar | None:
    value = float(text)
    return Scalar(value, text) if isfinite(value) else None
