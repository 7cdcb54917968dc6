"""Real sockets: bodies that stream, break off, callers who leave (exposes.md REST-8, REST-11)."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from typing import Any

import anyio
import httpx
import pytest
import uvicorn
from inbound import FakeInbound

from naftiko_runtime.adapters.asgi import App
from naftiko_runtime.adapters.rest import watch
from naftiko_runtime.engine.exchange import Inbound, Outbound
from naftiko_runtime.errors import UpstreamUnreachable
from naftiko_runtime.expressions.reference import FromInput
from naftiko_runtime.plan.upstream import CallerBody

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.filterwarnings("ignore:.*websockets.*:DeprecationWarning"),
]
LIMIT = 10


@asynccontextmanager
async def listening(app: App) -> AsyncIterator[int]:
    """Serve an app on a free port of loopback."""
    config = uvicorn.Config(
        app,
        port=0,
        lifespan="off",
        log_config=None,
        ws="none",
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    server.capture_signals = _no_signals  # type: ignore[method-assign]
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(server.serve())
        await until(lambda: server.started)
        yield server.servers[0].sockets[0].getsockname()[1]
        server.should_exit = True
        await serving


async def until(holds: Callable[[], bool]) -> None:
    """Let the loop turn until something is so; the test's time limit bounds it."""
    while not holds():  # noqa: ASYNC110 - what is waited for happens in code without events
        await asyncio.sleep(0)


def _no_signals() -> AbstractContextManager[None]:
    return nullcontext()


class FakeExchange:
    """An upstream without sockets: the test decides when a head and each chunk come."""

    def __init__(
        self,
        body: Callable[[], AsyncIterator[bytes]],
        headers: tuple[tuple[str, str], ...] = (),
        head: anyio.Event | None = None,
    ) -> None:
        self.body = body
        self.headers = headers
        self.head = head
        self.sent: list[Outbound] = []
        self.arrived = anyio.Event()
        self.closed = anyio.Event()
        self.received = bytearray()

    @asynccontextmanager
    async def send(self, request: Outbound) -> AsyncIterator[Inbound]:
        self.sent.append(request)
        self.arrived.set()
        try:
            if request.body is not None:
                await self._take(request.body)
            if self.head is not None:
                await self.head.wait()
            yield _Answer(self.body, self.headers)
        finally:
            self.closed.set()

    async def _take(self, body: Any) -> None:
        if isinstance(body, bytes):
            self.received += body
            return
        async for chunk in body:
            self.received += chunk

    async def close(self) -> None:
        pass


class _Answer(FakeInbound):
    status = 200

    def __init__(
        self, body: Callable[[], AsyncIterator[bytes]], headers: tuple[tuple[str, str], ...]
    ) -> None:
        self.headers = headers
        self._body = body

    def chunks(self) -> AsyncIterator[bytes]:
        return self._body()


