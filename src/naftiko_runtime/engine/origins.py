"""Origins of URLs: where a request goes, and what is asked for there."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from naftiko_runtime.errors import UpstreamUnreachable

_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Origin:
    """A scheme, host and port; ``authority`` is what the Host header says."""

    scheme: str
    host: str
    port: int
    authority: str

    @classmethod
    def parse(cls, text: str) -> "Origin":
        """Read ``scheme://host[:port]``; raise ``UpstreamUnreachable`` when it is none."""
        try:
            parts = urlsplit(text)
            host, port = parts.hostname or "", parts.port
            host = host if host.isascii() else host.encode("idna").decode()
        except ValueError as error:
            raise UpstreamUnreachable(f"{_shown(text)}: not an address") from error
        default = _PORTS.get(parts.scheme)
        if default is None or not host:
            raise UpstreamUnreachable(f"{_shown(text)}: not an http or https address")
        name = f"[{host}]" if ":" in host else host
        authority = name if port in (None, default) else f"{name}:{port}"
        return cls(parts.scheme, host, port or default, authority)

    @property
    def is_secure(self) -> bool:
        return self.scheme == "https"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"


def divided(url: str) -> tuple[str, str]:
    """Return what names the origin of a URL, and the request target as it is written."""
    start = url.find("://") + 3
    slash = url.find("/", start)
    mark = url.find("?", start, slash if slash >= 0 else len(url))
    end = mark if mark >= 0 else slash if slash >= 0 else len(url)
    target = url[end:]
    return url[:end], target if target.startswith("/") else f"/{target}"


def _shown(text: str) -> str:
    """Return an address for messages, without user and password."""
    scheme, separator, rest = text.partition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"


def shown(url: str) -> str:
    """Return a URL for messages: without user, password and query."""
    origin, target = divided(url)
    return f"{_shown(origin)}{target.partition('?')[0]}"
