"""The lines that say what is served where (exposes.md LST-7)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, assert_never

from naftiko_runtime.plan.exposure import (
    ControlExposure,
    Exposure,
    McpExposure,
    RestExposure,
    SkillExposure,
)
from naftiko_runtime.plan.function import Function, Unavailable
from naftiko_runtime.plan.listener import ListenerKey, ListenerPlan, Merged, Placed, mcp_paths

_URL_WIDTH: Final = 29
_MCP: Final = "MCP"


@dataclass(frozen=True, slots=True)
class Served:
    """One adapter as it is announced."""

    placed: Placed
    kind: str
    url: str
    contents: str
    docs: str = ""


def served(merged: Merged, origins: Mapping[ListenerKey, str], *, docs: bool) -> list[Served]:
    """Return every adapter with its URL; ``origins`` are the listeners' ``http://HOST:PORT``."""
    http = [
        _served(placed, listener, origins[listener.key], docs=docs)
        for listener in merged.listeners
        for placed in listener.placed
    ]
    return [*http, *(_on_stdio(placed) for placed in merged.stdio)]


class Lines:
    """Says once of each adapter that it serves; the columns of all lines stand under each other."""

    def __init__(self, adapters: Sequence[Served], say: Callable[[str], None]) -> None:
        self._lines = {id(each.placed.exposure): line for each, line in _aligned(adapters)}
        self._mcp = {id(each.placed.exposure) for each in adapters if each.kind == _MCP}
        self._say = say

    def announce(self, exposure: Exposure) -> None:
        """Print the line of one adapter."""
        line = self._lines.pop(id(exposure), None)
        if line is not None:
            self._say(line)

    def announce_all_but_mcp(self) -> None:
        """Print the lines of the adapters that serve as soon as their listener does."""
        for key in [key for key in self._lines if key not in self._mcp]:
            self._say(self._lines.pop(key))

    def announce_all(self) -> None:
        """Print every line that was not printed yet (``--check``)."""
        for line in self._lines.values():
            self._say(line)


def _aligned(adapters: Sequence[Served]) -> Iterator[tuple[Served, str]]:
    names = max((len(each.placed.exposure.namespace) for each in adapters), default=0)
    kinds = max((len(each.kind) for each in adapters), default=0)
    urls = max((len(each.url) for each in adapters), default=0)
    for each in adapters:
        name = each.placed.exposure.namespace.ljust(names)
        url = each.url.ljust(max(urls, _URL_WIDTH))
        docs = f"   docs {each.docs}" if each.docs else ""
        yield each, f"naftiko: {name}  {each.kind.ljust(kinds)}  {url}  {each.contents}{docs}"


def _served(placed: Placed, listener: ListenerPlan, origin: str, *, docs: bool) -> Served:
    exposure = placed.exposure
    match exposure:
        case RestExposure():
            page = f"{origin}/docs" if docs and not _declares_docs(listener) else ""
            return Served(placed, "REST", origin, contents(exposure), page)
        case McpExposure():
            return Served(placed, _MCP, origin + _path(exposure, listener), contents(exposure))
        case SkillExposure():
            return Served(placed, "SKILL", f"{origin}/skills", contents(exposure))
        case ControlExposure():
            return Served(placed, "CONTROL", origin, contents(exposure))
        case other:
            assert_never(other)


def _on_stdio(placed: Placed) -> Served:
    return Served(placed, _MCP, "stdio", contents(placed.exposure))


def _path(exposure: McpExposure, listener: ListenerPlan) -> str:
    return next(path for path, own in mcp_paths(listener).items() if own is exposure)


def _declares_docs(listener: ListenerPlan) -> bool:
    return any(route.template == "/docs" for exposure in listener.rest for route in exposure.routes)


def contents(exposure: Exposure) -> str:
    """Return what an adapter holds in words: ``3 operations, 1 unavailable``."""
    match exposure:
        case RestExposure():
            functions = [route.function for route in exposure.routes]
            return _listed((len(functions), "operation"), (_unavailable(functions), "unavailable"))
        case McpExposure():
            functions = [tool.function for tool in exposure.tools]
            return _listed(
                (len(functions), "tool"),
                (len(exposure.resources), "resource"),
                (len(exposure.prompts), "prompt"),
                (_unavailable(functions), "unavailable"),
            )
        case SkillExposure():
            return _listed((len(exposure.skills), "skill"))
        case ControlExposure():
            return "health" if exposure.health else ""
        case other:
            assert_never(other)


def _unavailable(functions: list[Function]) -> int:
    return sum(isinstance(function.action, Unavailable) for function in functions)


def _listed(first: tuple[int, str], *others: tuple[int, str]) -> str:
    counts = [first, *(each for each in others if each[0])]
    return ", ".join(_counted(number, noun) for number, noun in counts)


def _counted(number: int, noun: str) -> str:
    plural = "" if number == 1 or noun == "unavailable" else "s"
    return f"{number} {noun}{plural}"
