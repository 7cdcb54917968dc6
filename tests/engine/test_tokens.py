"""Fetched tokens: endpoint, life, single flight (language.md 6.7, 6.8)."""

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from naftiko_runtime.engine.credentials import Credentials
from naftiko_runtime.engine.exchange import Outbound
from naftiko_runtime.engine.exchange_httpx import HttpxExchange
from naftiko_runtime.engine.locations import base_location
from naftiko_runtime.engine.scope import InvocationScope
from naftiko_runtime.engine.tokens import Clock, TokenAuthenticator
from naftiko_runtime.engine.variables import Variables
from naftiko_runtime.errors import LoginFailed, Misconfigured
from naftiko_runtime.expressions.path import Path
from naftiko_runtime.expressions.reference import (
    Environment,
    FromInput,
    FromVariable,
    Literal,
    ObjectOf,
    Variable,
)
from naftiko_runtime.plan.upstream import Basic, Token, Upstream
from naftiko_runtime.values import Json

pytestmark = pytest.mark.anyio

SECRET = FromVariable(Variable("S", (Environment("S"),)))
FORM = Token(
    endpoint=Literal("http://login.test/token"),
    form=(
        ("grant_type", Literal("client_credentials")),
        ("client_id", Literal("me")),
        ("client_secret", SECRET),
        ("scope", Literal("a b")),
        ("audience", FromInput("nothing")),
    ),
    request=None,
    client=None,
    token_field=Path.parse("$.access_token"),
    expires_in_field=Path.parse("$.expires_in"),
)
REFRESH = Token(
    endpoint=Literal("/api/token/refresh/"),
    form=None,
    request=ObjectOf((("refresh", SECRET),)),
    client=None,
    token_field=Path.parse("$.access"),
    expires_in_field=Path.parse("$.expires_in"),
)


class Login:
    """A token endpoint that records what it is asked, and a clock to turn."""

    def __init__(self, *replies: Any) -> None:
        self.replies = list(replies)
        self.requests: list[httpx.Request] = []
        self.now = 1000.0
        self.learned: list[str] = []
        variables = Variables({"S": "s&cret"}, learn_token=self.learned.append)
        self.scope = InvocationScope({"id": "caller's"}, variables)

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        await asyncio.sleep(0)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        return reply if isinstance(reply, httpx.Response) else httpx.Response(200, json=reply)

    def authenticator(self, block: Token, base: str = "http://up.test/v1") -> TokenAuthenticator:
        upstream = Upstream("u", "ns", None, (base,), block)
        exchange = HttpxExchange(httpx.MockTransport(self._answer))
        clock = Clock(lambda: self.now, lambda: self.now)
        return TokenAuthenticator(block, base_location(upstream), exchange, clock)


def bearer(token: str) -> Credentials:
    return Credentials((("Authorization", f"Bearer {token}"),))


async def test_a_form_is_posted_and_the_token_is_a_bearer() -> None:
    login = Login({"access_token": "t1", "expires_in": 300})
    assert await login.authenticator(FORM).credentials(login.scope) == bearer("t1")
    (request,) = login.requests
    assert (request.method, str(request.url)) == ("POST", "http://login.test/token")
    assert request.content == (
        b"grant_type=client_credentials&client_id=me&client_secret=s%26cret&scope=a+b"
    )
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.headers["content-length"] == str(len(request.content))
    assert login.learned == ["t1"]


async def test_a_client_may_authenticate_by_basic() -> None:
    login = Login({"access_token": "t1"})
    block = replace(FORM, client=Basic(Literal("me"), SECRET))
    await login.authenticator(block).credentials(login.scope)
    expected = base64.b64encode(b"me:s&cret").decode()
    assert login.requests[0].headers["authorization"] == f"Basic {expected}"


