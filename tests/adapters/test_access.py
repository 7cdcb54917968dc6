"""AUTH-1 to AUTH-6: who may call, and what those who may not are told."""

import base64
import hashlib
import re
from typing import Any

import httpx
import pytest

from naftiko_runtime.adapters.access import AccessContext, guarded
from naftiko_runtime.adapters.digest import Nonces, digest_response
from naftiko_runtime.adapters.failures import Failures
from naftiko_runtime.errors import Misconfigured
from naftiko_runtime.expressions.reference import Literal
from naftiko_runtime.plan.exposure import InboundBasic, InboundBearer, InboundKey

pytestmark = pytest.mark.anyio
BEARER = InboundBearer(Literal("t0ken-ë"))
BASIC = InboundBasic(Literal("user"), Literal("pass:wörd"))
DIGEST = InboundBasic(Literal("user"), Literal("pässword"), digest=True)


def resolve(expression: Any) -> str:
    return str(expression.value)


class World:
    """A context whose clock and sleep belong to the test."""

    def __init__(self) -> None:
        self.time = 1_000_000.0
        self.slept: list[float] = []
        self.seen: list[Any] = []

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        self.seen.append(scope)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    def client(self, block: Any, **members: Any) -> httpx.AsyncClient:
        context = AccessContext(
            members.pop("resolve", resolve),
            sleep=self._sleep,
            now=lambda: self.time,
            nonces=Nonces(b"k", lambda: self.time),
        )
        app: Any = guarded(self.app, block, context, **members)
        return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop.test")


def basic(user: str, password: str, scheme: str = "Basic") -> dict[str, str]:
    return {"authorization": f"{scheme} {base64.b64encode(f'{user}:{password}'.encode()).decode()}"}


BASIC_CHALLENGE = 'Basic realm="naftiko", charset="UTF-8"'
NONE_GIVEN = 'Bearer realm="naftiko"'
NOT_THIS_ONE = 'Bearer realm="naftiko", error="invalid_token"'


@pytest.mark.parametrize(
    ("block", "headers", "challenge"),
    [
        (BASIC, basic("user", "pass:wörd"), None),
        (BASIC, basic("user", "pass:wörd", "bAsIc"), None),
        (BASIC, {}, BASIC_CHALLENGE),
        (BASIC, basic("user", "wrong"), BASIC_CHALLENGE),
        (BASIC, basic("nobody", "pass:wörd"), BASIC_CHALLENGE),
        (BASIC, {"authorization": "Basic !!!"}, BASIC_CHALLENGE),
        (BASIC, {"authorization": "Basic dXNlcg=="}, BASIC_CHALLENGE),
        (BASIC, {"authorization": "Bearer x"}, BASIC_CHALLENGE),
        (InboundBasic(Literal("u"), Literal("")), basic("u", ""), None),
        (BEARER, {"authorization": "Bearer t0ken-ë".encode()}, None),
        (BEARER, {"authorization": "bEARER  t0ken-ë".encode()}, None),
        (BEARER, {}, NONE_GIVEN),
        (BEARER, {"authorization": "Bearer wrong"}, NOT_THIS_ONE),
        (BEARER, {"authorization": "t0ken-ë".encode()}, NOT_THIS_ONE),
        (BEARER, {"authorization": "Token t0ken-ë".encode()}, NOT_THIS_ONE),
        (BEARER, {"authorization": "Bearer t0ken-ë x".encode()}, NOT_THIS_ONE),
    ],
)
async def test_authorization_is_accepted_or_challenged(
    block: Any, headers: Any, challenge: str | None
) -> None:
    world = World()
    async with world.client(block) as client:
        response = await client.get("/v1/orders", headers=headers)
    if challenge is None:
        assert response.status_code == 200
        assert not [name for name, _ in world.seen[0]["headers"] if name == b"authorization"]
        return
    assert (response.status_code, world.seen) == (401, [])
    assert response.headers.get_list("www-authenticate") == [challenge]
    assert response.json() == {
        "type": "urn:naftiko:problem:unauthorized",
        "title": "Unauthorized",
        "status": 401,
        "detail": "valid credentials are needed",
        "instance": "/v1/orders",
        "requestId": response.json()["requestId"],
    }


HEADER = InboundKey("X-Key", Literal("k 1"), "header")
QUERY = InboundKey("api key", Literal("k 1"), "query")
COOKIE = InboundKey("key", Literal("k 1"), "cookie")


