"""Quoted texts in paths and filters: ``'x'`` or ``"x"``, escapes as in JSON."""

import re
from typing import Final

QUOTED: Final = r"""'(?:[^'\\]|\\.)*+'|"(?:[^"\\]|\\.)*+\""""
"""A pattern (with DOTALL) for one quoted text."""

_ESCAPE: Final = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|(.))", re.DOTALL)
_LETTERS: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def unquoted(quoted: str) -> str:
    """Return the text of a quoted one; a backslash before any other character is dropped."""
    text = _ESCAPE.sub(_character, quoted[1:-1])
    # two escapes of one character beyond 16 bits
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _character(match: re.Match[str]) -> str:
    if match[1] is not None:
        return chr(int(match[1], 16))
    return _LETTERS.get(match[2], match[2])
