"""One listener on real sockets: heads, blanks, keep-alive and the soft stop (LST-8, LST-9)."""

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from naftiko_runtime.options import Limits
from naftiko_runtime.runtime.server import Server
from naftiko_runtime.runtime.sockets import Bound, bind

pytestmark = pytest.mark.anyio

Send = Callable[[dict[str, Any]], Awaitable[None]]
LIMIT = 10


@dataclass
class Upstairs:
    """An ASGI app whose answers wait until the test lets them go."""

    seen: list[dict[str, Any]] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    answer: asyncio.Event = field(default_factory=asyncio.Event)
    finish: asyncio.Event = field(default_factory=asyncio.Event)
    cancelled: bool = False

    async def __call__(self, scope: dict[str, Any], _: Any, send: Send) -> None:
        self.seen.append(scope)
        self.arrived.set()
        try:
            await self.answer.wait()
            headers = [(b"content-length", b"4")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b"do", "more_body": True})
            await self.finish.wait()
            await send({"type": "http.response.body", "body": b"ne"})
        except asyncio.CancelledError:
            self.cancelled = True
            raise


def ready() -> Upstairs:
    app = Upstairs()
    app.answer.set()
    app.finish.set()
    return app


@dataclass
class Serving:
    server: Server
    bound: Bound
    ended: asyncio.Task[None]

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.bound.port)


@asynccontextmanager
async def served(app: Any, limits: Limits = Limits(drain=5)) -> AsyncIterator[Serving]:  # noqa: B008 - frozen
    bound = bind(None, 0)
    server = Server(app, limits)
    async with asyncio.timeout(LIMIT), asyncio.TaskGroup() as group:
        ended = group.create_task(server.run_on(bound))
        yield Serving(server, bound, ended)
        server.stop(0)


