"""Spans inside a request (exposes.md OBS-4): exchanges with upstreams, steps, functions."""

from functools import lru_cache
from typing import NamedTuple
from urllib.parse import urlsplit

from naftiko_runtime.observability.metrics import known_method
from naftiko_runtime.observability.spans import DEFAULT_PORTS, Attributes, Kind
from naftiko_runtime.observability.telemetry import Consumed, Work


class AttemptSpan(NamedTuple):
    """One exchange; ``status`` is None when there was no answer, ``resend`` counts tries before."""

    id: str
    parent_id: str
    began: float
    seconds: float
    error: str | None
    consumed: Consumed
    method: str
    url: str
    resend: int
    status: int | None

    @property
    def kind(self) -> Kind:
        """Return what OBS-4 says."""
        return "CLIENT"

    @property
    def name(self) -> str:
        """Return ``GET /orders/{id}``."""
        return f"{self.method} {self.consumed.template}"

    @property
    def operation(self) -> str:
        """Return nothing: what is consumed has no such id."""
        return ""

    def attributes(self) -> Attributes:
        """Return the attributes of a client span."""
        host, port = address_of(self.url)
        attributes: Attributes = {
            "http.request.method": known_method(self.method),
            "url.template": self.consumed.template,
            "url.full": redacted_url(self.url),
            "server.address": host,
            "server.port": port,
            "naftiko.namespace": self.consumed.namespace,
            "naftiko.operation": self.consumed.operation,
        }
        if self.status is not None:
            attributes["http.response.status_code"] = self.status
        if self.resend:
            attributes["http.request.resend_count"] = self.resend
        return attributes


class RunSpan(NamedTuple):
    """A step or an aggregate function."""

    id: str
    parent_id: str
    began: float
    seconds: float
    error: str | None
    work: Work

    @property
    def kind(self) -> Kind:
        """Return what OBS-4 says."""
        return "INTERNAL"

    @property
    def name(self) -> str:
        """Return ``step <name>`` or ``function <namespace.name>``."""
        kind = "function" if self.work.kind == "function" else "step"
        return f"{kind} {self.work.name}"

    @property
    def operation(self) -> str:
        """Return nothing: it is the request's."""
        return ""

    def attributes(self) -> Attributes:
        """Return what OBS-4 lists for the kind of work."""
        work = self.work
        if work.kind == "function":
            return {"naftiko.aggregate.ref": work.name}
        return {
            "naftiko.step.type": work.kind,
            "naftiko.step.name": work.name,
            **{f"naftiko.step.{name}": value for name, value in work.attributes.items()},
        }


def address_of(url: str) -> tuple[str, int]:
    """Return host and port of an absolute URL, without its user information."""
    scheme, _, rest = url.partition("://")
    return _address(scheme, rest.partition("/")[0])


@lru_cache(maxsize=1024)
def _address(scheme: str, authority: str) -> tuple[str, int]:
    parts = urlsplit(f"{scheme}://{authority}")
    return parts.hostname or "", parts.port or DEFAULT_PORTS.get(parts.scheme, 80)


def redacted_url(url: str) -> str:
    """Return a URL without user information, every query value ``REDACTED`` (OBS-4)."""
    base, mark, query = url.partition("#")[0].partition("?")
    scheme, _, rest = base.partition("://")
    authority, slash, path = rest.partition("/")
    shown = f"{scheme}://{authority.rpartition('@')[2]}{slash}{path}"
    if not mark:
        return shown
    return f"{shown}?{'&'.join(_redacted_pair(pair) for pair in query.split('&'))}"


def _redacted_pair(pair: str) -> str:
    name, equals, _ = pair.partition("=")
    return f"{name}=REDACTED" if equals else "REDACTED"
