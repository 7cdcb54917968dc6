"""MCP endpoints: made in the background, alive as long as their listeners (mcp.md 5, 6).

Importing the SDK takes longer than everything else at start, so it happens in a thread while the
other adapters already serve; requests to an endpoint wait for it.
"""

import asyncio
import importlib
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from naftiko_runtime.adapters.asgi import App, Receive, Scope, Send
from naftiko_runtime.adapters.mcp.serving import Lease, Served, Serving
from naftiko_runtime.adapters.problems import answer, internal
from naftiko_runtime.adapters.visit import visit_of
from naftiko_runtime.runtime.assembly import EndpointKey, Live
from naftiko_runtime.runtime.house import House
from naftiko_runtime.runtime.late import Late
from naftiko_runtime.runtime.states import State

Told: TypeAlias = Callable[[State], None]
"""Is told how an endpoint got on."""

_log: Final = logging.getLogger(__name__)
ENDPOINT: Final = "naftiko_runtime.adapters.mcp.endpoint"
_STDIO: Final = "naftiko_runtime.adapters.mcp.stdio"


@dataclass(slots=True)
class _Entry:
    """One endpoint from the first thought of it to its end."""

    app: Late = field(default_factory=Late)
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    made: Any = None
    is_served: bool = False


class Endpoints:
    """The MCP endpoints of a process by key; ``app`` may be asked before they are made."""

    def __init__(self, house: House, live: Callable[[EndpointKey], Live]) -> None:
        self._house = house
        self._live = live
        self._entries: dict[EndpointKey, _Entry] = {}
        self._importing = asyncio.Lock()

    def app(self, key: EndpointKey) -> App:
        """Return the app of an endpoint; requests to it wait until it is made."""
        return self._entry(key).app

    def take(self, key: EndpointKey) -> bool:
        """Return whether the caller is to ``serve`` the endpoint: nobody does yet."""
        entry = self._entry(key)
        is_taken, entry.is_served = entry.is_served, True
        return not is_taken

    async def serve(self, key: EndpointKey, told: Told) -> None:
        """Make an endpoint and keep it until ``close``; the task that runs this owns it."""
        entry = self._entry(key)
        try:
            module = await self._imported(ENDPOINT)
            endpoint = module.McpEndpoint(self._serving(key), keys=(self._house.key,))
        except Exception:  # noqa: BLE001 - see below
            # whatever is wrong with one adapter must not end the others
            _log.exception("the MCP endpoint %s cannot be made", key.namespace or "")
            entry.app.put(_broken)
            told("failed")
            return
        async with endpoint:
            entry.made = endpoint
            entry.app.put(endpoint.asgi)
            told("started")
            await entry.closing.wait()

    async def speak(self, key: EndpointKey, ready: Callable[[], None]) -> None:
        """Serve the client at stdin and stdout until it goes."""
        module = await self._imported(_STDIO)
        server = module.StdioServer(self._serving(key, "pipe"), keys=(self._house.key,))
        with module.standard_streams() as pipe:
            ready()
            await server.run(pipe)

    async def _imported(self, name: str) -> Any:
        # the SDK's modules import each other in circles: two threads at once would block each other
        async with self._importing:
            return await asyncio.to_thread(importlib.import_module, name)

    def close(self, key: EndpointKey) -> None:
        """Let the endpoint's task end; a later ``take`` begins a new one."""
        entry = self._entries.pop(key, None)
        if entry is not None:
            entry.closing.set()

    def close_all(self) -> None:
        """Let all endpoints' tasks end, also of those that are still being made."""
        for key in list(self._entries):
            self.close(key)

    def end_streams(self) -> None:
        """End what never ends by itself, so that a drain can (LST-8)."""
        for entry in self._entries.values():
            if entry.made is not None:
                entry.made.close_streams()

    async def announce(self, before: Live, after: Live) -> None:
        """Tell clients whose lists changed (MCP-29)."""
        for key, entry in list(self._entries.items()):
            if entry.made is not None and key in before.views and key in after.views:
                await entry.made.announce(before.views[key], after.views[key])

    def _entry(self, key: EndpointKey) -> _Entry:
        return self._entries.setdefault(key, _Entry())

    def _serving(self, key: EndpointKey, transport: Literal["tcp", "pipe"] = "tcp") -> Serving:
        observability = self._house.observability
        return Serving(
            lease_of(key, self._live),
            self._house.options.limits,
            observability.telemetry,
            observability.redactor.scrub,
            transport,
        )


async def _broken(scope: Scope, receive: Receive, send: Send) -> None:
    await answer(internal(visit_of(scope).request_id), scope, send)


def lease_of(key: EndpointKey, current: Callable[[EndpointKey], Live]) -> Lease:
    """Return what gives an endpoint its view and engine, both of one ``Live``."""

    @contextmanager
    def lease() -> Iterator[Served]:
        live = current(key)
        live.usage.count += 1
        try:
            yield Served(live.views[key], live.engine)
        finally:
            live.usage.left()

    return lease
