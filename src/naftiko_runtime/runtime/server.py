"""uvicorn as the runtime needs it: no signals, its own sockets, a soft stop (exposes.md LST-8)."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Generator
from typing import Any, Final

import uvicorn

from naftiko_runtime.options import Limits
from naftiko_runtime.runtime.connection import LINGER, Connection, State
from naftiko_runtime.runtime.sockets import BACKLOG, Bound

_CANCELLED: Final = 5.0


class Server(uvicorn.Server):
    """Serves one listener until ``stop``; the process's signals are not its business."""

    server_state: State

    def __init__(self, app: Any, limits: Limits) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=Connection,
                loop="none",
                ws="none",
                lifespan="off",
                interface="asgi3",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                backlog=BACKLOG,
                timeout_keep_alive=limits.keep_alive,
                h11_max_incomplete_event_size=limits.headers,
            )
        )
        self.server_state = State()
        self.servers = []
        self.listening = asyncio.Event()
        self._woken = asyncio.Event()
        self._bound: Bound | None = None
        self._waiting: list[socket.socket] = []
        self._deadline: float | None = None
        self._drain: asyncio.Timeout | None = None

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def run_on(self, bound: Bound) -> None:
        """Serve until ``stop`` was called and everything that was under way has ended."""
        self._bound = bound
        await self.serve(sockets=list(bound.sockets))

    def stop(self, drain: float) -> None:
        """Close for new connections; give requests in flight ``drain`` seconds (LST-8).

        Called again it shortens the drain.
        """
        self._deadline = asyncio.get_running_loop().time() + drain
        if self._drain is not None:
            self._drain.reschedule(self._deadline)
        if not self.should_exit:
            self.should_exit = True
            self._close_listening()
        self._woken.set()

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    async def main_loop(self) -> None:
        # every tick renews the Date header; uvicorn wakes ten times a second for it
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), timeout=1)

    async def shutdown(self, sockets: Any = None) -> None:
        self._close_listening()
        for each in sockets or ():
            each.close()
        await self._serve_waiting()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(self._deadline) as drain:
                self._drain = drain
                await self._all_ended()
        self._drain = None
        await self._cancel_rest()

    def _close_listening(self) -> None:
        """Refuse new connections; those that the system accepted already are still served."""
        if self.server_state.stopping:
            return
        self.server_state.stopping = True
        spares = [each.dup() for each in self._bound.sockets] if self._bound is not None else []
        for server in self.servers:
            server.close()
        for spare in spares:
            self._waiting += _accepted(spare)
            spare.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()

    async def _serve_waiting(self) -> None:
        """Take over the connections that nobody had accepted when the listener was closed."""
        loop = asyncio.get_running_loop()
        for each in self._waiting:
            await loop.connect_accepted_socket(self._connection, each)

    def _connection(self) -> asyncio.Protocol:
        return Connection(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )

    async def _all_ended(self) -> None:
        state = self.server_state
        while state.tasks or state.connections:
            state.connection_ended.clear()
            if state.tasks:
                await asyncio.wait(list(state.tasks))
            else:
                await state.connection_ended.wait()

    async def _cancel_rest(self) -> None:
        """Cancel what the drain did not wait for, upstream requests included."""
        tasks = list(self.server_state.tasks)
        if tasks:
            logging.getLogger(__name__).warning("%d requests are cancelled by the stop", len(tasks))
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=_CANCELLED)
        for connection in list(self.server_state.connections):
            connection.transport.close()
        # a transport writes what it holds before it is gone, but only while the loop turns
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LINGER):
                await self._all_ended()


def _accepted(listening: socket.socket) -> list[socket.socket]:
    """Return the connections in the system's queue of a listening socket."""
    connections = []
    with contextlib.suppress(BlockingIOError):
        while True:
            connection, _ = listening.accept()
            connection.setblocking(False)  # noqa: FBT003 - the name of the parameter is the method's
            connections.append(connection)
    return connections
