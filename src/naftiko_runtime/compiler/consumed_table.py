"""Finds the consumed operation that a ``call`` names (language.md 10.1, 10.2)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from naftiko_runtime.compiler.consumes import Consumed
from naftiko_runtime.compiler.upstreams import CompiledAdapter
from naftiko_runtime.compiler.world import World
from naftiko_runtime.errors import Diagnostic, Place
from naftiko_runtime.names import folded, matching, suggestion


@dataclass(frozen=True, slots=True)
class Caller:
    """What may settle which of several operations is meant (10.2)."""

    label: str
    description: str | None = None
    method: str | None = None
    path: str | None = None


@dataclass(frozen=True, slots=True)
class ConsumedTable:
    """Consumed operations by namespace, per origin of the text that calls them.

    ``failed`` are namespaces whose import failed, with the reason; ``aliases`` are, per imported
    file, original import names → names in the importing document (orchestration.md 4.7).
    """

    world: World
    own: Mapping[str, Sequence[Consumed]]
    imported: Mapping[str, Mapping[str, Sequence[Consumed]]]
    failed: Mapping[str, Diagnostic]
    aliases: Mapping[str, str]
    adapters: Mapping[str, CompiledAdapter]
    """Consumed adapters by namespace, for ``forward``."""

    def forwarded(self, namespace: str) -> CompiledAdapter | Diagnostic | None:
        """Return the adapter that a ``forward`` names, or why it cannot be used."""
        adapter = self.adapters.get(namespace)
        if adapter is None:
            return self.failed.get(namespace)
        return adapter.problem or adapter

    def find(self, call: str, place: Place, caller: Caller, origin: str | None) -> Consumed:
        """Return the operation of a call; raise ``Unresolved`` with the nearest name."""
        namespace, rest, operations = self._namespace(call, place, caller, origin)
        candidates = _named(rest, operations)
        if not candidates:
            self._raise_unknown(call, namespace, rest, (place, caller, operations))
        if len(candidates) > 1:
            return self._settled(call, place, caller, candidates)
        if rest.count(".") and candidates[0].name != rest:
            self._report_form(call, place, caller, candidates[0])
        elif candidates[0].name != rest:
            message = f"{caller.label}: {call} is taken as {candidates[0].label}"
            self.world.found.add("dialect/spelling", place, message)
        return candidates[0]

    def named(self, call: str) -> Sequence[Consumed]:
        """Return the document's own operations that a call names, without a word about it."""
        namespace = next(iter(_fitting(call, self.own)), None)
        if namespace is not None:
            return _named(call[len(namespace) + 1 :], self.own[namespace])
        first, _, rest = call.partition(".")
        spelled = matching(first, self.own)
        return _named(rest, self.own[spelled]) if spelled is not None and rest else []

    def has_namespace(self, reference: str, origin: str | None) -> bool:
        """Tell whether a reference begins with a consumed namespace."""
        return any(_begins(reference, name) for name in self._tables(origin))

    def _tables(self, origin: str | None) -> dict[str, Sequence[Consumed]]:
        if origin is None:
            return dict(self.own)
        hidden = self.imported.get(origin, {})
        renamed = {
            original: self.own[name] for original, name in self.aliases.items() if name in self.own
        }
        return {**hidden, **renamed, **self.own}

    def _namespace(
        self, call: str, place: Place, caller: Caller, origin: str | None
    ) -> tuple[str, str, Sequence[Consumed]]:
        tables = self._tables(origin)
        fitting = _fitting(call, tables)
        if fitting:
            namespace = fitting[0]
            if "." in namespace or "_" in namespace:
                self._report_namespace(call, namespace, place, caller)
            return namespace, call[len(namespace) + 1 :], tables[namespace]
        for namespace, reason in self.failed.items():
            if _begins(call, namespace):
                message = f"{caller.label}: {call}: {reason.message}"
                raise self.world.around.unresolved(reason.code, place, message)
        return self._unknown_namespace(call, place, caller, tables)

    def _unknown_namespace(
        self, call: str, place: Place, caller: Caller, tables: Mapping[str, Sequence[Consumed]]
    ) -> tuple[str, str, Sequence[Consumed]]:
        first, _, rest = call.partition(".")
        spelled = matching(first, tables)
        if spelled is not None and rest:
            message = f"{caller.label}: {call} is taken as {spelled}.{rest}"
            self.world.found.add("dialect/spelling", place, message)
            return spelled, rest, tables[spelled]
        known = ", ".join(tables) or "none"
        hint = suggestion(first, tables) or f"; known: {known}"
        message = f'{caller.label}: "{call}" names no consumed namespace{hint}'
        raise self.world.around.unresolved("call/unknown-namespace", place, message)

    def _raise_unknown(
        self,
        call: str,
        namespace: str,
        rest: str,
        where: tuple[Place, Caller, Sequence[Consumed]],
    ) -> None:
        place, caller, operations = where
        names = [operation.name for operation in operations]
        hint = suggestion(rest, names) or suggestion(rest.rpartition(".")[2], names)
        if hint:
            nearest = hint.split('"')[1]
            hint = f'; did you mean "{namespace}.{nearest}"?'
        message = f'{caller.label}: "{call}" does not exist{hint}'
        raise self.world.around.unresolved("call/unknown-operation", place, message)

    def _settled(
        self, call: str, place: Place, caller: Caller, candidates: Sequence[Consumed]
    ) -> Consumed:
        by_words = [
            candidate
            for candidate in candidates
            if caller.description and candidate.source.description == caller.description
        ]
        chosen = by_words if len(by_words) == 1 else []
        if not chosen and caller.path is not None:
            chosen = [candidate for candidate in candidates if _same_request(candidate, caller)]
        if len(chosen) == 1:
            message = (
                f"{caller.label}: {call} fits {len(candidates)} operations; "
                f"{chosen[0].method} {chosen[0].path} is taken"
            )
            self.world.found.add("dialect/ambiguous-call", place, message)
            return chosen[0]
        listed = ", ".join(f"{c.method} {c.path}" for c in candidates)
        message = f'{caller.label}: "{call}" fits several operations: {listed}'
        raise self.world.around.unresolved("call/ambiguous", place, message)

    def _report_form(self, call: str, place: Place, caller: Caller, found: Consumed) -> None:
        message = f"{caller.label}: {call} is read as {found.label}"
        self.world.found.add("dialect/call-form", place, message)

    def _report_namespace(self, call: str, namespace: str, place: Place, caller: Caller) -> None:
        message = f"{caller.label}: {call} is read with the namespace {namespace!r}"
        self.world.found.add("dialect/call-form", place, message)


