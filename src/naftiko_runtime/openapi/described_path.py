"""Routes as OpenAPI paths: one key per shape, whatever its placeholders are called."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import urlencode

from naftiko_runtime.plan.exposure import RestExposure, Route, RouteHole

_Shape: TypeAlias = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class DescribedPath:
    """A route, its key under ``paths``, and what its placeholders are called there."""

    exposure: RestExposure
    route: Route
    text: str
    names: Mapping[str, str]


def paths_of(exposures: Sequence[RestExposure]) -> Iterator[DescribedPath]:
    """Yield every route once that can have a place of its own.

    Paths of one shape share the names of the first, because OpenAPI takes them for the same. Of
    equal operations (exposes.md REST-4) the first is described; one that only a query condition
    tells apart stands under its path with that query.
    """
    first: dict[_Shape, Route] = {}
    taken: set[tuple[str, str]] = set()
    seen: set[_Shape] = set()
    for exposure in exposures:
        for route in exposure.routes:
            shape = _shape(route)
            operation = (shape, route.method, route.conditions)
            if operation in seen:
                continue
            seen.add(operation)
            names = dict(zip(_names(route), _names(first.setdefault(shape, route)), strict=True))
            text = _text(route, names)
            if (text, route.method) in taken:
                text += "?" + urlencode([(key, value or "") for key, value in route.conditions])
            taken.add((text, route.method))
            yield DescribedPath(exposure, route, text, names)


def _shape(route: Route) -> _Shape:
    segments = tuple(
        tuple(part.rest if isinstance(part, RouteHole) else part for part in segment)
        for segment in route.segments
    )
    return (segments, route.trailing_slash)


def _names(route: Route) -> list[str]:
    return [
        part.name for segment in route.segments for part in segment if isinstance(part, RouteHole)
    ]


def _text(route: Route, names: Mapping[str, str]) -> str:
    segments = (
        "".join(part if isinstance(part, str) else f"{{{names[part.name]}}}" for part in segment)
        for segment in route.segments
    )
    slash = "/" if route.trailing_slash and route.segments else ""
    return "/" + "/".join(segments) + slash
