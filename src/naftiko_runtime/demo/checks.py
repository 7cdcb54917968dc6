"""What is checked before an operation runs, in order: address, Accept, credentials, method."""

import hmac
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from uuid import uuid4

import jwt
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from naftiko_runtime.demo.replies import ALWAYS, Refused, envelope, json_reply, missing_page
from naftiko_runtime.values import Json

Handler = Callable[[Request], Awaitable[Response]]
ACCESS_SECONDS = 300
ACCEPTED = {"*/*", "application/*", "application/json"}
NO_CREDENTIALS = "Authentication credentials were not provided."
LEGACY_OFF = (
    "Authentication token no longer valid: legacy token authentication has been disabled for this "
    "organization"
)


class Tokens:
    """The legacy token of the demo's user, and the personal ones made from it."""

    def __init__(self, legacy: str) -> None:
        self.legacy = legacy
        self.legacy_enabled = True
        self.personal: str | None = None
        self._key = secrets.token_hex(32)

    def create_personal(self) -> str:
        """Return a new personal access token, which is a refresh token; one a user."""
        if self.personal is not None:
            detail = "You already have a valid token. Please revoke it before creating a new one."
            raise Refused(409, detail)
        self.personal = self._sign("refresh", 200 * 365 * 24 * 3600)
        return self.personal

    def access(self, refresh: Json) -> str:
        """Trade a personal access token for an access token of five minutes."""
        if refresh is None or refresh != self.personal:
            headers = {"WWW-Authenticate": 'Bearer realm="api"'}
            raise Refused(401, "Token is invalid", headers=headers)
        return self._sign("access", ACCESS_SECONDS)

    def check(self, headers: Headers) -> None:
        """Accept the credentials of a request or raise `Refused` 401."""
        key = headers.get("x-api-key")
        words = ["token", key] if key is not None else _credentials(headers).split()
        match words:
            case ["Bearer", access] if self._is_access(access):
                return
            case [scheme, *rest] if scheme.lower() == "token":
                self._check_legacy(rest)
            case _:
                raise _unauthorized(NO_CREDENTIALS)

    def _check_legacy(self, words: list[str]) -> None:
        if not words:
            raise _unauthorized("Invalid token header. No credentials provided.")
        if len(words) > 1:
            detail = "Invalid token header. Token string should not contain spaces."
            raise _unauthorized(detail)
        if not hmac.compare_digest(words[0].encode(), self.legacy.encode()):
            raise _unauthorized("Invalid token.")
        if not self.legacy_enabled:
            raise _unauthorized(LEGACY_OFF)

    def _is_access(self, token: str) -> bool:
        try:
            claims = jwt.decode(token, self._key, algorithms=["HS256"])
        except jwt.InvalidTokenError:
            return False
        return bool(claims["token_type"] == "access")  # noqa: S105 - a kind, not a secret

    def _sign(self, kind: str, seconds: int) -> str:
        claims = {"token_type": kind, "exp": int(time.time()) + seconds, "jti": uuid4().hex}
        return jwt.encode(claims, self._key, "HS256")


@dataclass(frozen=True, slots=True)
class Resource:
    """One address of the API with its methods, as an ASGI app.

    `name` is what OPTIONS says; `pages` tells that a 404 is the HTML page; `tokens` is absent where
    anybody may ask.
    """

    name: str
    methods: Mapping[str, Handler]
    pages: bool
    tokens: Tokens | None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        reply = await self._answer(request)
        finish(reply, request.headers)
        if reply.media_type != "text/html":
            reply.headers["Allow"] = self._allowed()
        await reply(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if _is_preflight(request):
            return _preflight()
        try:
            self._check(request)
            return await self._handler(request.method)(request)
        except Refused as refused:
            if refused.status == HTTPStatus.NOT_FOUND and self.pages:
                return missing_page()
            return envelope(refused)

    def _check(self, request: Request) -> None:
        if not accepts_json(request.headers.get("accept")):
            raise Refused(406, "Could not satisfy the request Accept header.")
        if request.query_params.get("format", "json") != "json":
            raise Refused(404, "Not found.")
        if self.tokens is not None:
            self.tokens.check(request.headers)

    def _handler(self, method: str) -> Handler:
        name = "GET" if method == "HEAD" else method
        if name == "OPTIONS":
            return self._describe
        if name not in self.methods:
            raise Refused(405, f'Method "{method}" not allowed.')
        return self.methods[name]

    async def _describe(self, request: Request) -> Response:
        parses = ["application/json", "application/x-www-form-urlencoded", "multipart/form-data"]
        renders = ["application/json"]
        return json_reply(
            {"name": self.name, "description": "", "renders": renders, "parses": parses}
        )

    def _allowed(self) -> str:
        head = ["HEAD"] if "GET" in self.methods else []
        return ", ".join([*self.methods, *head, "OPTIONS"])


def accepts_json(accept: str | None) -> bool:
    """Tell whether an Accept header allows JSON; weights are not looked at, empty is no."""
    if accept is None:
        return True
    return any(part.split(";")[0].strip().lower() in ACCEPTED for part in accept.split(","))


def finish(reply: Response, headers: Headers) -> None:
    """Add the headers that every answer has; server errors come without a session."""
    reply.headers.update(ALWAYS)
    if "origin" in headers:
        reply.headers["access-control-allow-origin"] = "*"
    if reply.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
        reply.set_cookie("sessionid", uuid4().hex, max_age=1_209_600, httponly=True, samesite="lax")


def _credentials(headers: Headers) -> str:
    # a header given twice is one value with a comma, which is refused for its spaces
    return ", ".join(headers.getlist("authorization"))


def _unauthorized(detail: str) -> Refused:
    return Refused(401, detail, headers={"WWW-Authenticate": "Token"})


def _is_preflight(request: Request) -> bool:
    return request.method == "OPTIONS" and "access-control-request-method" in request.headers


def _preflight() -> Response:
    words = "accept, authorization, content-type, user-agent, x-csrftoken, x-requested-with"
    headers = {
        "access-control-allow-headers": words,
        "access-control-allow-methods": "DELETE, GET, OPTIONS, PATCH, POST, PUT",
        "access-control-max-age": "86400",
    }
    return Response(b"", 200, headers, "text/html")
