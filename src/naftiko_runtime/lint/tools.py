"""Rules about what MCP clients are offered (orchestration.md 8.2)."""

from collections.abc import Iterator
from typing import Final

from naftiko_runtime.errors import Place
from naftiko_runtime.lint.subject import Finding, Subject
from naftiko_runtime.plan.exposure import McpExposure
from naftiko_runtime.tree import Items

_MOST_TOOLS: Final = 100
_LONGEST: Final = 64
_LONG: Final = 50


def many_tools(subject: Subject) -> Iterator[Finding]:
    """``many-tools``: models choose badly among many, and clients cut the list."""
    for part in subject.of("mcp"):
        tools = part.node.get("tools")
        count = len(tools) if isinstance(tools, Items) else 0
        if count > _MOST_TOOLS:
            message = (
                f"{part.name!r} has {count} tools; split it, models choose badly among so many"
            )
            yield Finding("many-tools", part.node.at("tools"), message)


def long_names(subject: Subject) -> Iterator[Finding]:
    """``long-name``: of tools, prompts and inputs; clients refuse more than 64 characters."""
    for exposure in subject.capability.exposures if subject.capability is not None else ():
        if not isinstance(exposure, McpExposure):
            continue
        for tool in exposure.tools:
            yield from _long("tool", max(tool.written, tool.name, key=len), tool.place)
            for each in tool.function.inputs:
                if each.constant is None:
                    name = max(each.key, each.shown, key=len)
                    yield from _long("input", name, tool.place)
    for part in subject.of("prompt"):
        yield from _long("prompt", part.text("name") or "", part.node.at("name"))


def _long(kind: str, name: str, place: Place) -> Iterator[Finding]:
    if len(name) <= _LONG:
        return
    if len(name) > _LONGEST:
        message = f"{kind} {name!r} has {len(name)} characters; clients refuse more than {_LONGEST}"
        yield Finding("long-name", place, message)
    else:
        message = f"{kind} {name!r} has {len(name)} characters; clients put prefixes before it"
        yield Finding("long-name", place, message, "info")
