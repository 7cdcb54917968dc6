"""What a reload changed, operation by operation (exposes.md CTL-6)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from naftiko_runtime.errors import Place
from naftiko_runtime.plan.capability import Capability
from naftiko_runtime.plan.exposure import (
    ControlExposure,
    Exposure,
    McpExposure,
    RestExposure,
    SkillExposure,
)
from naftiko_runtime.values import Json

Name: TypeAlias = tuple[str, str, str]
"""File, namespace of the adapter, name of the operation."""
_NOWHERE = Place("")


def changes(before: Sequence[Capability], after: Sequence[Capability]) -> list[dict[str, Json]]:
    """Return ``{"file", "adapter", "name", "change"}`` for whatever is not the same."""
    old, new = dict(_served(before)), dict(_served(after))
    return [
        {"file": file, "adapter": adapter, "name": name, "change": change}
        for (file, adapter, name), change in _differences(old, new)
    ]


def _differences(
    old: Mapping[Name, object], new: Mapping[Name, object]
) -> Iterator[tuple[Name, str]]:
    for name, value in new.items():
        if name not in old:
            yield name, "added"
        elif old[name] != value:
            yield name, "modified"
    for name in old:
        if name not in new:
            yield name, "removed"


def _served(capabilities: Sequence[Capability]) -> Iterator[tuple[Name, object]]:
    for capability in capabilities:
        for exposure in capability.exposures:
            for name, value in _operations(exposure):
                yield (capability.file, exposure.namespace, name), value


def _operations(exposure: Exposure) -> Iterator[tuple[str, object]]:
    """Yield what an adapter holds by name, without places: moving a line changes nothing."""
    match exposure:
        case RestExposure(routes=routes):
            for route in routes:
                name = route.operation_id or f"{route.method} {route.template}"
                yield name, replace(route, place=_NOWHERE)
        case McpExposure(tools=tools, resources=resources, prompts=prompts):
            yield from ((tool.name, replace(tool, place=_NOWHERE)) for tool in tools)
            yield from ((resource.name, resource) for resource in resources)
            yield from ((prompt.name, prompt) for prompt in prompts)
        case SkillExposure(skills=skills):
            yield from ((skill.name, skill) for skill in skills)
        case ControlExposure():
            yield exposure.namespace, replace(exposure, place=_NOWHERE)