@pytest.mark.parametrize(
    ("block", "request_", "passes"),
    [
        (HEADER, {"url": "/", "headers": {"x-key": "k 1"}}, True),
        (HEADER, {"url": "/", "headers": {"x-key": "k 2"}}, False),
        (HEADER, {"url": "/", "headers": [("x-key", "k 1"), ("x-key", "k 1")]}, False),
        (HEADER, {"url": "/?X-Key=k%201"}, False),
        (QUERY, {"url": "/?a=1&api+key=k%201&b=2"}, True),
        (QUERY, {"url": "/?api%20key=k+1"}, True),
        (QUERY, {"url": "/?api%20key=k"}, False),
        (COOKIE, {"url": "/", "headers": {"cookie": 'a=1; key="k%201"; b=2'}}, True),
        (COOKIE, {"url": "/", "headers": {"cookie": "key=k%201"}}, True),
        (COOKIE, {"url": "/", "headers": {"cookie": "key=x"}}, False),
        (COOKIE, {"url": "/"}, False),
    ],
)
async def test_a_key_is_the_exact_text_in_its_place_and_is_removed(
    block: InboundKey,
    request_: Any,
    passes: bool,  # noqa: FBT001
) -> None:
    world = World()
    async with world.client(block) as client:
        response = await client.request("GET", **request_)
    if not passes:
        assert response.status_code == 401
        assert response.headers["www-authenticate"] == (
            f'ApiKey realm="naftiko", in="{block.placement}", name="{block.name}"'
        )
        return
    assert response.status_code == 200
    scope = world.seen[0]
    kept = repr((scope["headers"], scope["query_string"]))
    assert "k 1" not in kept
    assert "k%201" not in kept


async def test_other_parts_of_the_request_stay_when_a_key_is_removed() -> None:
    world = World()
    async with world.client(QUERY) as client:
        await client.get("/?a=1&api+key=k%201&b=2")
    async with world.client(COOKIE) as client:
        await client.get("/", headers={"cookie": "a=1; key=k%201; b=2"})
    assert world.seen[0]["query_string"] == b"a=1&b=2"
    assert (b"cookie", b"a=1; b=2") in world.seen[1]["headers"]


async def test_two_authorization_headers_are_invalid() -> None:
    headers = [("authorization", "Bearer t0ken"), ("authorization", "Bearer t0ken")]
    for block in (BEARER, BASIC, DIGEST):
        async with World().client(block) as client:
            assert (await client.get("/", headers=headers)).status_code == 400


async def test_a_secret_that_cannot_be_resolved_never_opens_the_adapter() -> None:
    def missing(expression: Any) -> str:
        raise Misconfigured("SHOP_IN is missing", ["SHOP_IN"])

    world = World()
    async with world.client(BEARER, resolve=missing) as client:
        response = await client.get("/", headers={"authorization": "Bearer {{SHOP_IN}}"})
    assert (response.status_code, world.seen) == (500, [])
    assert response.json()["variables"] == ["SHOP_IN"]


async def test_options_and_open_paths_pass() -> None:
    world = World()

    def is_open(scope: Any) -> bool:
        return bool(scope["raw_path"] == b"/health/live")

    async with world.client(BEARER, is_open=is_open) as client:
        statuses = [
            (await client.request(method, path)).status_code
            for method, path in (
                ("OPTIONS", "/x"),
                ("GET", "/health/live"),
                ("GET", "/health/livex"),
            )
        ]
    assert statuses == [200, 200, 401]


def test_an_adapter_without_authentication_is_the_app_itself() -> None:
    world = World()
    assert guarded(world.app, None, AccessContext(resolve)) == world.app


async def test_guessing_gets_slower_and_success_never_is() -> None:
    world = World()
    wrong = {"authorization": "Bearer wrong"}
    async with world.client(BEARER) as client:
        for _ in range(10):
            await client.get("/", headers=wrong)
        await client.get("/")
        await client.get("/", headers={"authorization": "Bearer t0ken-ë".encode()})
    assert world.slept == [0.25, 0.5, 1.0, 2.0, 4.0, 4.0]


def test_failures_are_counted_per_address_and_minute() -> None:
    failures = Failures()
    assert [failures.delay("a", 0.0) for _ in range(5)] == [0, 0, 0, 0, 0.25]
    assert failures.delay("b", 0.0) == 0
    assert failures.delay("a", 60.0) == 0.5
    assert failures.delay("a", 61.0) == 0


def test_only_ten_thousand_addresses_are_remembered() -> None:
    failures = Failures()
    for _ in range(4):
        failures.delay("first", 0.0)
    for number in range(10_000):
        failures.delay(str(number), 0.0)
    assert failures.delay("first", 0.0) == 0


# digest


