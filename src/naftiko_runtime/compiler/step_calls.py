"""Compiles call steps: a linked call, what is stored of its answer (orchestration.md 2.8)."""

from naftiko_runtime.compiler.caller import Caller
from naftiko_runtime.compiler.calls import link_call
from naftiko_runtime.compiler.consumed_table import Caller as CalledBy
from naftiko_runtime.compiler.consumes import Consumed
from naftiko_runtime.compiler.outputs import consumed_mapper
from naftiko_runtime.compiler.tables import Tables
from naftiko_runtime.compiler.templates import Unresolved
from naftiko_runtime.compiler.with_values import WithEntries
from naftiko_runtime.diagnostics import Found
from naftiko_runtime.expressions.mapper import Mapper, Select
from naftiko_runtime.plan.function import CallStep, NamedOutput
from naftiko_runtime.spec.functions import Step


def call_step(tables: Tables, caller: Caller, step: Step, name: str) -> CallStep:
    """Return a call step; raise ``Unresolved`` when its operation is not there or unavailable."""
    if step.call is None:
        message = f"{caller.label}: step {name!r} has no call"
        raise tables.world.around.unresolved("call/nothing-to-run", step.place, message)
    by = CalledBy(caller.label, step.description)
    consumed = tables.consumed.find(step.call, step.at("call"), by, caller.origin)
    if consumed.problem is not None:
        raise Unresolved(consumed.problem)
    entries = WithEntries(step.with_ or {}, step.within("with"), step.at("with"))
    call = link_call(caller, consumed, entries, offers_body=False)
    unnamed, named = _stored(tables, consumed)
    return CallStep(name, call, unnamed, named, continues(tables.world.found, step))


def continues(found: Found, step: Step) -> bool:
    """Tell whether the function goes on after this step failed (2.24)."""
    if step.on_error not in (None, "stop", "continue"):
        message = f"onError {step.on_error!r} is neither stop nor continue"
        raise Unresolved(found.add("document/wrong-kind", step.at("onError"), message))
    return step.on_error == "continue"


def _stored(tables: Tables, consumed: Consumed) -> tuple[Mapper | None, tuple[NamedOutput, ...]]:
    """Return the unnamed output, or the named ones, of a consumed operation (2.10)."""
    outputs = consumed.source.output_parameters
    named = [output for output in outputs if output.name]
    if not named:
        unnamed = outputs[0] if len(outputs) == 1 else None
        return (consumed_mapper(tables.world, consumed.source, unnamed) if unnamed else None), ()
    return None, tuple(
        NamedOutput(name, mapper, each=_is_each(mapper)) for name, mapper in consumed.outputs
    )


def _is_each(mapper: Mapper) -> bool:
    """Tell whether an output is evaluated on every element of an array (2.10)."""
    path = mapper.path if isinstance(mapper, Select) else None
    return path is not None and path.definite and isinstance(path.first, str)
