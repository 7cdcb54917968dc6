"""OAuth 2 resource servers: bearer tokens of an authorization server (exposes.md AUTH-7 to 10).

Keys and introspection are ``oauth_server``'s; here is what a token must say and what is answered.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from naftiko_runtime.adapters.asgi import App, Receive, Scope, Send
from naftiko_runtime.adapters.credentials import (
    TWICE,
    authorization,
    credentials_of,
    without_authorization,
)
from naftiko_runtime.adapters.oauth_server import (
    AuthorizationServer,
    BadToken,
    ServerUnavailable,
)
from naftiko_runtime.adapters.problems import (
    answer,
    authorization_server,
    forbidden,
    method_not_allowed,
    not_found,
    path_of,
)
from naftiko_runtime.adapters.verdict import Verdict, refused
from naftiko_runtime.engine.exchange import Exchange
from naftiko_runtime.expressions.reference import Expression
from naftiko_runtime.plan.exposure import InboundOAuth2
from naftiko_runtime.values import compact

WELL_KNOWN: Final = "/.well-known/oauth-protected-resource"
_LEEWAY: Final = 60.0
_KEPT: Final = 60.0
_REMEMBERED: Final = 1_000

Resolve = Callable[[Expression], str]


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token must say, resolved."""

    issuer: str
    audience: str | None
    scopes: tuple[str, ...]


class OAuthGate:
    """Checks bearer tokens by signature or by introspection."""

    def __init__(
        self,
        block: InboundOAuth2,
        resolve: Resolve,
        exchange: Exchange | None,
        now: Callable[[], float],
    ) -> None:
        # imported when a document needs it: cryptography takes as long as all of this package
        from naftiko_runtime.adapters.jwt_keys import verified_claims  # noqa: PLC0415

        self._verified_claims = verified_claims
        self._block = block
        self._resolve = resolve
        self._exchange = exchange
        self._now = now
        self._server: AuthorizationServer | None = None
        self._introspected: OrderedDict[bytes, tuple[float, Mapping[str, Any]]] = OrderedDict()

    async def check(self, scope: Scope) -> Verdict:
        """Decide about the token of a request (AUTH-9)."""
        values = authorization(scope)
        if len(values) != 1:
            return TWICE if values else refused((self._challenge(),), guessed=False)
        try:
            expected = self._expected()
            claims = await self._claims(credentials_of(b"bearer", values[0]))
            check_claims(claims, expected, self._now())
        except BadToken as error:
            return refused((self._challenge(str(error)),), guessed=True)
        except ServerUnavailable as error:
            return Verdict(refusal=authorization_server(str(error)))
        return self._scoped(claims, expected, scope)

    def _scoped(self, claims: Mapping[str, Any], expected: Expected, scope: Scope) -> Verdict:
        if has_scopes(claims, expected.scopes):
            return Verdict(without_authorization(scope))
        return Verdict(refusal=forbidden("the token lacks a scope", self._lacking()))

    async def _claims(self, token: bytes | None) -> Mapping[str, Any]:
        if not token:
            raise BadToken("no bearer token")
        server = self._authorization_server()
        if self._block.introspection:
            return await self._introspection(server, token)
        return await self._verified_claims(token.decode("latin-1"), server)

    def _authorization_server(self) -> AuthorizationServer:
        if self._server is None:
            if self._exchange is None:
                raise ServerUnavailable("the authorization server cannot be reached")
            issuer = self._resolve(self._block.issuer)
            self._server = AuthorizationServer(issuer, self._exchange, self._now)
        return self._server

    async def _introspection(self, server: AuthorizationServer, token: bytes) -> Mapping[str, Any]:
        """Ask about a token; a positive answer is kept for a minute under the token's hash."""
        key, now = hashlib.sha256(token).digest(), self._now()
        until, claims = self._introspected.get(key, (0.0, {}))
        if now < until:
            return claims
        claims = await server.introspect(token.decode("latin-1"), self._client())
        if claims.get("active") is not True:
            self._introspected.pop(key, None)
            raise BadToken("token is not active")
        expires = _number(claims, "exp")
        self._introspected[key] = (min(now + _KEPT, expires or now + _KEPT), claims)
        if len(self._introspected) > _REMEMBERED:
            self._introspected.popitem(last=False)
        return claims

    def _client(self) -> tuple[str, str]:
        block = self._block
        if block.client_id is None or block.client_secret is None:
            raise ServerUnavailable("introspection needs a client")
        return self._resolve(block.client_id), self._resolve(block.client_secret)

    def _expected(self) -> Expected:
        block = self._block
        audience = block.audience if block.audience is not None else block.resource
        return Expected(
            self._resolve(block.issuer),
            None if audience is None else self._resolve(audience),
            block.scopes,
        )

    def _challenge(self, wrong: str | None = None) -> str:
        """Return the challenge of AUTH-9: how to get a token, and what was wrong with this one."""
        parts = ['Bearer realm="naftiko"']
        if wrong is not None:
            parts += ['error="invalid_token"', f'error_description="{wrong}"']
        parts += self._metadata()
        if self._block.scopes:
            parts.append(f'scope="{" ".join(self._block.scopes)}"')
        return ", ".join(parts)

    def _lacking(self) -> str:
        scopes = " ".join(self._block.scopes)
        parts = ['Bearer realm="naftiko"', 'error="insufficient_scope"', f'scope="{scopes}"']
        return ", ".join(parts + self._metadata())

    def _metadata(self) -> list[str]:
        if self._block.resource is None:
            return []
        url = metadata_url(self._resolve(self._block.resource))
        return [f'resource_metadata="{url}"']