@pytest.mark.parametrize(
    ("name", "response"),
    [
        ("md5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("sha256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_vectors_of_rfc_7616(name: str, response: str) -> None:
    members = {
        "realm": "http-auth@example.org",
        "uri": "/dir/index.html",
        "nonce": "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        "nc": "00000001",
        "cnonce": "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        "qop": "auth",
    }
    assert digest_response(name, members, "GET", "Mufasa", "Circle of Life") == response


async def test_httpx_authenticates_by_digest() -> None:
    world = World()
    async with world.client(DIGEST) as client:
        response = await client.get("/x?a=%20b", auth=httpx.DigestAuth("user", "pässword"))
        again = await client.post("/y", auth=httpx.DigestAuth("user", "pässword"))
        wrong = await client.get("/x", auth=httpx.DigestAuth("user", "wrong"))
    assert (response.status_code, again.status_code, wrong.status_code) == (200, 200, 401)
    assert world.slept == []


async def challenges(client: httpx.AsyncClient, headers: Any = None) -> list[str]:
    response = await client.get("/", headers=headers)
    assert response.status_code == 401
    return response.headers.get_list("www-authenticate")


async def test_two_challenges_are_offered_the_stronger_first() -> None:
    async with World().client(DIGEST) as client:
        offered = await challenges(client)
    shape = (
        r'Digest realm="naftiko", qop="auth", algorithm={}, nonce="[0-9a-f]+", opaque="[0-9a-f]+"'
    )
    assert [
        bool(re.fullmatch(shape.format(name), text))
        for name, text in zip(("SHA-256", "MD5"), offered, strict=True)
    ] == [True, True]


def answer(nonce: str, **changes: str) -> dict[str, str]:
    """Return the credentials of a client that was given a nonce, with some parts changed."""
    members = {
        "username": "user",
        "realm": "naftiko",
        "uri": "/",
        "nonce": nonce,
        "nc": "00000001",
        "cnonce": "abc",
        "qop": "auth",
        "algorithm": "SHA-256",
    }
    used = {
        **members,
        **{name: changes[name] for name in changes if name not in ("password", "late")},
    }
    name = {"SHA-256": "sha256", "MD5": "md5"}.get(used["algorithm"], "sha1")
    response = digest_response(
        name, used, "GET", used["username"], changes.get("password", "pässword")
    )
    text = ", ".join(f'{key}="{value}"' for key, value in {**used, "response": response}.items())
    return {"authorization": f"Digest {text}"}


async def nonce_of(client: httpx.AsyncClient) -> str:
    found = re.search(r'nonce="([^"]+)"', (await challenges(client))[0])
    assert found is not None
    return found[1]


@pytest.mark.parametrize(
    "changes",
    [
        {"password": "x"},
        {"username": "other"},
        {"uri": "/other"},
        {"qop": "auth-int"},
        {"nc": "1"},
        {"realm": "other"},
        {"algorithm": "SHA-1"},
        {"cnonce": ""},
    ],
)
async def test_a_wrong_part_is_refused_and_not_stale(changes: dict[str, str]) -> None:
    async with World().client(DIGEST) as client:
        offered = await challenges(client, answer(await nonce_of(client), **changes))
    assert "stale" not in offered[0]


async def test_a_nonce_is_stale_after_300_s_or_when_its_count_does_not_grow() -> None:
    world = World()
    async with world.client(DIGEST) as client:
        nonce = await nonce_of(client)
        assert (await client.get("/", headers=answer(nonce))).status_code == 200
        assert (await client.get("/", headers=answer(nonce, nc="00000003"))).status_code == 200
        for count in ("00000003", "00000002"):
            offered = await challenges(client, answer(nonce, nc=count))
            assert all(text.endswith("stale=true") for text in offered)
        world.time += 301
        offered = await challenges(client, answer(nonce, nc="00000009"))
        assert offered[0].endswith("stale=true")
        forged = hashlib.sha256(nonce.encode()).hexdigest() + nonce[:16]
        assert (await challenges(client, answer(forged)))[0].endswith("stale=true")
    assert world.slept == []


async def test_md5_is_accepted_as_the_second_choice() -> None:
    async with World().client(DIGEST) as client:
        nonce = await nonce_of(client)
        assert (await client.get("/", headers=answer(nonce, algorithm="MD5"))).status_code == 200


def test_workers_that_share_a_key_accept_each_others_nonces() -> None:
    one, other, stranger = (
        Nonces(b"k", lambda: 9.0),
        Nonces(b"k", lambda: 9.0),
        Nonces(b"x", lambda: 9.0),
    )
    nonce = one.fresh()
    assert (other.use(nonce, 1), stranger.use(nonce, 1)) == (True, False)


def test_a_nonce_whose_count_was_forgotten_is_stale() -> None:
    time = iter(range(1, 100_000))
    nonces = Nonces(b"k", lambda: float(next(time)) / 1000)
    first = nonces.fresh()
    assert nonces.use(first, 1)
    for _ in range(10_000):
        assert nonces.use(nonces.fresh(), 1)
    assert not nonces.use(first, 2)
