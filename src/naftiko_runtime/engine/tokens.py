"""Tokens from token endpoints: fetched once for all who wait, kept, renewed in time (6.7, 6.8)."""

import asyncio
import base64
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, assert_never

from naftiko_runtime.engine import encoding
from naftiko_runtime.engine.auth import basic, text
from naftiko_runtime.engine.authenticators import Unauthenticated
from naftiko_runtime.engine.credentials import Credentials
from naftiko_runtime.engine.exchange import Exchange, Inbound, Outbound
from naftiko_runtime.engine.locations import Location, joined
from naftiko_runtime.engine.origins import shown
from naftiko_runtime.engine.reading import whole
from naftiko_runtime.engine.request import USER_AGENT
from naftiko_runtime.engine.scope import InvocationScope
from naftiko_runtime.errors import InvocationError, LoginFailed, ResponseTooLarge
from naftiko_runtime.plan.upstream import Token
from naftiko_runtime.values import ABSENT, Json, compact, number_of, text_of

_LARGEST: Final = 1024 * 1024
_HEAD_TIMEOUT: Final = 30.0
_SUCCESS: Final = range(200, 300)
_REFRESH: Final = "refresh_token"


@dataclass(frozen=True, slots=True)
class Clock:
    """Monotonic seconds for lifetimes, and seconds since 1970 for what a JWT says."""

    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time


@dataclass(frozen=True, slots=True)
class _Fetched:
    token: str
    renew_at: float | None
    """None: until a 401."""


class TokenAuthenticator(Unauthenticated):
    """Fetches and keeps the token of one authentication block; ``base`` is the base URI."""

    def __init__(
        self, authentication: Token, base: Location, exchange: Exchange, clock: Clock | None = None
    ) -> None:
        self._block = authentication
        self._base = base
        self._exchange = exchange
        self._clock = clock or Clock()
        self._fetching = asyncio.Lock()
        self._fetched: _Fetched | None = None
        self._refresh_token: str | None = None
        self._failure: LoginFailed | None = None

    async def credentials(self, scope: InvocationScope) -> Credentials:
        """Return the token where it belongs; raise ``LoginFailed`` when there is none."""
        fetched = self._current()
        if fetched is None:
            fetched = await self._single_flight(scope)
        return self._placed(fetched.token)

    def again(self, request: Outbound, answer: Inbound, tries: int) -> bool:
        """Drop the token that a 401 refused, once; a newer one is left alone."""
        if tries:
            return False
        if self._fetched is not None and _carries(request, self._fetched.token):
            self._fetched = None
        return True

    def _current(self) -> _Fetched | None:
        fetched = self._fetched
        if fetched is None or fetched.renew_at is None:
            return fetched
        return fetched if self._clock.monotonic() < fetched.renew_at else None

    async def _single_flight(self, scope: InvocationScope) -> _Fetched:
        """Fetch a token, or take what the call that is fetching it gets: token or failure."""
        waits = self._fetching.locked()
        async with self._fetching:
            fetched = self._current()
            if fetched is not None:
                return fetched
            if waits and self._failure is not None:
                raise LoginFailed(self._failure.detail)
            self._failure = None
            try:
                self._fetched = await self._fetch(InvocationScope({}, scope.variables))
            except LoginFailed as error:
                self._failure = error
                raise
            return self._fetched

    async def _fetch(self, scope: InvocationScope) -> _Fetched:
        request = self._request(scope)
        place = shown(request.url)
        try:
            async with self._exchange.send(request) as answer:
                status = answer.status
                body = await whole(answer, _LARGEST, place) if status in _SUCCESS else b""
        except ResponseTooLarge as error:
            raise LoginFailed(f"{place}: the reply is too large") from error
        except InvocationError as error:
            raise LoginFailed(f"{place}: {error.title.lower()}") from error
        if status not in _SUCCESS:
            raise LoginFailed(f"{place}: HTTP {status}")
        return self._read(_json(body), f"{place}: HTTP {status}", scope)

    def _read(self, reply: Json, place: str, scope: InvocationScope) -> _Fetched:
        token = self._block.token_field.select(reply)
        if not isinstance(token, str) or not token:
            raise LoginFailed(f"{place} without a token at {self._block.token_field.text}")
        scope.variables.remember_token(token)
        refreshed = reply.get(_REFRESH) if isinstance(reply, dict) else None
        if self._block.form is not None and isinstance(refreshed, str) and refreshed:
            scope.variables.remember_token(refreshed)
            self._refresh_token = refreshed
        lifetime = self._lifetime(reply, token)
        if lifetime is None:
            return _Fetched(token, None)
        margin = min(self._block.safety_margin, lifetime / 2)
        return _Fetched(token, self._clock.monotonic() + lifetime - margin)

    def _lifetime(self, reply: Json, token: str) -> float | None:
        """Return seconds, from the reply or else from the token itself."""
        seconds = number_of(self._block.expires_in_field.select(reply))
        if isinstance(seconds, int | float) and not isinstance(seconds, bool) and seconds > 0:
            return float(seconds)
        expires = _claims(token).get("exp")
        if isinstance(expires, int | float) and not isinstance(expires, bool):
            return max(0.0, expires - self._clock.wall())
        return None

    def _request(self, scope: InvocationScope) -> Outbound:
        block = self._block
        url = text(block.endpoint, scope)
        if "://" not in url:
            url = joined(self._base.url(scope), url)
        body, content_type = self._body(scope)
        headers = [
            ("Accept", "application/json"),
            ("Accept-Encoding", "identity"),
            ("User-Agent", USER_AGENT),
            ("Content-Type", content_type),
            ("Content-Length", str(len(body))),
        ]
        if block.client is not None:
            headers.append(("Authorization", basic(block.client, scope)))
        return Outbound("POST", encoding.written(url), tuple(headers), body, _HEAD_TIMEOUT)

    def _body(self, scope: InvocationScope) -> tuple[bytes, str]:
        if self._block.form is None:
            request = self._block.request
            value = None if request is None else request.evaluate(scope)
            return compact(value).encode(), "application/json"
        pairs: list[str] = []
        for name, expression in self._block.form:
            value = expression.evaluate(scope)
            if name == _REFRESH and self._refresh_token is not None:
                value = self._refresh_token
            if value is not ABSENT and value is not None:
                pairs.append(f"{encoding.form(name)}={encoding.form(text_of(value))}")
        return "&".join(pairs).encode(), "application/x-www-form-urlencoded"

    def _placed(self, token: str) -> Credentials:
        match self._block.placement:
            case "bearer":
                return Credentials((("Authorization", f"Bearer {token}"),))
            case "header":
                return Credentials(((self._block.placement_name, token),))
            case "query":
                name = encoding.query_name(self._block.placement_name)
                return Credentials(query=(f"{name}={encoding.query(token)}",))
            case other:
                assert_never(other)


def _carries(request: Outbound, token: str) -> bool:
    return encoding.query(token) in request.url or any(
        token in value for _, value in request.headers
    )


def _json(body: bytes) -> Json:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _claims(token: str) -> Mapping[str, Json]:
    """Return what a JWT says, unverified: only how long to keep it is taken from it."""
    parts = token.split(".")
    if len(parts) != 3:  # noqa: PLR2004 -- header, claims, signature (RFC 7519)
        return {}
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return {}
    return claims if isinstance(claims, dict) else {}
