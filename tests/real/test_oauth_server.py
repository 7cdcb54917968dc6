"""REST and MCP behind OAuth 2, with a real authorization server (authlib) that issues the tokens."""

import base64
import json
import os
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import httpx2
import mcp
import pytest
from live_process import Live, running
from mcp.client.auth.extensions.client_credentials import ClientCredentialsOAuthProvider
from mcp.client.streamable_http import streamable_http_client
from processes import ROOT, free_port

pytestmark = pytest.mark.real
PYTHON = ROOT / ".cache" / "suites" / "bin" / "python"
SERVER = ROOT / "tests" / "real" / "authorization_server.py"
DOCUMENT = """
naftiko: 1.0.0-alpha2
info: {label: Orders, description: VERSION}
binds: [{namespace: env, keys: {RESOURCE_SECRET: RESOURCE_SECRET}}]
capability:
  exposes:
    - type: rest
      port: REST_PORT
      namespace: orders-rest
      authentication:
        type: oauth2
        authorizationServerUri: ISSUER
        resource: http://127.0.0.1:REST_PORT
        audience: api
        scopes: [orders.read]
      resources:
        - {name: it, path: /it, operations: [{name: get-it, method: GET, outputParameters: [{type: string, value: it}]}]}
    - type: mcp
      port: MCP_PORT
      namespace: orders-mcp
      authentication:
        type: oauth2
        authorizationServerUri: ISSUER
        resource: http://127.0.0.1:MCP_PORT/mcp
        scopes: [orders.write]
        tokenValidation: introspection
        clientId: resource
        clientSecret: "{{RESOURCE_SECRET}}"
      tools: [{name: it, description: It, outputParameters: [{type: string, value: it}]}]
    - {type: control, port: CONTROL_PORT, management: {reload: true}}
"""


@dataclass(frozen=True)
class World:
    """The authorization server by its issuer, and the runtime that trusts it."""

    issuer: str
    served: Live
    document: Path

    def token(self, scope: str = "orders.read", **asked: str) -> dict[str, str]:
        """Get a token as a client does; return the header that carries it."""
        form = {"grant_type": "client_credentials", "scope": scope, **asked}
        reply = httpx.post(
            f"{self.issuer}/token", data=form, auth=("caller", "caller-secret"), trust_env=False
        )
        assert reply.status_code == 200, reply.text
        return {"Authorization": f"Bearer {reply.json()['access_token']}"}

    def tell(self, path: str) -> Any:
        """Let the authorization server rotate its keys or revoke its tokens."""
        root = self.issuer.removesuffix("/tenant")
        return httpx.post(f"{root}{path}", trust_env=False).json()

    def get(self, headers: dict[str, str]) -> httpx.Response:
        with self.served.http("orders-rest") as client:
            return client.get("/it", headers=headers)

    def post(self, headers: dict[str, str]) -> httpx.Response:
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "it"}}
        accepted = {"Accept": "application/json, text/event-stream", **headers}
        url = self.served.urls["orders-mcp"]
        return httpx.post(url, json=message, headers=accepted, trust_env=False)


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    command = [str(PYTHON), str(SERVER)]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PATH": os.defpath, "AUTHLIB_INSECURE_TRANSPORT": "1"},
    ) as process:
        try:
            said = process.stdout.readline().strip()
            assert said, process.stderr.read()
            threading.Thread(target=process.stderr.read, daemon=True).start()
            yield said
        finally:
            process.kill()


