"""AUTH-7 to AUTH-10: a resource server with a fake authorization server."""

import json
from collections.abc import Callable
from typing import Any

import anyio
import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from naftiko_runtime.adapters.access import AccessContext, guarded
from naftiko_runtime.adapters.oauth import metadata_app, metadata_url
from naftiko_runtime.adapters.oauth_server import discovery_urls, is_safe
from naftiko_runtime.engine.exchange_httpx import HttpxExchange
from naftiko_runtime.expressions.reference import Literal
from naftiko_runtime.plan.exposure import InboundOAuth2

pytestmark = pytest.mark.anyio
ISSUER = "https://as.example/t1"
RESOURCE = "https://api.example/mcp"
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
ED_KEY = ed25519.Ed25519PrivateKey.generate()
NOW = 1_800_000_000.0
BLOCK = InboundOAuth2(Literal(ISSUER), Literal(RESOURCE), Literal("api"), ("orders.read",))
METADATA = 'resource_metadata="https://api.example/.well-known/oauth-protected-resource/mcp"'


def jwk(key: Any, kid: str, **more: str) -> dict[str, Any]:
    makers: dict[type, Any] = {
        rsa.RSAPublicKey: RSAAlgorithm,
        ec.EllipticCurvePublicKey: ECAlgorithm,
        ed25519.Ed25519PublicKey: OKPAlgorithm,
    }
    public = key.public_key()
    maker = next(maker for kind, maker in makers.items() if isinstance(public, kind))
    return {**json.loads(maker.to_jwk(public)), "kid": kid, **more}


class World:
    """An authorization server, a clock, and an app behind its tokens."""

    def __init__(self) -> None:
        self.time = NOW
        self.keys = [jwk(RSA_KEY, "r1"), jwk(EC_KEY, "e1"), jwk(ED_KEY, "o1")]
        self.requests: list[str] = []
        self.posted: list[tuple[str, bytes]] = []
        self.down = False
        self.cache_control = ""
        self.introspection: dict[str, Any] = {"active": True, **claims()}
        self.metadata: dict[str, Any] = {
            "issuer": ISSUER + "/",
            "jwks_uri": "https://as.example/jwks",
            "introspection_endpoint": "https://as.example/introspect",
        }
        self.metadata_at = "https://as.example/.well-known/oauth-authorization-server/t1"

    def answer(self, request: httpx.Request) -> httpx.Response:
        url = str(request.url)
        self.requests.append(url)
        if self.down:
            raise httpx.ConnectError("down", request=request)
        if url == self.metadata_at:
            return httpx.Response(200, json=self.metadata)
        if url.endswith("/jwks"):
            headers = {"cache-control": self.cache_control} if self.cache_control else {}
            return httpx.Response(200, json={"keys": self.keys}, headers=headers)
        if url.endswith("/introspect"):
            self.posted.append((request.headers["authorization"], request.content))
            return httpx.Response(200, json=self.introspection)
        return httpx.Response(404)

    def client(self, block: InboundOAuth2 = BLOCK) -> httpx.AsyncClient:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            assert b"authorization" not in dict(scope["headers"])
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})

        async def sleep(seconds: float) -> None:
            pass

        exchange = HttpxExchange(httpx.MockTransport(self.answer))
        context = AccessContext(resolve, exchange, sleep=sleep, now=lambda: self.time)
        transport = httpx.ASGITransport(guarded(app, block, context))
        return httpx.AsyncClient(transport=transport, base_url="http://shop.test")


def resolve(expression: Any) -> str:
    return str(expression.value)


def claims(**changes: Any) -> dict[str, Any]:
    members = {
        "iss": ISSUER,
        "aud": "api",
        "exp": NOW + 600,
        "iat": NOW,
        "scope": "openid orders.read",
        **changes,
    }
    return {name: value for name, value in members.items() if value is not None}


def token(
    key: Any = RSA_KEY, algorithm: str = "RS256", kid: str | None = "r1", **changes: Any
) -> dict[str, str]:
    headers = {"kid": kid} if kid else {}
    text = jwt.encode(claims(**changes), key, algorithm, headers=headers)
    return {"authorization": f"Bearer {text}"}


