"""Merges the plans of all documents into listeners by address and port, with their conflicts.

Pure: options replace addresses and ports here (exposes.md LST-2), so that whoever opens sockets
only reads the result.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from naftiko_runtime.compiler.route_merge import mounted, reachable
from naftiko_runtime.diagnostics import Found
from naftiko_runtime.errors import Place
from naftiko_runtime.options import RuntimeOptions
from naftiko_runtime.plan.capability import Capability
from naftiko_runtime.plan.exposure import (
    Address,
    ControlExposure,
    McpExposure,
    RestExposure,
    Scripting,
    Telemetry,
    Withheld,
)
from naftiko_runtime.plan.listener import ListenerKey, ListenerPlan, Merged, Placed

_LOOPBACK: Final = frozenset({"127.0.0.1", "::1"})
_ANY: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104 - recognised here, never bound by default


def merge(capabilities: Sequence[Capability], options: RuntimeOptions) -> Merged:
    """Return the listeners of all documents, in document order (exposes.md LST-1 to LST-5)."""
    conflicts = _Conflicts()
    served = [
        Placed(exposure, capability)
        for capability in capabilities
        for exposure in capability.exposures
    ]
    served += _added_control(served, options)
    stdio = _stdio(served, options, conflicts)
    http = [] if options.stdio else [placed for placed in served if not _speaks_stdio(placed)]
    groups = _without_overlaps(_grouped(http, options), conflicts)
    listeners = tuple(_listener(key, group, options, conflicts) for key, group in groups.items())
    kept = tuple(listener for listener in listeners if listener.placed)
    return Merged(kept, stdio, tuple(conflicts.withheld), conflicts.found.merged())


class _Conflicts:
    """What is found while merging; ``withhold`` also takes the adapter out of service."""

    def __init__(self) -> None:
        self.found = Found()
        self.withheld: list[Withheld] = []

    def withhold(self, placed: Placed, code: str, reason: str) -> None:
        namespace = placed.exposure.namespace
        message = f'"{namespace}" is not served: {reason}'
        diagnostic = self.found.add(code, _place(placed), message)
        self.withheld.append(Withheld(namespace, diagnostic))


def host_of(host: str | None) -> str | None:
    """Return a listener's host: None for loopback, which is also what ``localhost`` means."""
    if host is None or host.casefold() == "localhost":
        return None
    return host.removeprefix("[").removesuffix("]")


def _added_control(served: Iterable[Placed], options: RuntimeOptions) -> list[Placed]:
    """``--control`` adds an adapter with everything on unless a document has one (CTL-1)."""
    declared = any(isinstance(placed.exposure, ControlExposure) for placed in served)
    if options.control is None or declared:
        return []
    exposure = ControlExposure(
        namespace="control",
        address=Address(*options.control),
        info=True,
        reload=True,
        validate=True,
        logs_levels=True,
        logs_stream=True,
        scripting=Scripting(),
        telemetry=Telemetry(metrics=True, traces=True),
        place=Place("--control"),
    )
    return [Placed(exposure, None)]


def _speaks_stdio(placed: Placed) -> bool:
    return isinstance(placed.exposure, McpExposure) and placed.exposure.address is None


def _stdio(
    served: Sequence[Placed], options: RuntimeOptions, conflicts: _Conflicts
) -> tuple[Placed, ...]:
    """Return the stdio adapters: one, or with ``--stdio`` every MCP adapter (MCP-33)."""
    if options.stdio:
        return tuple(placed for placed in served if isinstance(placed.exposure, McpExposure))
    declared = [placed for placed in served if _speaks_stdio(placed)]
    for placed in declared[1:]:
        speaker = declared[0].exposure.namespace
        conflicts.withhold(placed, "mcp/stdio-twice", f'"{speaker}" already speaks on stdio')
    return tuple(declared[:1])


def _grouped(
    http: Iterable[Placed], options: RuntimeOptions
) -> Mapping[ListenerKey, tuple[Placed, ...]]:
    groups: dict[ListenerKey, tuple[Placed, ...]] = {}
    for placed in http:
        key = _key(placed, options)
        groups[key] = (*groups.get(key, ()), placed)
    return groups