def check_claims(claims: Mapping[str, Any], expected: Expected, now: float) -> None:
    """Check times, issuer and audience with 60 s of leeway; raise ``BadToken`` (AUTH-8)."""
    expires = _number(claims, "exp")
    if expires is None:
        raise BadToken("token has no expiry")
    if now > expires + _LEEWAY:
        raise BadToken("token expired")
    if max(_number(claims, "nbf") or 0, _number(claims, "iat") or 0) > now + _LEEWAY:
        raise BadToken("token is not valid yet")
    issuer = claims.get("iss")
    if not isinstance(issuer, str) or issuer.rstrip("/") != expected.issuer.rstrip("/"):
        raise BadToken("wrong issuer")
    audiences = _texts(claims.get("aud"), split=False)
    if expected.audience is not None and expected.audience not in audiences:
        raise BadToken("wrong audience")


def has_scopes(claims: Mapping[str, Any], wanted: Sequence[str]) -> bool:
    """Return whether ``scope`` (text or list) or ``scp`` has every wanted scope."""
    granted = {*_texts(claims.get("scope"), split=True), *_texts(claims.get("scp"), split=True)}
    return granted.issuperset(wanted)


def _texts(value: Any, *, split: bool) -> list[str]:
    if isinstance(value, str):
        return value.split() if split else [value]
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _number(claims: Mapping[str, Any], name: str) -> float | None:
    """Return a time claim; raise ``BadToken`` when it is there and no number."""
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadToken(f"{name} is no number")
    return float(value)


def metadata_url(resource: str) -> str:
    """Return where RFC 9728 puts the metadata of a resource."""
    parts = urlsplit(resource)
    return f"{parts.scheme}://{parts.netloc}{_metadata_path(resource)}"


def _metadata_path(resource: str) -> str:
    return WELL_KNOWN + urlsplit(resource).path.rstrip("/")


def metadata_app(blocks: Sequence[InboundOAuth2], resolve: Resolve) -> App:
    """Return the open app of RFC 9728 metadata of a listener's oauth2 adapters (AUTH-10)."""
    described = [block for block in blocks if block.resource is not None]

    def body_at(path: str) -> bytes | None:
        for block in described:
            resource = resolve(block.resource) if block.resource is not None else ""
            sole = len(described) == 1 and path == WELL_KNOWN
            if sole or path == _metadata_path(resource):
                return _metadata_body(block, resource, resolve(block.issuer))
        return None

    async def metadata(scope: Scope, receive: Receive, send: Send) -> None:
        body = body_at(path_of(scope).rstrip("/"))
        if body is None:
            await answer(not_found(path_of(scope)), scope, send)
        elif scope["method"] not in ("GET", "HEAD", "OPTIONS"):
            problem = method_not_allowed(scope["method"], ("GET", "HEAD", "OPTIONS"))
            await answer(problem, scope, send)
        else:
            await _send_metadata(body, scope, send)

    return metadata


async def _send_metadata(body: bytes, scope: Scope, send: Send) -> None:
    headers = [(b"access-control-allow-origin", b"*")]
    if scope["method"] == "OPTIONS":
        headers.append((b"allow", b"GET, HEAD, OPTIONS"))
        await send({"type": "http.response.start", "status": 204, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
        return
    headers += [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"max-age=3600"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


def _metadata_body(block: InboundOAuth2, resource: str, issuer: str) -> bytes:
    scopes = {"scopes_supported": list(block.scopes)} if block.scopes else {}
    members = {
        "resource": resource,
        "authorization_servers": [issuer],
        **scopes,
        "bearer_methods_supported": ["header"],
    }
    return compact(members).encode()
