"""An upstream that does to its callers whatever the path asks for, on real sockets.

It counts the connections that are open: what a runtime leaves behind is seen here too.
"""

import asyncio
import socket
import struct
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

GOOD = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"id": 7}'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
FAILED = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nbusy"
)
NO_JSON = HEAD + b"Content-Length: 8\r\n\r\nnot json"
ENDING_WELL = {"good", "failed", "no-json", "slow"}
# abortive close: the other side gets a reset, not an end
RESET = struct.pack("ii", 1, 0)


@dataclass
class Hostile:
    """``requests`` by the last part of their path; ``open`` connections now."""

    url: str = ""
    requests: Counter[str] = field(default_factory=Counter)
    open: int = 0
    changed: threading.Condition = field(default_factory=threading.Condition)

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something is true of this upstream."""
        with self.changed:
            assert self.changed.wait_for(condition, 60), (self.requests, self.open)

    def note(self, opened: int = 0, request: str | None = None) -> None:
        with self.changed:
            self.open += opened
            if request is not None:
                self.requests[request] += 1
            self.changed.notify_all()

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until either side has enough."""
        self.note(opened=1)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                while head := await reader.readuntil(b"\r\n\r\n"):
                    name = head.split(b" ", 2)[1].rpartition(b"/")[2].decode()
                    self.note(request=name)
                    await BEHAVIOURS[name](reader, writer)
                    if name not in ENDING_WELL:
                        break
        finally:
            writer.transport.abort()
            self.note(opened=-1)


Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def answers(reply: bytes) -> Behaviour:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(reply)
        await writer.drain()

    return answer


async def resets(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD + b"Content-Length: 100000\r\n\r\n" + b"x" * 1000)
    await writer.drain()
    await asyncio.sleep(0.05)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()


async def hangs(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read()


async def drips(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while True:
        writer.write(b"z")
        await writer.drain()
        await asyncio.sleep(0.05)


async def pours(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")
        await writer.drain()
        await asyncio.sleep(0)


async def dawdles(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(2)
    writer.write(GOOD)
    await writer.drain()


BEHAVIOURS: dict[str, Behaviour] = {
    "good": answers(GOOD),
    "failed": answers(FAILED),
    "no-json": answers(NO_JSON),
    "garbage": answers(b"\x16\x03\x01 this is no HTTP\r\n\r\n"),
    "reset": resets,
    "hang": hangs,
    "drip": drips,
    "pour": pours,
    "slow": dawdles,
}


@contextmanager
def hostile_upstream() -> Iterator[Hostile]:
    """Serve it from a thread of its own."""
    upstream = Hostile()
    begun = threading.Event()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        server = await asyncio.start_server(upstream.converse, "127.0.0.1", 0, backlog=4096)
        async with server:
            upstream.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            begun.set()
            await stop.wait()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert begun.wait(10)
    yield upstream
    loop.call_soon_threadsafe(stop.set)
    thread.join(10)
    loop.close()
