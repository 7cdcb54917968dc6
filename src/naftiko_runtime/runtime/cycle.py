"""One answer on its way out: its head waits for the first piece of the body, to be one packet.

uvicorn writes a head at once, which costs every answer a second system call and wakes its caller
twice. A head that no body follows in the same turn of the loop goes out at the end of that turn.
"""

import asyncio
import re
from functools import lru_cache
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from naftiko_runtime.adapters.asgi import App, Message

_UNNAMEABLE: Final = re.compile(rb'[\x00-\x1f\x7f()<>@,;:\[\]={} \t\\"]')
_SENDABLE: Final = b"\t" + bytes(range(0x20, 0x7F)) + bytes(range(0x80, 0x100))
_BODILESS: Final = (204, 304)
_FRAMING: Final = frozenset({b"content-length", b"transfer-encoding", b"connection"})
_WAITING: Final = 256 * 1024
"""Bytes of a request's body that wait for the app before their caller is made to wait."""
_COPIED: Final = 64 * 1024
"""Bytes of a piece that are copied behind its head; a larger one is written by itself."""


class Cycle(RequestResponseCycle):
    """The exchange of one request with the app: uvicorn's, except for how an answer is written."""

    _head = b""
    _says_close = False

    def __init__(self, *args: Any, **members: Any) -> None:
        super().__init__(*args, **members)
        self._pieces: list[bytes] = []
        self._waiting = 0

    def take(self, piece: bytes) -> None:
        """Keep a piece of the request's body; the caller waits while much is not taken."""
        self._pieces.append(piece)
        self._waiting += len(piece)
        if self._waiting > _WAITING:
            self.flow.pause_reading()
        self.message_event.set()

    async def receive(self) -> Any:
        """Return the next message for the app, as uvicorn does, but without copying the body."""
        if self.waiting_for_100_continue and not self.transport.is_closing():
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.waiting_for_100_continue = False
        if not self.disconnected and not self.response_complete:
            self.flow.resume_reading()
            await self.message_event.wait()
            self.message_event.clear()
        if self.disconnected or self.response_complete:
            return {"type": "http.disconnect"}
        pieces, self._pieces, self._waiting = self._pieces, [], 0
        body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        return {"type": "http.request", "body": body, "more_body": self.more_body}

    async def run_asgi(self, app: App) -> None:  # type: ignore[override] # its own ASGI types
        """Run the app for the request; whatever it leaves incomplete ends the connection."""
        try:
            await app(self.scope, self.receive, self.send)  # type: ignore[arg-type] # as above
        except BaseException:  # the task's last edge, as in uvicorn
            self.logger.exception("exception in ASGI application")
            await self._give_up()
        else:
            if not self.response_complete and not self.disconnected:
                self.logger.error("ASGI application left its answer incomplete")
                await self._give_up()
        finally:
            self.on_response = _nothing

    async def _give_up(self) -> None:
        if self.response_started:
            self._flush()
            self.transport.close()
        else:
            await self.send_500_response()

    async def send(self, message: Any) -> None:
        """Write a message of the app; raises ``RuntimeError`` for one that may not come now."""
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        kind = message["type"]
        if not self.response_started and kind == "http.response.start":
            self._begin(message)
        elif self._is_open and kind == "http.response.body":
            self._go_on(message.get("body", b""), more=message.get("more_body", False))
        else:
            raise RuntimeError(f"ASGI message {kind} is out of order")

    @property
    def _is_open(self) -> bool:
        return self.response_started and not self.response_complete

    def _begin(self, message: Message) -> None:
        self.response_started = True
        self.waiting_for_100_continue = False
        status = message["status"]
        lines = [STATUS_LINE[status]]
        headers = (*self.default_headers, *message.get("headers", ()))
        # whatever is left when all that may be sent is deleted
        if b"".join([value for _, value in headers]).translate(None, _SENDABLE):
            raise RuntimeError("a header's value has control characters")
        for name, value in headers:
            key, start = _field(name)
            if key is not None:
                self._frame(key, value)
            lines += (start, value, b"\r\n")
        if not self.keep_alive and not self._says_close:
            lines.append(b"connection: close\r\n")
        if self.chunked_encoding is None and not self._is_bodiless(status):
            self.chunked_encoding = True
            lines.append(b"transfer-encoding: chunked\r\n")
        lines.append(b"\r\n")
        self._head = b"".join(lines)
        asyncio.get_running_loop().call_soon(self._flush)

    def _is_bodiless(self, status: int) -> bool:
        return status in _BODILESS or self.scope["method"] == "HEAD"

    def _frame(self, key: bytes, value: bytes) -> None:
        """Note what a header says about the body's end and the connection's."""
        if key == b"content-length" and self.chunked_encoding is None:
            self.expected_content_length = int(value)
            self.chunked_encoding = False
        elif key == b"transfer-encoding" and value.lower() == b"chunked":
            self.expected_content_length = 0
            self.chunked_encoding = True
        elif key == b"connection" and b"close" in value.lower():
            self.keep_alive = False
            self._says_close = True

    def _go_on(self, body: bytes, *, more: bool) -> None:
        self._write(self._framed(body, more=more))
        if more:
            return
        if self.expected_content_length:
            raise RuntimeError("the body is shorter than its Content-Length")
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()

    def _framed(self, body: bytes, *, more: bool) -> bytes:
        """Return a piece of the body as it goes over the wire."""
        if self.scope["method"] == "HEAD":
            self.expected_content_length = 0
            return b""
        if self.chunked_encoding:
            piece = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            return piece if more else piece + b"0\r\n\r\n"
        if len(body) > self.expected_content_length:
            raise RuntimeError("the body is longer than its Content-Length")
        self.expected_content_length -= len(body)
        return body

    def _write(self, piece: bytes) -> None:
        head, self._head = self._head, b""
        if head and len(piece) < _COPIED:
            self.transport.write(head + piece)
            return
        if head:
            self.transport.write(head)
        if piece:
            self.transport.write(piece)

    def _flush(self) -> None:
        """Write a head that waits; nobody can want it any more once the transport closes."""
        if self._head and not self.transport.is_closing():
            self._write(b"")


@lru_cache(maxsize=1024)
def _field(name: bytes) -> tuple[bytes | None, bytes]:
    """Return a header's name if it is about framing, and the beginning of its line.

    Raises ``RuntimeError`` for what is no name.
    """
    if _UNNAMEABLE.search(name):
        raise RuntimeError("not a header's name")
    lower = name.lower()
    return lower if lower in _FRAMING else None, lower + b": "


def _nothing() -> None:
    """Take the place of a callback, so that the cycle and its connection let each other go."""
