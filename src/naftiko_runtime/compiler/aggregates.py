"""Compiles aggregate functions: once, whoever refers to them (orchestration.md 3)."""

from collections.abc import Sequence

from naftiko_runtime.compiler.functions import Exposed, function_of
from naftiko_runtime.compiler.tables import Shared, Tables, aggregate_namespace
from naftiko_runtime.plan.function import Function, Unavailable
from naftiko_runtime.spec.functions import Aggregate, AggregateFunction


def compile_aggregates(tables: Tables) -> None:
    """Fill the tables with the functions of the document and of what its imports bring along."""
    document = tables.world.document
    tables.shared = _compiled(tables, document.aggregates)
    for library in document.libraries:
        tables.hidden[library.origin] = _compiled(tables, library.aggregates)


def _compiled(tables: Tables, aggregates: Sequence[Aggregate]) -> dict[str, dict[str, Shared]]:
    groups: dict[str, dict[str, Shared]] = {}
    for aggregate in aggregates:
        namespace = aggregate_namespace(aggregate)
        if not aggregate.namespace:
            message = f"an aggregate without namespace is called {namespace!r}"
            tables.world.found.add("aggregate/namespace-missing", aggregate.place, message)
        functions = groups.setdefault(namespace, {})
        for function in aggregate.functions:
            name = function.name or f"function-{len(functions) + 1}"
            if name in functions:
                message = f"{namespace}.{name} stands twice; the first is taken"
                tables.world.found.add("aggregate/duplicate-function", function.place, message)
                continue
            functions[name] = _shared(tables, aggregate, function, f"{namespace}.{name}")
    return groups


def _shared(
    tables: Tables, aggregate: Aggregate, function: AggregateFunction, label: str
) -> Shared:
    namespace = label.rpartition(".")[0]
    if function.ref is not None:
        message = f"{label}: a function of an aggregate cannot have ref {function.ref!r}"
        found = tables.world.found.add("aggregate/nested-ref", function.at("ref"), message)
        return Shared(namespace, function, Function(label, (), Unavailable(found)))
    exposed = Exposed(
        side="aggregate",
        label=label,
        name=label,
        parameters=function.input_parameters,
        origin=aggregate.origin,
    )
    return Shared(namespace, function, function_of(tables, function, exposed).function)
