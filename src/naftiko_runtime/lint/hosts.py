"""What a host in a URL says about who hears it."""

from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

_INTERNAL: Final = (".local", ".internal", ".test", ".svc", ".cluster.local", ".localhost")
_MARKS: Final = ("{", "}", "$", "<")


def parts_of_url(text: str) -> SplitResult | None:
    """Return the parts of a URL; None for what is none, or whose host is put in later."""
    try:
        parts = urlsplit(text.strip())
        host = parts.hostname
    except ValueError:
        return None
    return parts if host and not any(mark in _last_labels(host) for mark in _MARKS) else None


def _last_labels(host: str) -> str:
    """Return what decides whose host it is: ``{tenant}.shop.example`` is known to be public."""
    return ".".join(host.split(".")[-2:])


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_internal(host: str) -> bool:
    """Tell whether a host is of this machine or of a private network by its name.

    An address says nothing about the network between, so only loopback addresses are.
    """
    if is_loopback(host) or host == "host.docker.internal":
        return True
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return "." not in host or host.endswith(_INTERNAL)
    return False


def is_public(host: str) -> bool:
    """Tell whether a host can be reached from everywhere, as far as it can be seen."""
    try:
        return ip_address(host.strip("[]")).is_global
    except ValueError:
        return not is_internal(host)
