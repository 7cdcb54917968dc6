"""Says what is odd about the routes of one adapter (dialect.md T13a, T13b, T30)."""

from collections.abc import Sequence

from naftiko_runtime.diagnostics import Found
from naftiko_runtime.plan.exposure import Route, RouteHole, Segment


def report_routes(found: Found, routes: Sequence[Route]) -> None:
    """Report resources with one path, routes that occur twice, and literals that jump the queue."""
    _report_duplicates(found, routes)
    _report_paths(found, routes)
    _report_order(found, routes)


def _report_duplicates(found: Found, routes: Sequence[Route]) -> None:
    groups: dict[tuple[str, tuple[Segment, ...], object], list[Route]] = {}
    for route in routes:
        key = (route.method, _shape(route), route.conditions)
        groups.setdefault(key, []).append(route)
    for group in groups.values():
        if len(group) > 1:
            _report_group(found, group)


def _report_group(found: Found, group: Sequence[Route]) -> None:
    first = group[0]
    seen: list[set[str]] = []
    unreachable = []
    for route in group:
        wanted = set(route.wanted)
        if wanted in seen:
            unreachable.append(route.operation_id or str(route.place.line))
        seen.append(wanted)
    never = f"; never reached: {', '.join(unreachable)}" if unreachable else ""
    message = (
        f"{first.method} {first.template} stands {len(group)} times; the operation whose inputs "
        f"are in the request serves{never}"
    )
    found.add("dialect/duplicate-route", group[1].place, message)


def _report_paths(found: Found, routes: Sequence[Route]) -> None:
    seen: dict[tuple[Segment, ...], str] = {}
    for route in routes:
        shape = _shape(route)
        resource = route.place.pointer.rpartition("/operations")[0]
        if seen.setdefault(shape, resource) != resource:
            message = f"several resources have the path {route.template}; they are one route"
            found.add("dialect/duplicate-path", route.place, message)


def _report_order(found: Found, routes: Sequence[Route]) -> None:
    earlier: list[tuple[Segment, ...]] = []
    for route in routes:
        shape = _shape(route)
        if any(_hides(other, shape) for other in earlier):
            message = f"{route.template} is more literal than an earlier path and wins over it"
            found.add("dialect/literal-after-placeholder", route.place, message)
        if shape not in earlier:
            earlier.append(shape)


def _shape(route: Route) -> tuple[Segment, ...]:
    """Return the segments of a route without the names of its placeholders."""
    return tuple(
        tuple(RouteHole("", part.rest) if isinstance(part, RouteHole) else part for part in segment)
        for segment in route.segments
    )


def _hides(earlier: tuple[Segment, ...], later: tuple[Segment, ...]) -> bool:
    """Tell whether an earlier, templated path also matches what a later, literal one matches."""
    if len(earlier) != len(later) or earlier == later:
        return False
    more_literal = False
    for one, other in zip(earlier, later, strict=True):
        if one == other:
            continue
        is_hole = len(one) == 1 and isinstance(one[0], RouteHole)
        if not is_hole or any(isinstance(part, RouteHole) for part in other):
            return False
        more_literal = True
    return more_literal
