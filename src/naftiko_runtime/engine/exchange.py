"""The seam to the HTTP library: one HTTP exchange, nothing more.

No redirects, cookies, retries, decompression, authentication or default headers: all of that is
``engine.clients``. Implementations raise only ``UpstreamUnreachable`` and ``UpstreamTimeout``.
"""

from collections.abc import AsyncIterable, AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final, Protocol

from naftiko_runtime.errors import UpstreamUnreachable

REPEATABLE: Final = frozenset(("GET", "HEAD", "OPTIONS", "PUT", "DELETE"))
"""Methods of requests that may be sent once more (language.md 4.22)."""


class StaleConnection(UpstreamUnreachable):
    """A kept connection was closed before any byte of an answer: worth one more try (4.22)."""


@dataclass(slots=True)
class Outbound:
    """A request as it goes out: the URL is absolute and encoded, nobody below encodes again.

    ``headers`` are complete, Content-Length included; ``body`` is bytes, chunks, or None. Nobody
    changes one; it is not frozen, because a frozen one takes three times as long to make.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | AsyncIterable[bytes] | None = None
    head_timeout: float = 300.0


class Inbound(Protocol):
    """An answer whose body has not been read yet."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """All headers, names in lower case, values decoded as UTF-8 or else Latin-1."""
        ...

    @property
    def fields(self) -> Sequence[tuple[bytes, bytes]]:
        """All headers as they came."""
        ...

    def header(self, name: str) -> str | None:
        """Return one header by its lower-case name, several values joined by ``, ``."""
        ...

    def ready(self) -> bytes | None:
        """Return the body as sent when all of it is here already, and else leave it for ``chunks``.

        Most small answers come in one piece with their heads.
        """
        ...

    def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as sent; raise ``UpstreamUnreachable`` when it is cut short."""
        ...


class Exchange(Protocol):
    """Sends requests to any upstream; one per process or per upstream."""

    def send(self, request: Outbound) -> AbstractAsyncContextManager[Inbound]:
        """Perform one exchange; leaving the context closes it."""
        ...

    async def close(self) -> None: ...


def joined(headers: tuple[tuple[str, str], ...], name: str) -> str | None:
    """Return the values of one header, by its lower-case name, joined by ``, ``."""
    values = [value for key, value in headers if key == name]
    return ", ".join(values) if values else None


def decoded(value: bytes) -> str:
    """Return a header's value as text: UTF-8, or else Latin-1."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
