"""What a scalar of a document becomes in its tree (language.md 1.2)."""

from math import isfinite
from typing import Final

from naftiko_runtime.tree import Scalar
from naftiko_runtime.yaml12 import resolve_scalar

TAGS: Final = {
    f"tag:yaml.org,2002:{name}": name
    for name in ("str", "null", "bool", "int", "float", "map", "seq")
}
"""The tags of the core schema → their names; every other tag is refused (language.md 1.1)."""


def resolved(text: str) -> str | Scalar:
    """Return the value of a plain scalar: text, or null, boolean, number with its text."""
    value = resolve_scalar(text)
    return value if isinstance(value, str) else Scalar(value, text)


def tagged(text: str, tag: str) -> str | Scalar | None:
    """Return a scalar under an explicit tag of the core schema; None when it does not fit."""
    if tag == "str":
        return text
    value = resolve_scalar(text)
    if isinstance(value, str):
        return None
    kind = {type(None): "null", bool: "bool", int: "int", float: "float"}[type(value)]
    if kind == "int" and tag == "float":
        number = float(text) if "o" not in text and "x" not in text else float(value or 0)
        return Scalar(number, text) if isfinite(number) else None
    return Scalar(value, text) if kind == tag else None