async def reply(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    return (
        int(first.split()[1]),
        headers,
        await reader.readexactly(int(headers["content-length"])),
    )


GET = b"GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def test_blanks_around_header_values_are_stripped() -> None:
    app = ready()
    async with served(app) as serving:
        reader, writer = await serving.connect()
        writer.write(b"GET /a HTTP/1.1\r\nHost: localhost\r\nMcp-Name: \t get-order \t \r\n\r\n")
        assert (await reply(reader))[0] == 200
        writer.close()
    assert dict(app.seen[0]["headers"])[b"mcp-name"] == b"get-order"


async def test_an_answer_names_no_server_and_has_a_date() -> None:
    async with served(ready()) as serving:
        reader, writer = await serving.connect()
        writer.write(GET)
        _, headers, body = await reply(reader)
        writer.close()
    assert body == b"done"
    assert "server" not in headers
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT", headers["date"])


def head_of(size: int) -> bytes:
    """Return a request whose line and headers are about that long."""
    return GET[:-2] + b"X-Long: " + b"a" * (size - len(GET) - 12) + b"\r\n\r\n"


async def test_a_head_of_64_kib_passes() -> None:
    async with served(ready()) as serving:
        reader, writer = await serving.connect()
        writer.write(head_of(64 * 1024 - 100))
        assert (await reply(reader))[0] == 200
        writer.close()


@pytest.mark.parametrize("size", [65 * 1024, 600 * 1024])
async def test_a_longer_head_is_431(size: int) -> None:
    app = ready()
    async with served(app) as serving:
        reader, writer = await serving.connect()
        writer.write(head_of(size))
        status, headers, body = await reply(reader)
        assert await reader.read() == b""
        writer.close()
    problem = json.loads(body)
    assert (status, headers["content-type"]) == (431, "application/problem+json")
    assert problem == {
        "type": "urn:naftiko:problem:headers-too-large",
        "title": "Headers too large",
        "status": 431,
        "detail": "request line and headers exceed 65536 bytes",
        "requestId": headers["x-request-id"],
    }
    assert app.seen == []


async def test_a_header_that_never_ends_is_431() -> None:
    async with served(ready()) as serving:
        reader, writer = await serving.connect()
        writer.write(GET[:-2] + b"X-Long: ")
        for _ in range(80):
            writer.write(b"a" * 8192)
            await writer.drain()
        assert (await reply(reader))[0] == 431
        writer.close()


async def test_a_long_body_does_not_count_as_head() -> None:
    async with served(ready()) as serving:
        reader, writer = await serving.connect()
        body = b"b" * 300_000
        writer.write(b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 300000\r\n\r\n" + body + GET)
        assert (await reply(reader))[0] == 200
        assert (await reply(reader))[0] == 200
        writer.close()


async def test_what_is_not_http_is_400_with_a_problem() -> None:
    async with served(ready()) as serving:
        reader, writer = await serving.connect()
        writer.write(b"\x16\x03\x01 hello\r\n\r\n")
        status, headers, body = await reply(reader)
        writer.close()
    assert (status, headers["content-type"]) == (400, "application/problem+json")
    assert json.loads(body)["type"] == "urn:naftiko:problem:invalid-input"


async def test_an_upgrade_that_is_not_offered_is_ignored() -> None:
    async with served(ready()) as serving:
        reader, writer = await serving.connect()
        writer.write(GET[:-2] + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
        assert (await reply(reader))[0] == 200
        writer.close()


async def test_an_idle_connection_is_closed_after_the_keep_alive_time() -> None:
    async with served(ready(), Limits(keep_alive=0)) as serving:
        reader, writer = await serving.connect()
        writer.write(GET)
        assert (await reply(reader))[0] == 200
        assert await reader.read() == b""
        writer.close()


async def test_a_caller_that_sends_nothing_is_closed_too() -> None:
    async with served(ready(), Limits(keep_alive=0)) as serving:
        reader, writer = await serving.connect()
        assert await reader.read() == b""
        writer.close()


async def test_a_request_that_began_before_the_stop_gets_its_whole_answer() -> None:
    app = Upstairs()
    async with served(app) as serving:
        reader, writer = await serving.connect()
        writer.write(GET)
        await app.arrived.wait()
        serving.server.stop(LIMIT)
        app.answer.set()
        app.finish.set()
        _, headers, body = await reply(reader)
        assert (headers["connection"], body) == ("close", b"done")
        assert await reader.read() == b""
        await serving.ended
        writer.close()


async def test_a_connection_made_after_the_stop_is_refused() -> None:
    app = Upstairs()
    async with served(app) as serving:
        reader, writer = await serving.connect()
        writer.write(GET)
        await app.arrived.wait()
        serving.server.stop(LIMIT)
        with pytest.raises(ConnectionRefusedError):
            await serving.connect()
        app.answer.set()
        app.finish.set()
        assert (await reply(reader))[2] == b"done"
        writer.close()


async def test_connections_that_were_made_but_not_accepted_yet_are_served() -> None:
    async with served(ready()) as serving:
        with socket.socket() as client:
            # the loop does not turn between these lines, so only the system knows the connection
            client.connect(("127.0.0.1", serving.bound.port))
            client.sendall(GET)
            serving.server.stop(LIMIT)
            client.setblocking(False)  # noqa: FBT003 - the name of the parameter is the method's
            reader, writer = await asyncio.open_connection(sock=client)
            _, headers, body = await reply(reader)
            assert (headers["connection"], body) == ("close", b"done")
            writer.close()


async def test_a_request_on_a_kept_connection_right_after_the_stop_is_answered() -> None:
    app = ready()
    async with served(app) as serving:
        reader, writer = await serving.connect()
        writer.write(GET)
        assert (await reply(reader))[0] == 200
        serving.server.stop(LIMIT)
        writer.write(GET)
        _, headers, body = await reply(reader)
        assert (headers["connection"], body) == ("close", b"done")
        assert await reader.read() == b""
        writer.close()


async def test_the_next_request_after_an_answer_whose_head_was_sent_is_answered() -> None:
    app = Upstairs()
    app.answer.set()
    async with served(app) as serving:
        reader, writer = await serving.connect()
        writer.write(GET)
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"connection: close" not in head
        serving.server.stop(LIMIT)
        app.finish.set()
        assert await reader.readexactly(4) == b"done"
        writer.write(GET)
        _, headers, _ = await reply(reader)
        assert headers["connection"] == "close"
        writer.close()


async def test_an_idle_connection_does_not_hold_the_stop_up() -> None:
    async with served(ready()) as serving:
        reader, writer = await serving.connect()
        writer.write(GET)
        await reply(reader)
        serving.server.stop(LIMIT * 100)
        await serving.ended
        assert await reader.read() == b""
        writer.close()


async def test_what_outlasts_the_drain_is_cancelled() -> None:
    app = Upstairs()
    async with served(app) as serving:
        reader, writer = await serving.connect()
        writer.write(GET)
        await app.arrived.wait()
        serving.server.stop(0)
        await serving.ended
        assert app.cancelled
        await reader.read()
        writer.close()


async def test_a_second_stop_shortens_the_drain() -> None:
    app = Upstairs()
    async with served(app) as serving:
        _, writer = await serving.connect()
        writer.write(GET)
        await app.arrived.wait()
        serving.server.stop(LIMIT * 100)
        serving.server.stop(0)
        await serving.ended
        assert app.cancelled
        writer.close()
