"""Runs functions with steps: in written order, overlapping where the plan allows it.

The result is always that of running one step after another (orchestration.md 2.7): when several
fail, the failure of the first in written order is the answer, and later ones are cancelled.
"""

import asyncio
import logging
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Final, assert_never

from naftiko_runtime.engine.lookups import look_up
from naftiko_runtime.engine.result import Relayed, Result, Value, Want
from naftiko_runtime.engine.running import Run
from naftiko_runtime.engine.scope import InvocationScope
from naftiko_runtime.engine.stored import result_of, stored_value
from naftiko_runtime.errors import InvalidInput, InvocationError
from naftiko_runtime.expressions.mapper import Select
from naftiko_runtime.expressions.path import ROOT
from naftiko_runtime.observability.telemetry import Work
from naftiko_runtime.plan.function import (
    CallStep,
    LookupStep,
    Output,
    Relay,
    Reshape,
    ScriptStep,
    Step,
    Steps,
)
from naftiko_runtime.values import ABSENT, Json

_LOG: Final = logging.getLogger("naftiko_runtime.engine")
_AT_ONCE: Final = 8
"""Steps of one call that run at the same time (orchestration.md 2.7)."""
_STRICT: Final[Output] = Reshape(Select(ROOT))
"""Read by the raw format, as consumed outputs demand (orchestration.md 2.9)."""


@dataclass(slots=True)
class StepsRun:
    """One run of a function's steps; ``failures`` and ``answers`` are by index.

    ``relays``: the answer of the last one is passed on as for a single call (2.27); it is
    ``relayed`` then.
    """

    steps: tuple[Step, ...]
    scope: InvocationScope
    run: Run
    relays: bool = False
    failures: dict[int, InvocationError | Relayed] = field(default_factory=dict)
    answers: dict[int, Value] = field(default_factory=dict)
    relayed: Relayed | None = None
    done: int = 0


async def run_steps(steps: Steps, scope: InvocationScope, run: Run) -> Result:
    """Return the result of a function with steps.

    A step that fails ends the function (2.23): an upstream's error answer is returned as it is,
    still open; a problem is raised with the step's name.
    """
    run.reads_aloud = False
    under_way = StepsRun(steps.steps, scope, run, steps.relays and run.want is Want.BODY)
    await _run_all(under_way)
    if under_way.failures:
        failure = under_way.failures[min(under_way.failures)]
        if isinstance(failure, InvocationError):
            raise failure
        return failure
    if under_way.relayed is not None:
        return under_way.relayed
    return result_of(steps, scope, under_way.answers)


async def _run_all(run: StepsRun) -> None:
    if not run.run.engine.options.sequential_steps and _overlaps(run.steps):
        await _run_overlapping(run)
        return
    for index in range(len(run.steps)):
        await _run_step(run, index)
        if run.failures:
            return


def _overlaps(steps: tuple[Step, ...]) -> bool:
    """Tell whether any step may begin before the one written before it has ended."""
    return any(index and index - 1 not in step.waits_for for index, step in enumerate(steps))


async def _run_overlapping(run: StepsRun) -> None:
    ended = [asyncio.Event() for _ in run.steps]
    limit = asyncio.Semaphore(_AT_ONCE)
    tasks: list[asyncio.Task[None]] = []

    async def one(index: int) -> None:
        for earlier in run.steps[index].waits_for:
            await ended[earlier].wait()
        async with limit:
            await _run_step(run, index)
        ended[index].set()
        if index in run.failures:
            # what comes later in the document can no longer matter
            for task in tasks[index + 1 :]:
                task.cancel()

    async with asyncio.TaskGroup() as group:
        tasks += [group.create_task(one(index)) for index in range(len(run.steps))]


async def _run_step(run: StepsRun, index: int) -> None:
    step = run.steps[index]
    recorded = run.run.engine.telemetry.ran(_work(step, index))
    problem: str | None = None
    began = perf_counter()
    try:
        problem = await _attempt(run, step, index)
    except BaseException:
        problem = problem or "cancelled"
        raise
    finally:
        recorded.ended(problem)
    run.done += 1
    _report(run, index, round((perf_counter() - began) * 1000, 1))


