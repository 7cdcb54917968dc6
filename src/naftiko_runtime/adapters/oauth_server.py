"""One authorization server: discovery, keys, introspection, with what is kept for how long.

Everything goes through an ``Exchange`` with 5 s and 1 MiB; only https, or http to loopback
(exposes.md AUTH-7, AUTH-8).
"""

import asyncio
import base64
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import quote_plus, urlencode, urlsplit

from naftiko_runtime.engine.exchange import Exchange, Outbound
from naftiko_runtime.errors import InvocationError

_TIMEOUT: Final = 5.0
_LARGEST: Final = 1024 * 1024
_METADATA_KEPT: Final = 3600.0
_RETRY_AFTER: Final = 10.0
_KEYS_KEPT: Final = (60.0, 300.0, 3600.0)
"""Least, usual and most seconds that a key set is kept."""
_REFETCH_AFTER: Final = 30.0
_OK: Final = 200
_MAX_AGE: Final = re.compile(r"max-age\s*=\s*\"?([0-9]{1,9})")


class ServerUnavailable(Exception):
    """The authorization server gives no usable answer; the text is fit for callers."""


class BadToken(Exception):
    """A token is not accepted; the text is an ``error_description``."""


@dataclass(frozen=True, slots=True)
class _Answer:
    members: Mapping[str, Any]
    cache_control: str


class AuthorizationServer:
    """Knows one issuer. Concurrent callers share one discovery and one fetch of keys."""

    def __init__(self, issuer: str, exchange: Exchange, now: Callable[[], float]) -> None:
        self._issuer = issuer
        self._exchange = exchange
        self._now = now
        self._turn = asyncio.Lock()
        self._metadata: Mapping[str, Any] | None = None
        self._metadata_until = 0.0
        self._failed_at: float | None = None
        self._keys: Mapping[str, Any] | None = None
        self._keys_until = 0.0
        self._refetched = -math.inf
        """When a key was last looked for that the set did not have."""

    async def keys(self, *, unknown: bool = False) -> Mapping[str, Any]:
        """Return the key set; ``unknown`` refetches it, at most every 30 s (AUTH-8)."""
        async with self._turn:
            now = self._now()
            fresh = self._keys is not None and now < self._keys_until
            refetches = unknown and now - self._refetched >= _REFETCH_AFTER
            if fresh and not refetches:
                return self._keys or {}
            if refetches:
                self._refetched = now
            try:
                await self._fetch_keys(now)
            except ServerUnavailable:
                if self._keys is None:
                    raise
                # a failed refetch keeps the old set, and the server its rest
                self._refetched, self._keys_until = now, now + _REFETCH_AFTER
            return self._keys or {}

    async def introspect(self, token: str, client: tuple[str, str]) -> Mapping[str, Any]:
        """Ask about a token (RFC 7662); the client authenticates with basic."""
        async with self._turn:
            endpoint = self._endpoint(await self._discovered(), "introspection_endpoint")
        pair = ":".join(quote_plus(part) for part in client)
        body = urlencode({"token": token, "token_type_hint": "access_token"}).encode()
        headers = (
            ("accept", "application/json"),
            ("authorization", f"Basic {base64.b64encode(pair.encode()).decode()}"),
            ("content-type", "application/x-www-form-urlencoded"),
            ("content-length", str(len(body))),
        )
        answer = await self._fetch(Outbound("POST", endpoint, headers, body, _TIMEOUT))
        return answer.members

    async def _fetch_keys(self, now: float) -> None:
        endpoint = self._endpoint(await self._discovered(), "jwks_uri")
        answer = await self._get(endpoint)
        least, usual, most = _KEYS_KEPT
        declared = _MAX_AGE.search(answer.cache_control)
        kept = min(max(float(declared[1]), least), most) if declared else usual
        self._keys, self._keys_until = answer.members, now + kept

    async def _discovered(self) -> Mapping[str, Any]:
        """Return the metadata, kept for 1 h; a failure is not tried again for 10 s."""
        now = self._now()
        if self._metadata is not None and now < self._metadata_until:
            return self._metadata
        if self._failed_at is not None and now - self._failed_at < _RETRY_AFTER:
            raise ServerUnavailable("the authorization server cannot be reached")
        try:
            self._metadata = await self._discover()
        except ServerUnavailable:
            self._failed_at = now
            raise
        self._metadata_until, self._failed_at = now + _METADATA_KEPT, None
        return self._metadata

    async def _discover(self) -> Mapping[str, Any]:
        for url in discovery_urls(self._issuer):
            try:
                answer = await self._get(url)
            except ServerUnavailable:
                continue
            issuer = answer.members.get("issuer")
            if isinstance(issuer, str) and issuer.rstrip("/") == self._issuer.rstrip("/"):
                return answer.members
        raise ServerUnavailable("the authorization server has no usable metadata")

    def _endpoint(self, metadata: Mapping[str, Any], name: str) -> str:
        endpoint = metadata.get(name)
        if not isinstance(endpoint, str):
            raise ServerUnavailable(f"the authorization server names no {name}")
        return endpoint

    async def _get(self, url: str) -> _Answer:
        headers = (("accept", "application/json"),)
        return await self._fetch(Outbound("GET", url, headers, None, _TIMEOUT))

    async def _fetch(self, request: Outbound) -> _Answer:
        if not is_safe(request.url):
            raise ServerUnavailable("the authorization server is neither https nor loopback")
        try:
            async with asyncio.timeout(_TIMEOUT), self._exchange.send(request) as answer:
                if answer.status != _OK:
                    raise ServerUnavailable(f"the authorization server answered {answer.status}")
                body = bytearray()
                async for chunk in answer.chunks():
                    body += chunk
                    if len(body) > _LARGEST:
                        raise ServerUnavailable("the authorization server's answer is too large")
                cache_control = answer.header("cache-control") or ""
            members = json.loads(body)
        except (InvocationError, TimeoutError, ValueError) as error:
            raise ServerUnavailable("the authorization server gives no usable answer") from error
        if not isinstance(members, dict):
            raise ServerUnavailable("the authorization server gives no usable answer")
        return _Answer(members, cache_control)


def discovery_urls(issuer: str) -> tuple[str, ...]:
    """Return where metadata may stand, in the order they are tried (AUTH-7)."""
    parts = urlsplit(issuer)
    path = parts.path.rstrip("/")
    origin = f"{parts.scheme}://{parts.netloc}"
    names = ("oauth-authorization-server", "openid-configuration")
    inserted = [f"{origin}/.well-known/{name}{path}" for name in names]
    appended = [f"{origin}{path}/.well-known/{name}" for name in reversed(names)]
    return tuple(dict.fromkeys((*inserted, *appended)))


def is_safe(url: str) -> bool:
    """Return whether a URL is https, or http to this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    if parts.scheme == "https":
        return bool(host)
    if parts.scheme != "http":
        return False
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
