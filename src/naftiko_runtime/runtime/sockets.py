"""Opens the listening sockets of an address, or says why it cannot (exposes.md LST-1, LST-7)."""

import contextlib
import errno
import os
import socket
from collections.abc import Sequence
from typing import Final, NamedTuple

from naftiko_runtime.errors import StartError

BACKLOG: Final = 2048
_TRIES: Final = 20
_NO_IPV6: Final = {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT}


class Bound(NamedTuple):
    """The listening sockets of one listener; ``port`` is the real one, also when 0 was asked."""

    host: str | None
    port: int
    sockets: tuple[socket.socket, ...]

    @property
    def shown(self) -> str:
        """``HOST:PORT`` as it stands in a URL; loopback is ``127.0.0.1``."""
        host = self.host or "127.0.0.1"
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"

    def close(self) -> None:
        for each in self.sockets:
            each.close()


def bind(host: str | None, port: int, *, shared: bool = False) -> Bound:
    """Open and listen; host None is ``127.0.0.1`` and, where the machine has it, ``::1``.

    A port of 0 is a free one, the same for both. ``shared``: other processes of this user may
    listen there too. Raises ``StartError``.
    """
    if host is None:
        return _loopback(port, shared=shared)
    return _bind_all(host, port, _resolved(host, port), shared=shared)


def _resolved(host: str, port: int) -> list[tuple[socket.AddressFamily, str]]:
    """Return the distinct addresses of a host name, in the resolver's order."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as exc:
        raise StartError(f"{host}:{port}: {_reason(exc)}") from exc
    return list(dict.fromkeys((family, str(address[0])) for family, _, _, _, address in found))


def _loopback(port: int, *, shared: bool) -> Bound:
    addresses = [(socket.AF_INET, "127.0.0.1")]
    if _has_ipv6():
        addresses.append((socket.AF_INET6, "::1"))
    for _ in range(_TRIES - 1 if port == 0 else 0):
        # a port that is free on the one address may be taken on the other
        with contextlib.suppress(StartError):
            return _bind_all(None, port, addresses, shared=shared)
    return _bind_all(None, port, addresses, shared=shared)


def _has_ipv6() -> bool:
    if not socket.has_ipv6:
        return False
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError as exc:
        if exc.errno in _NO_IPV6:
            return False
        raise
    return True


def _bind_all(
    host: str | None,
    port: int,
    addresses: Sequence[tuple[socket.AddressFamily, str]],
    *,
    shared: bool,
) -> Bound:
    with contextlib.ExitStack() as opened:
        sockets: list[socket.socket] = []
        for family, address in addresses:
            # the second address of a free port takes the port that the first one got
            one = opened.enter_context(_listening(family, address, port, shared=shared))
            port = one.getsockname()[1]
            sockets.append(one)
        opened.pop_all()
    return Bound(host, port, tuple(sockets))


def _listening(
    family: socket.AddressFamily, address: str, port: int, *, shared: bool
) -> socket.socket:
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            # the any-address serves both families, as its users expect; all others only their own
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(address != "::"))
        listening.bind((address, port))
        listening.listen(BACKLOG)
        listening.setblocking(False)  # noqa: FBT003 - the name of the parameter is the method's
    except OSError as exc:
        listening.close()
        shown = f"[{address}]" if ":" in address else address
        raise StartError(f"{shown}:{port}: {_reason(exc)}") from exc
    return listening


def _reason(exc: OSError) -> str:
    """Return the system's words for an error, in lower case."""
    text = exc.strerror or str(exc)
    if isinstance(exc, socket.gaierror) or exc.errno is None:
        return text[:1].lower() + text[1:]
    return os.strerror(exc.errno).lower()
