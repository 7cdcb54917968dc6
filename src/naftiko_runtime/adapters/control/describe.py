"""A capability as the console shows it: adapters, operations with their inputs, diagnostics."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from naftiko_runtime.plan.capability import Capability
from naftiko_runtime.plan.exposure import (
    ControlExposure,
    Exposure,
    McpExposure,
    RestExposure,
    SkillExposure,
)
from naftiko_runtime.plan.function import Function, Input, Unavailable
from naftiko_runtime.values import ABSENT, Json

Where: TypeAlias = Callable[[Capability, Exposure], str | None]


def described(plan: Capability, address: Where) -> dict[str, Json]:
    """Return one document with everything that it serves, and where."""
    return {
        "file": plan.file,
        "label": plan.label,
        "description": plan.description,
        "version": plan.version,
        "specVersion": plan.spec_version,
        "adapters": [_adapter(each, address(plan, each)) for each in plan.exposures],
        "withheld": [
            {"namespace": each.namespace, "diagnostic": each.diagnostic.as_json()}
            for each in plan.withheld
        ],
        "upstreams": [
            {"namespace": each.namespace, "description": each.description}
            for each in plan.upstreams
        ],
        "variables": sorted({each.source_name for each in plan.variables}),
    }


def function_named(
    plans: Sequence[Capability], file: str, namespace: str, operation: str
) -> Function | None:
    """Return the function behind an operation of ``described``; None when it is gone."""
    for plan in plans:
        for exposure in plan.exposures:
            if (plan.file, exposure.namespace) == (file, namespace):
                found = (function for name, function in _functions(exposure) if name == operation)
                return next(found, None)
    return None


def _adapter(exposure: Exposure, address: str | None) -> dict[str, Json]:
    return {
        "type": _type(exposure),
        "namespace": exposure.namespace,
        "address": address,
        "authentication": exposure.authentication is not None,
        "operations": list(_operations(exposure)),
    }


def _type(exposure: Exposure) -> str:
    match exposure:
        case RestExposure():
            return "rest"
        case McpExposure():
            return "mcp"
        case SkillExposure():
            return "skill"
        case ControlExposure():
            return "control"


def _operations(exposure: Exposure) -> Iterator[dict[str, Json]]:
    match exposure:
        case SkillExposure(skills=skills):
            for skill in skills:
                yield {"name": skill.name, "kind": "skill", "description": skill.description}
        case RestExposure(routes=routes):
            for route in routes:
                about = route.description or route.summary or route.function.description
                yield _operation(f"{route.method} {route.template}", "route", about, route.function)
        case McpExposure(tools=tools):
            for tool in tools:
                yield _operation(tool.name, "tool", tool.description, tool.function)
            yield from _rest_of_mcp(exposure)
        case ControlExposure():
            pass


def _rest_of_mcp(exposure: McpExposure) -> Iterator[dict[str, Json]]:
    for resource in exposure.resources:
        if resource.function is None:
            yield {"name": resource.uri, "kind": "resource", "description": resource.description}
        else:
            function = resource.function
            yield _operation(resource.uri, "resource", resource.description, function)
    for prompt in exposure.prompts:
        yield {"name": prompt.name, "kind": "prompt", "description": prompt.description}


def _functions(exposure: Exposure) -> Iterator[tuple[str, Function]]:
    match exposure:
        case RestExposure(routes=routes):
            yield from ((f"{each.method} {each.template}", each.function) for each in routes)
        case McpExposure(tools=tools, resources=resources):
            yield from ((each.name, each.function) for each in tools)
            yield from ((each.uri, each.function) for each in resources if each.function)
        case SkillExposure() | ControlExposure():
            pass


def _operation(
    name: str, kind: str, description: str | None, function: Function
) -> dict[str, Json]:
    shown: dict[str, Json] = {
        "name": name,
        "kind": kind,
        "description": description,
        "inputs": [_input(each) for each in function.inputs if each.constant is None],
    }
    if isinstance(function.action, Unavailable):
        shown["unavailable"] = function.action.diagnostic.as_json()
    return shown


def _input(declared: Input) -> dict[str, Json]:
    shown: dict[str, Json] = {
        "name": declared.name,
        "place": declared.place,
        "type": declared.type,
        "required": declared.required,
        "description": declared.description,
    }
    if declared.enum is not None:
        shown["enum"] = list(declared.enum)
    if declared.default is not ABSENT:
        shown["default"] = declared.default
    return shown
