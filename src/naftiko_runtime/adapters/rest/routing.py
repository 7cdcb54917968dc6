"""The route table of one listener: built once, walked segment by segment (exposes.md REST-2, 3).

A request first looks among paths without placeholders, which is one look-up, and else walks a
tree whose branches are ordered as REST-3 wants.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Generic, NamedTuple, TypeAlias, TypeVar
from urllib.parse import quote

from naftiko_runtime.adapters.rest.query import Query, parsed_query
from naftiko_runtime.adapters.rest.segments import (
    RawPath,
    Rest,
    checked,
    literal_of,
    split,
    variables,
)
from naftiko_runtime.adapters.rest.tree import Node
from naftiko_runtime.plan.exposure import Route

METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
_ANY: Final = "*"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Served(Generic[T]):
    """What answers one method of one template; ``names`` are its placeholders in order."""

    names: tuple[str, ...]
    wanted: tuple[str, ...]
    target: T


@dataclass(frozen=True, slots=True)
class Template(Generic[T]):
    """One path template with its query conditions; several operations may share a method (REST-4).

    ``methods`` has HEAD where it has GET.
    """

    conditions: tuple[tuple[str, str | None], ...]
    methods: Mapping[str, tuple[Served[T], ...]]

    def fulfilled(self, query: Query) -> int:
        """Return how many conditions hold."""
        return sum(
            key in query and (value is None or value in query[key])
            for key, value in self.conditions
        )


class Match(NamedTuple, Generic[T]):
    """The operations that can serve a request, and the values of its placeholders.

    ``rest`` is the undecoded remaining path of a template that ends in ``{path}``.
    """

    served: tuple[Served[T], ...]
    values: tuple[str, ...] = ()
    rest: str | None = None


@dataclass(frozen=True, slots=True)
class Refused(Generic[T]):
    """A path that is served, but not with this method."""

    methods: tuple[str, ...]
    """All methods of all matching templates, OPTIONS included, sorted."""
    first: T


class RouteTable(Generic[T]):
    """Finds what serves a request."""

    def __init__(self, routes: Iterable[tuple[Route, T]]) -> None:
        self._root: Node[Template[T]] = Node()
        self._plain: dict[bytes, tuple[Template[T], ...]] = {}
        for shape, group in _shapes(routes).items():
            self._add(shape, group)
        self._root.sort()

    def _add(self, shape: "_Shape", group: Sequence[tuple[Route, T]]) -> None:
        route = group[0][0]
        templates = _templates(group)
        self._root.add(route.segments, templates, slash=shape.slash)
        literals = [literal_of(segment) for segment in route.segments]
        texts = [text for text in literals if text is not None]
        if len(texts) == len(literals) and not templates[0].conditions:
            path = "/" + "/".join(quote(text, safe="-._~!$&'()*+,;=:@") for text in texts)
            self._plain[(path + "/" if shape.slash else path).encode()] = templates

    def find(self, method: str, raw_path: bytes, query: bytes) -> Match[T] | Refused[T] | None:
        """Return what serves a request, or who would, or None when no template matches.

        Raises ``InvalidInput`` when the path is not UTF-8 or a placeholder's value is unsafe.
        """
        plain = self._plain.get(raw_path)
        if plain is not None:
            served = plain[0].methods.get(method)
            if served is not None and not plain[0].conditions:
                return Match(served)
        path = split(raw_path)
        first = self._root.first(path)
        if first is not None and not first[0][0].conditions:
            served = first[0][0].methods.get(method)
            if served is not None:
                return Match(served, checked(first[1], served[0].names))
        return self._walked(method, path, query)

    def _walked(self, method: str, path: RawPath, query: bytes) -> Match[T] | Refused[T] | None:
        """Look among all templates that match, in their order."""
        found = self._matching(path, query) or self._matching(path.toggled(), query)
        for template, values in found:
            served = template.methods.get(method)
            if served is not None:
                texts, rest = variables(values, path, served[0].names)
                return Match(served, texts, rest)
        return _refused(found) if found else None

    def allowed(self, raw_path: bytes, query: bytes) -> Refused[T] | None:
        """Return all methods of a path, for OPTIONS; None when no template matches."""
        path = split(raw_path)
        found = self._matching(path, query) or self._matching(path.toggled(), query)
        return _refused(found) if found else None

    def _matching(self, path: RawPath, query: bytes) -> "_Matching[T]":
        """Return the matching templates in the order of REST-3; unfulfilled ones come last."""
        first: _Matching[T] = []
        last: _Matching[T] = []
        for templates, values in self._root.walk(path):
            for template, fulfils in _ordered(templates, query):
                (first if fulfils else last).append((template, values))
        return first + last


_Values: TypeAlias = tuple["str | Rest", ...]
_Matching: TypeAlias = list[tuple[Template[T], _Values]]


@dataclass(frozen=True, slots=True)
class _Shape:
    """A template without the names of its placeholders and without its conditions."""

    segments: tuple[tuple[object, ...], ...]
    slash: bool


def _shapes(routes: Iterable[tuple[Route, T]]) -> dict[_Shape, list[tuple[Route, T]]]:
    groups: dict[_Shape, list[tuple[Route, T]]] = {}
    for route, target in routes:
        segments = tuple(
            tuple(part if isinstance(part, str) else part.rest for part in segment)
            for segment in route.segments
        )
        slash = route.trailing_slash and bool(segments)
        groups.setdefault(_Shape(segments, slash), []).append((route, target))
    return groups


def _templates(group: Sequence[tuple[Route, T]]) -> tuple[Template[T], ...]:
    """Return one template per set of conditions, those with most conditions first."""
    by_conditions: dict[tuple[tuple[str, str | None], ...], list[tuple[Route, T]]] = {}
    for route, target in group:
        by_conditions.setdefault(route.conditions, []).append((route, target))
    ordered = sorted(by_conditions.items(), key=lambda item: -len(item[0]))
    return tuple(Template(conditions, _methods(members)) for conditions, members in ordered)


def _methods(members: Iterable[tuple[Route, T]]) -> dict[str, tuple[Served[T], ...]]:
    methods: dict[str, tuple[Served[T], ...]] = {}
    for route, target in members:
        names = tuple(
            part.name for segment in route.segments for part in segment if not isinstance(part, str)
        )
        served = Served(names, route.wanted, target)
        methods[route.method] = (*methods.get(route.method, ()), served)
    forwarded = methods.pop(_ANY, None)
    if forwarded is not None:
        methods = dict.fromkeys(METHODS, forwarded) | methods
    return ({"HEAD": methods["GET"]} if "GET" in methods else {}) | methods


def _ordered(templates: Sequence[Template[T]], query: bytes) -> Iterator[tuple[Template[T], bool]]:
    """Yield templates of one shape and whether they hold, more fulfilled conditions first."""
    if len(templates) == 1 and not templates[0].conditions:
        yield templates[0], True
        return
    given = parsed_query(query)
    counted = [(template.fulfilled(given), template) for template in templates]
    for count, template in sorted(counted, key=lambda item: -item[0]):
        yield template, count == len(template.conditions)


def _refused(found: "_Matching[T]") -> Refused[T]:
    methods = {method for template, _ in found for method in template.methods}
    first = next(served[0].target for served in found[0][0].methods.values())
    return Refused(tuple(sorted(methods | {"OPTIONS"})), first)
