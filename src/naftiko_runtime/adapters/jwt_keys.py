"""Signed tokens: the key that fits, and the claims it proves (exposes.md AUTH-8)."""

from collections.abc import Mapping
from typing import Any, Final

import jwt
from jwt.types import Options

from naftiko_runtime.adapters.oauth_server import AuthorizationServer, BadToken

_RSA: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
_CURVES: Final = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
ALGORITHMS: Final = (*_RSA, *_CURVES, "EdDSA")
"""``none`` and shared secrets are not among them."""
_SIGNATURE: Final[Options] = {
    "verify_signature": True,
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_iss": False,
    "verify_aud": False,
    "verify_sub": False,
    "verify_jti": False,
}
"""What a token says is checked by the gate, the same for signed and introspected ones."""


async def verified_claims(token: str, server: AuthorizationServer) -> Mapping[str, Any]:
    """Return the claims of a token whose signature is right; raise ``BadToken``.

    Raises ``ServerUnavailable`` when there are no keys to check with.
    """
    try:
        head = jwt.get_unverified_header(token)
    except jwt.PyJWTError as error:
        raise BadToken("malformed token") from error
    algorithm = head.get("alg")
    if algorithm not in ALGORITHMS:
        raise BadToken("unsupported algorithm")
    kid = head.get("kid")
    found = _key(await server.keys(), algorithm, kid)
    if found is None:
        found = _key(await server.keys(unknown=True), algorithm, kid)
    if found is None:
        raise BadToken("unknown key")
    try:
        key = jwt.PyJWK(found, algorithm)
        claims: Mapping[str, Any] = jwt.decode(
            token, key, algorithms=[algorithm], options=_SIGNATURE
        )
    except jwt.PyJWTError as error:
        raise BadToken("bad signature") from error
    return claims


def _key(keys: Mapping[str, Any], algorithm: str, kid: Any) -> dict[str, Any] | None:
    """Return the key with this id; without an id the only key that fits the algorithm."""
    listed = keys.get("keys")
    fitting = [
        key
        for key in (listed if isinstance(listed, list) else ())
        if isinstance(key, dict) and _fits(key, algorithm)
    ]
    if kid is not None:
        return next((key for key in fitting if key.get("kid") == kid), None)
    return fitting[0] if len(fitting) == 1 else None


def _fits(key: Mapping[str, Any], algorithm: str) -> bool:
    if key.get("use", "sig") != "sig" or key.get("alg", algorithm) != algorithm:
        return False
    if algorithm in _RSA:
        return key.get("kty") == "RSA"
    if algorithm in _CURVES:
        return key.get("kty") == "EC" and key.get("crv") == _CURVES[algorithm]
    return key.get("kty") == "OKP" and key.get("crv") in ("Ed25519", "Ed448")