async def raw(port: int, request: bytes) -> bytes:
    """Send bytes, return everything until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    answer = await reader.read()
    writer.close()
    return answer


GET = b"GET /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def whole(*chunks: bytes) -> Callable[[], AsyncIterator[bytes]]:
    async def body() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    return body


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ((("content-length", "6"),), b"\r\n\r\nabcdef"),
        ((), b"\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n"),
    ],
)
async def test_a_body_is_relayed_with_its_length_or_in_chunks(
    plans: Any, build: Any, headers: Any, expected: bytes
) -> None:
    exchange = FakeExchange(whole(b"abc", b"def"), headers)
    async with build(plans.route("GET", "/x", plans.call()), exchange=exchange) as app:
        with anyio.fail_after(LIMIT):
            async with listening(app) as port:
                answer = await raw(port, GET)
    assert answer.endswith(expected)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nserver:" not in answer.lower()


@pytest.mark.parametrize("headers", [(("content-length", "6"),), ()])
async def test_an_upstream_that_breaks_off_breaks_the_callers_connection(
    plans: Any, build: Any, headers: Any
) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"abc"
        raise UpstreamUnreachable("the upstream broke off")

    exchange = FakeExchange(body, headers)
    async with build(plans.route("GET", "/x", plans.call()), exchange=exchange) as app:
        with anyio.fail_after(LIMIT):
            async with listening(app) as port:
                answer = await raw(port, GET)
                async with httpx.AsyncClient() as client:
                    with pytest.raises(httpx.RemoteProtocolError):
                        await client.get(f"http://127.0.0.1:{port}/x")
    assert b"200 OK" in answer
    assert b"abc" in answer
    assert b"0\r\n\r\n" not in answer.partition(b"\r\n\r\n")[2]


async def test_a_body_shorter_than_announced_breaks_the_callers_connection(
    plans: Any, build: Any
) -> None:
    exchange = FakeExchange(whole(b"abc"), (("content-length", "6"),))
    async with build(plans.route("GET", "/x", plans.call()), exchange=exchange) as app:
        with anyio.fail_after(LIMIT):
            async with listening(app) as port, httpx.AsyncClient() as client:
                with pytest.raises(httpx.RemoteProtocolError):
                    await client.get(f"http://127.0.0.1:{port}/x")


async def test_an_unannounced_body_over_the_declared_size_breaks_off(
    plans: Any, build: Any
) -> None:
    exchange = FakeExchange(whole(b"abc", b"def"))
    route = plans.route("GET", "/x", plans.call(), max_binary_size=4)
    async with build(route, exchange=exchange) as app:
        with anyio.fail_after(LIMIT):
            async with listening(app) as port, httpx.AsyncClient() as client:
                with pytest.raises(httpx.RemoteProtocolError):
                    await client.get(f"http://127.0.0.1:{port}/x")


async def test_chunks_reach_the_caller_before_the_upstream_has_finished(
    plans: Any, build: Any
) -> None:
    more = anyio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield b"first"
        await more.wait()
        yield b"second"

    async with build(plans.route("GET", "/x", plans.call()), exchange=FakeExchange(body)) as app:
        with anyio.fail_after(LIMIT):
            async with (
                listening(app) as port,
                httpx.AsyncClient() as client,
                client.stream("GET", f"http://127.0.0.1:{port}/x") as response,
            ):
                pieces = response.aiter_raw()
                first = await anext(pieces)
                more.set()
                rest = [piece async for piece in pieces]
    assert (first, b"".join(rest)) == (b"first", b"second")


async def test_a_slow_caller_holds_the_upstream_back(plans: Any, build: Any) -> None:
    """Backpressure: of a large body only what fits the buffers is taken while nobody reads."""
    taken = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal taken
        for _ in range(1_000):
            taken += 1
            yield b"x" * 65_536

    exchange = FakeExchange(body)
    async with build(plans.route("GET", "/x", plans.call()), exchange=exchange) as app:
        with anyio.fail_after(LIMIT):
            async with listening(app) as port:
                _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
                writer.write(GET)
                await exchange.arrived.wait()
                before = -1
                while taken != before:
                    before = taken
                    for _ in range(100):
                        await asyncio.sleep(0)
                held = taken
                writer.close()
    assert held < 500


async def test_a_caller_who_leaves_while_the_head_is_awaited_cancels_the_upstream(
    plans: Any, build: Any
) -> None:
    exchange = FakeExchange(whole(b"late"), head=anyio.Event())
    async with build(plans.route("GET", "/x", plans.call()), exchange=exchange) as app:
        with anyio.fail_after(LIMIT):
            async with listening(app) as port:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(GET)
                await exchange.arrived.wait()
                writer.close()
                await exchange.closed.wait()


async def test_a_caller_who_leaves_while_the_body_comes_cancels_the_upstream(
    plans: Any, build: Any
) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"first"
        await anyio.sleep_forever()

    exchange = FakeExchange(body)
    async with build(plans.route("GET", "/x", plans.call()), exchange=exchange) as app:
        with anyio.fail_after(LIMIT):
            async with listening(app) as port:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(GET)
                await reader.readuntil(b"first")
                writer.close()
                await exchange.closed.wait()


def uploading(plans: Any) -> Any:
    body = plans.input("body", "body", raw=True)
    function = plans.call(method="PUT", inputs=(body,), body=CallerBody(FromInput("body")))
    return plans.route("PUT", "/x", function)


async def test_an_upload_is_streamed_up(plans: Any, build: Any) -> None:
    exchange = FakeExchange(whole(b"done"), (("content-length", "4"),))
    head = b"PUT /x HTTP/1.1\r\nHost: a\r\nContent-Type: text/csv\r\nContent-Length: 6\r\n\r\n"
    async with build(uploading(plans), exchange=exchange) as app:
        with anyio.fail_after(LIMIT):
            async with listening(app) as port:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(head + b"abc")
                await exchange.arrived.wait()
                await until(lambda: bytes(exchange.received) == b"abc")
                writer.write(b"def")
                await reader.readuntil(b"done")
                writer.close()
    assert bytes(exchange.received) == b"abcdef"
    assert ("Content-Length", "6") in exchange.sent[0].headers


@pytest.mark.parametrize("interval", [watch.INTERVAL, 0])
async def test_a_caller_who_stops_sending_aborts_the_upstream_request(
    plans: Any, build: Any, monkeypatch: pytest.MonkeyPatch, interval: float
) -> None:
    """Also when somebody watches for callers who leave from the beginning."""
    monkeypatch.setattr(watch, "INTERVAL", interval)
    exchange = FakeExchange(whole(b"done"))
    head = b"PUT /x HTTP/1.1\r\nHost: a\r\nContent-Type: text/csv\r\nContent-Length: 6\r\n\r\n"
    async with build(uploading(plans), exchange=exchange) as app:
        with anyio.fail_after(LIMIT):
            async with listening(app) as port:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(head + b"a")
                await exchange.arrived.wait()
                await until(lambda: bytes(exchange.received) == b"a")
                writer.transport.abort()
                await exchange.closed.wait()
    assert len(exchange.received) < 6


async def test_the_watch_loses_no_byte_of_a_slow_upload(
    plans: Any, build: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "INTERVAL", 0)
    exchange = FakeExchange(whole(b"done"), (("content-length", "4"),))
    head = b"PUT /x HTTP/1.1\r\nHost: a\r\nContent-Type: text/csv\r\nContent-Length: 10\r\n\r\n"
    async with build(uploading(plans), exchange=exchange) as app:
        with anyio.fail_after(LIMIT):
            async with listening(app) as port:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(head)
                for digit in range(10):
                    writer.write(b"%d" % digit)
                    await until(lambda digit=digit: len(exchange.received) > digit)
                await reader.readuntil(b"done")
                writer.close()
    assert bytes(exchange.received) == b"0123456789"


async def test_head_over_a_socket_has_headers_only_and_keeps_the_connection(
    plans: Any, build: Any
) -> None:
    async def body() -> AsyncIterator[bytes]:
        raise AssertionError("the body is not read")
        yield b""

    exchange = FakeExchange(body, (("content-length", "6"), ("etag", '"1"')))
    async with build(plans.route("GET", "/x", plans.call()), exchange=exchange) as app:
        with anyio.fail_after(LIMIT):
            async with listening(app) as port, httpx.AsyncClient() as client:
                for _ in range(2):
                    response = await client.head(f"http://127.0.0.1:{port}/x")
    assert (response.status_code, response.content) == (200, b"")
    assert (response.headers["content-length"], response.headers["etag"]) == ("6", '"1"')


async def test_a_body_that_nothing_needs_does_not_hide_that_the_caller_left(
    plans: Any, build: Any
) -> None:
    exchange = FakeExchange(whole(b"late"), head=anyio.Event())
    head = b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nab"
    async with build(plans.route("POST", "/x", plans.call()), exchange=exchange) as app:
        with anyio.fail_after(LIMIT):
            async with listening(app) as port:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(head)
                await exchange.arrived.wait()
                writer.close()
                await exchange.closed.wait()


async def test_an_upload_that_was_read_is_watched_while_the_upstream_thinks(
    plans: Any, build: Any
) -> None:
    exchange = FakeExchange(whole(b"late"), head=anyio.Event())
    head = b"PUT /x HTTP/1.1\r\nHost: a\r\nContent-Type: text/csv\r\nContent-Length: 2\r\n\r\nab"
    async with build(uploading(plans), exchange=exchange) as app:
        with anyio.fail_after(LIMIT):
            async with listening(app) as port:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(head)
                await until(lambda: bytes(exchange.received) == b"ab")
                writer.close()
                await exchange.closed.wait()


async def test_an_upstream_error_of_a_body_that_broke_off_is_not_answered(
    plans: Any, build: Any
) -> None:
    """An exchange may say of a broken body only that the upstream is unreachable."""
    exchange = FakeExchange(whole(b"done"))
    take = exchange._take  # noqa: SLF001 - the fake of this module

    async def wrapped(body: Any) -> None:
        try:
            await take(body)
        except Exception as error:
            raise UpstreamUnreachable("the body broke off") from error

    exchange._take = wrapped  # type: ignore[method-assign]  # noqa: SLF001 - see above
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    messages = [{"type": "http.request", "body": b"a", "more_body": True}]

    async def receive() -> Any:
        return messages.pop() if messages else {"type": "http.disconnect"}

    headers = [(b"host", b"a"), (b"content-length", b"6"), (b"content-type", b"text/csv")]
    scope = {
        "type": "http",
        "method": "PUT",
        "path": "/x",
        "raw_path": b"/x",
        "query_string": b"",
        "headers": headers,
    }
    async with build(uploading(plans), exchange=exchange) as app:
        await app(scope, receive, send)
    assert sent == []


async def test_a_stop_of_the_server_cancels_calls_as_cancelled(plans: Any, build: Any) -> None:
    exchange = FakeExchange(whole(b"late"), head=anyio.Event())
    async with build(plans.route("GET", "/x", plans.call()), exchange=exchange) as app:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://a") as client:
            task = asyncio.ensure_future(client.get("/x"))
            await exchange.arrived.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
    assert exchange.closed.is_set()


async def test_no_task_is_left_when_answers_are_done(plans: Any, build: Any) -> None:
    exchange = FakeExchange(whole(b"x"))
    async with build(plans.route("GET", "/x", plans.call()), exchange=exchange) as app:
        with anyio.fail_after(LIMIT):
            async with listening(app) as port:
                before = len(asyncio.all_tasks())
                async with httpx.AsyncClient() as client:
                    for _ in range(20):
                        await client.get(f"http://127.0.0.1:{port}/x")
                    await client.get(f"http://127.0.0.1:{port}/nowhere")
                await until(lambda: len(asyncio.all_tasks()) <= before)
    assert len(exchange.sent) == 20


async def test_problems_over_a_socket_are_whole(plans: Any, build: Any) -> None:
    async with build(plans.route("GET", "/x", plans.call())) as app:
        with anyio.fail_after(LIMIT):
            async with listening(app) as port:
                answer = await raw(port, GET.replace(b"GET /x", b"PUT /x"))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 405 ")
    assert b"allow: GET, HEAD, OPTIONS" in head
    assert json.loads(body)["status"] == 405
