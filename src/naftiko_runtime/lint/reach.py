"""What a plan reaches: the operations behind adapters and functions."""

from collections.abc import Iterator
from typing import assert_never

from naftiko_runtime.plan.exposure import (
    ControlExposure,
    Exposure,
    McpExposure,
    RestExposure,
    SkillExposure,
)
from naftiko_runtime.plan.function import (
    Action,
    Call,
    CallStep,
    Constant,
    Forward,
    Function,
    Refer,
    Steps,
    Unavailable,
)
from naftiko_runtime.plan.upstream import ConsumedOperation


def functions_behind(exposure: Exposure) -> Iterator[Function]:
    """Yield every function that an adapter serves."""
    match exposure:
        case RestExposure(routes=routes):
            yield from (route.function for route in routes)
        case McpExposure(tools=tools, resources=resources, prompts=prompts):
            yield from (tool.function for tool in tools)
            found = (*(each.function for each in resources), *(each.function for each in prompts))
            yield from (function for function in found if function is not None)
        case SkillExposure(skills=skills):
            tools_of = (tool for skill in skills for tool in skill.tools)
            yield from (tool.function for tool in tools_of if tool.function is not None)
        case ControlExposure():
            pass
        case other:
            assert_never(other)


def operations_of(exposure: Exposure) -> Iterator[ConsumedOperation]:
    """Yield every consumed operation that an adapter can call."""
    for function in functions_behind(exposure):
        yield from (call.operation for call in calls_of(function.action))


def calls_of(action: Action) -> Iterator[Call]:
    """Yield every request that an action makes, those of its steps and functions too."""
    match action:
        case Call():
            yield action
        case Steps(steps=steps):
            yield from (step.call for step in steps if isinstance(step, CallStep))
        case Refer(function=function):
            yield from calls_of(function.action)
        case Constant() | Forward() | Unavailable():
            pass
        case other:
            assert_never(other)


def uses_credentials(exposure: Exposure) -> bool:
    """Tell whether calling an adapter makes the runtime use a credential of its own."""
    for function in functions_behind(exposure):
        if isinstance(function.action, Forward):
            if function.action.upstream.authentication is not None:
                return True
        elif any(call.operation.authentication is not None for call in calls_of(function.action)):
            return True
    return False
