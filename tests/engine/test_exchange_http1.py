"""What only the default exchange does: keeping connections, TLS, proxies, backpressure."""

import asyncio
import gc
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from naftiko_runtime.engine.exchange import Outbound, StaleConnection
from naftiko_runtime.engine.exchange_http1 import Http1Exchange
from naftiko_runtime.engine.http1_answer import Answer
from naftiko_runtime.engine.http1_connection import Connection
from naftiko_runtime.engine.http1_dial import Dialer, Proxy, client_tls, reason
from naftiko_runtime.errors import StartError, UpstreamTimeout, UpstreamUnreachable
from naftiko_runtime.options import Limits, RuntimeOptions

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend(either_loop: tuple[str, dict[str, bool]]) -> tuple[str, dict[str, bool]]:
    return either_loop


LIMITS = Limits(connect_timeout=2, gap_timeout=2, pool=2)


@pytest.fixture
async def exchange() -> AsyncIterator[Http1Exchange]:
    used = Http1Exchange(RuntimeOptions(limits=LIMITS))
    yield used
    await used.close()


async def body_of(exchange: Http1Exchange, request: Outbound) -> bytes:
    async with asyncio.timeout(5), exchange.send(request) as answer:
        return b"".join([piece async for piece in answer.chunks()])


def get(url: str) -> Outbound:
    return Outbound("GET", url, (), head_timeout=5)


async def echo_number(client: Any) -> None:
    while True:
        await client.request()
        await client.answer(b"%d" % client.number)


async def test_a_connection_is_used_again(exchange: Any, raw_upstream: Any) -> None:
    async with raw_upstream(echo_number) as upstream:
        assert [await body_of(exchange, get(upstream.url)) for _ in range(3)] == [b"1", b"1", b"1"]


async def test_an_answer_is_gone_with_its_exchange(exchange: Any, raw_upstream: Any) -> None:
    async with raw_upstream(echo_number) as upstream:
        gc.collect()
        gc.disable()
        before = answers()
        try:
            for _ in range(20):
                await body_of(exchange, get(upstream.url))
            # the connection, which is kept, knows its last one
            assert answers() == before + 1
        finally:
            gc.enable()


def answers() -> int:
    return sum(isinstance(each, Answer) for each in gc.get_objects())


async def test_no_more_connections_are_kept_than_the_pool_holds(
    exchange: Any, raw_upstream: Any
) -> None:
    both = asyncio.Barrier(3)

    async def script(client: Any) -> None:
        await client.request()
        await both.wait()
        await client.answer()
        await client.gone()

    async with raw_upstream(script) as upstream:
        async with asyncio.TaskGroup() as group:
            for _ in range(3):
                group.create_task(body_of(exchange, get(upstream.url)))
        assert (upstream.connections, exchange.kept(upstream.url)) == (3, 2)


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n",
    ],
)
async def test_a_connection_that_the_upstream_ends_is_not_used_again(
    exchange: Any, raw_upstream: Any, head: bytes
) -> None:
    async def script(client: Any) -> None:
        await client.request()
        await client.send(head + b"%d" % client.number)
        await client.gone()

    async with raw_upstream(script) as upstream:
        assert [await body_of(exchange, get(upstream.url)) for _ in range(2)] == [b"1", b"2"]


@pytest.mark.parametrize(
    ("method", "surplus"),
    [("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"), ("HEAD", b"body")],
    ids=["second answer", "body of a HEAD"],
)
async def test_bytes_that_nobody_asked_for_reach_no_other_call(
    exchange: Any, raw_upstream: Any, method: str, surplus: Any
) -> None:
    async def script(client: Any) -> None:
        await client.request()
        await client.answer(b"%d" % client.number if method == "GET" else b"")
        await client.send(surplus)
        await client.gone()

    async with raw_upstream(script) as upstream:
        async with exchange.send(Outbound(method, upstream.url, ())) as answer:
            assert [piece async for piece in answer.chunks()] in ([b"1"], [])
        assert await body_of(exchange, get(upstream.url)) == (b"2" if method == "GET" else b"")
        assert upstream.connections == 2


