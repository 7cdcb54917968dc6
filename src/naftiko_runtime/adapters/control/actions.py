"""What the control adapter can ask of the running process; the composition root fills it in."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from naftiko_runtime.errors import Diagnostic
from naftiko_runtime.plan.capability import Capability
from naftiko_runtime.plan.exposure import Exposure, Scripting
from naftiko_runtime.plan.function import Function
from naftiko_runtime.values import Json


class LogEntry(Protocol):
    """One record of the log stream, or how many were lost before it."""

    @property
    def number(self) -> int: ...
    @property
    def data(self) -> str:
        """One JSON object, scrubbed."""
        ...

    @property
    def dropped(self) -> bool: ...


class LogReader(Protocol):
    """A subscription to the log."""

    async def next(self) -> LogEntry | None:
        """Wait for the next record; None when the stream ends."""
        ...


class Reloaded(NamedTuple):
    """The outcome of a reload (CTL-6); ``changes`` are its JSON objects."""

    status: Literal["applied", "unchanged", "rejected"]
    changes: Sequence[Json] = ()
    diagnostics: Sequence[Diagnostic] = ()
    reason: str | None = None


class ScriptStatistics(NamedTuple):
    """What scripts did so far (CTL-11); ``last_at`` is RFC 3339."""

    executions: int = 0
    errors: int = 0
    average_ms: float = 0
    last_at: str | None = None


class Trial(NamedTuple):
    """A call made from the console: the upstream request, secrets masked, and what came back.

    ``requests`` are ``{"method", "url", "headers": [[name, value]…], "body"}`` each; ``answer`` is
    ``{"status", "headers"?, "body"}``, the problem included.
    """

    requests: Sequence[Json]
    answer: Json
    duration_ms: float


@dataclass(frozen=True, slots=True)
class ControlActions:
    """Everything behind the routes; what no route of an exposure asks for may be left out.

    ``ready`` takes whether upstreams are to be tried and returns whether the process is ready and
    the body of CTL-3. ``validate`` takes the text and the ``file`` it would replace. ``logs`` opens
    a log stream at a level below a logger; it and ``set_level`` raise ``ValueError`` for an unknown
    level. ``trace`` returns None for an unknown id. ``call`` runs a function for the console.
    ``address`` returns where an adapter of a document is served now: ``HOST:PORT``, ``stdio``, or
    None when it is not.
    ``diagnostics`` adds to those of the capabilities what no plan holds: conflicts between
    documents, and documents that were refused.
    """

    ready: Callable[[bool], Awaitable[tuple[bool, Json]]]
    capabilities: Callable[[], Sequence[Capability]]
    status: Callable[[], Awaitable[Json]]
    config: Callable[[], Awaitable[Json]]
    reload: Callable[[], Awaitable[Reloaded]]
    validate: Callable[[str, str | None], Awaitable[Json]]
    levels: Callable[[], Awaitable[Json]]
    set_level: Callable[[str, str | None], Awaitable[Json]]
    logs: Callable[[str, str], AbstractContextManager[LogReader]]
    metrics: Callable[[bool], Awaitable[str]]
    traces: Callable[[str | None, str | None], Awaitable[Json]]
    trace: Callable[[str], Awaitable[Json | None]]
    scripting: Callable[[], Awaitable[tuple[Scripting, ScriptStatistics]]]
    set_scripting: Callable[[Scripting], Awaitable[None]]
    call: Callable[[Function, Mapping[str, Json]], Awaitable[Trial]]
    address: Callable[[Capability, Exposure], str | None]
    diagnostics: Callable[[], Sequence[Diagnostic]] | None = None
