"""Runs functions with steps: in written order, overlapping where the plan allows it.

The result is always that of running one step after another (orchestration.md 2.7): when several
fail, the failure of the first in written order is the answer, and later ones are cancelled.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from typing import Final, assert_never

from naftiko_runtime.engine.lookups import look_up
from naftiko_runtime.engine.result import Caller, Relayed, Result, Value
from naftiko_runtime.engine.scope import InvocationScope
from naftiko_runtime.engine.stored import result_of, stored_value
from naftiko_runtime.errors import InvocationError
from naftiko_runtime.observability.telemetry import Telemetry, Work
from naftiko_runtime.plan.function import CallStep, LookupStep, ScriptStep, Step, Steps
from naftiko_runtime.values import ABSENT, Absent, Json

_LOG: Final = logging.getLogger("naftiko_runtime.engine")
_AT_ONCE: Final = 8
"""Steps of one call that run at the same time (orchestration.md 2.7)."""

OpenCall = Callable[[CallStep, InvocationScope], AbstractAsyncContextManager[Result]]
RunScript = Callable[[ScriptStep, InvocationScope], Awaitable[Json | Absent]]


@dataclass(frozen=True, slots=True)
class Means:
    """What steps run with; ``call`` yields a value or a failed, still open answer."""

    call: OpenCall
    script: RunScript
    telemetry: Telemetry
    caller: Caller
    sequential: bool = False


@dataclass(slots=True)
class Run:
    """One run of a function's steps; ``failures`` are by index, ``last`` is the latest call."""

    steps: Steps
    scope: InvocationScope
    means: Means
    stack: AsyncExitStack
    failures: dict[int, "InvocationError | Relayed"] = field(default_factory=dict)
    answers: dict[int, Value] = field(default_factory=dict)
    done: int = 0

    @property
    def first_failure(self) -> int | None:
        return min(self.failures, default=None)


async def run_steps(
    steps: Steps, scope: InvocationScope, means: Means, stack: AsyncExitStack
) -> Result:
    """Return the result of a function with steps.

    A step that fails ends the function (2.23): an upstream's error answer is returned as it is,
    its exchange kept open on ``stack``; a problem is raised with the step's name.
    """
    run = Run(steps, scope, means, stack)
    if means.sequential or not _overlaps(steps.steps):
        for index in range(len(steps.steps)):
            await _run_step(run, index)
            if run.failures:
                break
    else:
        await _run_overlapping(run)
    failed = run.first_failure
    if failed is None:
        return result_of(steps, scope, run.answers)
    failure = run.failures[failed]
    if isinstance(failure, InvocationError):
        raise failure
    return failure


def _overlaps(steps: tuple[Step, ...]) -> bool:
    """Tell whether any step may begin before the one written before it has ended."""
    return any(index and index - 1 not in step.waits_for for index, step in enumerate(steps))


async def _run_overlapping(run: Run) -> None:
    ended = [asyncio.Event() for _ in run.steps.steps]
    limit = asyncio.Semaphore(_AT_ONCE)
    tasks: list[asyncio.Task[None]] = []

    async def one(index: int) -> None:
        for earlier in run.steps.steps[index].waits_for:
            await ended[earlier].wait()
        async with limit:
            await _run_step(run, index)
        ended[index].set()
        if index in run.failures:
            # what comes later in the document can no longer matter
            for task in tasks[index + 1 :]:
                task.cancel()

    async with asyncio.TaskGroup() as group:
        tasks += [group.create_task(one(index)) for index in range(len(run.steps.steps))]


async def _run_step(run: Run, index: int) -> None:
    step = run.steps.steps[index]
    recorded = run.means.telemetry.ran(_work(step, index))
    problem: str | None = None
    try:
        problem = await _attempt(run, step, index)
    except BaseException:
        problem = problem or "cancelled"
        raise
    finally:
        recorded.ended(problem)
    run.done += 1
    if run.means.caller.progress is not None:
        run.means.caller.progress(run.done, len(run.steps.steps), step.name)


async def _attempt(run: Run, step: Step, index: int) -> str | None:
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


async def _store(run: Run, step: Step, index: int) -> Relayed | None:
    """Store what a step gives; return an upstream's error answer instead of storing it."""
    scope = run.scope
    match step:
        case CallStep():
            return await _call(run, step, index)
        case LookupStep():
            value = look_up(step, scope)
        case ScriptStep():
            value = await run.means.script(step, scope)
        case other:
            assert_never(other)
    if value is not ABSENT:
        scope.steps[step.name] = value
    return None


async def _call(run: Run, step: CallStep, index: int) -> Relayed | None:
    async with AsyncExitStack() as own:
        result = await own.enter_async_context(run.means.call(step, run.scope))
        if isinstance(result, Relayed):
            if not step.continues:
                # the answer goes to the caller, so its exchange stays open
                run.stack.push_async_exit(own.pop_all().__aexit__)
            return Relayed(
                result.status,
                result.headers,
                result.chunks,
                result.failed,
                result.operation,
                step.name,
            )
        run.scope.steps[step.name] = stored_value(step, result.value, run.scope)
        run.answers[index] = result
    return None


def _continues(run: Run, step: Step, status: int) -> bool:
    if isinstance(step, LookupStep) or not step.continues:
        return False
    _LOG.warning("steps/continued: step %s failed with status %d; going on", step.name, status)
    if run.means.caller.log is not None:
        run.means.caller.log("warning", {"message": "step failed; going on", "step": step.name})
    return True


def _name_step(error: InvocationError, step: Step) -> None:
    """Say in a problem which step it happened in (2.23)."""
    if "step" not in error.members:
        error.members["step"] = step.name
        error.detail = f'step "{step.name}": {error.detail}'


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
