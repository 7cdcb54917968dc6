"""Digest authentication of callers: RFC 7616 with ``qop=auth`` (exposes.md AUTH-6)."""

import hashlib
import hmac
import re
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Final

from naftiko_runtime.adapters.asgi import Scope
from naftiko_runtime.adapters.credentials import (
    TWICE,
    authorization,
    credentials_of,
    without_authorization,
)
from naftiko_runtime.adapters.verdict import Verdict, refused
from naftiko_runtime.expressions.reference import Expression
from naftiko_runtime.plan.exposure import InboundBasic

_HASHES: Final = {"SHA-256": "sha256", "MD5": "md5"}
"""In the order they are offered."""
_PAIR: Final = re.compile(r'\s*([\w*-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))\s*(?:,|$)')
_ESCAPED: Final = re.compile(r"\\(.)")
_COUNT: Final = re.compile(r"[0-9a-fA-F]{8}")
_VALID: Final = 300.0
_REMEMBERED: Final = 10_000
_CLOCK: Final = 16
_NONCE: Final = 80


class DigestGate:
    """Checks ``Authorization: Digest``; ``nonces`` remembers how often each was used."""

    def __init__(
        self,
        block: InboundBasic,
        resolve: Callable[[Expression], str],
        nonces: "Nonces",
    ) -> None:
        self._block = block
        self._resolve = resolve
        self._nonces = nonces

    async def check(self, scope: Scope) -> Verdict:
        values = authorization(scope)
        if len(values) > 1:
            return TWICE
        user, password = self._resolve(self._block.username), self._resolve(self._block.password)
        given = credentials_of(b"digest", values[0]) if values else None
        if given is None:
            return self._refused(guessed=bool(values))
        members = _members(given)
        if not _is_right(members, scope, user, password):
            return self._refused(guessed=True)
        if not self._nonces.use(members["nonce"], int(members["nc"], 16)):
            # the password is right: only the nonce is old, or this request was seen before
            return self._refused(stale=True)
        return Verdict(without_authorization(scope))

    def _refused(self, *, guessed: bool = False, stale: bool = False) -> Verdict:
        nonce = self._nonces.fresh()
        return refused((_challenge(name, nonce, stale=stale) for name in _HASHES), guessed=guessed)


def _challenge(algorithm: str, nonce: str, *, stale: bool) -> str:
    old = ", stale=true" if stale else ""
    return (
        f'Digest realm="naftiko", qop="auth", algorithm={algorithm}, nonce="{nonce}", '
        f'opaque="{_opaque(nonce)}"{old}'
    )


def _opaque(nonce: str) -> str:
    return hashlib.sha256(nonce.encode()).hexdigest()[:32]


def _members(given: bytes) -> Mapping[str, str]:
    text = given.decode("utf-8", "replace")
    return {
        name.casefold(): _ESCAPED.sub(r"\1", quoted) if quoted else plain
        for name, quoted, plain in _PAIR.findall(text)
    }


def _is_right(members: Mapping[str, str], scope: Scope, user: str, password: str) -> bool:
    """Tell whether the answer to the challenge is that of this user for this very request."""
    name = _HASHES.get(members.get("algorithm", "MD5").upper())
    wanted = ("nonce", "nc", "cnonce", "uri", "response")
    if name is None or any(not members.get(each) for each in wanted):
        return False
    if members.get("realm") != "naftiko" or members.get("qop") != "auth":
        return False
    if not _COUNT.fullmatch(members["nc"]):
        return False
    expected = digest_response(name, members, str(scope["method"]), user, password)
    fits = hmac.compare_digest(expected, members["response"].casefold())
    named = hmac.compare_digest(members.get("username", "").encode(), user.encode())
    return fits and named and members["uri"] == _target(scope)


def digest_response(
    name: str, members: Mapping[str, str], method: str, user: str, password: str
) -> str:
    """Return the ``response`` of RFC 7616 3.4.1; ``name`` is hashlib's."""

    def hashed(text: str) -> str:
        return hashlib.new(name, text.encode()).hexdigest()

    secret = hashed(f"{user}:{members.get('realm', '')}:{password}")
    request = hashed(f"{method}:{members['uri']}")
    use = f"{members['nonce']}:{members['nc']}:{members['cnonce']}:{members['qop']}"
    return hashed(f"{secret}:{use}:{request}")


def _target(scope: Scope) -> str:
    query: bytes = scope["query_string"]
    target: bytes = scope["raw_path"] + (b"?" + query if query else b"")
    return target.decode("latin-1")


class Nonces:
    """Nonces that prove their own age; only the use counts are remembered.

    ``key`` signs them and is shared by workers (exposes.md AUTH-6).
    """

    def __init__(self, key: bytes, now: Callable[[], float]) -> None:
        self._key = key
        self._now = now
        self._counts: OrderedDict[str, int] = OrderedDict()
        self._forgotten = 0.0
        """Nonces made until then are refused: their counts are no longer known."""

    def fresh(self) -> str:
        made = f"{int(self._now() * 1000):0{_CLOCK}x}{secrets.token_hex(8)}"
        return made + self._signature(made)

    def use(self, nonce: str, count: int) -> bool:
        """Accept a nonce of ours of the last 300 s whose count has grown; else it is stale."""
        made = self._made(nonce)
        if made is None or not self._now() - _VALID <= made or made <= self._forgotten:
            return False
        if count <= self._counts.get(nonce, 0):
            return False
        self._counts[nonce] = count
        if len(self._counts) > _REMEMBERED:
            oldest, _ = self._counts.popitem(last=False)
            self._forgotten = max(self._forgotten, self._made(oldest) or 0.0)
        return True

    def _made(self, nonce: str) -> float | None:
        made, signature = nonce[: _CLOCK * 2], nonce[_CLOCK * 2 :]
        if not hmac.compare_digest(signature.encode(), self._signature(made).encode()):
            return None
        return int(made[:_CLOCK], 16) / 1000

    def _signature(self, made: str) -> str:
        return hmac.new(self._key, made.encode(), hashlib.sha256).hexdigest()[: _NONCE - 2 * _CLOCK]