@pytest.mark.parametrize("surplus", [b"", b"evil", b"HTTP/1.1 200 OK\r\n\r\nevil"])
async def test_a_body_in_several_packets_ends_where_its_length_says(
    exchange: Any, raw_upstream: Any, surplus: bytes
) -> None:
    begun = asyncio.Event()

    async def script(client: Any) -> None:
        await client.request()
        await client.send(b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nfirst,")
        await begun.wait()
        await client.send(b"second" + surplus)
        await client.request()
        await client.answer(b"next")

    async with raw_upstream(script) as upstream, asyncio.timeout(5):
        async with exchange.send(get(upstream.url)) as answer:
            chunks = answer.chunks()
            body = await anext(chunks)
            begun.set()
            body += b"".join([piece async for piece in chunks])
        assert body == b"first,second"
        async with exchange.send(get(upstream.url)):
            assert upstream.connections == (2 if surplus else 1)


async def test_bytes_on_an_idle_connection_close_it(exchange: Any, raw_upstream: Any) -> None:
    surplus, closed = asyncio.Event(), asyncio.Event()

    async def script(client: Any) -> None:
        await client.request()
        await client.answer(b"%d" % client.number)
        await surplus.wait()
        await client.send(b"HTTP/1.1 408 Request Timeout\r\n\r\n")
        await client.gone()
        closed.set()

    async with raw_upstream(script) as upstream, asyncio.timeout(5):
        assert await body_of(exchange, get(upstream.url)) == b"1"
        surplus.set()
        await closed.wait()
        assert await body_of(exchange, get(upstream.url)) == b"2"


async def test_a_kept_connection_closed_by_the_upstream_is_not_taken(
    exchange: Any, raw_upstream: Any
) -> None:
    async def script(client: Any) -> None:
        await client.request()
        await client.answer(b"%d" % client.number)

    async with raw_upstream(script) as upstream, asyncio.timeout(5):
        assert await body_of(exchange, get(upstream.url)) == b"1"
        while exchange.kept(upstream.url):  # noqa: ASYNC110 -- nobody tells when it is closed
            await asyncio.sleep(0)
        assert await body_of(exchange, get(upstream.url)) == b"2"


async def test_a_kept_connection_closed_while_asking_is_stale(
    exchange: Any, raw_upstream: Any
) -> None:
    async def script(client: Any) -> None:
        await client.request()
        await client.answer()
        await client.request()

    async with raw_upstream(script) as upstream:
        await body_of(exchange, get(upstream.url))
        with pytest.raises(StaleConnection):
            await body_of(exchange, get(upstream.url))


async def test_a_kept_connection_closed_in_an_answer_is_not_stale(
    exchange: Any, raw_upstream: Any
) -> None:
    async def script(client: Any) -> None:
        await client.request()
        await client.answer()
        await client.request()
        await client.send(b"HTTP/1.1 2")

    async with raw_upstream(script) as upstream:
        await body_of(exchange, get(upstream.url))
        with pytest.raises(UpstreamUnreachable) as caught:
            await body_of(exchange, get(upstream.url))
        assert type(caught.value) is UpstreamUnreachable


async def test_a_connection_idle_too_long_is_not_taken(raw_upstream: Any) -> None:
    now = 0.0
    exchange = Http1Exchange(RuntimeOptions(limits=LIMITS), clock=lambda: now)
    async with raw_upstream(echo_number) as upstream:
        answers = []
        for method, after in (("GET", 0), ("GET", 29), ("GET", 31), ("POST", 0.5), ("POST", 2)):
            now += after
            answers.append(await body_of(exchange, Outbound(method, upstream.url, ())))
        await exchange.close()
    # a POST cannot be sent again, so it takes only what was used just now
    assert answers == [b"1", b"1", b"2", b"2", b"3"]


async def test_an_early_answer_ends_the_request(exchange: Any, raw_upstream: Any) -> None:
    async def script(client: Any) -> None:
        await client.reader.readuntil(b"\r\n\r\n")
        await client.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
        await client.gone()

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 65536
            await asyncio.sleep(0)

    async with raw_upstream(script) as upstream, asyncio.timeout(5):
        async with exchange.send(Outbound("POST", upstream.url, (), endless())) as answer:
            assert answer.status == 413
            assert [piece async for piece in answer.chunks()] == [b"no"]
        assert exchange.kept(upstream.url) == 0


async def test_a_body_that_is_not_taken_is_a_timeout(raw_upstream: Any) -> None:
    exchange = Http1Exchange(RuntimeOptions(limits=Limits(gap_timeout=0.1)))

    async def script(client: Any) -> None:
        client.writer.transport.pause_reading()
        await asyncio.Event().wait()

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 1_000_000

    async with raw_upstream(script) as upstream:
        with pytest.raises(UpstreamTimeout, match="the body was not taken"):
            await body_of(exchange, Outbound("POST", upstream.url, (), endless()))
    await exchange.close()


async def test_a_body_waits_until_the_upstream_takes_it(exchange: Any, raw_upstream: Any) -> None:
    size = 32 * 1024 * 1024
    full = asyncio.Event()

    async def script(client: Any) -> None:
        client.writer.transport.pause_reading()
        await full.wait()
        client.writer.transport.resume_reading()
        request = await client.request()
        await client.answer(b"%d" % (len(request) - request.index(b"\r\n\r\n") - 4))

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(size // 65536):
            yield b"x" * 65536

    async with raw_upstream(script) as upstream:
        headers = (("Content-Length", str(size)),)
        request = Outbound("POST", upstream.url, headers, pieces())
        loop = asyncio.get_running_loop()
        loop.call_later(0.1, full.set)
        assert await body_of(exchange, request) == b"%d" % size


async def test_a_failing_caller_body_closes_the_connection(
    exchange: Any, raw_upstream: Any
) -> None:
    closed = asyncio.Event()

    async def script(client: Any) -> None:
        await client.gone()
        closed.set()

    async def broken() -> AsyncIterator[bytes]:
        yield b"some"
        raise ConnectionResetError

    async with raw_upstream(script) as upstream, asyncio.timeout(5):
        with pytest.raises(ConnectionResetError):
            await body_of(exchange, Outbound("POST", upstream.url, (), broken()))
        await closed.wait()


async def test_a_slow_reader_makes_the_upstream_wait(exchange: Any, raw_upstream: Any) -> None:
    size = 64 * 1024 * 1024
    blocked = asyncio.Event()
    piece = b"x" * 65536

    async def script(client: Any) -> None:
        await client.request()
        await client.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(size // len(piece)):
            client.writer.write(piece)
            if client.writer.transport.get_write_buffer_size() > 4 * len(piece):
                blocked.set()
                await client.writer.drain()
        await client.gone()

    async with raw_upstream(script) as upstream, asyncio.timeout(30):
        async with exchange.send(get(upstream.url)) as answer:
            await blocked.wait()
            received = 0
            async for each in answer.chunks():
                received += len(each)
        assert received == size


async def test_a_head_without_end_is_refused(exchange: Any, raw_upstream: Any) -> None:
    async def script(client: Any) -> None:
        await client.request()
        await client.send(b"HTTP/1.1 200 OK\r\n")
        while True:
            await client.send(b"X-Long: %b\r\n" % (b"x" * 8000))

    async with raw_upstream(script) as upstream:
        with pytest.raises(UpstreamUnreachable, match="too large"):
            await body_of(exchange, get(upstream.url))


async def test_an_upgrade_is_refused(exchange: Any, raw_upstream: Any) -> None:
    async def script(client: Any) -> None:
        await client.request()
        await client.send(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"
        )
        await client.gone()

    async with raw_upstream(script) as upstream:
        with pytest.raises(UpstreamUnreachable):
            await body_of(exchange, get(upstream.url))


async def test_closing_closes_every_connection(raw_upstream: Any) -> None:
    exchange = Http1Exchange(RuntimeOptions())
    asked, closed = asyncio.Event(), asyncio.Barrier(3)

    async def script(client: Any) -> None:
        if b"/hanging" in await client.request():
            asked.set()
        else:
            await client.answer()
        await client.gone()
        await closed.wait()

    async with raw_upstream(script) as upstream, asyncio.timeout(5):
        busy = asyncio.ensure_future(body_of(exchange, get(f"{upstream.url}/hanging")))
        await asked.wait()
        await body_of(exchange, get(upstream.url))
        await exchange.close()
        with pytest.raises(UpstreamUnreachable):
            await busy
        await closed.wait()


async def test_addresses_are_forgotten_when_there_are_too_many(
    exchange: Any, raw_upstream: Any
) -> None:
    async with raw_upstream(echo_number) as upstream:
        for number in range(1100):
            exchange.kept(f"http://host{number}.test")
        assert await body_of(exchange, get(upstream.url)) == b"1"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def server_tls(authority: trustme.CA, *, wants_client: bool = False) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    if wants_client:
        authority.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


@pytest.fixture
def ca_file(authority: Any, tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return str(path)


async def test_a_named_authority_is_trusted(
    raw_upstream: Any, authority: Any, ca_file: Any
) -> None:
    exchange = Http1Exchange(RuntimeOptions(limits=LIMITS, ca_file=ca_file))
    async with raw_upstream(echo_number, server_tls(authority)) as upstream:
        assert [await body_of(exchange, get(upstream.url)) for _ in range(2)] == [b"1", b"1"]
        await exchange.close()


async def test_an_unknown_authority_is_not_trusted(
    exchange: Any, raw_upstream: Any, authority: Any
) -> None:
    async with raw_upstream(echo_number, server_tls(authority)) as upstream:
        with pytest.raises(UpstreamUnreachable, match="certificate not accepted"):
            await body_of(exchange, get(upstream.url))


async def test_another_name_is_not_accepted(
    raw_upstream: Any, authority: Any, ca_file: Any
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("other.test").configure_cert(context)
    exchange = Http1Exchange(RuntimeOptions(limits=LIMITS, ca_file=ca_file))
    async with raw_upstream(echo_number, context) as upstream:
        with pytest.raises(UpstreamUnreachable, match="certificate not accepted"):
            await body_of(exchange, get(upstream.url))
    await exchange.close()


async def test_tls_to_a_plain_port_is_unreachable(exchange: Any, raw_upstream: Any) -> None:
    async def script(client: Any) -> None:
        await client.reader.read(10)
        await client.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with raw_upstream(script) as upstream:
        with pytest.raises(UpstreamUnreachable, match="TLS failed"):
            await body_of(exchange, get(upstream.url.replace("http:", "https:")))


async def test_a_client_certificate_is_shown(
    raw_upstream: Any, authority: Any, ca_file: Any, tmp_path: Path
) -> None:
    path = tmp_path / "client.pem"
    authority.issue_cert("client@example.test").private_key_and_cert_chain_pem.write_to_path(path)
    options = RuntimeOptions(limits=LIMITS, ca_file=ca_file, client_certificate=str(path))
    exchange = Http1Exchange(options)
    async with raw_upstream(echo_number, server_tls(authority, wants_client=True)) as upstream:
        assert await body_of(exchange, get(upstream.url)) == b"1"
        await exchange.close()


async def test_a_connection_that_does_not_come_is_a_timeout(raw_upstream: Any) -> None:
    exchange = Http1Exchange(RuntimeOptions(limits=Limits(connect_timeout=0.1)))

    async def script(client: Any) -> None:
        await client.gone()  # never answers the TLS greeting

    async with raw_upstream(script) as upstream:
        with pytest.raises(UpstreamTimeout, match="no connection within"):
            await body_of(exchange, get(upstream.url.replace("http:", "https:")))
    await exchange.close()


@pytest.mark.parametrize("key", ["ca_file", "client_certificate"])
def test_unreadable_tls_files_are_known_at_start(key: Any, tmp_path: Path) -> None:
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate")
    for path in (broken, tmp_path / "missing.pem"):
        with pytest.raises(StartError, match="TLS files for upstreams"):
            Dialer(RuntimeOptions(**{key: str(path)}))


@pytest.mark.parametrize(
    ("login", "credentials"),
    [("", []), ("me:p%40ss@", [b"Proxy-Authorization: Basic bWU6cEBzcw=="])],
)
async def test_a_proxy_is_asked_with_the_whole_url(
    raw_upstream: Any, login: str, credentials: list[bytes]
) -> None:
    async with raw_upstream(echo_number) as proxy:
        options = RuntimeOptions(limits=LIMITS, proxy=f"http://{login}127.0.0.1:{proxy.port}")
        exchange = Http1Exchange(options)
        assert await body_of(exchange, get("http://up.test/a?b=1")) == b"1"
        await exchange.close()
    assert proxy.requests[0].removesuffix(b"\r\n\r\n").split(b"\r\n") == [
        b"GET http://up.test/a?b=1 HTTP/1.1",
        b"Host: up.test",
        *credentials,
    ]


def tunnel_to(port: int) -> Any:
    async def pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            target.write(data)

    async def tunnel(client: Any) -> None:
        await client.request()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await client.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(pump(client.reader, writer))
                group.create_task(pump(reader, client.writer))
        finally:
            writer.transport.abort()

    return tunnel


@pytest.mark.parametrize("login", ["", "me:pw@"])
async def test_tls_goes_through_a_tunnel(
    raw_upstream: Any, authority: Any, ca_file: Any, login: Any
) -> None:
    async with (
        raw_upstream(echo_number, server_tls(authority)) as upstream,
        raw_upstream(tunnel_to(upstream.port)) as proxy,
    ):
        options = RuntimeOptions(
            limits=LIMITS, ca_file=ca_file, proxy=f"http://{login}127.0.0.1:{proxy.port}"
        )
        exchange = Http1Exchange(options)
        url = f"https://localhost:{upstream.port}/a"
        assert [await body_of(exchange, get(url)) for _ in range(2)] == [b"1", b"1"]
        await exchange.close()
    assert upstream.requests[0].startswith(b"GET /a HTTP/1.1\r\nHost: localhost:")
    place = b"localhost:%d" % upstream.port
    credentials = [b"Proxy-Authorization: Basic bWU6cHc="] if login else []
    assert proxy.requests[0].removesuffix(b"\r\n\r\n").split(b"\r\n") == [
        b"CONNECT %b HTTP/1.1" % place,
        b"Host: %b" % place,
        *credentials,
    ]


async def test_a_tunnel_that_is_refused_is_unreachable(raw_upstream: Any) -> None:
    async def refuse(client: Any) -> None:
        await client.request()
        await client.send(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")

    async with raw_upstream(refuse) as proxy:
        options = RuntimeOptions(limits=LIMITS, proxy=f"http://127.0.0.1:{proxy.port}")
        exchange = Http1Exchange(options)
        with pytest.raises(UpstreamUnreachable, match="the proxy answered 407"):
            await body_of(exchange, get("https://[::1]:8443/"))
        await exchange.close()
    assert proxy.requests[0].startswith(b"CONNECT [::1]:8443 HTTP/1.1")


async def test_a_tunnel_whose_end_is_no_tls_is_closed(raw_upstream: Any) -> None:
    closed = asyncio.Event()

    async def plain(client: Any) -> None:
        await client.request()
        await client.send(b"HTTP/1.1 200 OK\r\n\r\n")
        await client.reader.read(10)
        await client.send(b"no TLS at all")
        await client.gone()
        closed.set()

    async with raw_upstream(plain) as proxy, asyncio.timeout(5):
        options = RuntimeOptions(limits=LIMITS, proxy=f"http://127.0.0.1:{proxy.port}")
        exchange = Http1Exchange(options)
        with pytest.raises(UpstreamUnreachable, match="TLS failed"):
            await body_of(exchange, get("https://up.test/"))
        await closed.wait()


async def test_a_connection_that_was_never_used_has_no_transport_and_ends_quietly() -> None:
    connection = Connection("up", 1)
    with pytest.raises(UpstreamUnreachable, match="up: connection closed"):
        _ = connection.transport
    connection.abort()
    connection.resume_writing()
    connection.connection_lost(None)
    assert not connection.is_open


def test_the_authorities_of_certifi_count_where_the_system_has_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = ssl.get_default_verify_paths()._replace(cafile=None, capath=None)
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: known)
    assert len(client_tls(RuntimeOptions()).get_ca_certs()) > 50


@pytest.mark.parametrize("url", ["socks5://127.0.0.1:1", "https://p.test", "http://", "http://a:b"])
def test_a_proxy_that_cannot_be_used_is_known_at_start(url: str) -> None:
    with pytest.raises(StartError, match="--proxy"):
        Http1Exchange(RuntimeOptions(proxy=url))


def test_a_proxy_without_port_is_at_80() -> None:
    assert Proxy.parse("http://p.test") == Proxy("p.test", 80, None)


def test_what_is_said_of_a_wrong_proxy_does_not_repeat_its_password() -> None:
    with pytest.raises(StartError) as raised:
        Proxy.parse("http://user:s3/cret@p.test:8080")
    assert "s3" not in str(raised.value)
    assert raised.value.__suppress_context__


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionRefusedError(111, "Connection refused"), "Connection refused"),
        (OSError("no route"), "no route"),
        (OSError(), "OSError"),
        (ssl.SSLError(1, ""), "TLS failed: connection closed"),
    ],
)
def test_an_error_is_told_in_a_few_words(error: Any, words: Any) -> None:
    assert reason(error) == words
