"""The client side while recording: exchanges with upstreams, steps, aggregate functions."""

from collections.abc import Mapping
from functools import lru_cache
from time import perf_counter
from typing import Final
from urllib.parse import urlsplit

from naftiko_runtime.observability.context import CURRENT
from naftiko_runtime.observability.instruments import Instruments
from naftiko_runtime.observability.metrics import known_method
from naftiko_runtime.observability.spans import Attribute, Kind, Span
from naftiko_runtime.observability.telemetry import Consumed, Endpoint, Headers, Work

_FAILED: Final = 400
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class RecordedPeer:
    """One consumed operation (``telemetry.Peer``)."""

    __slots__ = ("_consumed", "_instruments")

    def __init__(self, instruments: Instruments, consumed: Consumed) -> None:
        self._instruments = instruments
        self._consumed = consumed

    def attempt(self, method: str, url: str, resend: int = 0) -> "RecordedAttempt":
        """Begin one exchange."""
        attempt = RecordedAttempt(self._instruments, self._consumed, method, url)
        attempt.resend = resend
        return attempt


class RecordedAttempt:
    """One exchange (``telemetry.Attempt``)."""

    __slots__ = ("_began", "_consumed", "_instruments", "_method", "_span", "_url", "resend")

    def __init__(self, instruments: Instruments, consumed: Consumed, method: str, url: str) -> None:
        self._instruments = instruments
        self._consumed = consumed
        self._method = method
        self._url = url
        self._span = _child(instruments, f"{method} {consumed.template}", "CLIENT")
        self.resend = 0
        self._began = perf_counter()

    @property
    def headers(self) -> Headers:
        """The trace context for the upstream."""
        tracer = self._instruments.tracer
        return () if tracer is None or self._span is None else tracer.headers(self._span)

    def ended(self, status: int | None, error: str | None = None) -> None:
        """Record the end of the exchange."""
        seconds = perf_counter() - self._began
        host, port = address_of(self._url)
        outcome = error or "connection" if status is None else status
        if (metrics := self._instruments.metrics) is not None:
            metrics.sent(self._method, host, outcome, seconds)
        failed = _error_type(status, error)
        if (conventions := self._instruments.conventions) is not None:
            code = "" if status is None else str(status)
            conventions.sent(self._method, (host, port), (code, failed or ""), seconds)
        span, tracer = self._span, self._instruments.tracer
        if span is not None and tracer is not None:
            tracer.end(span, self._attributes(host, port, status) if span.sampled else {}, failed)

    def _attributes(self, host: str, port: int, status: int | None) -> dict[str, Attribute]:
        attributes: dict[str, Attribute] = {
            "http.request.method": known_method(self._method),
            "url.template": self._consumed.template,
            "url.full": redacted_url(self._url),
            "server.address": host,
            "server.port": port,
            "naftiko.namespace": self._consumed.namespace,
            "naftiko.operation": self._consumed.operation,
        }
        if status is not None:
            attributes["http.response.status_code"] = status
        if self.resend:
            attributes["http.request.resend_count"] = self.resend
        return attributes


class RecordedRun:
    """A step or an aggregate function (``telemetry.Run``); what runs inside is its child."""

    __slots__ = ("_began", "_instruments", "_previous", "_work", "endpoint", "request_id", "span")

    def __init__(self, instruments: Instruments, work: Work) -> None:
        self._instruments = instruments
        self._work = work
        self._previous = CURRENT.get()
        self.endpoint: Endpoint | None = self._previous.endpoint if self._previous else None
        self.request_id = self._previous.request_id if self._previous else ""
        kind = "function" if work.kind == "function" else "step"
        self.span = _child(instruments, f"{kind} {work.name}", "INTERNAL")
        CURRENT.set(self)
        self._began = perf_counter()

    def ended(self, error: str | None = None) -> None:
        """Record the end of the work."""
        seconds = perf_counter() - self._began
        CURRENT.set(self._previous)
        if (metrics := self._instruments.metrics) is not None and self._work.kind != "function":
            namespace = self.endpoint.namespace if self.endpoint is not None else ""
            metrics.stepped(self._work.kind, namespace, seconds)
        if self.span is not None and (tracer := self._instruments.tracer) is not None:
            tracer.end(self.span, _work_attributes(self._work), error)


def address_of(url: str) -> tuple[str, int]:
    """Return host and port of an absolute URL, without its user information."""
    scheme, _, rest = url.partition("://")
    return _address(scheme, rest.partition("/")[0])


@lru_cache(maxsize=1024)
def _address(scheme: str, authority: str) -> tuple[str, int]:
    parts = urlsplit(f"{scheme}://{authority}")
    return parts.hostname or "", parts.port or _DEFAULT_PORTS.get(parts.scheme, 80)


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


def _child(instruments: Instruments, name: str, kind: Kind) -> Span | None:
    tracer = instruments.tracer
    if tracer is None:
        return None
    current = CURRENT.get()
    return tracer.begin(name, kind, current.span if current is not None else None)


def _error_type(status: int | None, error: str | None) -> str | None:
    if status is None:
        return error or "connection"
    return str(status) if status >= _FAILED else error


def _work_attributes(work: Work) -> Mapping[str, Attribute]:
    if work.kind == "function":
        return {"naftiko.aggregate.ref": work.name}
    return {
        "naftiko.step.type": work.kind,
        "naftiko.step.name": work.name,
        **{f"naftiko.step.{name}": value for name, value in work.attributes.items()},
    }
