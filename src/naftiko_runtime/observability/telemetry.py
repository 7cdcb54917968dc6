"""What adapters and the engine tell telemetry, and the telemetry that records nothing.

Adapters and the engine know only these protocols. What never changes (labels, span names) is
said once at load and gives an object to hold; a request is then two calls: one when it begins, one
when it ends. Nobody outside ``observability`` makes spans, counts or writes access lines.

    REST, skill:  arrival = telemetry.arrived(scope, wanted_id)   outermost, before Host and auth
                  arrival.matched(endpoint)                       once the route is known
                  arrival.ended(status, error, received, sent)    after the last byte, always
    MCP:          the same around the POST, and inside it, for every JSON-RPC request,
                  call = telemetry.called(endpoint, Message(…)); call.ended(error, code)
    engine:       attempt = peer.attempt(method, url); attempt.headers; attempt.ended(status, error)
                  run = telemetry.ran(Work(…)); run.ended(error)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from random import getrandbits
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple, Protocol

Headers = tuple[tuple[str, str], ...]
UNMATCHED: Final = "unmatched"
"""The operation id of requests that match nothing, so that callers cannot grow the label set."""
_NOTHING_MORE: Final[Mapping[str, Any]] = MappingProxyType({})


class Endpoint(NamedTuple):
    """One exposed operation as labels, spans and access lines name it (exposes.md CTL-9, OBS-4).

    ``operation`` is ``naftiko_operation_id``: REST ``/v1/orders/{order-id} GET``, MCP the tool name
    or else the JSON-RPC method, skill the route template, ``UNMATCHED`` for what matches nothing.
    ``route`` is the path template. An MCP request over HTTP is matched with its adapter's
    ``UNMATCHED`` endpoint and the MCP path; it counts only when it was refused, since its JSON-RPC
    request is counted by itself. A tuple, because requests look endpoints up and its hash is cheap.
    """

    adapter: Literal["rest", "mcp", "skill"]
    namespace: str
    operation: str = UNMATCHED
    route: str = ""
    capability: str = ""


class Message(NamedTuple):
    """One JSON-RPC request: ``target`` is the tool's or prompt's name or the resource's URI."""

    method: str
    target: str | None = None
    id: str | None = None
    protocol: str = ""
    meta: Mapping[str, Any] = _NOTHING_MORE
    transport: Literal["tcp", "pipe"] = "tcp"


@dataclass(frozen=True, slots=True)
class Consumed:
    """One consumed operation as client spans name it; ``template`` is its path as written."""

    namespace: str
    operation: str
    template: str


class Work(NamedTuple):
    """A step (``call``, ``lookup``, ``script``) or an aggregate ``function`` about to run.

    ``attributes`` are span attributes without their ``naftiko.step.`` prefix, such as ``index``,
    ``call``, ``match``, ``script.file``, ``script.language`` (OBS-4).
    """

    kind: Literal["call", "lookup", "script", "function"]
    name: str
    attributes: Mapping[str, str | int] = _NOTHING_MORE


class Arrival(Protocol):
    """One HTTP request that is being served."""

    @property
    def request_id(self) -> str:
        """The caller's id when it was accepted, else the trace id, else 32 fresh hex digits."""
        ...

    def matched(self, endpoint: Endpoint) -> None:
        """Say which operation serves it; what is refused before that is named by its adapter."""
        ...

    def ended(
        self, status: int, error: str | None = None, received: int = 0, sent: int = 0
    ) -> None:
        """Record the end, after the last byte of the answer.

        ``error`` is a problem's name, ``upstream-status`` or ``cancelled``; ``received`` and
        ``sent`` are body sizes in bytes.
        """
        ...


class Called(Protocol):
    """One JSON-RPC request that is being served."""

    def ended(self, error: str | None = None, code: int | None = None) -> None:
        """Record the end: ``error`` makes it an ERROR.

        For a result with ``isError`` it is the problem's name or ``upstream-status`` and ``code``
        is None; for a JSON-RPC error ``code`` is its number.
        """
        ...


class Attempt(Protocol):
    """One HTTP exchange with an upstream."""

    @property
    def headers(self) -> Headers:
        """The trace context, to be added to the request (OBS-3); nothing when not recording."""
        ...

    def ended(self, status: int | None, error: str | None = None) -> None:
        """Record the answer's status, or ``error`` (``timeout``, ``connection``, …) without one."""
        ...


class Run(Protocol):
    """A step or an aggregate function that is running."""

    def ended(self, error: str | None = None) -> None:
        """Record the end; ``error`` is a problem's name."""
        ...


class Peer(Protocol):
    """A consumed operation, seen from telemetry; held by its client."""

    def attempt(self, method: str, url: str, resend: int = 0) -> Attempt:
        """Begin one exchange with the absolute ``url``; ``resend`` counts earlier tries."""
        ...


class Telemetry(Protocol):
    """Where everything that is served and sent is told."""

    def arrived(self, scope: Mapping[str, Any], wanted_id: str | None = None) -> Arrival:
        """Begin one HTTP request; ``wanted_id`` is the caller's valid X-Request-Id (COM-3)."""
        ...

    def called(self, endpoint: Endpoint, message: Message) -> Called:
        """Begin one JSON-RPC request; its parent is ``message.meta``'s context, else the POST."""
        ...

    def peer(self, consumed: Consumed) -> Peer:
        """Return what a client holds for one consumed operation."""
        ...

    def ran(self, work: Work) -> Run:
        """Begin a step or an aggregate function."""
        ...


def fresh_id() -> str:
    """Return 32 hex digits that no other request has, also across forked workers (COM-3)."""
    return f"{getrandbits(128):032x}"


class _Unrecorded:
    """A request of which only the id is known."""

    __slots__ = ("request_id",)

    def __init__(self, request_id: str) -> None:
        self.request_id = request_id

    def matched(self, endpoint: Endpoint) -> None:
        pass

    def ended(
        self, status: int, error: str | None = None, received: int = 0, sent: int = 0
    ) -> None:
        pass


class _Nothing:
    """Work of which nothing is kept: one object for all."""

    __slots__ = ()
    headers: Final[Headers] = ()

    def attempt(self, method: str, url: str, resend: int = 0) -> Attempt:
        return self

    def ended(self, *_: object, **__: object) -> None:
        pass


_NOTHING: Final = _Nothing()


class _Off:
    """Telemetry that records nothing (OBS-6)."""

    __slots__ = ()

    def arrived(self, scope: Mapping[str, Any], wanted_id: str | None = None) -> Arrival:
        return _Unrecorded(wanted_id or fresh_id())

    def called(self, endpoint: Endpoint, message: Message) -> Called:
        return _NOTHING

    def peer(self, consumed: Consumed) -> Peer:
        return _NOTHING

    def ran(self, work: Work) -> Run:
        return _NOTHING


OFF: Final[Telemetry] = _Off()
