"""Both sides of the seam on real sockets: what goes out, what comes back, what goes wrong."""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from naftiko_runtime.engine.exchange import Exchange, Outbound
from naftiko_runtime.engine.exchange_http1 import Http1Exchange
from naftiko_runtime.engine.exchange_httpx import HttpxExchange
from naftiko_runtime.errors import UpstreamTimeout, UpstreamUnreachable
from naftiko_runtime.options import Limits, RuntimeOptions

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend(either_loop: tuple[str, dict[str, bool]]) -> tuple[str, dict[str, bool]]:
    return either_loop


GAP = 0.2


@pytest.fixture(params=["http1", "httpx"])
async def exchange(request: pytest.FixtureRequest) -> AsyncIterator[Exchange]:
    options = RuntimeOptions(limits=Limits(connect_timeout=2, gap_timeout=GAP))
    if request.param == "http1":
        used: Exchange = Http1Exchange(options)
    else:
        used = HttpxExchange(httpx.AsyncHTTPTransport(), connect_timeout=2, gap_timeout=GAP)
    yield used
    await used.close()


def get(url: str, *headers: tuple[str, str], head_timeout: float = 5) -> Outbound:
    return Outbound("GET", url, headers, head_timeout=head_timeout)


async def body_of(exchange: Exchange, request: Outbound) -> tuple[int, bytes]:
    async with asyncio.timeout(5), exchange.send(request) as answer:
        return answer.status, b"".join([piece async for piece in answer.chunks()])


async def fails(exchange: Exchange, request: Outbound) -> None:
    async with asyncio.timeout(5), exchange.send(request) as answer:
        async for _ in answer.chunks():
            pass


def once(head: bytes, body: bytes = b"") -> Any:
    async def script(client: Any) -> None:
        await client.request()
        await client.send(head.replace(b"\n", b"\r\n") + body)

    return script


@pytest.mark.parametrize(
    ("head", "body", "expected"),
    [
        (b"HTTP/1.1 200 OK\nContent-Length: 5\n\n", b"hello", b"hello"),
        (
            b"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n",
            b"3\r\nhel\r\n2\r\nlo\r\n0\r\nX-Trailer: 1\r\n\r\n",
            b"hello",
        ),
        (b"HTTP/1.1 200 OK\nConnection: close\n\n", b"until the end", b"until the end"),
        (b"HTTP/1.0 200 OK\n\n", b"old", b"old"),
        (b"HTTP/1.1 204 No Content\n\n", b"", b""),
        (b"HTTP/1.1 304 Not Modified\nContent-Length: 7\n\n", b"", b""),
        (b"HTTP/1.1 100 Continue\n\nHTTP/1.1 200 OK\nContent-Length: 1\n\n", b"x", b"x"),
        (b"HTTP/1.1 200\nContent-Length: 1\n\n", b"x", b"x"),
    ],
    ids=["length", "chunked", "closed", "http10", "204", "304", "interim", "no reason"],
)
async def test_a_body_comes_as_sent(
    exchange: Any, raw_upstream: Any, head: bytes, body: bytes, expected: Any
) -> None:
    async with raw_upstream(once(head, body)) as upstream:
        _, received = await body_of(exchange, get(upstream.url))
    assert received == expected


async def test_a_head_answer_has_headers_and_no_body(exchange: Any, raw_upstream: Any) -> None:
    async with raw_upstream(once(b"HTTP/1.1 200 OK\nContent-Length: 99\n\n")) as upstream:
        request = Outbound("HEAD", upstream.url, ())
        async with exchange.send(request) as answer:
            pieces = [piece async for piece in answer.chunks()]
            assert (answer.status, answer.header("content-length"), pieces) == (200, "99", [])


async def test_a_compressed_body_is_not_touched(exchange: Any, raw_upstream: Any) -> None:
    head = b"HTTP/1.1 200 OK\nContent-Encoding: gzip\nContent-Length: 3\n\n"
    async with raw_upstream(once(head, b"\x1f\x8b\x00")) as upstream:
        assert await body_of(exchange, get(upstream.url)) == (200, b"\x1f\x8b\x00")


async def test_a_redirect_is_an_answer(exchange: Any, raw_upstream: Any) -> None:
    head = b"HTTP/1.1 302 Found\nLocation: /elsewhere\nContent-Length: 0\n\n"
    async with raw_upstream(once(head)) as upstream:
        assert await body_of(exchange, get(upstream.url)) == (302, b"")
        assert len(upstream.requests) == 1


