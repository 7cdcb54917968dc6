"""Digest access authentication, RFC 7616 (language.md 6.6)."""

import hashlib
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from naftiko_runtime.engine.auth import text
from naftiko_runtime.engine.authenticators import Unauthenticated
from naftiko_runtime.engine.challenges import Challenge, challenges
from naftiko_runtime.engine.exchange import Inbound, Outbound
from naftiko_runtime.engine.origins import divided
from naftiko_runtime.engine.scope import InvocationScope
from naftiko_runtime.plan import upstream

_HASHES: Final = {"SHA-256": hashlib.sha256, "MD5": hashlib.md5}
"""Strongest first."""
_QUOTE: Final = re.compile(r'(["\\])')


@dataclass(frozen=True, slots=True)
class Demand:
    """A Digest challenge that can be answered."""

    realm: str
    nonce: str
    algorithm: str
    """As written; ``-sess`` may follow the hash."""
    qop: bool
    """``auth`` is offered; otherwise RFC 2069."""
    opaque: str | None = None
    userhash: bool = False
    stale: bool = False

    @property
    def hash_name(self) -> str:
        return self.algorithm.upper().removesuffix("-SESS")

    @property
    def is_session(self) -> bool:
        return self.algorithm.upper().endswith("-SESS")


class DigestAuthenticator(Unauthenticated):
    """Answers challenges and keeps the last one, counting how often its nonce was used."""

    def __init__(
        self,
        authentication: upstream.Digest,
        fresh: Callable[[], str] = lambda: secrets.token_urlsafe(24),
    ) -> None:
        self._authentication = authentication
        self._fresh = fresh
        self._demand: Demand | None = None
        self._count = 0

    def first(self, request: Outbound) -> Outbound:
        """Return the request without its body when that can be sent only once (decided)."""
        if self._demand is not None or isinstance(request.body, bytes | None):
            return request
        headers = tuple(
            pair for pair in request.headers if not pair[0].lower().startswith("content-")
        )
        headers += (("Content-Length", "0"),)
        return Outbound(request.method, request.url, headers, None, request.head_timeout)

    def signed(self, request: Outbound, scope: InvocationScope) -> Outbound:
        demand = self._demand
        if demand is None:
            return request
        self._count += 1
        password = self._authentication.password
        answer = authorization(
            demand,
            (text(self._authentication.username, scope), text(password, scope) if password else ""),
            (request.method, divided(request.url)[1]),
            (self._count, self._fresh()),
        )
        kept = tuple(pair for pair in request.headers if pair[0].lower() != "authorization")
        headers = (*kept, ("Authorization", answer))
        return Outbound(request.method, request.url, headers, request.body, request.head_timeout)

    def again(self, request: Outbound, answer: Inbound, tries: int) -> bool:
        """Take a new challenge; ``stale=true`` is answered once more than others."""
        values = [value for name, value in answer.headers if name == "www-authenticate"]
        demand = strongest(challenges(values))
        was_answered = any(name == "Authorization" for name, _ in request.headers)
        if demand is None or tries > 1 or (was_answered and tries and not demand.stale):
            return False
        if self._demand is None or self._demand.nonce != demand.nonce:
            self._demand, self._count = demand, 0
            return True
        return not was_answered or demand.stale


def strongest(offered: list[Challenge]) -> Demand | None:
    """Return the Digest challenge with the strongest algorithm known; the first of equals."""
    demands = [found for each in offered if (found := _demand(each)) is not None]
    order = list(_HASHES)
    return min(demands, key=lambda demand: order.index(demand.hash_name), default=None)


def _demand(challenge: Challenge) -> Demand | None:
    given = challenge.parameters
    offers = [offer.strip().lower() for offer in given.get("qop", "").split(",") if offer.strip()]
    if challenge.scheme != "digest" or "nonce" not in given or (offers and "auth" not in offers):
        return None
    demand = Demand(
        given.get("realm", ""),
        given["nonce"],
        given.get("algorithm", "MD5"),
        bool(offers),
        given.get("opaque"),
        given.get("userhash", "").lower() == "true",
        given.get("stale", "").lower() == "true",
    )
    return demand if demand.hash_name in _HASHES else None


def authorization(
    demand: Demand,
    login: tuple[str, str],
    target: tuple[str, str],
    use: tuple[int, str],
) -> str:
    """Return the value of Authorization (RFC 7616 section 3.4).

    ``login`` is username and password, ``target`` method and request target, ``use`` how often the
    nonce was used and the client's nonce.
    """
    username, password = login
    method, uri = target
    count, cnonce = use

    def hashed(*parts: str) -> str:
        return _HASHES[demand.hash_name](":".join(parts).encode()).hexdigest()

    secret = hashed(username, demand.realm, password)
    if demand.is_session:
        secret = hashed(secret, demand.nonce, cnonce)
    asked = hashed(method, uri)
    uses = (f"{count:08x}", cnonce, "auth") if demand.qop else ()
    fields = [
        _name(hashed(username, demand.realm) if demand.userhash else username),
        f"realm={_quoted(demand.realm)}",
        f"uri={_quoted(uri)}",
        f"algorithm={demand.algorithm}",
        f"nonce={_quoted(demand.nonce)}",
    ]
    if demand.qop or demand.is_session:
        fields.append(f"cnonce={_quoted(cnonce)}")
    if demand.qop:
        fields += [f"nc={count:08x}", "qop=auth"]
    fields.append(f"response={_quoted(hashed(secret, demand.nonce, *uses, asked))}")
    if demand.opaque is not None:
        fields.append(f"opaque={_quoted(demand.opaque)}")
    if demand.userhash:
        fields.append("userhash=true")
    return "Digest " + ", ".join(fields)


def _name(username: str) -> str:
    if username.isascii():
        return f"username={_quoted(username)}"
    return f"username*=UTF-8''{quote(username, safe='')}"


def _quoted(value: str) -> str:
    escaped = _QUOTE.sub(r"\\\1", value)
    return f'"{escaped}"'
