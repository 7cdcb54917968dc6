"""The executor: the only way to reach an upstream."""

from collections.abc import Mapping
from types import TracebackType
from typing import Final, assert_never

from naftiko_runtime.engine.engine import Engine
from naftiko_runtime.engine.forward import forwarded
from naftiko_runtime.engine.inputs import check, settled
from naftiko_runtime.engine.result import NOBODY, Caller, Result, Value, Want
from naftiko_runtime.engine.running import Run
from naftiko_runtime.engine.scope import InvocationScope
from naftiko_runtime.engine.steps import run_steps
from naftiko_runtime.errors import FunctionUnavailable, InvocationError
from naftiko_runtime.expressions.mapper import null_if_absent
from naftiko_runtime.observability.telemetry import Work
from naftiko_runtime.plan.function import (
    Call,
    Constant,
    Forward,
    Function,
    Refer,
    Steps,
    Unavailable,
)
from naftiko_runtime.values import ABSENT, Json

_OK: Final = 200


def invoke(
    function: Function,
    inputs: Mapping[str, Json],
    engine: Engine,
    want: Want = Want.VALUE,
    caller: Caller = NOBODY,
) -> "Invocation":
    """Run a function; ``inputs`` are checked values by ``Input.name`` (``engine.inputs``).

    Yields ``Relayed`` (open until the context is left) or ``Value``; raises ``InvocationError``.
    Leaving the context early, or being cancelled, closes the upstream's connection at once.
    """
    return Invocation(function, inputs, Run(engine, want, caller))


class Invocation:
    """One run of a function, as a context: a class, because it is on the hot path."""

    __slots__ = ("_function", "_inputs", "_run")

    def __init__(self, function: Function, inputs: Mapping[str, Json], run: Run) -> None:
        self._function = function
        self._inputs = inputs
        self._run = run

    async def __aenter__(self) -> Result:
        try:
            return await run_function(self._function, self._inputs, self._run)
        except BaseException as error:
            # a context that was not entered is not left: what is open is closed here
            await self._run.close(type(error), error, error.__traceback__)
            raise

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._run.close(kind, error, trace)


async def run_function(function: Function, inputs: Mapping[str, Json], run: Run) -> Result:
    """Run a function in a scope of its own, within an invocation."""
    scope = InvocationScope(
        settled(function.inputs, inputs, run.engine.variables), run.engine.variables
    )
    match function.action:
        case Call():
            return await run.call(function.action, function.output, scope, run.want)
        case Constant(mapper=mapper):
            found = mapper.apply({}, scope)
            return Value(_OK, (), null_if_absent(found), empty=found is ABSENT)
        case Refer():
            return await _refer(function.action, scope, run)
        case Forward():
            return await forwarded(function.action, scope, run)
        case Steps():
            return await run_steps(function.action, scope, run)
        case Unavailable(diagnostic=diagnostic):
            raise FunctionUnavailable(diagnostic.message, diagnostic.code)
        case other:
            assert_never(other)


async def _refer(refer: Refer, scope: InvocationScope, run: Run) -> Result:
    """Run the function that an adapter's ``ref`` names, in a scope of its own (3.4)."""
    function = refer.function
    inputs = check(function.inputs, scope.narrowed(refer.arguments).inputs)
    work = run.engine.telemetry.ran(Work("function", function.name))
    try:
        result = await run_function(function, inputs, run)
    except InvocationError as error:
        work.ended(error.problem)
        raise
    except BaseException:
        work.ended("cancelled")
        raise
    work.ended()
    return result
