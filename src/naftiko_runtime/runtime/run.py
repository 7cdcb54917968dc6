"""A running process: listeners serve, adapters get ready one after another, all end in order."""

import asyncio
import gc
import signal
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from naftiko_runtime.adapters.access import Gate
from naftiko_runtime.adapters.asgi import App
from naftiko_runtime.engine import inputs
from naftiko_runtime.plan.exposure import ControlExposure, McpExposure
from naftiko_runtime.plan.listener import ListenerKey, ListenerPlan, Merged
from naftiko_runtime.runtime.assembly import STDIO, EndpointKey, Live, build_live, endpoint_keys
from naftiko_runtime.runtime.documents import Document
from naftiko_runtime.runtime.endpoints import Endpoints, Told
from naftiko_runtime.runtime.house import House
from naftiko_runtime.runtime.listeners import Listener, serve_on
from naftiko_runtime.runtime.ready import Lines
from naftiko_runtime.runtime.sockets import Bound
from naftiko_runtime.runtime.states import State, States, every
from naftiko_runtime.runtime.switch import Switch
from naftiko_runtime.values import Json

ControlDoor: TypeAlias = Callable[[ControlExposure, Gate | None], App]
Work: TypeAlias = Coroutine[Any, Any, None]

SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


@dataclass(frozen=True, slots=True)
class Start:
    """What is served and on which sockets; ``lines`` prints the ready lines."""

    documents: Sequence[Document]
    merged: Merged
    opened: Mapping[ListenerKey, Bound]
    lines: Lines = field(repr=False)


