"""Runs the operation that a request was matched with, and answers with what comes of it."""

import asyncio
from typing import Any, Final

from naftiko_runtime.adapters.asgi import Receive, Scope, Send, header
from naftiko_runtime.adapters.guards import GONE
from naftiko_runtime.adapters.problems import answer, problem_of
from naftiko_runtime.adapters.rest.body import CallerGone
from naftiko_runtime.adapters.rest.forwarding import forward_request
from naftiko_runtime.adapters.rest.inputs import add_inside_body, outside_body
from naftiko_runtime.adapters.rest.replies import relay, reply
from naftiko_runtime.adapters.rest.request import Request
from naftiko_runtime.adapters.rest.routing import Match, Served
from naftiko_runtime.adapters.rest.target import CONDITIONAL, Target
from naftiko_runtime.adapters.rest.watch import Watch
from naftiko_runtime.adapters.visit import Visit
from naftiko_runtime.engine.engine import Engine
from naftiko_runtime.engine.exchange import decoded
from naftiko_runtime.engine.inputs import check
from naftiko_runtime.engine.invoke import invoke
from naftiko_runtime.engine.result import FORWARDED, NOBODY, Caller, Relayed, Want
from naftiko_runtime.errors import InvocationError

_HEAD: Final = Caller(head=True)
_ERROR_STATUS: Final = 400


class Calls:
    """What every call of a listener shares; ``limit`` is for bodies that are read, in bytes."""

    def __init__(self, engine: Engine, limit: int) -> None:
        self._engine = engine
        self._limit = limit
        self._watch = Watch()

    async def answer(
        self, match: Match[Target], scope: Scope, receive: Receive, send: Send, visit: Visit
    ) -> None:
        """Answer a request that was matched and let in; does nothing for a caller who left."""
        request = Request(scope, receive, visit, self._limit)
        task = self._watch.begin(request)
        try:
            await self._run(match, request, send, visit)
        except InvocationError as error:
            # an upstream that misses the end of a body does so because the caller left
            if request.broke_off:
                _note_gone(visit)
            else:
                await answer(problem_of(error), scope, send)
        except CallerGone:
            _note_gone(visit)
        except asyncio.CancelledError:
            if not self._watch.is_cause(task):
                raise
            _note_gone(visit)
        finally:
            self._watch.end(task)

    async def _run(self, match: Match[Target], request: Request, send: Send, visit: Visit) -> None:
        target = match.served[0].target
        visit.arrival.matched(target.endpoint)
        if target.is_plain and len(match.served) == 1:
            given = _outside(match.served[0], match, request)
            inputs = check(target.function.inputs, given)
        else:
            target, inputs = await _inputs(match, request)
        scope = request.scope
        caller = _caller(target, scope)
        async with invoke(target.function, inputs, self._engine, Want.BODY, caller) as result:
            if isinstance(result, Relayed):
                if result.status >= _ERROR_STATUS:
                    visit.error = "upstream-status"
                await relay(result, target.shape, send, head=caller.head)
            else:
                await reply(result, send, header(scope, b"accept-encoding"), head=caller.head)


def _note_gone(visit: Visit) -> None:
    visit.error = "cancelled"
    visit.status = visit.status or GONE


async def _inputs(match: Match[Target], request: Request) -> tuple[Target, dict[str, Any]]:
    """Return the operation that serves and its checked inputs (exposes.md REST-4, REST-6)."""
    first = match.served[0]
    target = first.target
    if target.forward is not None:
        return target, {FORWARDED: forward_request(target.forward, request, match.rest)}
    if target.unavailable:
        # whatever was given: every call answers the diagnostic (language.md 1.8)
        return target, {}
    if len(match.served) > 1:
        target, found = await _chosen(match, request)
    else:
        found = _outside(first, match, request)
        if target.reading.inside:
            await add_inside_body(target.reading, request, found)
    return target, check(target.function.inputs, found)


async def _chosen(match: Match[Target], request: Request) -> tuple[Target, dict[str, Any]]:
    """Return the operation whose ``with`` inputs are all there, most first (REST-4)."""
    for each in sorted(match.served, key=lambda each: -len(each.wanted)):
        found = await _given(each, match, request)
        if _present(each.target, found).issuperset(each.wanted):
            return each.target, found
    first = match.served[0]
    return first.target, await _given(first, match, request)


def _outside(served: Served[Target], match: Match[Target], request: Request) -> dict[str, Any]:
    if served.names:
        request.values = dict(zip(served.names, match.values, strict=True))
    return outside_body(served.target.reading, request)


async def _given(served: Served[Target], match: Match[Target], request: Request) -> dict[str, Any]:
    values = _outside(served, match, request)
    await add_inside_body(served.target.reading, request, values)
    return values


def _present(target: Target, found: dict[str, Any]) -> set[str]:
    """Return the names of the inputs a request has, as the runtime and as the caller calls them."""
    present = [each for each in target.function.inputs if each.name in found]
    return {each.name for each in present} | {each.key for each in present}


def _caller(target: Target, scope: Scope) -> Caller:
    head = scope["method"] == "HEAD"
    if not target.conditional:
        return _HEAD if head else NOBODY
    conditional = [pair for pair in scope["headers"] if pair[0] in CONDITIONAL]
    if not conditional:
        return _HEAD if head else NOBODY
    return Caller(
        conditional=tuple((name.decode(), decoded(value)) for name, value in conditional),
        head=head,
    )
