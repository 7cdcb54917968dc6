"""Trusted proxies: whose ``Forwarded`` and ``X-Forwarded-*`` headers count (exposes.md LST-9)."""

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from naftiko_runtime.adapters.asgi import App, Receive, Scope, Send
from naftiko_runtime.errors import StartError

_PAIR: Final = re.compile(r'\s*([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*))\s*')
_ELEMENT: Final = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*")+')


@dataclass(frozen=True, slots=True)
class Hop:
    """What one proxy says about who called it."""

    client: str | None = None
    scheme: str | None = None
    host: str | None = None


def behind_proxies(app: App, networks: Sequence[str]) -> App:
    """Return the app with client address, scheme and host as trusted proxies report them.

    Without networks it is the app itself. Raises ``StartError`` for a network that is none.
    """
    if not networks:
        return app
    trusted = _Trusted(networks)

    async def forwarded(scope: Scope, receive: Receive, send: Send) -> None:
        client = scope.get("client")
        if client is not None and trusted.has(client[0]):
            scope = _as_reported(scope, trusted)
        await app(scope, receive, send)

    return forwarded


class _Trusted:
    """The networks whose members are believed."""

    def __init__(self, networks: Sequence[str]) -> None:
        try:
            parsed = [ipaddress.ip_network(each, strict=False) for each in networks]
        except ValueError as exc:
            raise StartError(f"--trusted-proxy: {exc}") from exc
        self._networks = parsed

    def has(self, address: str) -> bool:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self._networks)


def _as_reported(scope: Scope, trusted: _Trusted) -> Scope:
    """Return the scope as the nearest caller that is no trusted proxy made it."""
    hops = _hops(scope["headers"])
    if not hops:
        return scope
    # each proxy adds its caller at the end, so the nearest stranger is found from there
    hop = next((hop for hop in reversed(hops) if not trusted.has(hop.client or "")), hops[0])
    reported = dict(scope)
    if hop.client is not None:
        reported["client"] = (hop.client, 0)
    if hop.scheme in {"http", "https"}:
        reported["scheme"] = hop.scheme
    if hop.host is not None:
        others = [header for header in scope["headers"] if header[0] != b"host"]
        reported["headers"] = [(b"host", hop.host.encode("latin-1")), *others]
    return reported


def _hops(headers: Iterable[tuple[bytes, bytes]]) -> list[Hop]:
    """Return the hops in the order they were added; ``Forwarded`` before ``X-Forwarded-*``."""
    values: dict[bytes, str] = {}
    for name, value in headers:
        if name == b"forwarded" or name.startswith(b"x-forwarded-"):
            text = value.decode("latin-1")
            values[name] = f"{values[name]},{text}" if name in values else text
    if b"forwarded" in values:
        return [_standard_hop(each) for each in _ELEMENT.findall(values[b"forwarded"])]
    return _usual_hops(values)


def _standard_hop(element: str) -> Hop:
    """Read one element of ``Forwarded`` (RFC 7239 section 4)."""
    pairs = {
        name.casefold(): re.sub(r"\\(.)", r"\1", quoted) or plain
        for name, quoted, plain in _PAIR.findall(element)
    }
    return Hop(_address(pairs.get("for")), pairs.get("proto"), pairs.get("host"))


def _usual_hops(values: Mapping[bytes, str]) -> list[Hop]:
    clients = _listed(values.get(b"x-forwarded-for"))
    schemes = _listed(values.get(b"x-forwarded-proto"))
    hosts = _listed(values.get(b"x-forwarded-host"))
    count = max(len(clients), 1 if schemes or hosts else 0)
    return [
        Hop(
            _address(clients[index]) if clients else None,
            _of_hop(schemes, index, count),
            _of_hop(hosts, index, count),
        )
        for index in range(count)
    ]


def _of_hop(values: list[str], index: int, count: int) -> str | None:
    """Return the value of one hop; when hops and values differ in number, the last one set it."""
    if not values:
        return None
    return values[index] if len(values) == count else values[-1]


def _listed(value: str | None) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()] if value else []


def _address(node: str | None) -> str | None:
    """Return the address of a node without its port: ``192.0.2.1:80``, ``[2001:db8::1]:80``."""
    if not node:
        return None
    if node.startswith("["):
        return node[1:].partition("]")[0]
    return node.partition(":")[0] if node.count(":") == 1 else node
