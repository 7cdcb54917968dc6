"""Compiles a document to its plan: links every reference, decides every meaning, once."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from naftiko_runtime.compiler.aggregates import compile_aggregates
from naftiko_runtime.compiler.consumed_table import ConsumedTable
from naftiko_runtime.compiler.consumes import Consumed, consumed_operations
from naftiko_runtime.compiler.control import control_exposure
from naftiko_runtime.compiler.exposes_mcp import mcp_exposure
from naftiko_runtime.compiler.exposes_rest import rest_exposure
from naftiko_runtime.compiler.exposes_skill import skill_exposure
from naftiko_runtime.compiler.files import Files
from naftiko_runtime.compiler.tables import Tables, aggregate_namespace
from naftiko_runtime.compiler.templates import Surroundings, Unresolved
from naftiko_runtime.compiler.upstreams import CompiledAdapter, compiled_adapter
from naftiko_runtime.compiler.usage import report_usage
from naftiko_runtime.compiler.variables import variables_of
from naftiko_runtime.compiler.world import World
from naftiko_runtime.diagnostics import Found
from naftiko_runtime.options import Settings
from naftiko_runtime.plan.capability import Capability
from naftiko_runtime.plan.exposure import Exposure, Withheld
from naftiko_runtime.plan.function import Function
from naftiko_runtime.spec.consumes import Consumes
from naftiko_runtime.spec.document import Document, Exposes
from naftiko_runtime.spec.exposes_mcp import McpAdapter
from naftiko_runtime.spec.exposes_rest import RestAdapter
from naftiko_runtime.spec.exposes_skill import SkillAdapter


def compile_capability(
    document: Document,
    settings: Settings,
    found: Found,
    files: Files,
    missing_extras: Mapping[str, str] | None = None,
) -> Capability:
    """Return the plan of a document; every problem goes to ``found``, none is raised.

    ``missing_extras`` names raw formats and script languages that cannot run in this process and
    what to install for them (language.md 7.15, orchestration.md 2.18).
    """
    world = _world(document, settings, found, files, missing_extras or {})
    adapters = [compiled_adapter(world, each, i) for i, each in enumerate(document.consumes)]
    tables = _tables(world, adapters)
    compile_aggregates(tables)
    exposures, withheld = _exposures(tables, document.exposes)
    operations = [each for group in tables.consumed.own.values() for each in group]
    report_usage(world, operations, exposures, tables)
    world.variables.report_unused(document.binds)
    if not document.exposes:
        message = "this document exposes nothing; others can import it"
        found.add("document/nothing-exposed", document.place, message)
    return Capability(
        file=document.place.file,
        label=document.info.label,
        description=document.info.description,
        version=document.info.version,
        family=document.family,
        spec_version=document.version,
        upstreams=tuple(adapter.upstream for adapter in adapters),
        operations=tuple(each.operation for each in operations if each.operation is not None),
        functions=_shared_functions(tables),
        exposures=tuple(exposures),
        withheld=tuple(withheld),
        variables=world.variables.in_use(),
        info={"tags": document.info.tags or []},
    )


def _shared_functions(tables: Tables) -> dict[str, Function]:
    """Return the aggregate functions by ``namespace.name``."""
    return {
        f"{namespace}.{name}": shared.function
        for namespace, functions in tables.shared.items()
        for name, shared in functions.items()
    }


def finished(capability: Capability, found: Found, files: Sequence[str], digest: str) -> Capability:
    """Return a plan with all diagnostics of its document, the files read and their digest."""
    return replace(capability, diagnostics=found.merged(), files=tuple(files), digest=digest)


def _world(
    document: Document,
    settings: Settings,
    found: Found,
    files: Files,
    missing_extras: Mapping[str, str],
) -> World:
    variables = variables_of(document, settings, files, found)
    aggregates = [
        *document.aggregates,
        *(a for each in document.libraries for a in each.aggregates),
    ]
    names = {adapter.namespace for adapter in document.exposes if adapter.namespace}
    names |= {aggregate_namespace(aggregate) for aggregate in aggregates}
    around = Surroundings(variables, found, frozenset(names))
    return World(
        document.place.file, document, settings, files, found, variables, around, missing_extras
    )


def _tables(world: World, adapters: Sequence[CompiledAdapter]) -> Tables:
    document = world.document
    failed = document.failed_imports
    imported = {}
    for library in document.libraries:
        hidden = [
            compiled_adapter(world, each, index) for index, each in enumerate(library.consumes)
        ]
        imported[library.origin] = _by_namespace(world, hidden, library.consumes)
    aliases = {name: alias for each in document.libraries for name, alias in each.aliases.items()}
    first: dict[str, CompiledAdapter] = {}
    for adapter in adapters:
        first.setdefault(adapter.source.namespace, adapter)
    own = _by_namespace(world, adapters, document.consumes, report=True)
    consumed = ConsumedTable(world, own, imported, failed, aliases, first)
    return Tables(world, consumed, failed=failed)


def _by_namespace(
    world: World,
    adapters: Sequence[CompiledAdapter],
    specs: Sequence[Consumes],
    *,
    report: bool = False,
) -> dict[str, list[Consumed]]:
    groups: dict[str, list[Consumed]] = {}
    for adapter, spec in zip(adapters, specs, strict=True):
        if report and spec.namespace in groups:
            first = next(each for each in specs if each.namespace == spec.namespace)
            message = (
                f"consumed namespace {spec.namespace!r} stands on line {first.place.line} too; "
                "both are searched, in order"
            )
            world.found.add("consumes/duplicate-namespace", spec.at("namespace"), message)
        groups.setdefault(spec.namespace, []).extend(consumed_operations(world, adapter))
    return groups


def _exposures(tables: Tables, specs: Sequence[Exposes]) -> tuple[list[Exposure], list[Withheld]]:
    """Compile every adapter; skills last, because they refer to the others."""
    compiled: dict[int, Exposure] = {}
    withheld: list[Withheld] = []
    order = sorted(range(len(specs)), key=lambda index: isinstance(specs[index], SkillAdapter))
    for index in order:
        spec = specs[index]
        try:
            compiled[index] = _exposure(tables, spec, list(compiled.values()))
        except Unresolved as unresolved:
            withheld.append(Withheld(spec.namespace or spec.type, unresolved.diagnostic))
    return [compiled[index] for index in sorted(compiled)], withheld


def _exposure(tables: Tables, spec: Exposes, siblings: Sequence[Exposure]) -> Exposure:
    if spec.broken is not None:
        raise Unresolved(spec.broken)
    if isinstance(spec, RestAdapter):
        return rest_exposure(tables, spec)
    if isinstance(spec, McpAdapter):
        return mcp_exposure(tables, spec)
    if isinstance(spec, SkillAdapter):
        return skill_exposure(tables.world, spec, siblings)
    return control_exposure(tables.world, spec)
