"""Which pages of other origins may call an adapter, and what their browsers are told (REST-15)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from naftiko_runtime.adapters.asgi import RawHeader
from naftiko_runtime.plan.exposure import CorsPolicy

_ALLOWED: Final = ("Content-Type", "Authorization", "Accept", "If-None-Match", "X-Request-Id")
_EXPOSED: Final = (
    "X-Request-Id",
    "X-Upstream-Status",
    "ETag",
    "Link",
    "Location",
    "Retry-After",
    "Content-Disposition",
)
_VARY: Final = (b"vary", b"Origin")


@dataclass(frozen=True, slots=True)
class Cors:
    """The policy of one adapter, as header values."""

    origins: frozenset[str]
    every: bool
    credentials: bool
    allowed_headers: bytes
    exposed_headers: bytes
    max_age: bytes

    def allows(self, origin: bytes | None) -> bool:
        if origin is None:
            return False
        return self.every or origin.decode("latin-1").casefold() in self.origins

    def actual(self, origin: bytes) -> list[RawHeader]:
        """Return the headers of an actual request's answer, problems included."""
        if not self.allows(origin):
            return [_VARY]
        return [*self._origin(origin), (b"access-control-expose-headers", self.exposed_headers)]

    def preflight(self, origin: bytes, methods: Iterable[str]) -> list[RawHeader]:
        """Return the headers of a preflight's answer."""
        return [
            *self._origin(origin),
            (b"access-control-allow-methods", ", ".join(methods).encode()),
            (b"access-control-allow-headers", self.allowed_headers),
            (b"access-control-max-age", self.max_age),
        ]

    def _origin(self, origin: bytes) -> list[RawHeader]:
        named = (b"access-control-allow-origin", b"*" if self.every else origin)
        credentials = (b"access-control-allow-credentials", b"true")
        return [named, _VARY, credentials] if self.credentials else [named, _VARY]


def cors_of(
    policy: CorsPolicy | None,
    more_origins: Iterable[str] = (),
    *,
    headers: Iterable[str] = (),
    exposed: Iterable[str] = (),
) -> Cors | None:
    """Return the policy of an adapter with ``--cors-origin`` added; None when CORS is off.

    ``headers`` and ``exposed`` are what the adapter's protocol adds. ``credentials`` forbids
    ``*``: then only the named origins count.
    """
    declared = policy or CorsPolicy(())
    origins = (*declared.origins, *more_origins)
    if not origins:
        return None
    return Cors(
        frozenset(origin.casefold().rstrip("/") for origin in origins),
        every="*" in origins and not declared.credentials,
        credentials=declared.credentials,
        allowed_headers=", ".join((*_ALLOWED, *headers, *declared.headers)).encode(),
        exposed_headers=", ".join((*_EXPOSED, *exposed)).encode(),
        max_age=str(declared.max_age).encode(),
    )
