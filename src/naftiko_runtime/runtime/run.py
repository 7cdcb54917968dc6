"""A running process: listeners serve, adapters get ready one after another, all end in order."""

import asyncio
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from naftiko_runtime.plan.exposure import McpExposure
from naftiko_runtime.plan.listener import ListenerKey, ListenerPlan, Merged
from naftiko_runtime.runtime.assembly import STDIO, EndpointKey, Live, build_live
from naftiko_runtime.runtime.documents import Document
from naftiko_runtime.runtime.endpoints import Endpoints
from naftiko_runtime.runtime.house import House
from naftiko_runtime.runtime.listeners import Listener, serve_on
from naftiko_runtime.runtime.ready import Lines
from naftiko_runtime.runtime.sockets import Bound
from naftiko_runtime.runtime.states import States, every
from naftiko_runtime.runtime.switch import Switch

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


@dataclass(frozen=True, slots=True)
class Start:
    """What a process begins with; ``lines`` prints the ready lines."""

    documents: Sequence[Document]
    merged: Merged
    opened: Mapping[ListenerKey, Bound]
    lines: Lines = field(repr=False)


class Runtime:
    """Serves until it is told to stop; ``live`` is what is served now."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.states = States()
        self.listeners: dict[ListenerKey, Listener] = {}
        self.endpoints = Endpoints(house, lambda: self.live)
        self.stopping = False
        self._stopped = asyncio.Event()
        self._background: list[asyncio.Task[None]] = []
        self._live: Live | None = None

    @property
    def live(self) -> Live:
        if self._live is None:
            raise RuntimeError("nothing is served yet")
        return self._live

    async def run(self, start: Start) -> None:
        """Serve until a signal or the end of stdin, and end as exposes.md LST-8 says."""
        self._live = build_live(start.documents, start.merged, self.house, self.endpoints.app)
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self.stop)
        async with asyncio.TaskGroup() as group:
            await self._begin(start, group)
            await self._stopped.wait()
            await self._end()

    async def _begin(self, start: Start, group: asyncio.TaskGroup) -> None:
        for plan in start.merged.listeners:
            self._open(plan, start.opened[plan.key], group)
        for plan in start.merged.listeners:
            await self.listeners[plan.key].server.listening.wait()
            self.states.put_all(plan, "started")
        start.lines.announce_all_but_mcp()
        for plan in start.merged.listeners:
            self._open_endpoints(plan, start.lines, group)
        if start.merged.stdio:
            self._background.append(group.create_task(self._speak(start)))

    def _open(self, plan: ListenerPlan, bound: Bound, group: asyncio.TaskGroup) -> None:
        switch = Switch(self.live.apps[plan.key], self.live.usage)
        self.listeners[plan.key] = serve_on(bound, switch, self.house.options, group)
        self.states.opened(plan.key, bound.port)

    def _open_endpoints(self, plan: ListenerPlan, lines: Lines, group: asyncio.TaskGroup) -> None:
        keys = {EndpointKey(plan.key, exposure.namespace): exposure for exposure in plan.mcp}
        for key, exposure in keys.items():
            ready = self._ready(plan, exposure, lines)
            group.create_task(self.endpoints.serve(key, ready))
        if len(keys) > 1:
            together = EndpointKey(plan.key, None)
            group.create_task(self.endpoints.serve(together, lambda: None))

    def _ready(self, plan: ListenerPlan, exposure: McpExposure, lines: Lines) -> Callable[[], None]:
        """Return what notes that an MCP adapter serves."""

        def ready() -> None:
            for placed in plan.placed:
                if placed.exposure is exposure:
                    self.states.put(plan.key, placed, "started")
            lines.announce(exposure)

        return ready

    async def _speak(self, start: Start) -> None:
        """Serve the client at the standard streams; when it goes the process ends (MCP-33)."""

        def ready() -> None:
            for placed in start.merged.stdio:
                self.states.put(None, placed, "started")
                start.lines.announce(placed.exposure)

        await self.endpoints.speak(STDIO, ready)
        self.stop()

    def stop(self) -> None:
        """Begin the stop; the second time, skip the drain."""
        if self.stopping:
            self._stop_listeners(0)
        self.stopping = True
        self._stopped.set()

    async def _end(self) -> None:
        self.endpoints.end_streams()
        self.house.observability.feed.end()
        self._stop_listeners(self.house.options.limits.drain)
        for task in self._background:
            task.cancel()
        if self.listeners:
            await asyncio.wait([listener.ended for listener in self.listeners.values()])
        for key, placed in every(self.live.merged):
            self.states.put(key, placed, "stopped")
        self.endpoints.close_all()

    def _stop_listeners(self, drain: float) -> None:
        for listener in self.listeners.values():
            listener.server.stop(drain)
