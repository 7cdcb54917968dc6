"""The open listeners of a process: their sockets, servers and switches."""

import asyncio
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace

from naftiko_runtime.errors import StartError
from naftiko_runtime.options import RuntimeOptions
from naftiko_runtime.plan.listener import ListenerKey, ListenerPlan, Merged
from naftiko_runtime.runtime.proxies import behind_proxies
from naftiko_runtime.runtime.server import Server
from naftiko_runtime.runtime.sockets import Bound, bind
from naftiko_runtime.runtime.switch import Switch


@dataclass(frozen=True, slots=True)
class Listener:
    """One address and port that is served; ``ended`` is done when its last request has ended."""

    bound: Bound
    server: Server
    switch: Switch
    ended: asyncio.Task[None]


def open_all(plans: Iterable[ListenerPlan]) -> dict[ListenerKey, Bound]:
    """Open the sockets of all listeners, or none (exposes.md LST-7).

    Raises ``StartError`` that names the address, the reason and who wanted it.
    """
    opened: dict[ListenerKey, Bound] = {}
    try:
        for plan in plans:
            opened[plan.key] = open_one(plan)
    except StartError:
        for bound in opened.values():
            bound.close()
        raise
    return opened


@dataclass(frozen=True, slots=True)
class Opened:
    """New sockets, the plan without the listeners that have none, and why those have none."""

    sockets: Mapping[ListenerKey, Bound]
    merged: Merged
    failures: tuple[tuple[ListenerPlan, str], ...]


def open_missing(merged: Merged, known: Container[ListenerKey], *, shared: bool) -> Opened:
    """Open what is not ``known`` yet; a listener that cannot be opened is left out (LST-11)."""
    sockets: dict[ListenerKey, Bound] = {}
    kept: list[ListenerPlan] = []
    failures: list[tuple[ListenerPlan, str]] = []
    for plan in merged.listeners:
        try:
            if plan.key not in known:
                sockets[plan.key] = open_one(plan, shared=shared)
            kept.append(plan)
        except StartError as exc:
            failures.append((plan, str(exc)))
    return Opened(sockets, replace(merged, listeners=tuple(kept)), tuple(failures))


def open_one(plan: ListenerPlan, *, shared: bool = False) -> Bound:
    """Open the sockets of one listener; raise ``StartError``."""
    try:
        return bind(plan.key.host, plan.key.port, shared=shared)
    except StartError as exc:
        raise StartError(f"{exc} ({_wanted_by(plan)})") from exc


def _wanted_by(plan: ListenerPlan) -> str:
    names: dict[str, list[str]] = {}
    for placed in plan.placed:
        names.setdefault(placed.file, []).append(placed.exposure.namespace)
    return "; ".join(f"{file}: {', '.join(each)}" for file, each in names.items())


def serve_on(
    bound: Bound, switch: Switch, options: RuntimeOptions, group: asyncio.TaskGroup
) -> Listener:
    """Begin to serve; the server's task belongs to ``group``."""
    server = Server(behind_proxies(switch, options.trusted_proxies), options.limits)
    return Listener(bound, server, switch, group.create_task(server.run_on(bound)))


def origins(opened: Mapping[ListenerKey, Bound]) -> dict[ListenerKey, str]:
    """Return ``http://HOST:PORT`` of each listener."""
    return {key: f"http://{bound.shown}" for key, bound in opened.items()}
