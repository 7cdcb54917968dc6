"""``with`` keys that nothing of the consumed operation has (language.md 5.4, 10.12)."""

from dataclasses import replace
from typing import Final

from naftiko_runtime.compiler.fields import wire_name
from naftiko_runtime.compiler.needs import Need
from naftiko_runtime.compiler.with_values import Link, with_value
from naftiko_runtime.expressions.reference import (
    Either,
    Expression,
    FromInput,
    Literal,
    ObjectOf,
)
from naftiko_runtime.plan.upstream import Field, JsonBody
from naftiko_runtime.values import Json

_QUERY_METHODS: Final = ("GET", "HEAD", "DELETE")


def send_unmatched(link: Link, key: str, value: Json) -> None:
    """Link a ``with`` key that no parameter, placeholder or body variable has (5.4, 10.12)."""
    place = link.entries.at(key)
    found, label = link.caller.world.found, link.consumed.label
    if key in link.consumed.members:
        message = f"{link.caller.label}: with {key!r} replaces that member of the body of {label}"
        found.add("dialect/body-member-with", place, message)
        need = Need(key, "body", place)
        _replace_member(link, key, with_value(link, key, value, need))
    elif link.consumed.declares_nothing:
        message = (
            f"{link.caller.label}: {label} declares nothing; with {key!r} is sent all the same"
        )
        found.add("dialect/with-undeclared", place, message)
        _send_undeclared(link, key, value)
    else:
        message = (
            f"{link.caller.label}: with {key!r} matches nothing of {label} and is sent nowhere"
        )
        found.add("lint/with-unused", place, message)
        with_value(link, key, value, None)


def _argument_name(key: str) -> str:
    return f"with {key}"


def _replace_member(link: Link, key: str, value: Expression) -> None:
    body = link.operation.body
    name = _argument_name(key)
    link.arguments[name] = value
    if not isinstance(body, JsonBody):
        return
    members = body.data.members if isinstance(body.data, ObjectOf) else _literal_members(body.data)
    replaced = tuple(
        (member, Either((FromInput(name), given)) if member == key else given)
        for member, given in members
    )
    link.operation = replace(link.operation, body=replace(body, data=ObjectOf(replaced)))


def _literal_members(data: Expression) -> tuple[tuple[str, Expression], ...]:
    if isinstance(data, Literal) and isinstance(data.value, dict):
        return tuple((name, Literal(value)) for name, value in data.value.items())
    return ()


def _send_undeclared(link: Link, key: str, value: Json) -> None:
    name = _argument_name(key)
    place = link.entries.at(key)
    reading = link.operation.method in _QUERY_METHODS
    need = Need(key, "query" if reading else "body", place)
    link.arguments[name] = with_value(link, key, value, need)
    if reading:
        field = Field(wire_name(key), FromInput(name), key)
        link.operation = replace(link.operation, query=(*link.operation.query, field))
        return
    body = link.operation.body
    known = (
        body.data.members if isinstance(body, JsonBody) and isinstance(body.data, ObjectOf) else ()
    )
    data = ObjectOf((*known, (key, FromInput(name))))
    link.operation = replace(link.operation, body=JsonBody(data))
