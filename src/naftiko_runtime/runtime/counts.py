"""How much a document serves, and how much of it not."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from naftiko_runtime.plan.capability import Capability
from naftiko_runtime.plan.exposure import Exposure, McpExposure, RestExposure
from naftiko_runtime.plan.function import Function, Unavailable


@dataclass(frozen=True, slots=True)
class Counts:
    """REST operations, tools, and functions of any adapter that cannot run."""

    operations: int = 0
    tools: int = 0
    unavailable: int = 0


def counts_of(capability: Capability) -> Counts:
    """Count what the adapters of a document hold."""
    exposures = capability.exposures
    return Counts(
        sum(len(each.routes) for each in exposures if isinstance(each, RestExposure)),
        sum(len(each.tools) for each in exposures if isinstance(each, McpExposure)),
        sum(isinstance(function.action, Unavailable) for function in _functions(exposures)),
    )


def _functions(exposures: Iterable[Exposure]) -> Iterator[Function]:
    for exposure in exposures:
        if isinstance(exposure, RestExposure):
            yield from (route.function for route in exposure.routes)
        if isinstance(exposure, McpExposure):
            yield from (tool.function for tool in exposure.tools)
            yield from (each.function for each in exposure.resources if each.function is not None)
            yield from (each.function for each in exposure.prompts if each.function is not None)
