"""Names that MCP clients accept (exposes.md MCP-10)."""

from collections.abc import Sequence
from dataclasses import dataclass

from naftiko_runtime.diagnostics import Found
from naftiko_runtime.errors import Place
from naftiko_runtime.names import free_tool_name, tool_name


@dataclass(frozen=True, slots=True)
class NamedPlace:
    """A name as written and where it stands."""

    written: str
    place: Place


def listed_names(found: Found, names: Sequence[NamedPlace]) -> list[str]:
    """Return the listed name of each tool, in order: safe, short and unique."""
    listed: list[str] = []
    for name in names:
        safe = tool_name(name.written)
        if safe != name.written:
            message = f"tool {name.written!r} is listed as {safe!r}; clients refuse other names"
            found.add("mcp/tool-name", name.place, message)
        unique = free_tool_name(safe, listed)
        if unique != safe:
            message = f"two tools are called {safe!r}; this one is listed as {unique!r}"
            found.add("dialect/duplicate-tool-name", name.place, message)
        listed.append(unique)
    return listed