def _report(run: StepsRun, index: int, duration: float) -> None:
    """Tell the caller that a step ended (exposes.md MCP-30, MCP-31)."""
    caller, step = run.run.caller, run.steps[index]
    if caller.progress is not None:
        caller.progress(run.done, len(run.steps), step.name)
    if caller.log is not None:
        outcome = run.failures.get(index) or run.answers.get(index) or _relayed(run, index)
        status = {} if outcome is None else {"status": outcome.status}
        members = {"message": "step ended", "step": step.name, **status, "durationMs": duration}
        caller.log("info", members)


async def _attempt(run: StepsRun, step: Step, index: int) -> str | None:
    """Run one step and store its value; return the name of its problem."""
    try:
        failed = await _store(run, step, index)
    except InvocationError as error:
        _name_step(error, step)
        if not _continues(run, step, error.status):
            run.failures[index] = error
        return error.problem
    if failed is None:
        return None
    if not _continues(run, step, failed.status):
        run.failures[index] = failed
    return "upstream-status"


async def _store(run: StepsRun, step: Step, index: int) -> Relayed | None:
    """Store what a step gives; return an upstream's error answer instead of storing it."""
    scope = run.scope
    match step:
        case CallStep():
            return await _call(run, step, index)
        case LookupStep():
            value = look_up(step, scope)
        case ScriptStep():
            context = {**scope.inputs, **scope.steps, **_arguments(step, scope)}
            value = await run.run.engine.scripts.run(step.script, context)
        case other:
            assert_never(other)
    if value is not ABSENT:
        scope.steps[step.name] = value
    return None


def _arguments(step: ScriptStep, scope: InvocationScope) -> dict[str, Json]:
    values = ((name, argument.evaluate(scope)) for name, argument in step.arguments)
    return {name: value for name, value in values if value is not ABSENT}


async def _call(run: StepsRun, step: CallStep, index: int) -> Relayed | None:
    output = _STRICT if step.named or step.unnamed is not None else Relay()
    relays = run.relays and index == len(run.steps) - 1
    want = Want.BODY if relays else Want.VALUE
    result = await run.run.call(step.call, output, run.scope, want)
    if isinstance(result, Value):
        run.scope.steps[step.name] = stored_value(step, result.value, run.scope)
        run.answers[index] = result
        return None
    if result.failed:
        return replace(result, step=step.name)
    run.relayed = result
    return None


def _relayed(run: StepsRun, index: int) -> Relayed | None:
    return run.relayed if index == len(run.steps) - 1 else None


def _continues(run: StepsRun, step: Step, status: int) -> bool:
    if isinstance(step, LookupStep) or not step.continues:
        return False
    _LOG.warning("steps/continued: step %s failed with status %d; going on", step.name, status)
    if run.run.caller.log is not None:
        run.run.caller.log("warning", {"message": "step failed; going on", "step": step.name})
    return True


def _name_step(error: InvocationError, step: Step) -> None:
    """Say in a problem which step it happened in (2.23)."""
    if "step" not in error.members:
        error.members["step"] = step.name
        detail = error.detail
        if isinstance(error, InvalidInput):
            detail = "; ".join(f"{fault['name']} {fault['message']}" for fault in error.faults)
        error.detail = f'step "{step.name}": {detail}'


def _work(step: Step, index: int) -> Work:
    match step:
        case CallStep():
            operation = step.call.operation
            call = f"{operation.namespace}.{operation.name}"
            return Work("call", step.name, {"index": index, "call": call})
        case LookupStep():
            return Work("lookup", step.name, {"index": index, "match": step.match})
        case ScriptStep():
            script = step.script
            attributes: dict[str, str | int] = {
                "index": index,
                "script.file": script.files[-1].rpartition("/")[2],
                "script.language": script.language,
            }
            return Work("script", step.name, attributes)
        case other:
            assert_never(other)
