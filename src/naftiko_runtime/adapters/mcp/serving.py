"""What the handlers of one MCP endpoint share, and who is being served."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Literal

from naftiko_runtime.adapters.mcp.sessions import Sessions
from naftiko_runtime.adapters.mcp.view import McpView
from naftiko_runtime.observability.telemetry import OFF, Telemetry
from naftiko_runtime.options import Limits


@dataclass(frozen=True, slots=True)
class Served:
    """A view and the engine that its functions run on, both of the same plan."""

    view: McpView
    engine: Any


Lease = Callable[[], AbstractContextManager[Served]]
"""Gives what is served now; it is not closed before the context is left (exposes.md LST-11)."""


@dataclass(frozen=True, slots=True)
class Serving:
    """One endpoint: ``scrub`` hides secrets in texts that go to callers (OBS-8)."""

    lease: Lease
    limits: Limits = field(default_factory=Limits)
    telemetry: Telemetry = OFF
    scrub: Callable[[str], str] = str
    transport: Literal["tcp", "pipe"] = "tcp"
    sessions: Sessions = field(default_factory=Sessions)