@pytest.mark.parametrize("base", ["http://up.test/v1", "http://up.test/v1/"])
async def test_a_relative_endpoint_stands_behind_the_base_uri(base: str) -> None:
    login = Login({"access": "t1"})
    assert await login.authenticator(REFRESH, base).credentials(login.scope) == bearer("t1")
    (request,) = login.requests
    assert str(request.url) == "http://up.test/v1/api/token/refresh/"
    assert (request.headers["content-type"], request.content) == (
        "application/json",
        b'{"refresh":"s&cret"}',
    )


@pytest.mark.parametrize(
    ("placement", "name", "expected"),
    [
        ("header", "X-Token", Credentials((("X-Token", "t 1"),))),
        ("query", "tok", Credentials(query=("tok=t%201",))),
    ],
)
async def test_a_token_goes_where_it_is_placed(
    placement: Any, name: str, expected: Credentials
) -> None:
    login = Login({"access_token": "t 1"})
    block = replace(FORM, placement=placement, placement_name=name)
    assert await login.authenticator(block).credentials(login.scope) == expected


async def tokens_at(login: Login, block: Token, *times: float) -> list[str]:
    authenticator = login.authenticator(block)
    found = []
    for time in times:
        login.now = time
        (header,) = (await authenticator.credentials(login.scope)).headers
        found.append(header[1].removeprefix("Bearer "))
    return found


def jwt(**claims: Json) -> str:
    parts = [json.dumps(part).encode() for part in ({"alg": "none"}, claims)]
    return ".".join([base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts]) + ".x"


async def test_a_token_is_renewed_before_its_end() -> None:
    login = Login(
        {"access_token": "t1", "expires_in": 300}, {"access_token": "t2", "expires_in": "300"}
    )
    assert await tokens_at(login, FORM, 1000, 1239, 1241, 1480) == ["t1", "t1", "t2", "t2"]
    assert len(login.requests) == 2


async def test_the_margin_is_at_most_half_the_lifetime() -> None:
    login = Login({"access_token": "t1", "expires_in": 60}, {"access_token": "t2"})
    assert await tokens_at(login, FORM, 1000, 1029, 1031) == ["t1", "t1", "t2"]


async def test_a_token_without_lifetime_says_it_itself_or_lives_on() -> None:
    first = jwt(exp=1300)
    login = Login({"access_token": first}, {"access_token": "t2"})
    assert await tokens_at(login, FORM, 1000, 1239, 1241, 9e9) == [first, first, "t2", "t2"]


@pytest.mark.parametrize("token", ["a.b.c", "a.WzFd.c", jwt(exp=True), jwt(), "plain", "a.é.c"])
async def test_a_token_that_says_nothing_lives_until_it_is_refused(token: str) -> None:
    login = Login({"access_token": token, "expires_in": None})
    assert await tokens_at(login, FORM, 1000, 9e9) == [token, token]


@pytest.mark.parametrize("expires", [0, -5, True, "soon", [1]])
async def test_a_lifetime_that_is_none_is_ignored(expires: Json) -> None:
    login = Login({"access_token": "t", "expires_in": expires})
    assert await tokens_at(login, FORM, 1000, 9e9) == ["t", "t"]


async def test_an_expired_token_is_fetched_again() -> None:
    login = Login({"access_token": jwt(exp=900)}, {"access_token": "t2"})
    assert (await tokens_at(login, FORM, 1000, 1000))[1] == "t2"


async def test_a_new_refresh_token_replaces_the_old_one() -> None:
    form = (("grant_type", Literal("refresh_token")), ("refresh_token", SECRET))
    login = Login(
        {"access_token": "t1", "expires_in": 10, "refresh_token": "r2"},
        {"access_token": "t2", "expires_in": 10},
    )
    await tokens_at(login, replace(FORM, form=form), 1000, 2000, 3000)
    assert [request.content for request in login.requests] == [
        b"grant_type=refresh_token&refresh_token=s%26cret",
        b"grant_type=refresh_token&refresh_token=r2",
        b"grant_type=refresh_token&refresh_token=r2",
    ]
    assert "r2" in login.learned


async def together(count: int, ask: Callable[[], Awaitable[Any]]) -> list[Any]:
    return await asyncio.gather(*(ask() for _ in range(count)), return_exceptions=True)


