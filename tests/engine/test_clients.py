"""Sending: redirects, the one retry, logins, what telemetry is told (language.md 4.21, 4.22)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from inbound import FakeInbound

from naftiko_runtime.engine.engine import Engine
from naftiko_runtime.engine.exchange import Outbound, StaleConnection
from naftiko_runtime.engine.scope import InvocationScope
from naftiko_runtime.engine.variables import Variables
from naftiko_runtime.errors import (
    BodyTooLarge,
    Misconfigured,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from naftiko_runtime.expressions.path import Path
from naftiko_runtime.expressions.reference import (
    Environment,
    FromInput,
    Literal,
    Variable,
)
from naftiko_runtime.observability.telemetry import OFF
from naftiko_runtime.options import Limits, RuntimeOptions
from naftiko_runtime.plan.upstream import (
    ApiKeys,
    BinaryBody,
    CallerBody,
    ConsumedOperation,
    Digest,
    JsonBody,
    Key,
    SignatureV4,
    Token,
    Upstream,
)

pytestmark = pytest.mark.anyio

UPSTREAM = Upstream("u", "ns", None, ("http://up.test/v1",), None)
GET = ConsumedOperation("ns", "op", "GET", UPSTREAM, ("/x",), "/x")


@dataclass
class Answer(FakeInbound):
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    breaks: Exception | None = None

    async def chunks(self) -> AsyncIterator[bytes]:
        yield self.body
        if self.breaks is not None:
            raise self.breaks


@dataclass
class FakeExchange:
    """Answers in order, or by a function of the request; counts what is open."""

    answers: list[Any]
    requests: list[Outbound] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    open: int = 0

    @asynccontextmanager
    async def send(self, request: Outbound) -> AsyncIterator[Any]:
        self.requests.append(request)
        body = request.body or b""
        self.bodies.append(body if isinstance(body, bytes) else b"".join([p async for p in body]))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if callable(answer):
            answer = answer(request)
        if isinstance(answer, BaseException):
            raise answer
        self.open += 1
        try:
            yield answer
        finally:
            self.open -= 1

    async def close(self) -> None:
        pass

    @property
    def lines(self) -> list[str]:
        return [f"{request.method} {request.url}" for request in self.requests]


def see(location: str, status: int = 302) -> Answer:
    return Answer(status, (("location", location),))


async def status_of(
    exchange: FakeExchange, operation: ConsumedOperation = GET, **inputs: Any
) -> int:
    """Send once; prove that nothing stays open."""
    engine = Engine(exchange, Variables({"K": "k1"}), RuntimeOptions(limits=Limits(body=10)))
    scope = InvocationScope(inputs, engine.variables)
    async with engine.client(operation).send(scope, relayed=True) as answer:
        assert exchange.open == 1
        status = answer.status
    assert exchange.open == 0
    return status


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/y?a=1", "http://up.test/y?a=1"),
        ("y", "http://up.test/v1/y"),
        ("http://up.test/z#part", "http://up.test/z"),
        ("http://UP.test:80/z", "http://UP.test:80/z"),
        ("/a b/é", "http://up.test/a%20b/%C3%A9"),
        ("?page=2", "http://up.test/v1/x?page=2"),
    ],
)
async def test_a_redirect_on_the_same_origin_is_followed(location: str, url: str) -> None:
    exchange = FakeExchange([see(location), Answer()])
    assert await status_of(exchange) == 200
    assert exchange.lines == ["GET http://up.test/v1/x", f"GET {url}"]


@pytest.mark.parametrize(
    "location",
    [
        "https://up.test/x",
        "http://other.test/x",
        "http://up.test:8080/x",
        "//other.test/x",
        "http://[broken/",
        "http://up.test:port/",
        "mailto:x@up.test",
        "",
    ],
)
async def test_a_redirect_elsewhere_is_the_upstreams_answer(location: str) -> None:
    exchange = FakeExchange([see(location)])
    assert await status_of(exchange) == 302
    assert len(exchange.requests) == 1


@pytest.mark.parametrize("status", [300, 304, 305])
async def test_other_3xx_are_the_upstreams_answer(status: int) -> None:
    exchange = FakeExchange([see("/y", status)])
    assert await status_of(exchange) == status
    assert len(exchange.requests) == 1


async def test_at_most_five_redirects_are_followed() -> None:
    exchange = FakeExchange([see("/y")])
    assert await status_of(exchange) == 302
    assert len(exchange.requests) == 6


@pytest.mark.parametrize(
    ("method", "status", "second"),
    [
        ("GET", 301, "GET"),
        ("HEAD", 302, "HEAD"),
        ("POST", 301, None),
        ("DELETE", 302, None),
        ("POST", 303, "GET"),
        ("HEAD", 303, "HEAD"),
        ("POST", 307, "POST"),
        ("PUT", 308, "PUT"),
    ],
)
async def test_the_method_after_a_redirect(method: str, status: int, second: str | None) -> None:
    exchange = FakeExchange([see("/y", status), Answer()])
    operation = replace(GET, method=method, body=JsonBody(Literal({"a": 1})))
    assert await status_of(exchange, operation) == (200 if second else status)
    assert [request.method for request in exchange.requests[1:]] == ([second] if second else [])
    if second and status == 303:
        assert exchange.bodies[1] == b""
        names = [name for name, _ in exchange.requests[1].headers]
        assert names == ["Accept", "Accept-Encoding", "User-Agent"]
    elif second:
        assert exchange.bodies == [b'{"a":1}'] * 2
        assert exchange.requests[1].headers == exchange.requests[0].headers


class Stream:
    """A caller's body that can be read once."""

    content_type = "text/csv"

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.length = len(body)

    async def read(self) -> bytes:
        return self.body

    async def chunks(self) -> AsyncIterator[bytes]:
        yield self.body


