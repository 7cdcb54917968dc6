"""AWS Signature 4 (language.md 6.9)."""

import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, unquote

from naftiko_runtime.engine.auth import text
from naftiko_runtime.engine.authenticators import Unauthenticated
from naftiko_runtime.engine.exchange import Outbound
from naftiko_runtime.engine.origins import Origin, divided
from naftiko_runtime.engine.scope import InvocationScope
from naftiko_runtime.plan.upstream import SignatureV4

_ALGORITHM: Final = "AWS4-HMAC-SHA256"
_SPACES: Final = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Keys:
    """Resolved keys and the scope they sign for."""

    access_key_id: str
    secret_key: str
    region: str
    service: str
    session_token: str | None = None


class SignatureAuthenticator(Unauthenticated):
    """Signs each finished request; ``now`` gives the time in UTC."""

    needs_bytes = True

    def __init__(
        self, authentication: SignatureV4, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._authentication = authentication
        self._now = now

    def signed(self, request: Outbound, scope: InvocationScope) -> Outbound:
        block = self._authentication
        token = block.session_token
        keys = Keys(
            text(block.access_key_id, scope),
            text(block.secret_key, scope),
            text(block.region, scope),
            text(block.service, scope),
            text(token, scope) if token is not None else None,
        )
        return signed(request, keys, self._now())


def signed(request: Outbound, keys: Keys, now: datetime) -> Outbound:
    """Return a request with date, session token and signature; its body must be bytes or None."""
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    ours = [("X-Amz-Date", stamp)]
    if keys.session_token is not None:
        ours.append(("X-Amz-Security-Token", keys.session_token))
    replaced = {"authorization", "x-amz-security-token", "x-amz-date"}
    headers = [*(pair for pair in request.headers if pair[0].lower() not in replaced), *ours]
    names, asked = _canonical_request(request, headers, is_s3=keys.service == "s3")
    place = f"{stamp[:8]}/{keys.region}/{keys.service}/aws4_request"
    digest = hashlib.sha256(asked.encode()).hexdigest()
    to_sign = f"{_ALGORITHM}\n{stamp}\n{place}\n{digest}"
    signature = _hmac(_signing_key(keys, stamp[:8]), to_sign).hex()
    credential = f"Credential={keys.access_key_id}/{place}"
    value = f"{_ALGORITHM} {credential}, SignedHeaders={names}, Signature={signature}"
    headers.append(("Authorization", value))
    return Outbound(request.method, request.url, tuple(headers), request.body, request.head_timeout)


def _canonical_request(
    request: Outbound, headers: list[tuple[str, str]], *, is_s3: bool
) -> tuple[str, str]:
    """Return the signed header names, and the canonical request."""
    origin, target = divided(request.url)
    canonical = _canonical_headers([("host", Origin.parse(origin).authority), *headers])
    names = ";".join(name for name, _ in canonical)
    path, _, query = target.partition("?")
    content = request.body if isinstance(request.body, bytes) else b""
    lines = (
        request.method,
        path if is_s3 else quote(path, safe="/~"),
        _canonical_query(query),
        *(f"{name}:{value}" for name, value in canonical),
        "",
        names,
        hashlib.sha256(content).hexdigest(),
    )
    return names, "\n".join(lines)


def _canonical_headers(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    merged: dict[str, list[str]] = {}
    for name, value in headers:
        key = name.lower()
        if key in ("host", "content-type") or key.startswith("x-amz-"):
            merged.setdefault(key, []).append(_SPACES.sub(" ", value.strip()))
    return sorted((name, ",".join(values)) for name, values in merged.items())


def _canonical_query(query: str) -> str:
    pairs = (part.partition("=") for part in query.split("&") if part)
    encoded = sorted(
        (quote(unquote(name), safe=""), quote(unquote(value), safe="")) for name, _, value in pairs
    )
    return "&".join(f"{name}={value}" for name, value in encoded)


def _signing_key(keys: Keys, date: str) -> bytes:
    key = f"AWS4{keys.secret_key}".encode()
    for part in (date, keys.region, keys.service, "aws4_request"):
        key = _hmac(key, part)
    return key


def _hmac(key: bytes, message: str) -> bytes:
    return hmac.new(key, message.encode(), hashlib.sha256).digest()