def _key(placed: Placed, options: RuntimeOptions) -> ListenerKey:
    exposure = placed.exposure
    address = exposure.address or Address(None, 0)
    host = host_of(options.host or address.host or options.default_host)
    own = options.ports.get(exposure.namespace)
    is_control = isinstance(exposure, ControlExposure)
    port = options.port if own is None and not is_control else own
    if port is None:
        port = address.port
    # control, and each adapter that was given port 0 by name, takes a free port of its own
    is_alone = own == 0 or (is_control and port == 0)
    owner = f"{placed.file}:{exposure.namespace}" if is_alone else ""
    return ListenerKey(host, port, owner)


def _without_overlaps(
    groups: Mapping[ListenerKey, tuple[Placed, ...]], conflicts: _Conflicts
) -> Mapping[ListenerKey, tuple[Placed, ...]]:
    kept: dict[ListenerKey, tuple[Placed, ...]] = {}
    for key, group in groups.items():
        taken = next((other for other in kept if _overlap(key, other)), None)
        if taken is None:
            kept[key] = group
            continue
        owner = kept[taken][0].exposure.namespace
        reason = f'{_shown(key)} overlaps {_shown(taken)} of "{owner}"; give both one address'
        for placed in group:
            conflicts.withhold(placed, "listener/overlap", reason)
    return kept


def _overlap(one: ListenerKey, other: ListenerKey) -> bool:
    if one.port != other.port or one.port == 0:
        return False
    left, right = _addresses(one.host), _addresses(other.host)
    return bool(left & right) or _covers(left, right) or _covers(right, left)


def _addresses(host: str | None) -> frozenset[str]:
    return _LOOPBACK if host is None else frozenset({host})


def _covers(wide: frozenset[str], narrow: frozenset[str]) -> bool:
    """Return whether an any-address takes the port from one of the other addresses."""
    if "::" in wide:
        return True
    return bool(wide & _ANY) and any(":" not in address for address in narrow)


def _shown(key: ListenerKey) -> str:
    host = key.host or "localhost"
    return f"[{host}]:{key.port}" if ":" in host else f"{host}:{key.port}"


def _listener(
    key: ListenerKey, group: tuple[Placed, ...], options: RuntimeOptions, conflicts: _Conflicts
) -> ListenerPlan:
    placed = tuple(_told_apart(_without_shared_control(key, group, conflicts), conflicts.found))
    if options.mount == "namespace":
        placed = tuple(_mounted(each) for each in placed)
    return reachable(ListenerPlan(key, placed), conflicts.found)


def _mounted(placed: Placed) -> Placed:
    exposure = placed.exposure
    if not isinstance(exposure, RestExposure):
        return placed
    return replace(placed, exposure=mounted(exposure))


def _without_shared_control(
    key: ListenerKey, group: tuple[Placed, ...], conflicts: _Conflicts
) -> tuple[Placed, ...]:
    others = [each for each in group if not isinstance(each.exposure, ControlExposure)]
    if not others:
        return group
    owner = others[0].exposure.namespace
    reason = f'{_shown(key)} belongs to "{owner}"; give the control adapter a port of its own'
    for placed in group:
        if isinstance(placed.exposure, ControlExposure):
            conflicts.withhold(placed, "listener/control-shared", reason)
    return tuple(others)


def _told_apart(group: Iterable[Placed], found: Found) -> Iterator[Placed]:
    """Give MCP adapters of one listener different namespaces (exposes.md LST-4)."""
    taken: set[str] = set()
    for placed in group:
        exposure = placed.exposure
        if not isinstance(exposure, McpExposure):
            yield placed
            continue
        namespace = _free(exposure.namespace, taken)
        taken.add(namespace)
        if namespace != exposure.namespace:
            message = f'"{exposure.namespace}" is taken on this listener; it is served as'
            found.add("mcp/namespace-taken", _place(placed), f'{message} "{namespace}"')
        yield replace(placed, exposure=replace(exposure, namespace=namespace))


def _free(namespace: str, taken: set[str]) -> str:
    name, number = namespace, 1
    while name in taken:
        number += 1
        name = f"{namespace}-{number}"
    return name


def _place(placed: Placed) -> Place:
    place = placed.exposure.place
    return place if place.file else Place(placed.file)
