"""What a call step stores, and the result that a function with steps ends with."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from naftiko_runtime.engine.result import Binary, Value
from naftiko_runtime.engine.scope import InvocationScope
from naftiko_runtime.expressions.mapper import null_if_absent
from naftiko_runtime.expressions.reference import StoredArray, StoredObject
from naftiko_runtime.plan.function import CallStep, LastValue, NamedOutput, StepResult, Steps
from naftiko_runtime.values import ABSENT, Absent, Json

_OK: Final = 200


def stored_value(step: CallStep, raw: Json | Binary, scope: InvocationScope) -> Json:
    """Return what later steps see of an answer (orchestration.md 2.10)."""
    if isinstance(raw, Binary):
        raw = raw.described()
    if step.unnamed is not None:
        return null_if_absent(step.unnamed.apply(raw, scope))
    if not step.named:
        return raw
    if isinstance(raw, list):
        return _stored_array(step.named, raw, scope)
    outputs = {
        output.name: null_if_absent(output.mapper.apply(raw, scope)) for output in step.named
    }
    return StoredObject(outputs, raw)


def _stored_array(
    named: tuple[NamedOutput, ...], raw: list[Json], scope: InvocationScope
) -> StoredArray:
    each = [output for output in named if output.each]
    elements = [_element(element, each, scope) for element in raw] if each else raw
    whole = {
        output.name: value
        for output in named
        if not output.each and (value := output.mapper.apply(raw, scope)) is not ABSENT
    }
    return StoredArray(elements, whole)


def _element(element: Json, outputs: list[NamedOutput], scope: InvocationScope) -> Json:
    """Return a copy of an element with the outputs evaluated on it."""
    own = {output.name: null_if_absent(output.mapper.apply(element, scope)) for output in outputs}
    return {**element, **own} if isinstance(element, dict) else own


def result_of(steps: Steps, scope: InvocationScope, answers: Mapping[int, Value]) -> Value:
    """Return the result of a function whose steps all ended (orchestration.md 2.25 to 2.27)."""
    if steps.results is not None:
        return Value(_OK, (), _mapped(steps.results, steps, scope))
    last = _last(steps, scope)
    answer = _answer_of_last(steps, scope, answers)
    if steps.output is not None:
        value = null_if_absent(steps.output.apply(null_if_absent(last), scope))
        return Value(answer.status if answer is not None else _OK, (), value)
    if answer is not None and steps.relays and len(steps.steps) - 1 in answers:
        return replace(answer, operation=None)
    status = answer.status if answer is not None else _OK
    return Value(status, (), null_if_absent(last), empty=last is ABSENT)


def _mapped(results: tuple[StepResult, ...], steps: Steps, scope: InvocationScope) -> Json:
    members: dict[str, Json] = {}
    for result in results:
        if isinstance(result.value, LastValue):
            value = _last(steps, scope)
        else:
            value = result.value.evaluate(scope)
        if value is not ABSENT:
            _set(members, result.target, value)
    return members


def _set(members: dict[str, Json], target: tuple[str, ...], value: Json) -> None:
    """Set a nested member; a value in the way that is no object is replaced (2.25)."""
    for name in target[:-1]:
        inner = members.get(name)
        members[name] = dict(inner) if isinstance(inner, dict) else {}
        members = members[name]
    members[target[-1]] = value


def _last_stored(steps: Steps, scope: InvocationScope) -> int | None:
    """Return the index of the last step, in written order, that stored a value."""
    stored = [index for index, step in enumerate(steps.steps) if step.name in scope.steps]
    return stored[-1] if stored else None


def _last(steps: Steps, scope: InvocationScope) -> Json | Absent:
    index = _last_stored(steps, scope)
    return ABSENT if index is None else scope.steps[steps.steps[index].name]


def _answer_of_last(
    steps: Steps, scope: InvocationScope, answers: Mapping[int, Value]
) -> Value | None:
    index = _last_stored(steps, scope)
    return answers.get(index) if index is not None else None
