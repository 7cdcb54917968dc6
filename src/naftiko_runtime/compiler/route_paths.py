"""Compiles exposed path templates into segments (exposes.md REST-2)."""

from dataclasses import dataclass
from typing import Final

from naftiko_runtime.compiler.world import World
from naftiko_runtime.errors import Place
from naftiko_runtime.expressions.template import Placeholder, TemplateError, placeholders
from naftiko_runtime.plan.exposure import RouteHole, Segment

_REST: Final = "path"


@dataclass(frozen=True, slots=True)
class RoutePath:
    """A path template; ``conditions`` are the query pairs that it wants (REST-2.5)."""

    segments: tuple[Segment, ...]
    template: str
    names: tuple[str, ...]
    conditions: tuple[tuple[str, str | None], ...]
    trailing_slash: bool


def route_path(world: World, text: str, place: Place, label: str) -> RoutePath:
    """Return a compiled path template; raise ``Unresolved`` for an unsupported template."""
    path, conditions = _without_query(world, text.strip(), place, label)
    if not path.startswith("/"):
        world.found.add(
            "rest/path-slash", place, f"{label}: path {text!r} is read as {'/' + path!r}"
        )
        path = f"/{path}"
    trailing = len(path) > 1 and path.endswith("/")
    pieces = path.strip("/").split("/") if path.strip("/") else []
    segments = [_segment(world, piece, place) for piece in pieces]
    if segments:
        segments[-1] = _rest_of_path(segments[-1])
    names = tuple(
        part.name for segment in segments for part in segment if isinstance(part, RouteHole)
    )
    template = "/" + "/".join(_shown(segment) for segment in segments)
    return RoutePath(tuple(segments), template, names, conditions, trailing)


def _without_query(
    world: World, text: str, place: Place, label: str
) -> tuple[str, tuple[tuple[str, str | None], ...]]:
    path, hash_mark, _ = text.partition("#")
    path, mark, query = path.partition("?")
    if mark or hash_mark:
        message = f"{label}: the query of {text!r} is a condition, its fragment is dropped"
        world.found.add("dialect/exposed-query", place, message)
    return path, tuple(_condition(pair) for pair in query.split("&") if pair)


def _condition(pair: str) -> tuple[str, str | None]:
    name, mark, value = pair.partition("=")
    return name, value if mark and not value.startswith("{") else None


def _segment(world: World, text: str, place: Place) -> Segment:
    try:
        parts = placeholders(text)
    except TemplateError as error:
        raise world.around.unresolved("template/unsupported", place, str(error)) from error
    return tuple(_part(part) for part in parts)


def _part(part: str | Placeholder) -> str | RouteHole:
    return part if isinstance(part, str) else RouteHole(part.name.strip(), rest=part.slashes)


def _rest_of_path(segment: Segment) -> Segment:
    """Let a last segment ``{path}`` take the rest of the path (REST-2.4)."""
    only = segment[0] if len(segment) == 1 else None
    if isinstance(only, RouteHole) and only.name == _REST:
        return (RouteHole(only.name, rest=True),)
    return segment


def _shown(segment: Segment) -> str:
    return "".join(part if isinstance(part, str) else f"{{{part.name}}}" for part in segment)
