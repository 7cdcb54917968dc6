"""Says which consumed operations nothing calls (dialect.md E3)."""

from collections.abc import Iterator, Sequence
from typing import Any

from naftiko_runtime.compiler.consumes import Consumed
from naftiko_runtime.compiler.tables import Tables
from naftiko_runtime.compiler.world import World
from naftiko_runtime.plan.exposure import Exposure, McpExposure, RestExposure
from naftiko_runtime.plan.function import Call, CallStep, Function, Refer, Steps
from naftiko_runtime.spec.functions import FunctionSpec
from naftiko_runtime.spec.model import SpecModel


def report_usage(
    world: World, operations: Sequence[Consumed], exposures: Sequence[Exposure], tables: Tables
) -> None:
    """Report the consumed operations that no function calls, as a count.

    A function that is unavailable calls what it says all the same: who mends it needs that.
    """
    functions = [*_exposed(exposures), *_shared(tables)]
    called = {name for function in functions for name in _called(function.action)}
    document = world.document
    for spec in _specs([*document.exposes, *document.aggregates]):
        found = (each for call in _written(spec) for each in tables.consumed.named(call))
        called.update((each.namespace, each.name) for each in found)
    unused = [
        each
        for each in operations
        if each.operation is not None and (each.namespace, each.name) not in called
    ]
    for each in unused if exposures else ():
        names = ", ".join(other.name for other in unused[:5])
        message = f"{len(unused)} consumed operations are called by nothing: {names}"
        world.found.add("lint/operation-unused", each.source.place, message)


def _specs(value: object) -> Iterator[FunctionSpec]:
    """Yield the functions as written, wherever they stand."""
    if isinstance(value, FunctionSpec):
        yield value
    if isinstance(value, SpecModel):
        for name in type(value).model_fields:
            yield from _specs(getattr(value, name))
    elif isinstance(value, list):
        for each in value:
            yield from _specs(each)


def _written(spec: FunctionSpec) -> Iterator[str]:
    """Yield the texts of the calls that a function makes (orchestration.md 1.1)."""
    if spec.steps:
        yield from (step.call for step in spec.steps if step.call is not None)
    elif spec.ref is not None:
        yield spec.ref
    elif spec.call is not None:
        yield spec.call


def _exposed(exposures: Sequence[Exposure]) -> Iterator[Function]:
    for exposure in exposures:
        if isinstance(exposure, RestExposure):
            yield from (route.function for route in exposure.routes)
        elif isinstance(exposure, McpExposure):
            yield from (tool.function for tool in exposure.tools)
            yield from (each.function for each in exposure.resources if each.function is not None)
            yield from (each.function for each in exposure.prompts if each.function is not None)


def _shared(tables: Tables) -> Iterator[Function]:
    for functions in tables.shared.values():
        yield from (shared.function for shared in functions.values())


def _called(action: Any) -> Iterator[tuple[str, str]]:
    if isinstance(action, Call):
        yield action.operation.namespace, action.operation.name
    elif isinstance(action, Refer):
        yield from _called(action.function.action)
    elif isinstance(action, Steps):
        for step in action.steps:
            if isinstance(step, CallStep):
                yield from _called(step.call)