@pytest.fixture(scope="module")
def world(issuer: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    text = DOCUMENT.replace("ISSUER", issuer)
    for name in ("REST_PORT", "MCP_PORT", "CONTROL_PORT"):
        text = text.replace(name, str(free_port()))
    document = tmp_path_factory.mktemp("oauth") / "orders.yml"
    document.write_text(text)
    words = ["serve", str(document), "--host", "127.0.0.1"]
    with running(words, 3, {"RESOURCE_SECRET": "resource-secret"}) as urls:
        yield World(issuer, Live(urls), document)


def challenge(reply: httpx.Response) -> str:
    assert reply.headers["content-type"] == "application/problem+json"
    return reply.headers["www-authenticate"]


def test_tokens_of_both_algorithms_are_accepted(world: World) -> None:
    for algorithm in ("RS256", "ES256"):
        assert world.get(world.token(alg=algorithm)).status_code == 200


def test_what_is_wrong_with_a_token_is_said(world: World) -> None:
    for wrong, said in [
        (world.token(lifetime="-120"), "token expired"),
        (world.token(audience="another"), "wrong audience"),
        ({"Authorization": "Bearer x.y.z"}, "malformed token"),
        (tampered(world.token()), "bad signature"),
    ]:
        reply = world.get(wrong)
        assert reply.status_code == 401, said
        assert f'error="invalid_token", error_description="{said}"' in challenge(reply)
    lacking = world.get(world.token("orders.write"))
    assert lacking.status_code == 403
    assert 'error="insufficient_scope", scope="orders.read"' in challenge(lacking)


def tampered(token: dict[str, str]) -> dict[str, str]:
    """Return a token that claims one scope more than was signed."""
    head, claims, signature = token["Authorization"].split(".")
    said = json.loads(base64.urlsafe_b64decode(claims + "=="))
    more = json.dumps(said | {"scope": "orders.read orders.write"}).encode()
    claims = base64.urlsafe_b64encode(more).decode().rstrip("=")
    return {"Authorization": f"{head}.{claims}.{signature}"}


def test_a_rotated_key_is_accepted_and_the_old_one_is_not(world: World) -> None:
    old = world.token()
    assert world.get(old).status_code == 200
    world.tell("/rotate")
    assert world.get(world.token()).status_code == 200
    assert 'error_description="unknown key"' in challenge(world.get(old))


def test_introspection_asks_once_and_obeys(world: World) -> None:
    audience = world.served.urls["orders-mcp"]
    right = world.token("orders.write", audience=audience)
    before = world.tell("/revoke")["introspections"]
    # revoked before it was ever seen here
    assert 'error_description="token is not active"' in challenge(world.post(right))
    right = world.token("orders.write", audience=audience)
    assert [world.post(right).status_code for _ in range(3)] == [200, 200, 200]
    assert world.tell("/revoke")["introspections"] == before + 2
    reading = world.token("orders.read", audience=audience)
    assert world.post(reading).status_code == 403
    elsewhere = world.token("orders.write", audience="api")
    assert 'error_description="wrong audience"' in challenge(world.post(elsewhere))


def test_each_adapter_has_a_policy_of_its_own(world: World) -> None:
    audience = world.served.urls["orders-mcp"]
    reading, writing = world.token(), world.token("orders.write", audience=audience)
    assert (world.get(reading).status_code, world.post(reading).status_code) == (200, 401)
    assert (world.get(writing).status_code, world.post(writing).status_code) == (401, 200)


def test_a_challenge_leads_to_the_metadata_and_to_the_server(world: World) -> None:
    for reply, resource, scope in [
        (world.get({}), world.served.urls["orders-rest"], "orders.read"),
        (world.post({}), world.served.urls["orders-mcp"], "orders.write"),
    ]:
        said = challenge(reply)
        url = said.partition('resource_metadata="')[2].partition('"')[0]
        metadata = httpx.get(url, trust_env=False)
        assert metadata.headers["access-control-allow-origin"] == "*"
        assert metadata.json() == {
            "resource": resource,
            "authorization_servers": [world.issuer],
            "scopes_supported": [scope],
            "bearer_methods_supported": ["header"],
        }


class Storage:
    """Keeps what the official client obtained."""

    def __init__(self) -> None:
        self.tokens: Any = None
        self.client: Any = None

    async def get_tokens(self) -> Any:
        return self.tokens

    async def set_tokens(self, tokens: Any) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> Any:
        return self.client

    async def set_client_info(self, client_info: Any) -> None:
        self.client = client_info


@pytest.mark.anyio
async def test_the_official_client_finds_its_way_to_a_token(world: World) -> None:
    url = world.served.urls["orders-mcp"]
    storage = Storage()
    provider = ClientCredentialsOAuthProvider(
        server_url=url,
        storage=storage,
        client_id="caller",
        client_secret="caller-secret",  # noqa: S106 - of a throw-away server
        issuer=world.issuer,
    )
    async with (
        httpx2.AsyncClient(auth=provider, timeout=20, trust_env=False) as http,
        mcp.Client(streamable_http_client(url, http_client=http)) as client,
    ):
        called = await client.call_tool("it", {})
    assert called.content[0].text == "it"
    assert storage.tokens.scope == "orders.write"


def test_a_reload_keeps_the_policies(world: World) -> None:
    token = world.token()
    world.document.write_text(world.document.read_text().replace("VERSION", "another"))
    control = next(name for name in world.served.urls if not name.startswith("orders"))
    with world.served.http(control) as http:
        assert http.post("/config/reload", json={}).json()["status"] == "applied"
    assert world.get(token).status_code == 200
    assert world.get({}).status_code == 401