def challenge(error: str | None = None) -> str:
    wrong = f'error="invalid_token", error_description="{error}", ' if error else ""
    return f'Bearer realm="naftiko", {wrong}{METADATA}, scope="orders.read"'


@pytest.mark.parametrize(
    "headers",
    [
        token(),
        token(algorithm="PS512"),
        token(EC_KEY, "ES256", "e1"),
        token(ED_KEY, "EdDSA", "o1"),
        token(kid=None),
        token(EC_KEY, "ES256", None),
        token(aud=["other", "api"]),
        token(iss=ISSUER + "/"),
        token(scope=["orders.read"]),
        token(scope=None, scp=["orders.read"]),
        token(exp=NOW - 59),
        token(nbf=NOW + 59, iat=NOW + 59),
    ],
)
async def test_a_good_token_is_accepted(headers: dict[str, str]) -> None:
    async with World().client() as client:
        response = await client.get("/", headers=headers)
    assert (response.status_code, response.headers.get("www-authenticate")) == (200, None)


@pytest.mark.parametrize(
    ("headers", "error"),
    [
        ({}, None),
        (token(exp=NOW - 61), "token expired"),
        (token(exp=None), "token has no expiry"),
        (token(exp="soon"), "exp is no number"),
        (token(nbf=NOW + 61), "token is not valid yet"),
        (token(iat=NOW + 61), "token is not valid yet"),
        (token(iss="https://evil.example"), "wrong issuer"),
        (token(iss=None), "wrong issuer"),
        (token(aud="other"), "wrong audience"),
        (token(aud=None), "wrong audience"),
        (token(OTHER_RSA_KEY), "bad signature"),
        (token(kid="unknown"), "unknown key"),
        (token("a shared secret of thirty-two b.", "HS256"), "unsupported algorithm"),
        (token(None, "none"), "unsupported algorithm"),
        (token(EC_KEY, "ES256", "r1"), "unknown key"),
        ({"authorization": "Bearer abc"}, "malformed token"),
        ({"authorization": "Bearer "}, "no bearer token"),
        ({"authorization": "Basic abc"}, "no bearer token"),
    ],
)
async def test_a_bad_token_is_401_saying_why(headers: dict[str, str], error: str | None) -> None:
    async with World().client() as client:
        response = await client.get("/", headers=headers)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == challenge(error)
    assert response.json()["detail"] == "valid credentials are needed"


async def test_a_missing_scope_is_403() -> None:
    async with World().client() as client:
        response = await client.get("/", headers=token(scope="openid"))
    assert (response.status_code, response.json()["type"]) == (403, "urn:naftiko:problem:forbidden")
    assert response.headers["www-authenticate"] == (
        f'Bearer realm="naftiko", error="insufficient_scope", scope="orders.read", {METADATA}'
    )


async def test_tokens_in_query_or_body_are_never_read() -> None:
    text = token()["authorization"].removeprefix("Bearer ")
    async with World().client() as client:
        response = await client.post(f"/?access_token={text}", data={"access_token": text})
    assert response.status_code == 401


async def test_without_audience_the_resource_is_the_audience() -> None:
    block = InboundOAuth2(Literal(ISSUER), Literal(RESOURCE), None, ())
    async with World().client(block) as client:
        assert (await client.get("/", headers=token(aud=RESOURCE))).status_code == 200
        response = await client.get("/", headers=token())
    assert "scope=" not in response.headers["www-authenticate"]
    assert response.status_code == 401


def test_discovery_tries_four_places_in_order() -> None:
    assert discovery_urls(ISSUER) == (
        "https://as.example/.well-known/oauth-authorization-server/t1",
        "https://as.example/.well-known/openid-configuration/t1",
        "https://as.example/t1/.well-known/openid-configuration",
        "https://as.example/t1/.well-known/oauth-authorization-server",
    )


@pytest.mark.parametrize("place", range(4))
async def test_the_first_place_with_the_right_issuer_is_used(place: int) -> None:
    world = World()
    world.metadata_at = discovery_urls(ISSUER)[place]
    async with world.client() as client:
        assert (await client.get("/", headers=token())).status_code == 200
    assert world.requests == [*discovery_urls(ISSUER)[: place + 1], "https://as.example/jwks"]


