"""The names of one document that functions refer to: consumed operations and aggregates."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from naftiko_runtime.compiler.consumed_table import ConsumedTable
from naftiko_runtime.compiler.world import World
from naftiko_runtime.errors import Diagnostic, Place
from naftiko_runtime.names import kebab, matching, suggestion
from naftiko_runtime.plan.function import Function
from naftiko_runtime.spec.functions import Aggregate, AggregateFunction


@dataclass(frozen=True, slots=True)
class Shared:
    """A compiled aggregate function and the words its callers inherit (orchestration.md 3.3)."""

    namespace: str
    source: AggregateFunction
    function: Function


@dataclass(slots=True)
class Tables:
    """Where ``call`` and ``ref`` look; ``shared`` is keyed by namespace, then function name.

    ``hidden`` are the aggregates that imported entries bring along, per origin.
    """

    world: World
    consumed: ConsumedTable
    shared: dict[str, dict[str, Shared]] = field(default_factory=dict)
    hidden: dict[str, dict[str, dict[str, Shared]]] = field(default_factory=dict)
    failed: Mapping[str, Diagnostic] = field(default_factory=dict)

    def reference(self, ref: str, place: Place, label: str, origin: str | None) -> Shared:
        """Return the function of a ``ref``; raise ``Unresolved`` (ref/unknown)."""
        namespaces = self._namespaces(origin)
        fitting = sorted(
            (name for name in namespaces if ref.startswith(f"{name}.")), key=len, reverse=True
        )
        for namespace in fitting:
            name = ref[len(namespace) + 1 :]
            match = matching(name, namespaces[namespace])
            if match is not None:
                return namespaces[namespace][match]
        found = self._unqualified(ref, place, label, namespaces) if "." not in ref else None
        if found is not None:
            return found
        raise self._unknown(ref, place, label, namespaces)

    def is_aggregate(self, reference: str, origin: str | None) -> bool:
        """Tell whether a reference begins with an aggregate namespace."""
        return any(reference.startswith(f"{name}.") for name in self._namespaces(origin))

    def _namespaces(self, origin: str | None) -> dict[str, dict[str, Shared]]:
        return {**self.hidden.get(origin or "", {}), **self.shared}

    def _unqualified(
        self, ref: str, place: Place, label: str, namespaces: dict[str, dict[str, Shared]]
    ) -> Shared | None:
        having = [functions[ref] for functions in namespaces.values() if ref in functions]
        if len(having) != 1:
            return None
        message = f"{label}: ref {ref!r} is read as {having[0].namespace}.{ref}"
        self.world.found.add("ref/unqualified", place, message)
        return having[0]

    def _unknown(
        self, ref: str, place: Place, label: str, namespaces: dict[str, dict[str, Shared]]
    ) -> Exception:
        for namespace, reason in self.failed.items():
            if ref.startswith(f"{namespace}."):
                message = f"{label}: {ref}: {reason.message}"
                return self.world.around.unresolved(reason.code, place, message)
        known = [f"{namespace}.{name}" for namespace, each in namespaces.items() for name in each]
        listed = ", ".join(known) or "none"
        message = f'{label}: ref "{ref}" does not exist{suggestion(ref, known)}; known: {listed}'
        return self.world.around.unresolved("ref/unknown", place, message)


def aggregate_namespace(aggregate: Aggregate) -> str:
    """Return an aggregate's namespace, else the kebab form of its label (orchestration.md 3.1)."""
    return aggregate.namespace or kebab(aggregate.label or "") or "aggregate"