STREAMED = replace(GET, method="PUT", body=CallerBody(FromInput("b")))


async def test_a_redirect_with_a_body_that_cannot_be_sent_again_is_not_followed() -> None:
    exchange = FakeExchange([see("/y", 307), Answer()])
    assert await status_of(exchange, STREAMED, b=Stream(b"x")) == 307


async def test_a_key_in_the_query_is_sent_again_after_a_redirect() -> None:
    exchange = FakeExchange([see("/y?a=1"), Answer()])
    key = ApiKeys((Key("key", Literal("k"), "query"),))
    await status_of(exchange, replace(GET, authentication=key))
    assert exchange.lines == ["GET http://up.test/v1/x?key=k", "GET http://up.test/y?a=1&key=k"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])
async def test_a_stale_connection_is_worth_one_more_try(method: str) -> None:
    exchange = FakeExchange([StaleConnection("closed"), Answer()])
    assert await status_of(exchange, replace(GET, method=method)) == 200
    stale_twice = FakeExchange([StaleConnection("closed")])
    with pytest.raises(StaleConnection):
        await status_of(stale_twice, replace(GET, method=method))
    assert len(stale_twice.requests) == 2


@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_what_may_have_had_an_effect_is_not_sent_again(method: str) -> None:
    exchange = FakeExchange([StaleConnection("closed"), Answer()])
    with pytest.raises(StaleConnection):
        await status_of(exchange, replace(GET, method=method))


async def test_a_streamed_body_is_not_sent_again() -> None:
    exchange = FakeExchange([StaleConnection("closed"), Answer()])
    with pytest.raises(StaleConnection):
        await status_of(exchange, STREAMED, b=Stream(b"x"))


@pytest.mark.parametrize("error", [UpstreamUnreachable("refused"), UpstreamTimeout("slow")])
async def test_no_other_failure_is_tried_again(error: Exception) -> None:
    exchange = FakeExchange([error, Answer()])
    with pytest.raises(type(error)):
        await status_of(exchange)
    assert (len(exchange.requests), exchange.open) == (1, 0)