def change_issuer(world: World) -> None:
    world.metadata["issuer"] = "https://evil.example"


def drop_keys(world: World) -> None:
    del world.metadata["jwks_uri"]


def plain_http(world: World) -> None:
    world.metadata["jwks_uri"] = "http://as.example/jwks"


def take_down(world: World) -> None:
    world.down = True


@pytest.mark.parametrize("fault", [change_issuer, drop_keys, plain_http, take_down])
async def test_a_server_that_cannot_be_used_is_503(fault: Callable[[World], None]) -> None:
    world = World()
    fault(world)
    async with world.client() as client:
        response = await client.get("/", headers=token())
    assert (response.status_code, response.headers["retry-after"]) == (503, "10")
    assert response.json()["type"] == "urn:naftiko:problem:authorization-server"


async def test_a_failed_discovery_is_tried_again_after_10_s() -> None:
    world = World()
    world.down = True
    async with world.client() as client:
        await client.get("/", headers=token())
        tried = len(world.requests)
        world.down = False
        world.time += 9
        assert (await client.get("/", headers=token())).status_code == 503
        assert len(world.requests) == tried
        world.time += 2
        assert (await client.get("/", headers=token())).status_code == 200


async def test_metadata_is_kept_an_hour_and_keys_five_minutes() -> None:
    world = World()
    async with world.client() as client:
        for seconds in (0, 299, 2, 3300):
            world.time += seconds
            await client.get("/", headers=token(exp=NOW + 9999))
    assert [url.rsplit("/", 1)[1] for url in world.requests] == ["t1", "jwks", "jwks", "t1", "jwks"]


@pytest.mark.parametrize(("declared", "kept"), [("max-age=1", 60), ("max-age=99999", 3600)])
async def test_cache_control_of_keys_counts_within_bounds(declared: str, kept: int) -> None:
    world = World()
    world.cache_control = declared
    async with world.client() as client:
        for seconds in (0, kept - 1, 2):
            world.time += seconds
            await client.get("/", headers=token(exp=NOW + 99999))
    assert sum(url.endswith("/jwks") for url in world.requests) == 2


async def test_a_rotated_key_is_fetched_at_most_every_30_s() -> None:
    world = World()
    rotated = token(OTHER_RSA_KEY, kid="r2")
    async with world.client() as client:
        await client.get("/", headers=token())
        assert (await client.get("/", headers=rotated)).status_code == 401
        world.keys = [jwk(OTHER_RSA_KEY, "r2")]
        world.time += 29
        assert (await client.get("/", headers=rotated)).status_code == 401
        world.time += 2
        assert (await client.get("/", headers=rotated)).status_code == 200


async def test_the_first_rotation_is_noticed_at_once() -> None:
    world = World()
    async with world.client() as client:
        await client.get("/", headers=token())
        world.keys = [jwk(OTHER_RSA_KEY, "r2")]
        reply = await client.get("/", headers=token(OTHER_RSA_KEY, kid="r2"))
    assert reply.status_code == 200


async def test_a_failed_refetch_keeps_the_old_keys() -> None:
    world = World()
    async with world.client() as client:
        await client.get("/", headers=token())
        world.down = True
        world.time += 301
        assert (await client.get("/", headers=token())).status_code == 200


async def test_concurrent_first_tokens_share_one_discovery() -> None:
    world = World()
    async with world.client() as client, anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(lambda: client.get("/", headers=token()))
    assert len(world.requests) == 2


@pytest.mark.parametrize(
    ("key", "headers", "passes"),
    [
        (jwk(RSA_KEY, "r1", use="enc"), token(), False),
        (jwk(RSA_KEY, "r1", alg="RS512"), token(), False),
        (jwk(RSA_KEY, "r1", use="sig", alg="RS256"), token(), True),
        (jwk(EC_KEY, "r1"), token(), False),
        ({"kty": "RSA", "kid": "r1", "n": "AQAB", "e": "!"}, token(), False),
    ],
)
async def test_a_key_must_fit_the_algorithm(
    key: dict[str, Any],
    headers: dict[str, str],
    passes: bool,  # noqa: FBT001
) -> None:
    world = World()
    world.keys = [key]
    async with world.client() as client:
        assert (await client.get("/", headers=headers)).status_code == (200 if passes else 401)


