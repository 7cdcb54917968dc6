"""One HTTP request on its way through a listener: what the guard and the adapters tell each other.

It travels in the scope, because ASGI has no other place, and always as this one type.
"""

from collections.abc import Callable
from typing import Final

from naftiko_runtime.adapters.asgi import Message, RawHeader, Scope, Send
from naftiko_runtime.observability.telemetry import OFF, Arrival

_KEY: Final = "naftiko.visit"


class Visit:
    """The request id, the answer so far, and headers that every answer to it carries.

    ``error`` is a problem's name, ``upstream-status`` or ``cancelled``; ``status`` is 0 until the
    answer begins. ``scrub`` replaces secrets in texts that the runtime makes (exposes.md OBS-8).
    """

    __slots__ = (
        "_send",
        "arrival",
        "complete",
        "error",
        "headers",
        "origin",
        "received",
        "request_id",
        "scrub",
        "sent",
        "status",
    )

    def __init__(
        self,
        arrival: Arrival,
        send: Send,
        origin: bytes | None = None,
        scrub: Callable[[str], str] | None = None,
    ) -> None:
        self.arrival = arrival
        self.request_id = arrival.request_id
        self.origin = origin
        self.scrub = scrub
        self.headers: list[RawHeader] = [(b"x-request-id", self.request_id.encode())]
        self.error: str | None = None
        self.status = 0
        self.complete = False
        self.received = 0
        self.sent = 0
        self._send = send

    async def send(self, message: Message) -> None:
        """Pass a message on; the first one gets ``headers`` (exposes.md COM-3)."""
        kind = message["type"]
        if kind == "http.response.body":
            self.sent += len(message.get("body", b""))
            self.complete = not message.get("more_body", False)
        elif kind == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message.get("headers", ()), *self.headers]
        await self._send(message)


def begin(scope: Scope, visit: Visit) -> None:
    """Let everything below find the visit."""
    scope[_KEY] = visit


def end(scope: Scope) -> None:
    """Take the visit out of the scope: server, scope and visit would keep each other alive."""
    scope.pop(_KEY, None)


def visit_of(scope: Scope) -> Visit:
    """Return the visit of a request; an app that stands alone gets one of its own."""
    visit = scope.get(_KEY)
    if isinstance(visit, Visit):
        return visit
    fresh = Visit(OFF.arrived(scope), _nowhere)
    begin(scope, fresh)
    return fresh


async def _nowhere(message: Message) -> None:
    """Unused: an app that stands alone sends to its own ``send``."""
