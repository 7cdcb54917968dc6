"""Compiles functions with steps (orchestration.md 2)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from naftiko_runtime.compiler.caller import Caller
from naftiko_runtime.compiler.outputs import Shapes, has_constants, is_identity
from naftiko_runtime.compiler.overlap import ordered
from naftiko_runtime.compiler.step_calls import call_step
from naftiko_runtime.compiler.step_scripts import script_step
from naftiko_runtime.compiler.tables import Tables
from naftiko_runtime.compiler.templates import Unresolved, by_way_of
from naftiko_runtime.errors import Place
from naftiko_runtime.expressions.mapper import (
    ArrayShape,
    FirstOf,
    Fixed,
    Mapper,
    MapShape,
    ObjectShape,
    Select,
)
from naftiko_runtime.expressions.path import Path
from naftiko_runtime.expressions.reference import Expression, FromStep
from naftiko_runtime.plan.function import (
    CallStep,
    LastValue,
    LookupStep,
    Step,
    StepResult,
    Steps,
)
from naftiko_runtime.spec.consumes import Output
from naftiko_runtime.spec.functions import FunctionSpec
from naftiko_runtime.spec.functions import Step as Spec
from naftiko_runtime.values import compact

_TYPES: Final = ("call", "lookup", "script")
_RESERVED: Final = ("rest", "tools", "env")
_NAME: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


@dataclass(frozen=True, slots=True)
class _Named:
    """A step with its name and type decided (2.1, 2.2)."""

    spec: Spec
    name: str
    kind: str


def steps_of(tables: Tables, spec: FunctionSpec, caller: Caller) -> Steps:
    """Return the steps of a function and how they end; raise ``Unresolved``."""
    named = [_named(tables, caller, step, index) for index, step in enumerate(spec.steps)]
    _report_names(tables, caller, named)
    caller.later = frozenset(step.name for step in named)
    steps: list[Step] = []
    for step in named:
        steps.append(_step(tables, caller, step))
        caller.steps = (*caller.steps, step.name)
        caller.later = caller.later - {step.name}
    finished = ordered(steps)
    if spec.mappings:
        return Steps(finished, _results(tables, spec, caller))
    output = _output(tables, spec, caller)
    last = finished[-1]
    relays = output is None and isinstance(last, CallStep) and not last.unnamed and not last.named
    return Steps(finished, None, output, relays)


def _named(tables: Tables, caller: Caller, step: Spec, index: int) -> _Named:
    add, unresolved = tables.world.found.add, tables.world.around.unresolved
    name = step.name
    if not name:
        name = f"step-{index + 1}"
        add("steps/unnamed", step.place, f"{caller.label}: a step without name is {name}")
    kind = (step.type or "").lower()
    if not kind:
        kind = _inferred(step)
        if kind:
            message = f"{caller.label}: step {name!r} has no type; read as {kind}"
            add("steps/type-inferred", step.place, message)
    if kind not in _TYPES:
        message = (
            f"{caller.label}: step {name!r} has type {step.type!r}; known: call, lookup, script"
        )
        raise unresolved("steps/unknown-type", step.at("type"), message)
    return _Named(step, name, kind)


def _inferred(step: Spec) -> str:
    if step.call is not None:
        return "call"
    if step.index is not None or step.match is not None:
        return "lookup"
    return "script" if step.file is not None else ""


def _report_names(tables: Tables, caller: Caller, steps: Sequence[_Named]) -> None:
    world, seen = tables.world, set[str]()
    for step in steps:
        place, name = step.spec.place, step.name
        if name in seen:
            message = f"{caller.label}: two steps are called {name!r}; a reference means the latest"
            world.found.add("steps/duplicate-name", place, message)
        seen.add(name)
        if name in caller.drafts.declared:
            message = f"{caller.label}: {{{{{name}}}}} is the input; write $.{name} for the step"
            world.found.add("steps/name-hides-input", place, message)
        if name in _RESERVED or name in world.around.namespaces:
            message = f"{caller.label}: step {name!r} can only be written $.{name}"
            world.found.add("steps/name-reserved", place, message)


def _step(tables: Tables, caller: Caller, step: _Named) -> Step:
    try:
        match step.kind:
            case "call":
                return call_step(tables, caller, step.spec, step.name)
            case "lookup":
                return _lookup(tables, caller, step)
            case _:
                return script_step(tables, caller, step.spec, step.name)
    except Unresolved as unresolved:
        way = (
            f'step "{step.name}": call {step.spec.call}'
            if step.spec.call
            else f'step "{step.name}"'
        )
        raise Unresolved(by_way_of(unresolved.diagnostic, way)) from unresolved


def _lookup(tables: Tables, caller: Caller, step: _Named) -> LookupStep:
    spec, place = step.spec, step.spec.place
    unresolved = tables.world.around.unresolved
    if spec.match is None or spec.lookup_value is None or spec.index is None:
        message = f"{caller.label}: lookup {step.name!r} needs index, match and lookupValue"
        raise unresolved("lookup/incomplete", place, message)
    rows = _rows(tables, caller, spec.index, spec.at("index"))
    value = caller.value(spec.lookup_value, spec.at("lookupValue"))
    outputs = tuple(_lookup_output(entry) for entry in spec.output_parameters or ())
    return LookupStep(step.name, rows, rows.name, spec.match, value, outputs)


def _rows(tables: Tables, caller: Caller, index: str, place: Place) -> FromStep:
    if index in caller.steps:
        return FromStep(index)
    value = caller.value(index, place) if index not in caller.later else None
    if isinstance(value, FromStep):
        return value
    later = ", which runs later" if index in caller.later else ""
    known = ", ".join(caller.steps) or "none"
    message = f"{caller.label}: index {index!r} is no earlier step{later}; known: {known}"
    raise tables.world.around.unresolved("steps/unknown-step", place, message)


def _lookup_output(entry: object) -> tuple[str, Path]:
    if isinstance(entry, dict):
        name = str(entry.get("name", ""))
        written = entry.get("mapping") or entry.get("value")
        return name, Path.parse(str(written)) if written else _member(name)
    return str(entry), _member(str(entry))


def _member(name: str) -> Path:
    """Return the path of the member of exactly this name."""
    return Path.parse(f"$[{compact(name)}]")


def _results(tables: Tables, spec: FunctionSpec, caller: Caller) -> tuple[StepResult, ...]:
    add, seen = tables.world.found.add, set[str]()
    results = []
    for mapping in spec.mappings:
        if mapping.target_name in seen:
            message = f"{caller.label}: {mapping.target_name} is mapped twice; the later counts"
            add("mapping/duplicate-target", mapping.place, message)
        seen.add(mapping.target_name)
        target = tuple(mapping.target_name.split("."))
        results.append(StepResult(target, _result(caller, mapping.value, mapping.at("value"))))
    if any(output.mapping is not None for output in spec.output_parameters):
        message = (
            f"{caller.label}: mappings make the result; mapping of outputParameters is not read"
        )
        add("mapping/outputs-ignored", spec.at("outputParameters"), message)
    return tuple(results)


def _result(caller: Caller, value: object, place: Place) -> Expression | LastValue:
    if isinstance(value, str) and value.strip() in ("$", "$."):
        return LastValue()
    return caller.value(value, place)


def _output(tables: Tables, spec: FunctionSpec, caller: Caller) -> Mapper | None:
    """Return the outputs of a function without mappings; None: the last value (2.27)."""
    outputs = spec.output_parameters
    if is_identity(outputs) and not has_constants(outputs):
        return None
    place = spec.at("outputParameters")
    shapes = Shapes(tables.world, caller.label, caller.resolver(place))
    named = [output for output in outputs if output.name]
    if named:
        members = ((output.name or "", _one(shapes, caller, output)) for output in named)
        return ObjectShape(tuple(members), None, always=True)
    mappers = tuple(_one(shapes, caller, output) for output in outputs)
    return mappers[0] if len(mappers) == 1 else FirstOf(mappers)


def _one(shapes: Shapes, caller: Caller, output: Output) -> Mapper:
    """Return one output: of a step, of the step of its name, or of the last value (2.27)."""
    if output.mapping is not None:
        step = _step_path(shapes, caller, output)
        if step is None:
            return shapes.mapper(output)
        return _on_step(shapes, output, Fixed(step))
    if output.has("value") or output.has("const") or not output.name:
        return shapes.mapper(output)
    member = _on_step(shapes, output, Select(_member(output.name)))
    if output.name in caller.steps:
        return FirstOf((_on_step(shapes, output, Fixed(FromStep(output.name))), member))
    return member


def _step_path(shapes: Shapes, caller: Caller, output: Output) -> FromStep | None:
    mapping = output.mapping or ""
    path = shapes.path(mapping, output.at("mapping")) if mapping.startswith("$") else None
    if path is None or path.first is None or path.first not in caller.steps:
        return None
    rest = path.without_first()
    return FromStep(path.first, None if rest.is_root else rest)


def _on_step(shapes: Shapes, output: Output, base: Mapper) -> Mapper:
    """Return an output's shape over a value that does not come from its own mapping."""
    shaped = shapes.mapper(output.model_copy(update={"mapping": "$"}))
    if isinstance(shaped, ObjectShape | ArrayShape | MapShape):
        return replace(shaped, base=base)
    return base
