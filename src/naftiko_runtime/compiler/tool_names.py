"""Names that MCP clients accept (exposes.md MCP-10)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from naftiko_runtime.diagnostics import Found
from naftiko_runtime.errors import Place

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_-]")
_LONGEST: Final = 64
_KEPT: Final = 55


@dataclass(frozen=True, slots=True)
class NamedPlace:
    """A name as written and where it stands."""

    written: str
    place: Place


def listed_names(found: Found, names: Sequence[NamedPlace]) -> list[str]:
    """Return the listed name of each tool, in order: safe, short and unique."""
    listed: list[str] = []
    for name in names:
        safe = safe_name(name.written)
        if safe != name.written:
            message = f"tool {name.written!r} is listed as {safe!r}; clients refuse other names"
            found.add("mcp/tool-name", name.place, message)
        unique = _unique(safe, listed)
        if unique != safe:
            message = f"two tools are called {safe!r}; this one is listed as {unique!r}"
            found.add("dialect/duplicate-tool-name", name.place, message)
        listed.append(unique)
    return listed


def safe_name(name: str) -> str:
    """Return a name of at most 64 letters, digits, ``_`` and ``-``."""
    safe = _UNSAFE.sub("-", name) or "tool"
    if len(safe) <= _LONGEST:
        return safe
    return f"{safe[:_KEPT]}-{sha256(name.encode()).hexdigest()[:8]}"


def _unique(name: str, taken: Sequence[str]) -> str:
    number, unique = 2, name
    while unique in taken:
        unique, number = f"{name}-{number}", number + 1
    return unique
