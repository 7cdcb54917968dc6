"""A loopback HTTP/1.1 server for the stand-in, with the two ways Label Studio frames a body.

The development server ends a body of unknown length by closing the connection, and takes a chunked
request body for the next request; gunicorn sends such a body chunked and reads chunks away.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Literal
from urllib.parse import unquote

import anyio
from anyio.abc import ByteStream, SocketAttribute, TaskStatus
from anyio.streams.buffered import BufferedByteReceiveStream
from starlette.types import ASGIApp, Message, Scope

Framing = Literal["close", "chunked"]
RawHeaders = list[tuple[bytes, bytes]]
LONGEST_HEAD, LONGEST_LINE, IDLE_SECONDS = 64 * 1024, 1024, 60
BODILESS = {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}
BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
GONE = (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError)


@dataclass(frozen=True, slots=True)
class Head:
    """The first lines of a request."""

    method: str
    target: str
    headers: RawHeaders

    def header(self, name: bytes) -> bytes | None:
        """Return the first value of a header, its name in lower case."""
        return next((value for key, value in self.headers if key == name), None)


async def serve(
    app: ASGIApp, framing: Framing = "close", port: int = 0, *, task_status: TaskStatus[str]
) -> None:
    """Serve `app` on the loopback address until cancelled; tell the URL once it listens."""
    listeners = await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=port)
    async with listeners:
        bound = listeners.extra(SocketAttribute.local_port)  # noqa: S610 - anyio's, not Django's
        task_status.started(f"http://127.0.0.1:{bound}")
        await listeners.serve(partial(_converse, app, framing))


async def _converse(app: ASGIApp, framing: Framing, stream: ByteStream) -> None:
    reader = BufferedByteReceiveStream(stream)
    async with stream:
        try:
            while await _exchange(app, framing, reader, stream):
                pass
        except (*GONE, anyio.IncompleteRead, TimeoutError):
            return  # the caller hung up, or said nothing for long
        except (ValueError, anyio.DelimiterNotFound):
            await stream.send(BAD_REQUEST)


async def _exchange(
    app: ASGIApp, framing: Framing, reader: BufferedByteReceiveStream, stream: ByteStream
) -> bool:
    """Answer one request; tell whether the connection can take another."""
    with anyio.fail_after(IDLE_SECONDS):
        head = _parsed(await reader.receive_until(b"\r\n\r\n", LONGEST_HEAD))
        body = await _body(reader, head, framing)
    reply = _Reply(stream, head, framing)
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
    await app(_scope(head), partial(_receive, messages), reply.send)
    return reply.is_reusable


def _parsed(text: bytes) -> Head:
    first, *lines = text.split(b"\r\n")
    method, target, version = first.decode("ascii").split(" ")
    if not version.startswith("HTTP/1."):
        raise ValueError(version)
    pairs = [line.split(b":", 1) for line in lines]
    return Head(method, target, [(name.lower(), value.strip()) for name, value in pairs])


async def _body(reader: BufferedByteReceiveStream, head: Head, framing: Framing) -> bytes:
    if head.header(b"transfer-encoding") is None:
        length = int(head.header(b"content-length") or 0)
        return await reader.receive_exactly(length) if length else b""
    while framing == "chunked":
        size = int((await reader.receive_until(b"\r\n", LONGEST_LINE)).split(b";")[0], 16)
        await reader.receive_exactly(size + 2)
        if size == 0:
            break
    return b""


def _scope(head: Head) -> Scope:
    path, _, query = head.target.partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": head.method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode("ascii"),
        "root_path": "",
        "query_string": query.encode("ascii"),
        "headers": head.headers,
        "client": None,
        "server": None,
    }


async def _receive(messages: list[Message]) -> Message:
    if not messages:
        await anyio.sleep_forever()
    return messages.pop()


class _Reply:
    """Writes what the app sends, in the framing that the length of the body asks for."""

    def __init__(self, stream: ByteStream, head: Head, framing: Framing) -> None:
        self._stream = stream
        self._bodiless = head.method == "HEAD"
        self._framing = framing
        self._chunked = False
        self.is_reusable = head.header(b"connection") != b"close"

    async def send(self, message: Message) -> None:
        """Take one message of the app."""
        if message["type"] == "http.response.start":
            await self._start(message["status"], message["headers"])
        elif not self._bodiless:
            last = not message.get("more_body", False)
            await self._write(message.get("body", b""), last=last)

    async def _start(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> None:
        lines = list(headers)
        self._bodiless = self._bodiless or status in BODILESS
        known = any(name == b"content-length" for name, _ in lines)
        if not known and not self._bodiless:
            lines.append(self._frame())
        elif status == HTTPStatus.NO_CONTENT and self._framing == "close":
            lines.append((b"content-length", b"0"))
        first = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode()
        rest = b"".join(b"%b: %b\r\n" % line for line in lines)
        await self._stream.send(first + rest + b"\r\n")

    def _frame(self) -> tuple[bytes, bytes]:
        if self._framing == "chunked":
            self._chunked = True
            return b"transfer-encoding", b"chunked"
        self.is_reusable = False
        return b"connection", b"close"

    async def _write(self, piece: bytes, *, last: bool) -> None:
        if self._chunked:
            piece = (b"%x\r\n%b\r\n" % (len(piece), piece) if piece else b"") + (
                b"0\r\n\r\n" if last else b""
            )
        if piece:
            await self._stream.send(piece)
