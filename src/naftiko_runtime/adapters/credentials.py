"""Basic, bearer and API key credentials: read, compared in constant time, removed (AUTH-3, AUTH-5).

A credential that was accepted is taken out of the request, so it is no input and goes nowhere.
"""

import base64
import binascii
import hmac
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import unquote_to_bytes

from naftiko_runtime.adapters.asgi import RawHeader, Scope
from naftiko_runtime.adapters.problems import invalid
from naftiko_runtime.adapters.verdict import Verdict, refused

AUTHORIZATION: Final = b"authorization"
_REALM: Final = 'realm="naftiko"'
BASIC: Final = (f'Basic {_REALM}, charset="UTF-8"',)
BEARER: Final = (f"Bearer {_REALM}",)
WRONG_BEARER: Final = (f'Bearer {_REALM}, error="invalid_token"',)
TWICE: Final = Verdict(refusal=invalid("the Authorization header stands twice"))


def authorization(scope: Scope) -> tuple[bytes, ...]:
    """Return the values of all ``Authorization`` headers."""
    return tuple(value for name, value in scope["headers"] if name == AUTHORIZATION)


def credentials_of(scheme: bytes, value: bytes) -> bytes | None:
    """Return what follows a scheme, whatever its case; None for another scheme."""
    named, _, rest = value.partition(b" ")
    return rest.strip(b" ") if named.lower() == scheme else None


def without_authorization(scope: Scope) -> Scope:
    """Return the request without its ``Authorization``."""
    return _with_headers(scope, [each for each in scope["headers"] if each[0] != AUTHORIZATION])


def _with_headers(scope: Scope, headers: list[RawHeader]) -> Scope:
    return {**scope, "headers": headers}


def same(given: bytes, expected: str) -> bool:
    """Compare in a time that tells nothing about where they differ."""
    return hmac.compare_digest(given, expected.encode())


def accepted_bearer(scope: Scope, token: str) -> Verdict:
    """Accept ``Authorization: Bearer <token>``."""
    values = authorization(scope)
    if len(values) > 1:
        return TWICE
    if not values:
        return refused(BEARER, guessed=False)
    given = credentials_of(b"bearer", values[0])
    if given is None or not same(given, token):
        return refused(WRONG_BEARER, guessed=True)
    return Verdict(without_authorization(scope))


def accepted_basic(scope: Scope, username: str, password: str) -> Verdict:
    """Accept ``Authorization: Basic``; user and password are both always compared."""
    values = authorization(scope)
    if len(values) > 1:
        return TWICE
    if not values:
        return refused(BASIC, guessed=False)
    user, secret = _user_and_password(credentials_of(b"basic", values[0]))
    user_fits, secret_fits = same(user, username), same(secret, password)
    if not (user_fits and secret_fits):
        return refused(BASIC, guessed=True)
    return Verdict(without_authorization(scope))


def _user_and_password(given: bytes | None) -> tuple[bytes, bytes]:
    """Return the two parts; what cannot be read is a user that nobody has."""
    try:
        user, colon, password = base64.b64decode(given or b"", validate=True).partition(b":")
    except binascii.Error:
        return b"\x00", b""
    return (user, password) if colon else (b"\x00", b"")


@dataclass(frozen=True, slots=True)
class Key:
    """Where an API key stands."""

    name: str
    placement: Literal["header", "query", "cookie"]

    @property
    def challenge(self) -> str:
        quoted = self.name.replace("\\", "\\\\").replace('"', '\\"')
        return f'ApiKey {_REALM}, in="{self.placement}", name="{quoted}"'


def accepted_key(scope: Scope, key: Key, secret: str) -> Verdict:
    """Accept the exact text in its place, given once."""
    read = {"header": _header_key, "query": _query_key, "cookie": _cookie_key}[key.placement]
    given, cleaned = read(scope, key.name)
    if len(given) != 1 or not same(given[0], secret):
        return refused((key.challenge,), guessed=bool(given))
    return Verdict(cleaned)


def _header_key(scope: Scope, name: str) -> tuple[list[bytes], Scope]:
    wanted = name.casefold().encode("latin-1", "replace")
    given = [value for key, value in scope["headers"] if key == wanted]
    return given, _with_headers(scope, [each for each in scope["headers"] if each[0] != wanted])


def _query_key(scope: Scope, name: str) -> tuple[list[bytes], Scope]:
    given: list[bytes] = []
    kept: list[bytes] = []
    for pair in scope["query_string"].split(b"&"):
        key, _, value = pair.partition(b"=")
        if _unquoted(key) == name.encode():
            given.append(_unquoted(value))
        else:
            kept.append(pair)
    return given, {**scope, "query_string": b"&".join(kept)}


def _unquoted(text: bytes) -> bytes:
    return unquote_to_bytes(text.replace(b"+", b" "))


def _cookie_key(scope: Scope, name: str) -> tuple[list[bytes], Scope]:
    given: list[bytes] = []
    headers: list[RawHeader] = []
    for header, value in scope["headers"]:
        if header != b"cookie":
            headers.append((header, value))
            continue
        kept: list[bytes] = []
        for pair in value.split(b";"):
            key, _, text = pair.strip().partition(b"=")
            if key == name.encode():
                given.append(unquote_to_bytes(text.removeprefix(b'"').removesuffix(b'"')))
            else:
                kept.append(pair.strip())
        if kept:
            headers.append((header, b"; ".join(kept)))
    return given, _with_headers(scope, headers)
