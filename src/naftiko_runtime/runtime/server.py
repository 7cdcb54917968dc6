"""uvicorn as the runtime needs it: no signals, soft stop, limited heads, problems as answers.

A stop loses no reply (exposes.md LST-8). A connection between two requests is not closed at once,
because the next request may be on its way; it is answered with ``Connection: close``.
"""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Generator
from http import HTTPStatus
from typing import Any, Final
from uuid import uuid4

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from naftiko_runtime.options import Limits
from naftiko_runtime.runtime.sockets import BACKLOG, Bound
from naftiko_runtime.values import compact

LINGER: Final = 0.5
"""Seconds that an idle connection may still send a request after the stop began."""
_CANCELLED: Final = 5.0
_BLANKS: Final = b" \t"


class State(ServerState):
    """What all connections of a server share."""

    def __init__(self) -> None:
        super().__init__()
        self.stopping = False
        self.connection_ended = asyncio.Event()


class Connection(HttpToolsProtocol):
    """One connection of a caller."""

    server_state: State

    def __init__(self, *args: Any, **members: Any) -> None:
        super().__init__(*args, **members)
        self._limit = self.config.h11_max_incomplete_event_size or Limits().headers
        self._head = 0
        self._reading_head = False
        self._refused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type] # uvicorn narrows it
        # a caller that never sends anything is as idle as one between two requests
        self._close_after(LINGER if self.server_state.stopping else self.timeout_keep_alive)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.server_state.connection_ended.set()

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        was_reading_head = self._reading_head
        super().data_received(data)
        if not self._reading_head or self.transport.is_closing():
            return
        if was_reading_head:
            # the parser shows a header only when it is complete, so an endless one is counted here
            self._head += len(data)
        if self._head > self._limit:
            self._refuse_head()
        elif self._is_idle():
            self._close_after(self.timeout_keep_alive)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head, self._reading_head = 0, True
        self._size = 0

    def on_url(self, url: bytes) -> None:
        self._size += len(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._size += len(name) + len(value) + 4
        # the parser keeps trailing blanks, which RFC 9110 5.5 excludes from the value
        super().on_header(name, value.strip(_BLANKS))

    def on_headers_complete(self) -> None:
        self._reading_head = False
        if self._size > self._limit:
            self._refuse_head()
            return
        super().on_headers_complete()
        if self.server_state.stopping and self.cycle is not None:
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if not self._refused:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.server_state.stopping and self.timeout_keep_alive_task is not None:
            self._close_after(LINGER)

    def shutdown(self) -> None:
        """Ask for the end: after the answer that is being made, or after a short silence."""
        if self._is_idle():
            self._close_after(LINGER)
        elif not self.cycle.response_started:
            self.cycle.keep_alive = False

    def send_400_response(self, msg: str) -> None:
        self._answer(HTTPStatus.BAD_REQUEST, "invalid-input", "Invalid input", msg)

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: an upgrade that is not offered is ignored (RFC 9110 7.8)."""

    def _refuse_head(self) -> None:
        detail = f"request line and headers exceed {self._limit} bytes"
        status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
        self._answer(status, "headers-too-large", "Headers too large", detail)

    def _answer(self, status: HTTPStatus, name: str, title: str, detail: str) -> None:
        """Write a problem and end; only end when another answer is under way."""
        if self.transport.is_closing() or self._refused:
            return
        self._refused = True
        if not self._is_idle():
            self.transport.close()
            return
        self.transport.write(self._problem(status, name, title, detail))
        # closing with unread bytes resets the connection, and the caller would not see the answer
        self.transport.write_eof()
        self._close_after(LINGER)

    def _problem(self, status: HTTPStatus, name: str, title: str, detail: str) -> bytes:
        request_id = uuid4().hex
        problem = {
            "type": f"urn:naftiko:problem:{name}",
            "title": title,
            "status": status.value,
            "detail": detail,
            "requestId": request_id,
        }
        body = compact(problem).encode()
        headers = (
            *self.server_state.default_headers,
            (b"content-type", b"application/problem+json"),
            (b"content-length", str(len(body)).encode()),
            (b"x-request-id", request_id.encode()),
            (b"connection", b"close"),
        )
        lines = [f"HTTP/1.1 {status.value} {status.phrase}".encode()]
        lines += [b"%s: %s" % header for header in headers]
        return b"\r\n".join([*lines, b"", body])

    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _close_after(self, seconds: float) -> None:
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_later(
            seconds, self.timeout_keep_alive_handler
        )


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
