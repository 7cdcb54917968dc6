"""Finds the functions of a document by the names that people give (orchestration.md 6.9, 6.10)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from naftiko_runtime.cli.parser import UsageError
from naftiko_runtime.expressions.reference import Expression, FromInput
from naftiko_runtime.names import suggestion
from naftiko_runtime.plan.capability import Capability
from naftiko_runtime.plan.exposure import McpExposure, RestExposure, Route, Tool
from naftiko_runtime.plan.function import Call, Function, Input
from naftiko_runtime.plan.upstream import ConsumedOperation
from naftiko_runtime.runtime.arguments import argument_names

Kind = Literal["tool", "operation", "function", "consumed"]
_ORDER: Final[tuple[Kind, ...]] = ("tool", "operation", "function", "consumed")
"""Of equal names in different kinds the first kind is meant: one function, seen by callers."""


@dataclass(frozen=True, slots=True)
class Named:
    """A function under one of its names."""

    kind: Kind
    namespace: str
    name: str
    function: Function
    route: Route | None = None
    tool: Tool | None = None

    @property
    def full_name(self) -> str:
        return f"{self.namespace}.{self.name}"


def named_functions(capability: Capability) -> list[Named]:
    """Return every function that can be called, in document order."""
    return list(_functions(capability))


def _functions(capability: Capability) -> Iterator[Named]:
    for exposure in capability.exposures:
        namespace = exposure.namespace
        if isinstance(exposure, RestExposure):
            for route in exposure.routes:
                yield Named("operation", namespace, route.operation_id, route.function, route)
        if isinstance(exposure, McpExposure):
            for tool in exposure.tools:
                yield Named("tool", namespace, tool.written, tool.function, tool=tool)
    for full_name, function in capability.functions.items():
        namespace, _, name = full_name.rpartition(".")
        yield Named("function", namespace, name, function)
    for operation in capability.operations:
        yield Named("consumed", operation.namespace, operation.name, consumed(operation))


def consumed(operation: ConsumedOperation) -> Function:
    """Return a function that calls a consumed operation with arguments of its own names."""
    names = argument_names(operation)
    arguments: Mapping[str, Expression] = {name: FromInput(name) for name in names}
    inputs = tuple(Input(name, "argument", name, name, textual=True) for name in names)
    return Function(
        f"{operation.namespace}.{operation.name}",
        inputs,
        Call(operation, arguments),
        description=operation.description,
    )


def function_named(capability: Capability, name: str) -> Named:
    """Return the one function that a name fits; raise ``UsageError`` with the candidates."""
    known = named_functions(capability)
    fitting = [each for each in known if name in _names(each)]
    for kind in _ORDER:
        same = [each for each in fitting if each.kind == kind]
        if len(same) == 1:
            return same[0]
        if same:
            shown = ", ".join(_candidate(each) for each in same)
            raise UsageError(f"{name!r} fits several: {shown}")
    names = [each.name for each in known] + [each.full_name for each in known]
    listed = ", ".join(dict.fromkeys(each.name for each in known if each.name))
    hint = suggestion(name, names) or f"; there are {listed or 'none'}"
    raise UsageError(f"no function {name!r}{hint}")


def _names(named: Named) -> tuple[str, ...]:
    listed = (named.tool.name,) if named.tool is not None else ()
    return (named.name, named.full_name, *listed)


def _candidate(named: Named) -> str:
    if named.route is not None:
        return f"'{named.route.method} {named.route.template}'"
    return named.full_name
