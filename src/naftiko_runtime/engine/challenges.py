"""Parses ``WWW-Authenticate`` (RFC 9110 section 11.6.1)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

_PIECE: Final = re.compile(
    r"""
    [\s,]*
    (?:
        (?P<key>[!#$%&'*+.^_`|~0-9A-Za-z-]+) \s* = \s*
        (?: "(?P<quoted>(?:[^"\\]|\\.)*)" | (?P<plain>[^\s,"]+) )
      | (?P<scheme>[!#$%&'*+.^_`|~0-9A-Za-z-]+) (?: \s+ | $ | (?=,) )
    )
    """,
    re.VERBOSE,
)
_ESCAPE: Final = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Challenge:
    """One challenge: scheme and parameter names in lower case."""

    scheme: str
    parameters: Mapping[str, str]


def challenges(values: Iterable[str]) -> list[Challenge]:
    """Return every challenge of the headers' values, in order; what is not one is skipped."""
    found: list[tuple[str, dict[str, str]]] = []
    for value in values:
        position = 0
        while match := _PIECE.match(value, position):
            position = match.end()
            if match["scheme"]:
                found.append((match["scheme"].lower(), {}))
            elif found:
                quoted = match["quoted"]
                text = match["plain"] if quoted is None else _ESCAPE.sub(r"\1", quoted)
                found[-1][1].setdefault(match["key"].lower(), text)
    return [Challenge(scheme, parameters) for scheme, parameters in found]
