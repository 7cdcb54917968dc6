"""One call being linked, and the values of its ``with`` (language.md 3.2, 5.11, 6.3)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from naftiko_runtime.compiler.caller import Caller
from naftiko_runtime.compiler.consumes import Consumed
from naftiko_runtime.compiler.needs import Need
from naftiko_runtime.errors import Place
from naftiko_runtime.expressions.reference import MISSING, Expression, FromInput
from naftiko_runtime.plan.upstream import CallerBody, ConsumedOperation
from naftiko_runtime.values import Json


@dataclass(frozen=True, slots=True)
class WithEntries:
    """The ``with`` of a call and where its values stand."""

    values: Mapping[str, Json]
    places: Mapping[str, Place]
    place: Place

    def at(self, key: str) -> Place:
        return self.places.get(key, self.place)


@dataclass(slots=True)
class Link:
    """One call being linked."""

    caller: Caller
    consumed: Consumed
    entries: WithEntries
    operation: ConsumedOperation
    arguments: dict[str, Expression]
    fed: dict[str, str]
    """Need names → the ``with`` keys that feed them."""
    body_offered: bool
    derives_optional: bool
    own_authentication: frozenset[str]


def with_value(link: Link, key: str, value: Json, need: Need | None) -> Expression:
    place = link.entries.at(key)
    if value is None:
        return MISSING
    if _is_passthrough(link, value):
        message = (
            f"{link.caller.label}: {value!r} is the credential of this adapter's own "
            "authentication; it never goes upstream"
        )
        link.caller.world.found.add("auth/passthrough", place, message)
        return MISSING
    if need is not None and link.consumed.sole_body == need.name and _is_whole_body(value):
        return _whole_body(link, need, place)
    return link.caller.value(value, place, need)


def _is_passthrough(link: Link, value: Json) -> bool:
    if not isinstance(value, str) or not link.own_authentication:
        return False
    name = link.caller.world.around.input_name(value.strip("{} "))
    return name is not None and name.name.lower() in link.own_authentication


def _is_whole_body(value: Json) -> bool:
    return isinstance(value, str) and value.strip("{} ") in ("rest.body", "tools.body")


def _whole_body(link: Link, need: Need, place: Place) -> Expression:
    """Make the sole ``in: body`` parameter the whole JSON body (5.11)."""
    body = CallerBody(FromInput(need.name), json=True)
    link.operation = replace(link.operation, body=body)
    return link.caller.value("rest.body", place, replace(need, kind="whole"))
