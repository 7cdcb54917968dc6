"""Reads the inputs of a function from a request, each where its place says (exposes.md REST-6).

What must be looked at is decided once per route; a GET that needs nothing of the body never
touches it.
"""

from dataclasses import dataclass
from typing import Any, Final

from naftiko_runtime.adapters.rest.content import Content
from naftiko_runtime.adapters.rest.query import values_of
from naftiko_runtime.adapters.rest.request import Request
from naftiko_runtime.engine.conversion import converted
from naftiko_runtime.plan.function import Function, Input, InputPlace
from naftiko_runtime.values import ABSENT, Absent, Json

_BODILESS: Final = frozenset({"GET", "HEAD"})
_WRITES: Final = frozenset({"POST", "PUT", "PATCH"})


@dataclass(frozen=True, slots=True)
class Reading:
    """The inputs of one function, grouped by where they are read.

    ``derived`` are looked for in the query first; ``inside`` when anything may be in the body.
    ``relays``: one of ``whole`` takes the body itself. ``writes``: the method is one that is
    expected to have a body.
    """

    path: tuple[Input, ...]
    query: tuple[Input, ...]
    header: tuple[Input, ...]
    cookie: tuple[Input, ...]
    derived: tuple[Input, ...]
    members: tuple[Input, ...]
    whole: tuple[Input, ...]
    inside: bool
    relays: bool
    writes: bool
    is_only_derived: bool
    """Nothing but derived inputs may be in the body."""


def reading_of(function: Function, method: str) -> Reading:
    """Return how the inputs of a function are read from requests of a route with this method."""

    def at(place: InputPlace) -> tuple[Input, ...]:
        return tuple(
            each for each in function.inputs if each.place == place and each.constant is None
        )

    whole = at("body")
    if method in _BODILESS:
        # nothing may be relayed from a request that has no meaning for a body (language.md 5.9)
        whole = tuple(each for each in whole if not each.raw)
    derived, members = at("derived"), at("member")
    return Reading(
        path=at("path"),
        query=at("query"),
        header=at("header"),
        cookie=at("cookie"),
        derived=derived,
        members=members,
        whole=whole,
        inside=bool(derived or members or whole),
        relays=any(each.raw and not each.json for each in whole),
        writes=method in _WRITES,
        is_only_derived=not members and not whole,
    )


def outside_body(reading: Reading, request: Request) -> dict[str, Any]:
    """Return what path, query, headers and cookies give, by input name.

    Raises ``InvalidInput`` when a query is not UTF-8.
    """
    values: dict[str, Any] = {}
    for each in reading.path:
        value = request.values.get(each.key)
        if value is not None:
            values[each.name] = value
    for each in reading.query:
        _put(values, each, _query(each, request))
    for each in reading.header:
        _put(values, each, _header(each, request))
    for each in reading.cookie:
        _put(values, each, request.cookies.get(each.key, ABSENT))
    return values


def _put(values: dict[str, Any], each: Input, value: Json | Absent) -> None:
    if value is not ABSENT:
        values[each.name] = value


async def add_inside_body(reading: Reading, request: Request, values: dict[str, Any]) -> None:
    """Add derived inputs and what the body gives.

    Raises ``InvalidInput``, ``BodyTooLarge``, ``UnsupportedMediaType`` and ``CallerGone``.
    """
    missing = _derived(reading.derived, request, values)
    if reading.is_only_derived and request.is_bodiless:
        return
    if _needs_content(reading, request, derived=bool(missing)):
        content = await request.content(only_json=_only_json(reading))
        if _only_json(reading) and not request.body.is_empty:
            request.body.parsed = content.value
        for each in (*missing, *reading.members):
            value = _member(each, content)
            if value is not ABSENT:
                values[each.name] = _of_text(each, value) if content.textual else value
    for each in reading.whole:
        if not request.body.is_empty:
            values[each.name] = request.body if each.raw else (await request.content()).value


def _query(each: Input, request: Request) -> Json | Absent:
    values = values_of(request.query, each.key)
    if values is None:
        return ABSENT
    # several values count only where an array is declared (language.md 10.4)
    return values if each.type == "array" else values[0]


def _header(each: Input, request: Request) -> Json | Absent:
    value = request.header(each.key.casefold().encode("latin-1", "replace"))
    return ABSENT if value is None else value


def _derived(derived: tuple[Input, ...], request: Request, values: dict[str, Any]) -> list[Input]:
    """Put derived inputs that query or header give into ``values``; return the others."""
    missing: list[Input] = []
    for each in derived:
        value = _query(each, request)
        if value is ABSENT and each.feeds_header:
            value = _header(each, request)
        if value is ABSENT:
            missing.append(each)
        else:
            values[each.name] = _of_text(each, value)
    return missing


def _of_text(each: Input, value: Json) -> Json:
    """Return text as the type of an input that could also have come as JSON (language.md 10.8)."""
    return value if each.textual else converted(value, each.type, each.schema)


def _only_json(reading: Reading) -> bool:
    return any(each.json for each in reading.whole)


def _needs_content(reading: Reading, request: Request, *, derived: bool) -> bool:
    """Tell whether the body must be parsed (exposes.md REST-8).

    A derived input looks into a body that has members; only a write without a relayed body
    insists on one, and says 415 to everything else.
    """
    if reading.members or any(each.json or not each.raw for each in reading.whole):
        return True
    if not derived or request.body.is_empty:
        return False
    return request.has_content or (reading.writes and not reading.relays)


def _member(each: Input, content: Content) -> Json | Absent:
    value = content.value
    if value is ABSENT:
        return ABSENT
    if each.path is not None:
        return each.path.select(value)
    if not isinstance(value, dict):
        return ABSENT
    if each.key in value:
        return value[each.key]
    for name in each.key.split(".") if "." in each.key else ():
        value = value.get(name, ABSENT) if isinstance(value, dict) else ABSENT
    return value if value is not content.value else ABSENT
