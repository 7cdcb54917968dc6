"""What a tool's ``outputSchema`` promises, and how a result is made to keep it.

Clients reject a result that breaks the promise, so a value of another type is converted when
nothing is lost and is null otherwise (exposes.md MCP-15).
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from naftiko_runtime.values import ABSENT, Absent, Json, compact

_INTEGER: Final = re.compile(r"-?(0|[1-9][0-9]*)")
_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_LONGEST_NUMBER: Final = 400


@dataclass(frozen=True, slots=True)
class Shape:
    """One place of an output schema: allowed types (none: any) and what stands below it."""

    types: tuple[str, ...] = ()
    members: Mapping[str, "Shape"] = field(default_factory=dict)
    others: "Shape | None" = None
    """The shape of members that are not named."""
    items: "Shape | None" = None
    choices: tuple[Json, ...] = ()


def shape_of(schema: Mapping[str, Json]) -> Shape:
    """Return what an output schema promises; keywords that say more are not promised."""
    types = schema.get("type", ())
    items, others = schema.get("items"), schema.get("additionalProperties")
    return Shape(
        types=(types,) if isinstance(types, str) else tuple(types),
        members={name: shape_of(member) for name, member in schema.get("properties", {}).items()},
        others=shape_of(others) if isinstance(others, Mapping) else None,
        items=shape_of(items) if isinstance(items, Mapping) else None,
        choices=tuple(schema.get("enum", ())),
    )


def kept(value: Json, shape: Shape, pointer: str = "") -> tuple[Json, tuple[str, ...]]:
    """Return the value as promised, and JSON pointers of what had to become null."""
    fitting = _fitting(value, shape)
    if fitting is ABSENT:
        return None, (pointer,)
    broken: list[str] = []
    if isinstance(fitting, dict):
        return _members(fitting, shape, pointer, broken), tuple(broken)
    if isinstance(fitting, list) and shape.items is not None:
        return _elements(fitting, shape.items, pointer, broken), tuple(broken)
    return fitting, ()


def _members(
    value: dict[str, Json], shape: Shape, pointer: str, broken: list[str]
) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for name, member in value.items():
        promised = shape.members.get(name, shape.others)
        if promised is None:
            found[name] = member
            continue
        place = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
        found[name], below = kept(member, promised, place)
        broken.extend(below)
    return found


def _elements(value: list[Json], shape: Shape, pointer: str, broken: list[str]) -> list[Json]:
    found: list[Json] = []
    for index, element in enumerate(value):
        promised, below = kept(element, shape, f"{pointer}/{index}")
        found.append(promised)
        broken.extend(below)
    return found


def _fitting(value: Json, shape: Shape) -> Json | Absent:
    """Return the value in one of the allowed types, or ABSENT when that would lose something."""
    if not shape.types or any(_is(value, name) for name in shape.types):
        found = value
    else:
        converted = (_converted(value, name) for name in shape.types)
        found = next((each for each in converted if each is not ABSENT), ABSENT)
    if shape.choices and found is not None and found not in shape.choices:
        return ABSENT
    return found


def _is(value: Json, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    if isinstance(value, float):
        return name == "number" or (name == "integer" and value.is_integer())
    return name in _NAMES.get(type(value), ())


_NAMES: Final[Mapping[type, tuple[str, ...]]] = {
    type(None): ("null",),
    int: ("integer", "number"),
    str: ("string",),
    list: ("array",),
    dict: ("object",),
}


def _converted(value: Json, name: str) -> Json | Absent:
    if name == "string" and isinstance(value, bool | int | float):
        return compact(value)
    if not isinstance(value, str) or len(value) > _LONGEST_NUMBER:
        return ABSENT
    if name == "boolean":
        return {"true": True, "false": False}.get(value, ABSENT)
    return _number(value, name) if name in ("integer", "number") else ABSENT


def _number(text: str, name: str) -> int | float | Absent:
    if _INTEGER.fullmatch(text) and text != "-0":
        return int(text)
    return _exact(text) if name == "number" and _NUMBER.fullmatch(text) else ABSENT


def _exact(text: str) -> float | Absent:
    """Return a number when reading it as a double loses nothing."""
    number = float(text)
    exact = not math.isinf(number) and Decimal(repr(number)) == Decimal(text)
    return number if exact else ABSENT
