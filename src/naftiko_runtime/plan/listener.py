"""Where the adapters of all documents stand: the listeners of a process."""

from collections.abc import Iterator
from dataclasses import dataclass

from naftiko_runtime.errors import Diagnostic
from naftiko_runtime.plan.capability import Capability
from naftiko_runtime.plan.exposure import (
    Address,
    ControlExposure,
    Exposure,
    McpExposure,
    RestExposure,
    SkillExposure,
    Withheld,
)


@dataclass(frozen=True, slots=True)
class Placed:
    """An adapter and the document that it comes from; None for ``--control``."""

    exposure: Exposure
    capability: Capability | None

    @property
    def file(self) -> str:
        return self.capability.file if self.capability else "--control"


@dataclass(frozen=True, slots=True)
class ListenerKey:
    """What tells listeners apart: host None is loopback, port 0 a free one of its ``owner``."""

    host: str | None
    port: int
    owner: str = ""


@dataclass(frozen=True, slots=True)
class ListenerPlan:
    """One address and port, and everything that is served there (exposes.md LST-1, LST-4)."""

    key: ListenerKey
    placed: tuple[Placed, ...]

    @property
    def address(self) -> Address:
        return Address(self.key.host, self.key.port)

    @property
    def rest(self) -> tuple[RestExposure, ...]:
        return tuple(each for each in self._exposures() if isinstance(each, RestExposure))

    @property
    def mcp(self) -> tuple[McpExposure, ...]:
        return tuple(each for each in self._exposures() if isinstance(each, McpExposure))

    @property
    def skill(self) -> tuple[SkillExposure, ...]:
        return tuple(each for each in self._exposures() if isinstance(each, SkillExposure))

    @property
    def control(self) -> tuple[ControlExposure, ...]:
        return tuple(each for each in self._exposures() if isinstance(each, ControlExposure))

    def _exposures(self) -> Iterator[Exposure]:
        return (placed.exposure for placed in self.placed)


@dataclass(frozen=True, slots=True)
class Merged:
    """The listeners of all documents, the stdio adapters, and what is left out and why."""

    listeners: tuple[ListenerPlan, ...]
    stdio: tuple[Placed, ...] = ()
    withheld: tuple[Withheld, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def placed(self) -> tuple[Placed, ...]:
        """Every adapter that is served, in document order within its listener."""
        return (
            tuple(placed for listener in self.listeners for placed in listener.placed) + self.stdio
        )


def mcp_paths(listener: ListenerPlan) -> dict[str, McpExposure | None]:
    """Return path → adapter; None stands for all adapters together (exposes.md LST-4, MCP-8)."""
    adapters = listener.mcp
    if not adapters:
        return {}
    root = {} if listener.rest else {"/"}
    if len(adapters) == 1:
        return dict.fromkeys(("/mcp", *root), adapters[0])
    paths: dict[str, McpExposure | None] = {f"/mcp/{each.namespace}": each for each in adapters}
    return paths | dict.fromkeys(("/mcp", *root), None)
