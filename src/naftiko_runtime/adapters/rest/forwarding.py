"""What a ``forward`` resource passes on of a request (exposes.md REST-14)."""

from typing import Final

from naftiko_runtime.adapters.asgi import Scope
from naftiko_runtime.adapters.rest.request import Request
from naftiko_runtime.engine.exchange import decoded
from naftiko_runtime.engine.result import ForwardRequest
from naftiko_runtime.plan.function import Forward

_ALWAYS: Final = frozenset(
    {
        "accept",
        "accept-language",
        "accept-encoding",
        "content-type",
        "content-encoding",
        "content-length",
        "range",
    }
)
_NEVER: Final = frozenset(
    {
        "connection",
        "expect",
        "host",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_CREDENTIALS: Final = frozenset({"authorization", "cookie"})


def forward_request(forward: Forward, request: Request, rest: str | None) -> ForwardRequest:
    """Return the parts of a request that pass; ``rest`` is the undecoded rest of its path."""
    body = request.forwarded_body()
    scope = request.scope
    return ForwardRequest(
        method=scope["method"],
        rest_of_path=rest,
        query=scope["query_string"].decode("latin-1"),
        headers=tuple(_headers(forward, scope)),
        body=None if body.is_empty else body,
    )


def _headers(forward: Forward, scope: Scope) -> list[tuple[str, str]]:
    trusted = frozenset(name.casefold() for name in forward.trusted_headers)
    hop_by_hop = _NEVER | _connection_options(scope)
    passing = []
    for raw, value in scope["headers"]:
        name = raw.decode("latin-1")
        if name not in hop_by_hop and _passes(name, trusted, credentials=forward.credentials):
            passing.append((name, decoded(value)))
    return passing


def _passes(name: str, trusted: frozenset[str], *, credentials: bool) -> bool:
    if name in _CREDENTIALS:
        # never by "*": whoever sends credentials on must say which
        return credentials and name in trusted
    return name in _ALWAYS or name.startswith("if-") or name in trusted or "*" in trusted


def _connection_options(scope: Scope) -> frozenset[str]:
    """Return the header names that ``Connection`` declares hop-by-hop (RFC 9110 7.6.1)."""
    return frozenset(
        option.strip().casefold()
        for name, value in scope["headers"]
        if name == b"connection"
        for option in value.decode("latin-1").split(",")
    )
