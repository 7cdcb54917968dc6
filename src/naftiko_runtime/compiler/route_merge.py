"""Which REST routes of a shared listener can be reached, when several documents meet there."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final, TypeAlias

from naftiko_runtime.diagnostics import Found
from naftiko_runtime.errors import Place
from naftiko_runtime.plan.exposure import InboundOAuth2, RestExposure, Route, RouteHole, Segment
from naftiko_runtime.plan.listener import ListenerPlan, Placed, mcp_paths

_METADATA: Final = (".well-known", "oauth-protected-resource")

Shape: TypeAlias = tuple[object, ...]
"""A method and a template without the names of its placeholders (exposes.md LST-5)."""


def mounted(exposure: RestExposure) -> RestExposure:
    """Return the adapter with its routes under ``/<namespace>`` (``--mount namespace``)."""
    prefix: Segment = (exposure.namespace,)
    routes = tuple(
        replace(
            route,
            segments=(prefix, *route.segments),
            template=f"/{exposure.namespace}{route.template}",
        )
        for route in exposure.routes
    )
    return replace(exposure, routes=routes)


def reachable(listener: ListenerPlan, found: Found) -> ListenerPlan:
    """Return the listener without routes that another document serves; report hidden ones.

    A route of a later document with the method and shape of an earlier one's is
    ``rest/route-taken``; one that stands under a path of the runtime is ``rest/route-hidden``
    (exposes.md LST-4, LST-5).
    """
    owners: dict[Shape, tuple[str, Route]] = {}
    placed = tuple(_first_served(each, owners, found) for each in listener.placed)
    for each in placed:
        _report_hidden(each, listener, found)
    return replace(listener, placed=placed)


def _first_served(placed: Placed, owners: dict[Shape, tuple[str, Route]], found: Found) -> Placed:
    exposure = placed.exposure
    if not isinstance(exposure, RestExposure):
        return placed
    kept: list[Route] = []
    for route in exposure.routes:
        file, first = owners.setdefault(_shape(route), (placed.file, route))
        # equal routes of one document choose by their inputs, see REST-4
        if file == placed.file:
            kept.append(route)
        else:
            found.add("rest/route-taken", _place(route, placed), _taken(route, first, file))
    if len(kept) == len(exposure.routes):
        return placed
    return replace(placed, exposure=replace(exposure, routes=tuple(kept)))


def _shape(route: Route) -> Shape:
    return (
        route.method,
        tuple(_nameless(segment) for segment in route.segments),
        route.trailing_slash,
        route.conditions,
    )


def _nameless(segment: Segment) -> tuple[object, ...]:
    return tuple(part.rest if isinstance(part, RouteHole) else part for part in segment)


def _taken(route: Route, first: Route, file: str) -> str:
    place = f"{first.place.file or file}:{first.place.line}"
    return f"{route.method} {route.template} is never reached: {place} serves {first.template}"


def _report_hidden(placed: Placed, listener: ListenerPlan, found: Found) -> None:
    if not isinstance(placed.exposure, RestExposure):
        return
    for route in placed.exposure.routes:
        hider = next(_hiders(_literals(route), listener), None)
        if hider is not None:
            message = f"{route.method} {route.template} is never reached: {hider} stands there"
            found.add("rest/route-hidden", _place(route, placed), message)


def _hiders(literals: tuple[str, ...], listener: ListenerPlan) -> Iterator[str]:
    """Yield what takes a path, given the literal segments at its beginning."""
    if literals[:2] == _METADATA and _has_metadata(listener):
        yield "the OAuth metadata"
    if f"/{'/'.join(literals)}" in mcp_paths(listener):
        yield "the MCP endpoint"
    if literals[:1] == ("skills",) and listener.skill:
        yield "the skill catalogue"


def _has_metadata(listener: ListenerPlan) -> bool:
    return any(
        isinstance(placed.exposure.authentication, InboundOAuth2) for placed in listener.placed
    )


def _literals(route: Route) -> tuple[str, ...]:
    """Return the literal segments before the first placeholder."""
    texts: list[str] = []
    for segment in route.segments:
        if len(segment) != 1 or not isinstance(segment[0], str):
            # a placeholder: what follows depends on the request, so it matches no exact path
            return (*texts, "{}")
        texts.append(segment[0])
    return tuple(texts)


def _place(route: Route, placed: Placed) -> Place:
    return route.place if route.place.file else Place(placed.file)
