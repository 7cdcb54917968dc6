"""Compiles query, header and cookie parameters (language.md 4.11 to 4.18)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from naftiko_runtime.compiler.needs import Need, NeedKind
from naftiko_runtime.compiler.sides import ConsumedSide
from naftiko_runtime.compiler.world import World
from naftiko_runtime.expressions.reference import Expression
from naftiko_runtime.plan.upstream import Field
from naftiko_runtime.spec.consumes import (
    ConsumedOperation,
    ConsumedResource,
    Consumes,
    Parameter,
)

LOCATIONS: Final = ("query", "header", "path", "cookie", "body", "environment")
_FORBIDDEN: Final = frozenset(
    [
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "keep-alive",
        "te",
        "trailer",
        "upgrade",
        "expect",
    ]
)
CREDENTIAL_HEADERS: Final = frozenset({"authorization", "proxy-authorization", "cookie"})
_KEPT_IN_NAMES: Final = "".join(chr(code) for code in range(33, 127) if chr(code) not in '"#<>&=+%')


@dataclass(frozen=True, slots=True)
class Fields:
    """Compiled parameters by place; ``constants`` are names that a caller cannot feed."""

    query: tuple[Field, ...]
    headers: tuple[Field, ...]
    cookies: tuple[Field, ...]
    constants: frozenset[str]


def merged_parameters(
    world: World, adapter: Consumes, resource: ConsumedResource, operation: ConsumedOperation
) -> tuple[Parameter, ...]:
    """Return the parameters of all levels, inner ones in place of outer ones (4.11, 4.14)."""
    text = f"{resource.path}{operation.path or ''}"
    method = (operation.method or "GET").upper()
    merged: dict[tuple[str, str], Parameter] = {}
    for level in (adapter, resource, operation):
        for parameter in level.input_parameters:
            placed = located(world, parameter, method, text)
            key = (placed.in_ or "", _key_name(placed))
            merged.pop(key, None)
            merged[key] = placed
    return tuple(merged.values())


def _key_name(parameter: Parameter) -> str:
    return parameter.name.lower() if parameter.in_ == "header" else parameter.name


def located(world: World, parameter: Parameter, method: str, path: str) -> Parameter:
    """Return a parameter with a known place (4.14)."""
    location = (parameter.in_ or "").lower()
    if location in LOCATIONS:
        return parameter if parameter.in_ == location else _moved(parameter, location)
    location = _guessed(parameter.name, method, path)
    written = f"in: {parameter.in_}" if parameter.in_ else "no in"
    world.found.add(
        "dialect/parameter-location",
        parameter.place,
        f"parameter {parameter.name!r} has {written}; read as in: {location}",
    )
    return _moved(parameter, location)


def _moved(parameter: Parameter, location: str) -> Parameter:
    return parameter.model_copy(update={"in_": location})


def _guessed(name: str, method: str, path: str) -> str:
    if f"{{{name}}}" in path or f"{{{{{name}}}}}" in path:
        return "path"
    return "query" if method in ("GET", "HEAD", "DELETE") else "body"


def fields_of(side: ConsumedSide, parameters: Sequence[Parameter]) -> Fields:
    """Return the query, header and cookie fields in the order sent."""
    sent: dict[str, list[Field]] = {"query": [], "header": [], "cookie": []}
    constants: set[str] = set()
    for parameter in parameters:
        location = parameter.in_ or ""
        if location not in sent or _is_forbidden(side, parameter):
            continue
        field = _field(side, parameter)
        sent[location].append(field)
        if _is_constant(parameter):
            constants.add(parameter.name)
    return Fields(
        tuple(sent["query"]), tuple(sent["header"]), tuple(sent["cookie"]), frozenset(constants)
    )


def _is_constant(parameter: Parameter) -> bool:
    return parameter.has("value") and parameter.value is not None


def _is_forbidden(side: ConsumedSide, parameter: Parameter) -> bool:
    name = parameter.name.lower()
    if parameter.in_ != "header" or not (name in _FORBIDDEN or name.startswith("proxy-")):
        return False
    side.world.found.add(
        "consumes/forbidden-header",
        parameter.place,
        f"{side.label}: header {parameter.name} belongs to the connection and is not sent",
    )
    return True


def _field(side: ConsumedSide, parameter: Parameter) -> Field:
    location = parameter.in_ or ""
    name = parameter.name if location == "header" else wire_name(parameter.name)
    if _is_constant(parameter):
        value = side.json(parameter.value, "value", parameter.at("value"))
        return Field(name, value, parameter.name)
    required = parameter.required is True and not parameter.has("default")
    value = _argument(side, parameter, required=required)
    is_credential = location == "header" and parameter.name.lower() in CREDENTIAL_HEADERS
    # a credential of the caller is never derived, and then not required (6.3)
    return Field(name, value, parameter.name, required and not is_credential)


def _argument(side: ConsumedSide, parameter: Parameter, *, required: bool) -> Expression:
    kinds: dict[str, NeedKind] = {"query": "query", "header": "header", "cookie": "cookie"}
    return side.needs.add(
        Need(
            parameter.name,
            kinds[parameter.in_ or ""],
            parameter.place,
            parameter,
            required=required,
        )
    )


def wire_name(name: str) -> str:
    """Return a query or cookie name as it is sent (4.15)."""
    return quote(name, safe=_KEPT_IN_NAMES)