async def test_calls_that_wait_share_one_fetch() -> None:
    login = Login({"access_token": "t1"})
    authenticator = login.authenticator(FORM)
    found = await together(20, lambda: authenticator.credentials(login.scope))
    assert found == [bearer("t1")] * 20
    assert len(login.requests) == 1


async def test_calls_that_wait_share_a_failure_and_the_next_tries_again() -> None:
    login = Login(httpx.Response(500), {"access_token": "t1"})
    authenticator = login.authenticator(FORM)
    found = await together(20, lambda: authenticator.credentials(login.scope))
    assert {str(error) for error in found} == {"http://login.test/token: HTTP 500"}
    assert len(login.requests) == 1
    assert await authenticator.credentials(login.scope) == bearer("t1")


async def test_a_fetch_that_is_cancelled_leaves_it_to_the_next() -> None:
    login = Login({"access_token": "t1"})
    authenticator = login.authenticator(FORM)
    first = asyncio.ensure_future(authenticator.credentials(login.scope))
    second = asyncio.ensure_future(authenticator.credentials(login.scope))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == bearer("t1")


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (httpx.Response(401, text="secret detail"), "HTTP 401"),
        (httpx.Response(302, headers={"location": "/x"}), "HTTP 302"),
        (httpx.Response(200, text="no json"), "HTTP 200 without a token at $.access_token"),
        ({"access_token": ""}, "HTTP 200 without a token at $.access_token"),
        ({"access_token": 5}, "HTTP 200 without a token at $.access_token"),
        ([], "HTTP 200 without a token at $.access_token"),
        (httpx.ConnectError("x"), "upstream unreachable"),
        (httpx.ReadTimeout("x"), "upstream timeout"),
        (httpx.Response(200, content=b"x" * 1_100_000), "the reply is too large"),
        (httpx.Response(200, headers={"content-encoding": "br"}), "upstream answer not understood"),
    ],
)
async def test_a_failing_endpoint_is_named_without_its_body(reply: Any, message: str) -> None:
    login = Login(reply)
    block = replace(FORM, endpoint=Literal("http://me:pw@login.test/token?k=v"))
    with pytest.raises(LoginFailed) as caught:
        await login.authenticator(block).credentials(login.scope)
    assert caught.value.detail == f"http://login.test/token: {message}"
    assert len(login.requests) == 1


async def test_a_missing_variable_is_a_configuration_problem() -> None:
    login = Login({})
    with pytest.raises(Misconfigured):
        await login.authenticator(FORM).credentials(InvocationScope({}, Variables({})))
    assert login.requests == []


def sent_with(token: str) -> Outbound:
    return Outbound("GET", "http://up.test", (("Authorization", f"Bearer {token}"),))


async def test_a_refused_token_is_dropped_once_and_a_newer_one_is_not() -> None:
    login = Login({"access_token": "t1"}, {"access_token": "t2"})
    authenticator = login.authenticator(FORM)
    answer: Any = None
    await authenticator.credentials(login.scope)
    assert authenticator.again(sent_with("t1"), answer, 0)
    assert await authenticator.credentials(login.scope) == bearer("t2")
    assert authenticator.again(sent_with("t1"), answer, 0)
    assert await authenticator.credentials(login.scope) == bearer("t2")
    assert not authenticator.again(sent_with("t2"), answer, 1)
    assert await authenticator.credentials(login.scope) == bearer("t2")


async def test_a_refused_token_in_the_query_is_dropped_too() -> None:
    login = Login({"access_token": "t 1"}, {"access_token": "t 2"})
    block = replace(FORM, placement="query", placement_name="k")
    authenticator = login.authenticator(block)
    answer: Any = None
    await authenticator.credentials(login.scope)
    assert authenticator.again(Outbound("GET", "http://up.test/?k=t%201", ()), answer, 0)
    assert await authenticator.credentials(login.scope) == Credentials(query=("k=t%202",))
    authenticator.again(sent_with("none"), answer, 0)
    assert len(login.requests) == 2