async def test_headers_come_in_order_in_lower_case_and_with_any_bytes(
    exchange: Any, raw_upstream: Any
) -> None:
    head = (
        b"HTTP/1.1 200 OK\nContent-Length: 0\nX-A: 1\nSet-Cookie: a=1\nSet-Cookie: b=2\n"
        b"X-Utf: Zo\xc3\xab\nX-Latin: Zo\xeb\nX-Empty:\n\n"
    )
    async with raw_upstream(once(head)) as upstream, exchange.send(get(upstream.url)) as answer:
        assert answer.headers == (
            ("content-length", "0"),
            ("x-a", "1"),
            ("set-cookie", "a=1"),
            ("set-cookie", "b=2"),
            ("x-utf", "Zoë"),
            ("x-latin", "Zoë"),
            ("x-empty", ""),
        )
        assert answer.header("set-cookie") == "a=1, b=2"
        assert answer.header("missing") is None


@pytest.mark.parametrize(
    "target",
    [
        "/a%2Fb/%2e%2e/%2E/c",
        "/feed/geo:1.5;2.5/",
        "/x?filter[status]=a&ids[]=1&$top=5",
        "/x?q=a%20b&r=a+b",
        "/x?a='1'|{}`^\\",
        "/a//b/",
        "/x/../y",
        "/users:search",
        "/x?",
        "/%7Euser/~user",
        "/x?next=http://other.test/",
    ],
)
async def test_a_target_goes_out_byte_for_byte(
    exchange: Any, raw_upstream: Any, target: Any
) -> None:
    async with raw_upstream(once(b"HTTP/1.1 200 OK\nContent-Length: 0\n\n")) as upstream:
        await body_of(exchange, get(upstream.url + target))
    assert upstream.requests[0].split(b"\r\n")[0] == b"GET %b HTTP/1.1" % target.encode()


@pytest.mark.parametrize(("tail", "target"), [("", b"/"), ("?a=1", b"/?a=1")])
async def test_a_url_without_a_path_asks_for_the_root(
    exchange: Any, raw_upstream: Any, tail: Any, target: Any
) -> None:
    async with raw_upstream(once(b"HTTP/1.1 200 OK\nContent-Length: 0\n\n")) as upstream:
        await body_of(exchange, get(upstream.url + tail))
    assert upstream.requests[0].split(b"\r\n")[0] == b"GET %b HTTP/1.1" % target


async def test_headers_go_out_as_they_are_and_nothing_is_added(
    exchange: Any, raw_upstream: Any
) -> None:
    given = (("Accept", "*/*"), ("X-Two", "1"), ("X-Two", "2"), ("X-Utf", "Zoë"))
    async with raw_upstream(once(b"HTTP/1.1 200 OK\nContent-Length: 0\n\n")) as upstream:
        await body_of(exchange, get(upstream.url, *given))
    lines = upstream.requests[0].decode().removesuffix("\r\n\r\n").split("\r\n")
    assert lines == [
        "GET / HTTP/1.1",
        f"Host: 127.0.0.1:{upstream.port}",
        *(f"{name}: {value}" for name, value in given),
    ]


async def test_bytes_are_sent_with_the_given_length(exchange: Any, raw_upstream: Any) -> None:
    async with raw_upstream(once(b"HTTP/1.1 200 OK\nContent-Length: 0\n\n")) as upstream:
        request = Outbound("POST", upstream.url, (("Content-Length", "5"),), b"hello")
        await body_of(exchange, request)
    assert upstream.requests[0].endswith(b"Content-Length: 5\r\n\r\nhello")


async def pieces_of(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def test_a_stream_with_a_length_is_not_chunked(exchange: Any, raw_upstream: Any) -> None:
    async with raw_upstream(once(b"HTTP/1.1 200 OK\nContent-Length: 0\n\n")) as upstream:
        headers = (("Content-Length", "5"),)
        request = Outbound("PUT", upstream.url, headers, pieces_of(b"hel", b"lo"))
        await body_of(exchange, request)
    assert upstream.requests[0].endswith(b"Content-Length: 5\r\n\r\nhello")


async def test_a_stream_of_unknown_length_is_chunked(exchange: Any, raw_upstream: Any) -> None:
    async with raw_upstream(once(b"HTTP/1.1 200 OK\nContent-Length: 0\n\n")) as upstream:
        request = Outbound("PUT", upstream.url, (), pieces_of(b"hel", b"", b"lo"))
        await body_of(exchange, request)
    head, _, body = upstream.requests[0].lower().partition(b"\r\n\r\n")
    assert (b"\r\ntransfer-encoding: chunked" in head, body) == (
        True,
        b"3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
    )


async def test_a_refused_connection_is_unreachable(exchange: Any) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        with pytest.raises(UpstreamUnreachable, match=f"http://127.0.0.1:{port}: "):
            await fails(exchange, get(f"http://127.0.0.1:{port}/secret?token=1"))


async def test_a_name_that_does_not_exist_is_unreachable(exchange: Any) -> None:
    with pytest.raises(UpstreamUnreachable, match="http://nothing"):
        await fails(exchange, get("http://nothing.invalid/"))


@pytest.mark.parametrize("url", ["ftp://a.test/", "http:///x", "http://a:b:c/", "nothing"])
async def test_what_is_no_address_is_unreachable(exchange: Any, url: str) -> None:
    with pytest.raises(UpstreamUnreachable):
        await fails(exchange, get(url))


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (b"HTTP/1.1 200 OK\nContent-Length: 10\n\n", b"cut"),
        (b"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n", b"a\r\ncut"),
        (b"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n", b"3\r\ncut\r\n"),
        (b"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n", b"zzz\r\n"),
    ],
    ids=["length", "in a chunk", "between chunks", "no chunk"],
)
async def test_a_body_cut_short_never_looks_complete(
    exchange: Any, raw_upstream: Any, head: bytes, body: bytes
) -> None:
    async with (
        raw_upstream(once(head, body)) as upstream,
        exchange.send(get(upstream.url)) as answer,
    ):
        assert answer.status == 200
        with pytest.raises(UpstreamUnreachable):
            await anext(piece async for piece in answer.chunks() if piece == b"never")


