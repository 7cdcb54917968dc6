"""One connection of a caller: limited heads, problems as answers, an end that loses no reply.

uvicorn closes a connection between two requests at once when it stops. The next request may be on
its way then, so such a connection lingers, and what still comes is answered with
``Connection: close`` (exposes.md LST-8).
"""

import asyncio
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import unquote
from uuid import uuid4

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from naftiko_runtime.engine.alarm import Alarm
from naftiko_runtime.options import Limits
from naftiko_runtime.runtime.cycle import Cycle
from naftiko_runtime.values import compact

LINGER: Final = 0.5
"""Seconds that an idle connection may still send a request after the stop began."""
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
        self._idle = Alarm(self.timeout_keep_alive_handler)
        self._reading_head = False
        self._refused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type] # uvicorn narrows it
        # a caller that never sends anything is as idle as one between two requests
        self._close_after(LINGER if self.server_state.stopping else self.timeout_keep_alive)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._idle.stop()
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
        self._head = self._size = 0
        self._reading_head = True

    def on_url(self, url: bytes) -> None:
        self._size += len(url)
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._size += len(name) + len(value) + 4
        name = name.lower()
        # the parser keeps trailing blanks, which RFC 9110 5.5 excludes from the value
        value = value.strip(_BLANKS)
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        self._reading_head = False
        if self._size > self._limit:
            self._refuse_head()
            return
        if self.url.startswith(b"/") and self.url.isascii() and b"#" not in self.url:
            self._begin_cycle()
        else:
            super().on_headers_complete()  # targets of other forms, which nobody serves
        if self.server_state.stopping and self.cycle is not None:
            self.cycle.keep_alive = False

    def _begin_cycle(self) -> None:
        """Begin the exchange as uvicorn does, with a ``Cycle``."""
        scope, parser = self.scope, self.parser
        version = parser.get_http_version()
        raw_path, _, query = self.url.partition(b"?")
        path = raw_path.decode()
        scope["method"] = parser.get_method().decode()
        scope["http_version"] = version
        scope["path"] = unquote(path) if "%" in path else path
        scope["raw_path"] = raw_path
        scope["query_string"] = query
        before = self.cycle
        self.cycle = Cycle(
            scope=scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=version != "1.0" and parser.should_keep_alive(),
            on_response=self.on_response_complete,
        )
        if before is None or before.response_complete:
            self._start_asgi_task(self.cycle, self.app)
        else:
            # pipelined: one answer after the other
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))

    def on_body(self, body: bytes) -> None:
        cycle = self.cycle
        if self._refused or cycle.response_complete:
            return
        if isinstance(cycle, Cycle):
            cycle.take(body)
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if not self._refused and not self.cycle.response_complete:
            self.cycle.more_body = False
            self.cycle.message_event.set()

    def on_response_complete(self) -> None:
        """Go on with the next request, as uvicorn does, or be idle from now on."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
        else:
            self._close_after(LINGER if self.server_state.stopping else self.timeout_keep_alive)

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
        self._idle.set(seconds)

    def _unset_keepalive_if_required(self) -> None:
        self._idle.unset()