def _fitting(call: str, namespaces: Iterable[str]) -> list[str]:
    """Return the namespaces that a call may begin with, the longest first (10.1)."""
    return sorted((name for name in namespaces if _begins(call, name)), key=len, reverse=True)


def _begins(call: str, namespace: str) -> bool:
    return call.startswith(f"{namespace}.") and len(call) > len(namespace) + 1


def _named(name: str, operations: Iterable[Consumed]) -> list[Consumed]:
    """Return the operations of a name, else those of ``RESOURCE.OPERATION`` (10.1, 3.8)."""
    known = list(operations)
    exact = [operation for operation in known if operation.name == name]
    if exact:
        return exact
    wanted = folded(name)
    spelled = [
        operation
        for operation in known
        # a dot is where a resource ends, so it is never a matter of spelling here
        if folded(operation.name) == wanted and operation.name.count(".") == name.count(".")
    ]
    if spelled and len({operation.name for operation in spelled}) == 1 and "." not in name:
        return spelled
    in_resource = [
        operation
        for operation in known
        if operation.resource.name
        and folded(f"{operation.resource.name}.{operation.name}") == wanted
        and "." in name
    ]
    return in_resource or (spelled if len({o.name for o in spelled}) == 1 else [])


def _same_request(candidate: Consumed, caller: Caller) -> bool:
    """Tell whether the consumed path is the end of the exposed path (10.2)."""
    consumed = _shape(candidate.path)
    exposed = _shape(caller.path or "")
    return candidate.method == caller.method and exposed[-len(consumed) :] == consumed


def _shape(path: str) -> list[str]:
    segments = path.strip("/").replace("{{", "{").replace("}}", "}").split("/")
    return [folded(segment) if "{" in segment else segment for segment in segments]