async def test_a_reset_in_mid_body_is_unreachable(exchange: Any, raw_upstream: Any) -> None:
    reading = asyncio.Event()

    async def script(client: Any) -> None:
        await client.request()
        await client.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\ncut")
        await reading.wait()
        sock = client.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.reset()

    async with raw_upstream(script) as upstream, exchange.send(get(upstream.url)) as answer:
        chunks = answer.chunks()
        assert await anext(chunks) == b"cut"
        reading.set()
        with pytest.raises(UpstreamUnreachable):
            await anext(chunks)


@pytest.mark.parametrize(
    "head",
    [b"", b"garbage\n\n", b"HTTP/1.1 2", b"HTTP/1.1 200 OK\nBroken header\n\n", b"SSH-2.0-x\n"],
)
async def test_what_is_not_http_is_unreachable(
    exchange: Any, raw_upstream: Any, head: bytes
) -> None:
    async with raw_upstream(once(head)) as upstream:
        with pytest.raises(UpstreamUnreachable, match=upstream.url):
            await fails(exchange, get(upstream.url))


async def hang(client: Any) -> None:
    await client.request()
    await client.gone()


async def test_a_head_that_does_not_come_is_a_timeout(exchange: Any, raw_upstream: Any) -> None:
    async with raw_upstream(hang) as upstream:
        with pytest.raises(UpstreamTimeout, match=upstream.url):
            await fails(exchange, get(upstream.url, head_timeout=0.05))


async def test_a_gap_in_the_body_is_a_timeout(exchange: Any, raw_upstream: Any) -> None:
    async def script(client: Any) -> None:
        await client.request()
        await client.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhal")
        await client.gone()

    async with raw_upstream(script) as upstream:
        with pytest.raises(UpstreamTimeout, match=upstream.url):
            await fails(exchange, get(upstream.url))


@pytest.mark.parametrize("phase", ["head", "body"])
async def test_a_cancelled_call_closes_its_connection_at_once(
    exchange: Any, raw_upstream: Any, phase: str
) -> None:
    reached, closed = asyncio.Event(), asyncio.Event()

    async def script(client: Any) -> None:
        await client.request()
        if phase == "body":
            await client.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhal")
        reached.set()
        await client.gone()
        closed.set()

    async with raw_upstream(script) as upstream, asyncio.timeout(5):
        async with asyncio.TaskGroup() as group:
            request = Outbound("GET", upstream.url, (), head_timeout=60)
            call = group.create_task(fails(exchange, request))
            await reached.wait()
            call.cancel()
        await closed.wait()


async def test_leaving_a_body_unread_closes_its_connection(
    exchange: Any, raw_upstream: Any
) -> None:
    closed = asyncio.Event()

    async def script(client: Any) -> None:
        await client.request()
        await client.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhal")
        await client.gone()
        closed.set()

    async with raw_upstream(script) as upstream, asyncio.timeout(5):
        async with exchange.send(get(upstream.url)) as answer:
            assert answer.status == 200
        await closed.wait()


async def test_many_calls_at_once_do_not_mix(exchange: Any, raw_upstream: Any) -> None:
    async def script(client: Any) -> None:
        while True:
            head = await client.request()
            await client.answer(head.split()[1])

    async def one(upstream: Any, number: int) -> None:
        assert await body_of(exchange, get(f"{upstream.url}/{number}")) == (
            200,
            b"/%d" % number,
        )

    async with raw_upstream(script) as upstream, asyncio.TaskGroup() as group:
        for number in range(50):
            group.create_task(one(upstream, number))
