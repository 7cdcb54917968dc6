"""How each adapter of a process is, for readiness and the control port (exposes.md CTL-3)."""

from collections.abc import Iterator
from datetime import datetime
from typing import Literal, TypeAlias

from naftiko_runtime.plan.exposure import (
    ControlExposure,
    Exposure,
    McpExposure,
    RestExposure,
    SkillExposure,
)
from naftiko_runtime.plan.listener import ListenerKey, ListenerPlan, Merged, Placed
from naftiko_runtime.values import Json

State: TypeAlias = Literal["starting", "started", "stopped", "failed"]


class States:
    """The states by listener (None: stdio) and adapter; ports are the real ones."""

    def __init__(self) -> None:
        self._states: dict[tuple[ListenerKey | None, str, str], State] = {}
        self._ports: dict[ListenerKey, int] = {}

    def opened(self, key: ListenerKey, port: int) -> None:
        """Note the port of a listener."""
        self._ports[key] = port

    def put(self, listener: ListenerKey | None, placed: Placed, state: State) -> None:
        """Note the state of one adapter."""
        self._states[_key(listener, placed)] = state

    def put_all(self, listener: ListenerPlan, state: State) -> None:
        """Note the state of all adapters of a listener but MCP, which gets ready on its own."""
        for placed in listener.placed:
            if not isinstance(placed.exposure, McpExposure):
                self.put(listener.key, placed, state)

    def of(self, listener: ListenerKey | None, placed: Placed) -> State:
        """Return the state of one adapter."""
        return self._states.get(_key(listener, placed), "starting")

    def described(self, listener: ListenerKey | None, placed: Placed) -> dict[str, Json]:
        """Return the members of CTL-3."""
        members: dict[str, Json] = {
            "type": type_of(placed.exposure),
            "namespace": placed.exposure.namespace,
            "document": placed.file,
        }
        if listener is not None:
            members["port"] = self._ports.get(listener, listener.port)
        return members | {"state": self.of(listener, placed)}


def _key(listener: ListenerKey | None, placed: Placed) -> tuple[ListenerKey | None, str, str]:
    return listener, type_of(placed.exposure), placed.exposure.namespace


def type_of(exposure: Exposure) -> str:
    """Return the adapter's type as a document writes it."""
    match exposure:
        case RestExposure():
            return "rest"
        case McpExposure():
            return "mcp"
        case SkillExposure():
            return "skill"
        case ControlExposure():
            return "control"


def every(merged: Merged) -> Iterator[tuple[ListenerKey | None, Placed]]:
    """Yield every adapter with its listener, None for stdio."""
    for listener in merged.listeners:
        for placed in listener.placed:
            yield listener.key, placed
    for placed in merged.stdio:
        yield None, placed


def rfc3339(moment: datetime) -> str:
    """Return a moment as ``2026-11-24T10:00:00Z``."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