async def test_missing_variables_are_known_before_anything_is_sent() -> None:
    wanted = tuple(Variable(name, (Environment(name),)) for name in ("A", "K", "B"))
    exchange = FakeExchange([Answer()])
    with pytest.raises(Misconfigured) as caught:
        await status_of(exchange, replace(GET, variables=wanted))
    assert (caught.value.variables, exchange.requests) == (("A", "B"), [])


TOKEN = Token(
    endpoint=Literal("http://login.test/token"),
    form=(),
    request=None,
    client=None,
    token_field=Path.parse("$.t"),
    expires_in_field=Path.parse("$.e"),
)


def login_and(*statuses: int) -> tuple[FakeExchange, ConsumedOperation]:
    """Give an upstream that refuses by turns, and tokens t1, t2, …"""
    turns, tokens = list(statuses), iter(range(1, 9))

    def answer(request: Outbound) -> Answer:
        if request.url.startswith("http://login.test"):
            return Answer(200, (), b'{"t":"t%d"}' % next(tokens))
        return Answer(turns.pop(0))

    return FakeExchange([answer]), replace(GET, authentication=TOKEN)


def sent_tokens(exchange: FakeExchange) -> list[str]:
    return [
        dict(request.headers)["Authorization"]
        for request in exchange.requests
        if request.url.startswith("http://up.test")
    ]


async def test_a_401_drops_the_token_and_repeats_the_call_once() -> None:
    exchange, operation = login_and(401, 200)
    assert await status_of(exchange, operation) == 200
    assert sent_tokens(exchange) == ["Bearer t1", "Bearer t2"]


async def test_a_second_401_is_the_upstreams_answer() -> None:
    exchange, operation = login_and(401, 401)
    assert await status_of(exchange, operation) == 401
    assert sent_tokens(exchange) == ["Bearer t1", "Bearer t2"]


async def test_a_401_to_a_streamed_body_is_the_upstreams_answer() -> None:
    exchange, operation = login_and(401)
    operation = replace(STREAMED, authentication=operation.authentication)
    assert await status_of(exchange, operation, b=Stream(b"x")) == 401


async def test_operations_under_one_block_share_its_token() -> None:
    exchange, operation = login_and(200, 200)
    engine = Engine(exchange, Variables({}))
    for each in (operation, replace(operation, name="other")):
        async with engine.client(each).send(InvocationScope({}, engine.variables), relayed=True):
            pass
    assert sent_tokens(exchange) == ["Bearer t1", "Bearer t1"]
    assert engine.client(operation) is engine.client(operation)


DIGEST = Digest(Literal("u"), Literal("p"))
CHALLENGE = Answer(401, (("www-authenticate", 'Digest nonce="n", qop="auth"'),))


async def test_a_digest_challenge_is_answered_once() -> None:
    exchange = FakeExchange([CHALLENGE, Answer()])
    assert await status_of(exchange, replace(GET, authentication=DIGEST)) == 200
    first, second = (dict(request.headers) for request in exchange.requests)
    assert "Authorization" not in first
    assert second["Authorization"].startswith('Digest username="u"')
    refused = FakeExchange([CHALLENGE])
    assert await status_of(refused, replace(GET, authentication=DIGEST)) == 401
    assert len(refused.requests) == 2


@pytest.mark.parametrize("first", [CHALLENGE, Answer(200)])
async def test_a_streamed_body_goes_out_after_the_challenge(first: Answer) -> None:
    exchange = FakeExchange([first, Answer(201)])
    operation = replace(STREAMED, authentication=DIGEST)
    assert await status_of(exchange, operation, b=Stream(b"a,b")) == 201
    assert exchange.bodies == [b"", b"a,b"]


