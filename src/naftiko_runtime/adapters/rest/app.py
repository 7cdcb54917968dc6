"""The REST adapters of one listener as one ASGI app (exposes.md 2).

No framework stands on the way of a request: look up the route, let in, call, answer.
"""

from collections.abc import Sequence

from naftiko_runtime.adapters.access import AccessContext, Gate, gate_of
from naftiko_runtime.adapters.asgi import App, RawHeader, Receive, Scope, Send, header
from naftiko_runtime.adapters.problems import (
    Problem,
    answer,
    method_not_allowed,
    not_found,
    path_of,
    problem_of,
)
from naftiko_runtime.adapters.rest.calls import Calls
from naftiko_runtime.adapters.rest.docs import Docs
from naftiko_runtime.adapters.rest.routing import Match, Refused, RouteTable
from naftiko_runtime.adapters.rest.target import Adapter, Target, adapter_of, target_of
from naftiko_runtime.adapters.visit import Visit, visit_of
from naftiko_runtime.engine.engine import Engine
from naftiko_runtime.errors import InvalidInput
from naftiko_runtime.options import RuntimeOptions
from naftiko_runtime.plan.exposure import RestExposure
from naftiko_runtime.plan.listener import Placed


def rest_app(
    placed: Sequence[Placed],
    engine: Engine,
    options: RuntimeOptions,
    access: AccessContext,
    *,
    others_open: bool = False,
) -> App:
    """Return the app of a listener's REST adapters, and of every path that nobody else serves.

    ``placed`` are all adapters of the listener: an unknown path is 404 when one of them is open,
    else the challenge of the first (exposes.md AUTH-1). ``others_open`` says that one is open
    which is not among them.
    """
    adapters = tuple(
        adapter_of(each, each.exposure, gate_of(each.exposure.authentication, access), options)
        for each in placed
        if isinstance(each.exposure, RestExposure)
    )
    table = RouteTable(
        (route, target_of(adapter, route))
        for adapter in adapters
        for route in adapter.exposure.routes
    )
    calls = Calls(engine, options.limits.body)
    docs = Docs(placed, adapters) if options.docs and adapters else None
    gate = None if others_open else _gate_of_all(placed, adapters, access)
    return _Rest(adapters, table, calls, docs, gate)


def _gate_of_all(
    placed: Sequence[Placed], adapters: Sequence[Adapter], access: AccessContext
) -> Gate | None:
    """Return the gate of the first adapter when all of the listener have one."""
    blocks = [each.exposure.authentication for each in placed]
    if not blocks or any(block is None for block in blocks):
        return None
    if adapters and adapters[0].exposure is placed[0].exposure:
        return adapters[0].gate
    return gate_of(blocks[0], access)


class _Rest:
    """One ASGI callable."""

    def __init__(
        self,
        adapters: tuple[Adapter, ...],
        table: RouteTable[Target],
        calls: Calls,
        docs: Docs | None,
        gate: Gate | None,
    ) -> None:
        self._adapters = adapters
        self._table = table
        self._calls = calls
        self._docs = docs
        self._gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        visit = visit_of(scope)
        method, path, query = scope["method"], scope["raw_path"], scope["query_string"]
        try:
            if method == "OPTIONS":
                await self._options(scope, send, visit)
                return
            found = self._table.find(method, path, query)
        except InvalidInput as error:
            await answer(problem_of(error), scope, send)
            return
        if not isinstance(found, Match):
            await self._unmatched(found, scope, send, visit)
            return
        adapter = found.served[0].target.adapter
        if len(found.served) > 1:
            found = _of_adapter(found, adapter)
        if visit.origin is not None:
            _add_cors(adapter, visit)
        if adapter.gate is None:
            await self._calls.answer(found, scope, receive, send, visit)
        else:
            await self._guarded(found, adapter.gate, scope, receive, send)

    async def _unmatched(
        self, found: Refused[Target] | None, scope: Scope, send: Send, visit: Visit
    ) -> None:
        if found is not None:
            await self._refuse(found, scope, send, visit)
        else:
            await self._unknown(scope, send, visit)

    async def _guarded(
        self, found: Match[Target], gate: Gate, scope: Scope, receive: Receive, send: Send
    ) -> None:
        visit = visit_of(scope)
        admitted = await gate.admit(scope)
        if isinstance(admitted, Problem):
            visit.arrival.matched(found.served[0].target.endpoint)
            await answer(admitted, scope, send)
        else:
            await self._calls.answer(found, admitted, receive, send, visit)

    async def _refuse(self, found: Refused[Target], scope: Scope, send: Send, visit: Visit) -> None:
        """Answer a path that has other methods; its adapter's credentials come first (AUTH-2)."""
        adapter = found.first.adapter
        visit.arrival.matched(adapter.unmatched)
        admitted = await self._admitted(adapter, scope, visit)
        if not isinstance(admitted, Problem):
            admitted = method_not_allowed(scope["method"], found.methods)
        await answer(admitted, scope, send)

    async def _unknown(self, scope: Scope, send: Send, visit: Visit) -> None:
        """Answer a path of no route: docs, or a challenge when nothing is open (AUTH-1), or 404."""
        if self._docs is not None and self._docs.serves(scope["raw_path"]):
            await self._docs.answer(scope, send)
            return
        if self._adapters:
            visit.arrival.matched(self._adapters[0].unmatched)
            _add_cors(self._adapters[0], visit)
        problem = not_found(path_of(scope))
        if self._gate is not None:
            admitted = await self._gate.admit(scope)
            problem = admitted if isinstance(admitted, Problem) else problem
        await answer(problem, scope, send)

    async def _undeclared(self, scope: Scope, send: Send) -> None:
        if self._docs is not None and self._docs.serves(scope["raw_path"]):
            await self._docs.answer(scope, send)
        else:
            await answer(not_found(path_of(scope)), scope, send)

    async def _admitted(self, adapter: Adapter, scope: Scope, visit: Visit) -> Scope | Problem:
        _add_cors(adapter, visit)
        return scope if adapter.gate is None else await adapter.gate.admit(scope)

    async def _options(self, scope: Scope, send: Send, visit: Visit) -> None:
        """Answer 204 with the path's methods, without authentication (exposes.md REST-5)."""
        found = self._table.allowed(scope["raw_path"], scope["query_string"])
        if found is None:
            await self._undeclared(scope, send)
            return
        visit.arrival.matched(found.first.adapter.unmatched)
        headers: list[RawHeader] = [(b"allow", ", ".join(found.methods).encode())]
        cors = found.first.adapter.cors
        if cors is not None and visit.origin is not None and cors.allows(visit.origin):
            if header(scope, b"access-control-request-method") is not None:
                headers += cors.preflight(visit.origin, found.methods)
            else:
                headers += cors.actual(visit.origin)
        await send({"type": "http.response.start", "status": 204, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


def _of_adapter(found: Match[Target], adapter: Adapter) -> Match[Target]:
    """Leave out what another adapter serves under the same route: it has a gate of its own."""
    same = tuple(each for each in found.served if each.target.adapter is adapter)
    return Match(same, found.values, found.rest)


def _add_cors(adapter: Adapter, visit: Visit) -> None:
    if adapter.cors is not None and visit.origin is not None:
        visit.headers.extend(adapter.cors.actual(visit.origin))