INTROSPECTED = InboundOAuth2(
    Literal(ISSUER),
    Literal(RESOURCE),
    Literal("api"),
    ("orders.read",),
    introspection=True,
    client_id=Literal("me:x"),
    client_secret=Literal("s3 cret"),
)
OPAQUE = {"authorization": "Bearer opaque"}


async def test_an_opaque_token_is_introspected_once_a_minute() -> None:
    world = World()
    async with world.client(INTROSPECTED) as client:
        for seconds in (0, 59, 2):
            world.time += seconds
            assert (await client.get("/", headers=OPAQUE)).status_code == 200
    assert (
        world.posted
        == [("Basic bWUlM0F4OnMzK2NyZXQ=", b"token=opaque&token_type_hint=access_token")] * 2
    )


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"active": False}, "token is not active"),
        ({}, "token is not active"),
        ({"active": True, **claims(exp=NOW - 61)}, "token expired"),
        ({"active": True, **claims(aud="other")}, "wrong audience"),
    ],
)
async def test_an_introspected_token_is_checked_alike(answer: dict[str, Any], error: str) -> None:
    world = World()
    world.introspection = answer
    async with world.client(INTROSPECTED) as client:
        response = await client.get("/", headers=OPAQUE)
    assert response.headers["www-authenticate"] == challenge(error)


async def test_a_revoked_token_is_refused_when_asked_again() -> None:
    world = World()
    async with world.client(INTROSPECTED) as client:
        await client.get("/", headers=OPAQUE)
        world.introspection = {"active": False}
        world.time += 61
        assert (await client.get("/", headers=OPAQUE)).status_code == 401


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://as.example", True),
        ("http://localhost:9000/x", True),
        ("http://127.0.0.1/x", True),
        ("http://[::1]/x", True),
        ("http://as.example", False),
        ("http://localhost.evil.example", False),
        ("file:///etc/passwd", False),
        ("https://", False),
        ("http://[", False),
    ],
)
def test_only_https_or_loopback_is_asked(url: str, safe: bool) -> None:  # noqa: FBT001
    assert is_safe(url) is safe


async def metadata(path: str, *blocks: InboundOAuth2, method: str = "GET") -> httpx.Response:
    transport = httpx.ASGITransport(metadata_app(blocks, resolve))
    async with httpx.AsyncClient(transport=transport, base_url="http://evil.test") as client:
        return await client.request(method, path)


WELL_KNOWN = "/.well-known/oauth-protected-resource"
OTHER = InboundOAuth2(Literal(ISSUER), Literal("https://api.example/"), None, ())


async def test_metadata_is_open_and_comes_from_the_resource_alone() -> None:
    response = await metadata(f"{WELL_KNOWN}/mcp", BLOCK, OTHER)
    assert response.headers["access-control-allow-origin"] == "*"
    assert response.headers["cache-control"] == "max-age=3600"
    assert response.json() == {
        "resource": RESOURCE,
        "authorization_servers": [ISSUER],
        "scopes_supported": ["orders.read"],
        "bearer_methods_supported": ["header"],
    }
    root = await metadata(WELL_KNOWN, BLOCK, OTHER)
    assert "scopes_supported" not in root.json()
    assert root.json()["resource"] == "https://api.example/"


async def test_a_sole_adapter_also_answers_without_the_path() -> None:
    assert (await metadata(WELL_KNOWN, BLOCK)).json()["resource"] == RESOURCE
    second = InboundOAuth2(Literal(ISSUER), Literal("https://api.example/b"), None, ())
    assert (await metadata(WELL_KNOWN, BLOCK, second)).status_code == 404


async def test_metadata_can_only_be_read() -> None:
    statuses = [
        (await metadata(WELL_KNOWN, BLOCK, method=method)).status_code
        for method in ("HEAD", "OPTIONS", "POST")
    ]
    assert statuses == [200, 204, 405]


def test_the_metadata_url_of_a_resource() -> None:
    assert metadata_url("https://api.example") == f"https://api.example{WELL_KNOWN}"
    assert metadata_url("https://api.example:8443/a/b") == (
        f"https://api.example:8443{WELL_KNOWN}/a/b"
    )
