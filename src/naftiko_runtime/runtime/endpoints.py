"""MCP endpoints: made in the background, alive as long as their listeners (mcp.md 5, 6).

Importing the SDK takes longer than everything else at start, so it happens in a thread while the
other adapters already serve; requests to an endpoint wait for it.
"""

import asyncio
import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, Literal

from naftiko_runtime.adapters.asgi import App
from naftiko_runtime.adapters.mcp.serving import Lease, Served, Serving
from naftiko_runtime.runtime.assembly import EndpointKey, Live
from naftiko_runtime.runtime.house import House
from naftiko_runtime.runtime.late import Late

_ENDPOINT: Final = "naftiko_runtime.adapters.mcp.endpoint"
_STDIO: Final = "naftiko_runtime.adapters.mcp.stdio"


class Endpoints:
    """The MCP endpoints of a process by key; ``app`` may be asked before they are made."""

    def __init__(self, house: House, live: Callable[[], Live]) -> None:
        self._house = house
        self._live = live
        self._apps: dict[EndpointKey, Late] = {}
        self._made: dict[EndpointKey, Any] = {}
        self._closing: dict[EndpointKey, asyncio.Event] = {}

    def app(self, key: EndpointKey) -> App:
        """Return the app of an endpoint; requests to it wait until it is made."""
        return self._apps.setdefault(key, Late())

    async def serve(self, key: EndpointKey, ready: Callable[[], None]) -> None:
        """Make an endpoint and keep it until ``close``; the task that runs this owns it."""
        closing = self._closing.setdefault(key, asyncio.Event())
        module = await asyncio.to_thread(importlib.import_module, _ENDPOINT)
        serving = self._serving(key)
        async with module.McpEndpoint(serving, keys=(self._house.key,)) as endpoint:
            self._made[key] = endpoint
            self._apps.setdefault(key, Late()).put(endpoint.asgi)
            ready()
            await closing.wait()
        self._apps.pop(key, None)
        self._made.pop(key, None)
        self._closing.pop(key, None)

    async def speak(self, key: EndpointKey, ready: Callable[[], None]) -> None:
        """Serve the client at stdin and stdout until it goes."""
        module = await asyncio.to_thread(importlib.import_module, _STDIO)
        server = module.StdioServer(self._serving(key, "pipe"), keys=(self._house.key,))
        self._made[key] = server
        with module.standard_streams() as pipe:
            ready()
            await server.run(pipe)

    def _serving(self, key: EndpointKey, transport: Literal["tcp", "pipe"] = "tcp") -> Serving:
        observability = self._house.observability
        return Serving(
            lease_of(key, self._live),
            self._house.options.limits,
            observability.telemetry,
            observability.redactor.scrub,
            transport,
        )

    def close(self, key: EndpointKey) -> None:
        """Let the endpoint's task end."""
        self._closing.setdefault(key, asyncio.Event()).set()

    def close_all(self) -> None:
        """Let all endpoints' tasks end, also of those that are still being made."""
        for key in list(self._closing):
            self.close(key)

    def end_streams(self) -> None:
        """End what never ends by itself, so that a drain can (LST-8)."""
        for key, endpoint in self._made.items():
            if key.listener is not None:
                endpoint.close_streams()

    async def announce(self, before: Live, after: Live) -> None:
        """Tell clients whose lists changed (MCP-29)."""
        for key, endpoint in list(self._made.items()):
            if key in before.views and key in after.views:
                await endpoint.announce(before.views[key], after.views[key])


def lease_of(key: EndpointKey, current: Callable[[], Live]) -> Lease:
    """Return what gives an endpoint its view and engine, both of one ``Live``."""

    @contextmanager
    def lease() -> Iterator[Served]:
        live = current()
        live.usage.count += 1
        try:
            yield Served(live.views[key], live.engine)
        finally:
            live.usage.left()

    return lease
