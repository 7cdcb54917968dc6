"""A scripted upstream on a loopback socket, which can misbehave in every way."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

import pytest

Script = Callable[["Connected"], Awaitable[None]]


@dataclass
class Connected:
    """One connection of a client; ``number`` counts from 1."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    number: int
    requests: list[bytes]

    async def request(self) -> bytes:
        """Read one request, head and body, as it came."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        body = b""
        lines = head.lower().split(b"\r\n")
        lengths = [line[15:] for line in lines if line.startswith(b"content-length:")]
        if lengths:
            body = await self.reader.readexactly(int(lengths[0]))
        elif b"transfer-encoding: chunked" in lines:
            while not body.endswith(b"0\r\n\r\n"):
                body += await self.reader.readuntil(b"\r\n")
        self.requests.append(head + body)
        return head + body

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, body: bytes = b"ok", extra: bytes = b"") -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%b\r\n" % (len(body), extra)
        await self.send(head + body)

    def reset(self) -> None:
        self.writer.transport.abort()

    async def gone(self) -> None:
        """Wait until the client has closed the connection."""
        while await self.reader.read(65536):
            pass


@dataclass
class RawUpstream:
    """Where a scripted upstream listens, and everything it was sent."""

    port: int
    scheme: str = "http"
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"


Upstreams = Callable[..., AbstractAsyncContextManager[RawUpstream]]


@asynccontextmanager
async def raw_upstream(
    script: Script, tls: ssl.SSLContext | None = None
) -> AsyncIterator[RawUpstream]:
    upstream = RawUpstream(0, "https" if tls else "http")
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        upstream.connections += 1
        try:
            await script(Connected(reader, writer, upstream.connections, upstream.requests))
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client went away, which many tests are about, or the test is over
        finally:
            writer.transport.abort()
            tasks.discard(task)

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
    upstream.port = server.sockets[0].getsockname()[1]
    try:
        yield upstream
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def either_loop(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    """Give an anyio backend: the plain loop of Windows, and the one that serves elsewhere."""
    return "asyncio", {"use_uvloop": request.param}


@pytest.fixture(name="raw_upstream")
def raw_upstream_fixture() -> Upstreams:
    """Give a context manager that serves one script per connection."""
    return raw_upstream
