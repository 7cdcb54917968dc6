"""Compiles functions: whatever exposes them, one order of modes (orchestration.md 1)."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from naftiko_runtime.compiler.caller import Caller
from naftiko_runtime.compiler.calls import link_call
from naftiko_runtime.compiler.consumed_table import Caller as CalledBy
from naftiko_runtime.compiler.consumes import Consumed
from naftiko_runtime.compiler.drafts import Drafts, Side
from naftiko_runtime.compiler.inputs import inputs_of
from naftiko_runtime.compiler.mocks import mock_of
from naftiko_runtime.compiler.outputs import Shapes, has_constants, output_of
from naftiko_runtime.compiler.references import link_reference
from naftiko_runtime.compiler.schemas import output_schema
from naftiko_runtime.compiler.steps import steps_of
from naftiko_runtime.compiler.tables import Shared, Tables
from naftiko_runtime.compiler.templates import Unresolved, by_way_of
from naftiko_runtime.compiler.with_values import WithEntries
from naftiko_runtime.diagnostics import Found
from naftiko_runtime.plan.function import Action, Function, Input, Output, Relay, Steps, Unavailable
from naftiko_runtime.spec.consumes import Parameter
from naftiko_runtime.spec.functions import FunctionSpec
from naftiko_runtime.values import Json

_BODILESS = ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class Exposed:
    """A function as one adapter exposes it.

    ``parameters`` are its declared inputs of all levels; ``routes`` the variables of its path or
    URI; ``credentials`` the names under which the adapter's own authentication is presented.
    """

    side: Side
    label: str
    name: str
    parameters: Sequence[Parameter] = ()
    routes: tuple[str, ...] = ()
    origin: str | None = None
    method: str | None = None
    path: str | None = None
    credentials: frozenset[str] = frozenset()
    required_by_default: bool = True


@dataclass(slots=True)
class _Mode:
    """What one function turned out to be."""

    action: Action
    output: Output = field(default_factory=Relay)
    schema: Mapping[str, Json] | None = None
    consumed: Consumed | None = None
    shared: Shared | None = None


@dataclass(frozen=True, slots=True)
class Compiled:
    """A function with what its adapter shows of it when the document says nothing."""

    function: Function
    consumed: Consumed | None
    shared: Shared | None


def function_of(tables: Tables, spec: FunctionSpec, exposed: Exposed) -> Compiled:
    """Compile one function; its problems make it, and nothing else, unavailable (1.8)."""
    world = tables.world
    drafts = Drafts(world, exposed.side, exposed.label, exposed.routes)
    drafts.declare(exposed.parameters)
    steps = bool(spec.steps)
    caller = Caller(world, exposed.origin, exposed.label, drafts, has_steps=steps)
    try:
        mode = _mode(tables, spec, exposed, caller)
        inputs = inputs_of(drafts, required_by_default=exposed.required_by_default)
    except Unresolved as unresolved:
        mode = _Mode(Unavailable(unresolved.diagnostic))
        _read_entries(caller, with_entries(spec))
        inputs = _remaining_inputs(drafts, exposed)
    _report_derived(world.found, drafts, exposed, spec)
    inherited = mode.shared.source if mode.shared is not None else spec
    function = Function(
        name=exposed.name,
        inputs=inputs,
        action=mode.action,
        output=mode.output,
        output_schema=mode.schema,
        description=spec.description or inherited.description,
        label=spec.label or inherited.label,
    )
    return Compiled(function, mode.consumed, mode.shared)


def _read_entries(caller: Caller, entries: WithEntries) -> None:
    """Derive what ``with`` names, for the listing and for the choice of a route (REST-4)."""
    for key, value in entries.values.items():
        with suppress(Unresolved):
            caller.value(value, entries.at(key))


def _remaining_inputs(drafts: Drafts, exposed: Exposed) -> tuple[Input, ...]:
    """Return what is known of the inputs of an unavailable function, for its listing."""
    try:
        return inputs_of(drafts, required_by_default=exposed.required_by_default)
    except Unresolved:
        return ()


def _report_derived(found: Found, drafts: Drafts, exposed: Exposed, spec: FunctionSpec) -> None:
    # what an aggregate function declares is inherited, not derived (orchestration.md 3.3)
    derived = [d for d in drafts.derived.values() if d.route is None and d.parameter is None]
    if drafts.declares or not derived:
        return
    names = ", ".join(draft.name for draft in derived)
    if exposed.side == "mcp":
        message = f"{exposed.label} declares no inputs; derived: {names}"
        found.add("dialect/derived-tool-inputs", spec.place, message)
    elif exposed.side == "rest":
        message = f"{exposed.label} declares no inputs; derived: {names}"
        found.add("dialect/derived-rest-inputs", spec.place, message)


def _mode(tables: Tables, spec: FunctionSpec, exposed: Exposed, caller: Caller) -> _Mode:
    """Choose by the order ref, steps, call, constants (orchestration.md 1.1, 1.2)."""
    if spec.broken is not None:
        raise Unresolved(spec.broken)
    ref, call = _targets(tables, spec, exposed)
    if ref is not None:
        return _reference(tables, spec, exposed, caller, ref)
    _report_mappings(tables, spec)
    if spec.steps:
        return _steps(tables, spec, exposed, caller)
    if call is not None:
        return _call(tables, spec, exposed, caller, call)
    if has_constants(spec.output_parameters):
        action = mock_of(tables.world, spec, caller)
        return _Mode(action, Relay(), output_schema(spec.output_parameters))
    message = f"{exposed.label} has neither call, steps, ref nor constant outputs"
    raise tables.world.around.unresolved("call/nothing-to-run", spec.place, message)


def _targets(tables: Tables, spec: FunctionSpec, exposed: Exposed) -> tuple[str | None, str | None]:
    """Return ``ref`` and ``call``, each read as the other where only that fits (1.2)."""
    add, origin = tables.world.found.add, exposed.origin
    ref, call = spec.ref, spec.call
    if ref is not None:
        is_call = tables.consumed.has_namespace(ref, origin)
        if not tables.is_aggregate(ref, origin) and is_call:
            add("ref/is-call", spec.at("ref"), f"{exposed.label}: ref {ref} is read as call")
            return None, ref
        ignored = [key for key in ("steps", "call", "mappings") if getattr(spec, key)]
        if ignored:
            message = f"{exposed.label}: ref runs; {', '.join(ignored)} beside it have no effect"
            add("ref/keys-ignored", spec.at("ref"), message)
        return ref, None
    if call is not None and spec.steps:
        message = f"{exposed.label}: steps run; call {call} beside them has no effect"
        add("steps/call-ignored", spec.at("call"), message)
        return None, None
    is_consumed = call is None or tables.consumed.has_namespace(call, origin)
    if call is not None and not is_consumed and tables.is_aggregate(call, origin):
        add("call/is-ref", spec.at("call"), f"{exposed.label}: call {call} is read as ref")
        return call, None
    return None, call


def _report_mappings(tables: Tables, spec: FunctionSpec) -> None:
    if spec.mappings and not spec.steps:
        message = "mappings without steps have no effect; write outputParameters"
        tables.world.found.add("mapping/without-steps", spec.at("mappings"), message)


def with_entries(spec: FunctionSpec) -> WithEntries:
    """Return the ``with`` of a function and the place it stands at."""
    place = spec.at("with" if "with" in spec.values else "call")
    return WithEntries(spec.with_ or {}, spec.within("with"), place)


def _call(tables: Tables, spec: FunctionSpec, exposed: Exposed, caller: Caller, name: str) -> _Mode:
    by = CalledBy(exposed.label, spec.description, exposed.method, exposed.path)
    consumed = tables.consumed.find(name, spec.at("call"), by, exposed.origin)
    if consumed.problem is not None:
        raise Unresolved(consumed.problem)
    call = link_call(
        caller,
        consumed,
        with_entries(spec),
        offers_body=_offers_body(exposed, consumed),
        credentials=exposed.credentials,
    )
    outputs = spec.output_parameters
    shapes = Shapes(
        tables.world,
        exposed.label,
        caller.resolver(spec.at("outputParameters")),
        consumed.outputs,
        is_xml=call.operation.response.format == "xml",
    )
    response = call.operation.response
    output = output_of(shapes, outputs, response, spec.at("outputParameters"))
    schema = None if response.format == "binary" else output_schema(outputs)
    return _Mode(call, output, schema, consumed)


def _offers_body(exposed: Exposed, consumed: Consumed) -> bool:
    if exposed.side == "rest":
        return exposed.method not in _BODILESS
    return consumed.method != "DELETE"


def _reference(
    tables: Tables, spec: FunctionSpec, exposed: Exposed, caller: Caller, ref: str
) -> _Mode:
    shared = tables.reference(ref, spec.at("ref"), exposed.label, exposed.origin)
    inner = shared.function.action
    if isinstance(inner, Unavailable):
        raise Unresolved(by_way_of(inner.diagnostic, f"ref {ref}"))
    action = link_reference(caller, shared, with_entries(spec), exposed.method)
    schema = shared.function.output_schema
    outputs = spec.output_parameters
    if outputs and schema is None and not shared.source.output_parameters:
        schema = output_schema(outputs)
    return _Mode(action, Relay(), schema, None, shared)


def _steps(tables: Tables, spec: FunctionSpec, exposed: Exposed, caller: Caller) -> _Mode:
    action: Steps = steps_of(tables, spec, caller)
    return _Mode(action, Relay(), output_schema(spec.output_parameters))
