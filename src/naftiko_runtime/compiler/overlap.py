"""Decides which steps may overlap in time (orchestration.md 2.7)."""

from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, Final

from naftiko_runtime.expressions.reference import FromStep
from naftiko_runtime.plan.function import CallStep, ScriptStep, Step

_SAFE: Final = ("GET", "HEAD")


def ordered(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Return the steps with the indexes of the steps that each must wait for."""
    names = [step.name for step in steps]
    overlapping = len(set(names)) == len(names)
    return tuple(
        replace(step, waits_for=_waits(steps, index, overlapping=overlapping))
        for index, step in enumerate(steps)
    )


def _waits(steps: Sequence[Step], index: int, *, overlapping: bool) -> tuple[int, ...]:
    if not overlapping:
        return tuple(range(index))
    referred = {reference.name for reference in _references(steps[index])}
    return tuple(
        earlier
        for earlier in range(index)
        if steps[earlier].name in referred
        or _is_barrier(steps[earlier])
        or _is_barrier(steps[index])
    )


def _is_barrier(step: Step) -> bool:
    """Tell whether a step runs alone: a script, or a call that may change something."""
    if isinstance(step, CallStep):
        return step.call.operation.method not in _SAFE
    return isinstance(step, ScriptStep)


def _references(node: Any) -> Iterator[FromStep]:
    """Yield the step references of a plan node, at any depth."""
    if isinstance(node, FromStep):
        yield node
    if isinstance(node, dict):
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, tuple):
        for value in node:
            yield from _references(value)
    elif is_dataclass(node) and not isinstance(node, type):
        for field in fields(node):
            yield from _references(getattr(node, field.name))
