"""An OAuth 2 authorization server made of authlib: client credentials, JWKS, introspection.

Run by the Python of .cache/suites: it prints its issuer. ``POST /rotate`` gives it new keys,
``POST /revoke`` makes it forget its tokens.
"""

import json
import sys
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from authlib.oauth2 import AuthorizationServer, OAuth2Request
from authlib.oauth2.rfc6749 import ClientCredentialsGrant
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

SECRETS = {"caller": "caller-secret", "resource": "resource-secret"}
SCOPES = {"orders.read", "orders.write"}
BASIC = ["client_secret_basic"]


class Client:
    """A registered client; its id is its name."""

    def __init__(self, name: str) -> None:
        self.client_id = name

    def get_allowed_scope(self, scope: str | None) -> str:
        return " ".join(each for each in (scope or "").split() if each in SCOPES)

    def check_client_secret(self, secret: str) -> bool:
        return secret == SECRETS[self.client_id]

    def check_endpoint_auth_method(self, method: str, _endpoint: str) -> bool:
        return method in BASIC

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "client_credentials"


class Grant(ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar = BASIC


class Introspection(IntrospectionEndpoint):
    CLIENT_AUTH_METHODS: ClassVar = BASIC

    def query_token(self, token_string: str, _hint: str | None) -> Any:
        return self.server.issued.get(token_string)

    def check_permission(self, _token: Any, client: Client, _request: Any) -> bool:
        return client.client_id == "resource"

    def introspect_token(self, token: Any) -> dict[str, Any]:
        return {"active": True, **token.claims}


class Server(AuthorizationServer):
    """Keys are an RSA and an EC one; a rotation replaces both."""

    def __init__(self, issuer: str) -> None:
        super().__init__(scopes_supported=sorted(SCOPES))
        self.issuer = issuer
        self.issued: dict[str, Any] = {}
        self.introspections = 0
        self.asked: dict[str, str] = {}
        self.rotate()
        self.register_grant(Grant)
        self.register_endpoint(Introspection)
        self.register_token_generator("default", self.made)

    def rotate(self) -> None:
        kinds = ((RSAKey, 2048, "RS256"), (ECKey, "P-256", "ES256"))
        self.keys = [
            kind.generate_key(size, {"kid": uuid.uuid4().hex, "alg": alg, "use": "sig"})
            for kind, size, alg in kinds
        ]

    def made(self, client: Client, scope: str | None = None, **_: Any) -> dict[str, Any]:
        """Sign what the request asks for: `audience`, `lifetime`, `alg` are our own parameters."""
        now, asked = int(time.time()), self.asked
        key = self.keys[asked.get("alg") == "ES256"]
        claims = {
            "iss": self.issuer,
            "sub": client.client_id,
            "aud": asked.get("audience") or asked.get("resource") or "api",
            "iat": now - 3600,
            "exp": now + int(asked.get("lifetime", "300")),
            "scope": scope or "",
            "jti": uuid.uuid4().hex,
        }
        token = jwt.encode({"alg": key.alg, "kid": key.kid}, claims, key)
        self.issued[token] = SimpleNamespace(
            claims=claims, is_expired=lambda: False, is_revoked=lambda: False
        )
        return {"token_type": "Bearer", "access_token": token, "expires_in": 300}

    def query_client(self, client_id: str) -> Client | None:
        return Client(client_id) if client_id in SECRETS else None

    def save_token(self, token: Any, request: Any) -> None:
        """Keep nothing more: ``issued`` has it."""

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Tell nobody."""

    def create_oauth2_request(self, request: OAuth2Request) -> OAuth2Request:
        return request

    def handle_response(self, status: int, body: Any, headers: Any) -> tuple[int, Any]:
        return status, body

    @property
    def metadata(self) -> dict[str, Any]:
        """RFC 8414."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "introspection_endpoint": f"{self.issuer}/introspect",
            "response_types_supported": ["token"],
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": BASIC,
            "introspection_endpoint_auth_methods_supported": BASIC,
            "scopes_supported": sorted(SCOPES),
        }


class Handler(BaseHTTPRequestHandler):
    """HTTP for ``server``."""

    protocol_version = "HTTP/1.1"
    oauth: Server

    def do_GET(self) -> None:
        oauth = self.oauth
        found = {
            "/.well-known/oauth-authorization-server/tenant": lambda: oauth.metadata,
            "/tenant/jwks": lambda: KeySet(oauth.keys).as_dict(private=False),
        }.get(self.path)
        self.answer(200, found()) if found else self.answer(404, {})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        form = dict(parse_qsl(body))
        found = {
            "/tenant/token": self.token,
            "/tenant/introspect": self.introspect,
            "/rotate": self.rotate,
            "/revoke": self.revoke,
        }.get(self.path)
        self.answer(*found(form)) if found else self.answer(404, {})

    def token(self, form: dict[str, str]) -> tuple[int, Any]:
        self.oauth.asked = form
        return self.oauth.create_token_response(self.request_of(form))

    def introspect(self, form: dict[str, str]) -> tuple[int, Any]:
        self.oauth.introspections += 1
        return self.oauth.create_endpoint_response("introspection", self.request_of(form))

    def rotate(self, _: dict[str, str]) -> tuple[int, Any]:
        self.oauth.rotate()
        return 200, {}

    def revoke(self, _: dict[str, str]) -> tuple[int, Any]:
        self.oauth.issued.clear()
        return 200, {"introspections": self.oauth.introspections}

    def request_of(self, form: dict[str, str]) -> OAuth2Request:
        headers = {name.title(): value for name, value in self.headers.items()}
        request = OAuth2Request("POST", f"{self.oauth.issuer}{self.path}", headers=headers)
        request.payload = BasicOAuth2Payload(form)
        request._body = form  # noqa: SLF001 - where frameworks' integrations put it
        return request

    def answer(self, status: int, members: Any) -> None:
        body = json.dumps(members).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


if __name__ == "__main__":
    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Handler.oauth = Server(f"http://127.0.0.1:{listening.server_address[1]}/tenant")
    sys.stdout.write(f"{Handler.oauth.issuer}\n")
    sys.stdout.flush()
    listening.serve_forever()