class Runtime:
    """Serves until it is told to stop; ``live`` is what is served now."""

    def __init__(
        self,
        house: House,
        group: asyncio.TaskGroup,
        signals: Sequence[signal.Signals] = SIGNALS,
    ) -> None:
        self.house = house
        self.states = States()
        self.started_at = datetime.now(UTC)
        self.stopping = False
        self.failed: list[dict[str, Json]] = []
        """Adapters that a reload could not open, as CTL-3 shows them."""
        self.listeners: dict[ListenerKey, Listener] = {}
        self.endpoints = Endpoints(house, self._live_with)
        self._control: ControlDoor | None = None
        self._group = group
        self._signals = signals
        self.stopped = asyncio.Event()
        self._background: set[asyncio.Task[None]] = set()
        self._live: Live | None = None
        self._retiring: list[Live] = []

    @property
    def live(self) -> Live:
        if self._live is None:
            raise RuntimeError("nothing is served yet")
        return self._live

    def _live_with(self, key: EndpointKey) -> Live:
        """Return what an MCP endpoint serves, for the last of its requests what it did serve."""
        live = self.live
        if key in live.views:
            return live
        # a request may have begun before the endpoint went, and read its body since
        return next(each for each in reversed(self._retiring) if key in each.views)

    def endpoint(self, key: EndpointKey) -> App:
        """Return the app of an MCP endpoint (``assembly.Doors``)."""
        return self.endpoints.app(key)

    def control(self, exposure: ControlExposure, gate: Gate | None) -> App:
        """Return the app of a control adapter (``assembly.Doors``)."""
        if self._control is None:
            raise RuntimeError("nothing is served yet")
        return self._control(exposure, gate)

    async def begin(self, start: Start, control: ControlDoor) -> None:
        """Open every listener and adapter; MCP adapters get ready in the background."""
        self._control = control
        self._live = build_live(start.documents, start.merged, self.house, self)
        loop = asyncio.get_running_loop()
        for number in self._signals:
            loop.add_signal_handler(number, self.stop)
        await self._open_all(start, start.merged.listeners)
        if start.merged.stdio:
            self.run_beside(self._speak(start))
        self._tell_metrics()

    async def renew(self, start: Start) -> None:
        """Serve something else from now on; requests under way end on what they began with.

        ``start.opened`` has the sockets of new listeners (exposes.md LST-11).
        """
        before = self.live
        self._live = live = build_live(start.documents, start.merged, self.house, self)
        self._retiring.append(before)
        keys = {plan.key for plan in start.merged.listeners}
        for key in keys & self.listeners.keys():
            self.listeners[key].switch.put(live.apps[key], live.usage)
        await self._open_all(start, start.merged.listeners)
        for key in self.listeners.keys() - keys:
            self._close(self.listeners.pop(key))
        await self.endpoints.announce(before, live)
        self.run_beside(self._retire(before))
        self._tell_metrics()

    async def until_stopped(self) -> None:
        """Wait for the stop, and end as exposes.md LST-8 says."""
        await self.stopped.wait()
        self.endpoints.end_streams()
        self.house.observability.feed.end()
        for listener in self.listeners.values():
            self._close(listener)
        for task in self._background:
            task.cancel()
        if self.listeners:
            await asyncio.wait([listener.ended for listener in self.listeners.values()])
        for key, placed in every(self.live.merged):
            self.states.put(key, placed, "stopped")
        self.endpoints.close_all()

    def stop(self) -> None:
        """Begin the stop; the second time, skip the drain."""
        if self.stopping:
            for listener in self.listeners.values():
                listener.server.stop(0)
        self.stopping = True
        self.stopped.set()

    def run_beside(self, work: Work) -> asyncio.Task[None]:
        """Do something in the background until it ends or the stop cancels it."""
        task = self._group.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        return task

    async def _open_all(self, start: Start, plans: Iterable[ListenerPlan]) -> None:
        for plan in plans:
            if plan.key not in self.listeners:
                self._open(plan, start.opened[plan.key])
        for plan in plans:
            await self.listeners[plan.key].server.listening.wait()
            self.states.put_all(plan, "started")
        start.lines.announce_all_but_mcp()
        for plan in plans:
            self._open_endpoints(plan, start.lines)

    def _open(self, plan: ListenerPlan, bound: Bound) -> None:
        switch = Switch(self.live.apps[plan.key], self.live.usage)
        self.listeners[plan.key] = serve_on(bound, switch, self.house.options, self._group)
        self.states.opened(plan.key, bound.port)

    def _close(self, listener: Listener) -> None:
        listener.server.stop(self.house.options.limits.drain)

    def _open_endpoints(self, plan: ListenerPlan, lines: Lines) -> None:
        for key, exposure in endpoint_keys(plan).items():
            if self.endpoints.take(key):
                told = self._told(plan, exposure, lines)
                self._group.create_task(self.endpoints.serve(key, told))

    def _told(self, plan: ListenerPlan, exposure: McpExposure | None, lines: Lines) -> Told:
        """Return what notes how an MCP adapter got on; all together has no line of its own."""

        def told(state: State) -> None:
            for placed in plan.placed:
                if exposure is not None and placed.exposure is exposure:
                    self.states.put(plan.key, placed, state)
            if exposure is not None and state == "started":
                lines.announce(exposure)

        return told

    async def _retire(self, before: Live) -> None:
        """Wait until nobody uses what was replaced, then close what only it had."""
        await before.usage.unused(self.house.options.limits.drain)
        self._retiring = [each for each in self._retiring if each is not before]
        inputs.forget()
        # an endpoint may have come back meanwhile, and even gone again
        needed = {key for each in (self.live, *self._retiring) for key in each.views}
        for key in before.views.keys() - needed:
            self.endpoints.close(key)
        # plans refer to themselves; once this task has let go of the old one it is garbage
        asyncio.get_running_loop().call_soon(gc.collect)

    async def _speak(self, start: Start) -> None:
        """Serve the client at the standard streams; when it goes the process ends (MCP-33)."""

        def ready() -> None:
            for placed in start.merged.stdio:
                self.states.put(None, placed, "started")
                start.lines.announce(placed.exposure)

        await self.endpoints.speak(STDIO, ready)
        self.stop()

    def _tell_metrics(self) -> None:
        metrics = self.house.observability.metrics
        if metrics is not None:
            plans = [each.capability for each in self.live.documents if each.capability]
            metrics.serving(tuple(plan.label or plan.file for plan in plans))