SIGNATURE = SignatureV4(Literal("A"), Literal("s"), Literal("r"), Literal("s"))


async def test_a_body_that_is_signed_is_read_first() -> None:
    exchange = FakeExchange([Answer()])
    operation = replace(STREAMED, authentication=SIGNATURE)
    assert await status_of(exchange, operation, b=Stream(b"a,b")) == 200
    assert exchange.requests[0].body == b"a,b"
    assert dict(exchange.requests[0].headers)["Content-Length"] == "3"
    with pytest.raises(BodyTooLarge):
        await status_of(exchange, operation, b=Stream(b"x" * 11))


async def test_bytes_that_are_signed_are_sent_as_they_are() -> None:
    exchange = FakeExchange([Answer()])
    operation = replace(
        GET, method="PUT", authentication=SIGNATURE, body=BinaryBody(Literal("AAE="))
    )
    assert await status_of(exchange, operation) == 200
    assert exchange.bodies == [b"\0\1"]


class Told:
    """A peer that remembers what it is told."""

    def __init__(self, headers: tuple[tuple[str, str], ...] = ()) -> None:
        self.headers = headers
        self.told: list[Any] = []

    def attempt(self, method: str, url: str, resend: int = 0) -> "Told":
        self.told.append((method, url, resend))
        return self

    def ended(self, status: int | None, error: str | None = None) -> None:
        self.told.append((status, error))


class Recording:
    """Telemetry whose every peer is the same one."""

    def __init__(self, peer: Told) -> None:
        self._peer = peer
        self.ran = OFF.ran

    def peer(self, consumed: Any) -> Told:
        return self._peer


async def told_of(
    exchange: FakeExchange, act: Callable[[Any], Any] | None = None, peer: Told | None = None
) -> list[Any]:
    peer = peer or Told()
    engine = Engine(exchange, Variables({}), telemetry=Recording(peer))  # type: ignore[arg-type]
    more = (("TRACEPARENT", "theirs"), ("x", "1"))
    scope = InvocationScope({}, engine.variables)
    async with engine.client(GET).send(scope, more, relayed=True) as answer:
        if act is not None:
            await act(answer)
    return peer.told


async def test_every_attempt_is_told_with_its_end() -> None:
    exchange = FakeExchange([StaleConnection("x"), see("/y"), Answer(404)])
    assert await told_of(exchange) == [
        ("GET", "http://up.test/v1/x", 0),
        (None, "connection"),
        ("GET", "http://up.test/v1/x", 1),
        (302, None),
        ("GET", "http://up.test/y", 2),
        (404, None),
    ]


async def test_the_trace_of_an_attempt_replaces_the_callers() -> None:
    exchange = FakeExchange([Answer()])
    await told_of(exchange, peer=Told((("traceparent", "ours"),)))
    assert exchange.requests[0].headers[-2:] == (("x", "1"), ("traceparent", "ours"))


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (UpstreamTimeout("x"), "timeout"),
        (UpstreamUnreachable("x"), "connection"),
        (ValueError("x"), "error"),
        (asyncio.CancelledError(), "cancelled"),
    ],
)
async def test_a_failed_attempt_is_told_why(error: BaseException, name: str) -> None:
    peer = Told()
    with pytest.raises(type(error)):
        await told_of(FakeExchange([error]), peer=peer)
    assert peer.told[1:] == [(None, name)]


@pytest.mark.parametrize(
    ("error", "name"),
    [(UpstreamUnreachable("cut"), "connection"), (ValueError("ours"), None)],
)
async def test_a_body_that_breaks_is_told_and_one_that_we_leave_is_not(
    error: Exception, name: str | None
) -> None:
    async def read(answer: Any) -> None:
        async for _ in answer.chunks():
            pass

    peer = Told()
    with pytest.raises(type(error)):
        await told_of(FakeExchange([Answer(breaks=error)]), read, peer)
    assert peer.told[1:] == [(200, name)]
