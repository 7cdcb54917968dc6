"""What every HTTP request passes before an adapter sees it: id, Host, Origin, load, last resort.

One wrapper per listener. Request line and headers are limited while they are read, see
``runtime.server``; Host and Origin are exposes.md LST-10, the request id COM-3.
"""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from typing import Final

from naftiko_runtime.adapters.asgi import App, Receive, Scope, Send
from naftiko_runtime.adapters.problems import (
    Problem,
    answer,
    forbidden,
    internal,
    misdirected,
    overloaded,
)
from naftiko_runtime.adapters.visit import Visit, begin, end
from naftiko_runtime.observability.telemetry import OFF, Telemetry
from naftiko_runtime.options import RuntimeOptions
from naftiko_runtime.plan.exposure import McpExposure, RestExposure, SkillExposure
from naftiko_runtime.plan.listener import ListenerPlan

GONE: Final = 499
"""What is recorded when the caller went away before an answer began."""

_LOG: Final = logging.getLogger(__name__)
_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,128}")
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
_DEFAULT_PORTS: Final = {"http": "80", "https": "443"}
_REMEMBERED: Final = 256


class TransferBroken(Exception):
    """An answer that has begun cannot be completed: the server must break the connection off.

    Expected (an upstream that broke off), so the server need not log a traceback.
    """


@dataclass(frozen=True, slots=True)
class ListenerRules:
    """Which hosts and origins may be named, and how many requests may be in flight."""

    loopback: bool = True
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    concurrency: int = 1000


def rules_of(listener: ListenerPlan, options: RuntimeOptions) -> ListenerRules:
    """Return the rules of one listener: options, and the CORS origins of its adapters."""
    policies = (
        placed.exposure.cors
        for placed in listener.placed
        if isinstance(placed.exposure, RestExposure | McpExposure | SkillExposure)
    )
    declared = [origin for policy in policies if policy for origin in policy.origins]
    return ListenerRules(
        loopback=_is_loopback(listener.key.host),
        hosts=options.allow_hosts,
        origins=(*options.allow_origins, *options.cors_origins, *declared),
        concurrency=options.limits.concurrency,
    )


def _is_loopback(host: str | None) -> bool:
    if host is None or host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def guarded_listener(
    app: App,
    rules: ListenerRules,
    telemetry: Telemetry = OFF,
    scrub: Callable[[str], str] | None = None,
) -> App:
    """Return the outermost app of a listener.

    ``scrub`` replaces resolved secrets in the texts of problems (exposes.md OBS-8).
    """
    refusal = _refusal(rules)
    load = _Load()

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        host, origin, wanted = _named(scope)
        visit = Visit(telemetry.arrived(scope, wanted), send, origin, scrub)
        begin(scope, visit)
        load.now += 1
        try:
            refused = refusal(host, origin)
            if refused is None and load.now <= rules.concurrency:
                await app(scope, receive, visit.send)
            else:
                await answer(refused or _full(rules.concurrency), scope, visit.send)
        except Exception as error:  # noqa: BLE001 - the last resort: a bug is logged and answered
            await _fail(error, scope, visit)
        finally:
            load.now -= 1
            error_name = visit.error or (None if visit.complete else "cancelled")
            visit.arrival.ended(visit.status or GONE, error_name, visit.received, visit.sent)
            end(scope)

    return guard


async def _fail(error: Exception, scope: Scope, visit: Visit) -> None:
    """Answer ``internal`` for a bug; break the transfer when an answer has begun."""
    if isinstance(error, TransferBroken):
        visit.error = visit.error or "upstream-unreachable"
        raise error
    _LOG.error("request %s failed", visit.request_id, exc_info=error)
    visit.error = "internal"
    if visit.status:
        raise TransferBroken from error
    await answer(internal(visit.request_id), scope, visit.send)


def _named(scope: Scope) -> tuple[bytes | None, bytes | None, str | None]:
    """Return Host, Origin and an acceptable X-Request-Id; a second Host makes the first void."""
    host = origin = wanted = None
    for name, value in scope["headers"]:
        if name == b"host":
            host = value if host is None else b""
        elif name == b"origin":
            origin = value
        elif name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            wanted = value.decode()
    return host, origin, wanted


class _Load:
    """Counts the requests in flight of one listener (exposes.md COM-4)."""

    __slots__ = ("now",)

    def __init__(self) -> None:
        self.now = 0


def _full(limit: int) -> Problem:
    return overloaded(f"{limit} requests are in flight; try again")


def _refusal(rules: ListenerRules) -> Callable[[bytes | None, bytes | None], Problem | None]:
    """Return the check of Host and Origin; callers repeat themselves, so answers are kept."""
    host_passes = lru_cache(_REMEMBERED)(_host_check(rules))
    origin_passes = lru_cache(_REMEMBERED)(_origin_check(rules))

    def refusal(host: bytes | None, origin: bytes | None) -> Problem | None:
        if not host_passes(host):
            shown = (host or b"").decode("latin-1")
            _LOG.warning("refused Host %r; --allow-host %s would allow it", shown, shown)
            return misdirected()
        if origin is not None and not origin_passes(origin, host):
            shown = origin.decode("latin-1")
            _LOG.warning("refused Origin %r; --allow-origin %s would allow it", shown, shown)
            return forbidden("this origin may not call this host")
        return None

    return refusal


def _host_check(rules: ListenerRules) -> Callable[[bytes | None], bool]:
    hosts = frozenset(_host_name(host) for host in rules.hosts)

    def passes(host: bytes | None) -> bool:
        if not rules.loopback and not hosts:
            return True
        name = _host_name(host.decode("latin-1")) if host else ""
        return name in hosts or (rules.loopback and name in _LOOPBACK)

    return passes


def _origin_check(rules: ListenerRules) -> Callable[[bytes, bytes | None], bool]:
    origins = frozenset(origin.casefold().rstrip("/") for origin in rules.origins)

    def passes(origin: bytes, host: bytes | None) -> bool:
        text = origin.decode("latin-1").casefold()
        scheme, _, authority = text.partition("://")
        if not authority:
            return False
        if text in origins or "*" in origins:
            return True
        if rules.loopback and _host_name(authority) in _LOOPBACK:
            return True
        default = _DEFAULT_PORTS.get(scheme, "")
        named = (host or b"").decode("latin-1").casefold()
        return _with_port(authority, default) == _with_port(named, default)

    return passes


def _host_name(authority: str) -> str:
    """Return the host of ``host[:port]``, brackets kept, in lower case."""
    text = authority.strip().casefold()
    if text.startswith("["):
        return text.partition("]")[0] + "]"
    # an address of version 6 is named without brackets on the command line
    return f"[{text}]" if text.count(":") > 1 else text.partition(":")[0]


def _with_port(authority: str, default: str) -> tuple[str, str]:
    host = _host_name(authority)
    port = authority[len(host) :].removeprefix(":")
    return host, port or default
