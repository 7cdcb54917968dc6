"""Runs the operation that a request was matched with, and answers with what comes of it."""

from dataclasses import dataclass
from typing import Any, Final

from naftiko_runtime.adapters.asgi import Receive, Scope, Send, header
from naftiko_runtime.adapters.guards import GONE
from naftiko_runtime.adapters.problems import answer, problem_of
from naftiko_runtime.adapters.rest.body import CallerGone, until_gone
from naftiko_runtime.adapters.rest.forwarding import forward_request
from naftiko_runtime.adapters.rest.inputs import given
from naftiko_runtime.adapters.rest.replies import relay, reply
from naftiko_runtime.adapters.rest.request import Request
from naftiko_runtime.adapters.rest.routing import Match, Served
from naftiko_runtime.adapters.rest.target import CONDITIONAL, Target
from naftiko_runtime.adapters.rest.watch import watched
from naftiko_runtime.adapters.visit import Visit
from naftiko_runtime.engine.engine import Engine
from naftiko_runtime.engine.exchange import decoded
from naftiko_runtime.engine.inputs import check
from naftiko_runtime.engine.invoke import invoke
from naftiko_runtime.engine.result import FORWARDED, NOBODY, Caller, Relayed, Result, Want
from naftiko_runtime.errors import InvocationError

_HEAD: Final = Caller(head=True)
_ERROR_STATUS: Final = 400


@dataclass(frozen=True, slots=True)
class Calls:
    """What every call of a listener shares.

    ``limit`` is for bodies that must be read, in bytes.
    """

    engine: Engine
    limit: int

    async def answer(
        self, match: Match[Target], scope: Scope, receive: Receive, send: Send, visit: Visit
    ) -> None:
        """Answer a request that was matched and let in; does nothing for a caller who left."""
        request = Request(scope, receive, visit, self.limit)
        call = _Call(self, match, request, send, visit)

        async def gone() -> None:
            body = request.opened
            await (until_gone(receive) if body is None else body.until_gone())

        try:
            await watched(call.run(), gone, visit)
        except CallerGone:
            visit.error = "cancelled"
            visit.status = visit.status or GONE


class _Call:
    """One request on its way to its operation and back."""

    __slots__ = ("_calls", "_match", "_request", "_send", "_visit")

    def __init__(
        self, calls: Calls, match: Match[Target], request: Request, send: Send, visit: Visit
    ) -> None:
        self._calls = calls
        self._match = match
        self._request = request
        self._send = send
        self._visit = visit

    async def run(self) -> None:
        try:
            target, inputs = await self._inputs()
            self._visit.arrival.matched(target.endpoint)
            engine, caller = self._calls.engine, _caller(target, self._request.scope)
            async with invoke(target.function, inputs, engine, Want.BODY, caller) as result:
                await self._reply(target, result)
        except InvocationError as error:
            body = self._request.opened
            if body is not None and body.gone:
                # the upstream was told that the body broke off, which is the caller's doing
                raise CallerGone from error
            await answer(problem_of(error), self._request.scope, self._send)

    async def _inputs(self) -> tuple[Target, dict[str, Any]]:
        served = self._match.served
        first = served[0]
        self._visit.arrival.matched(first.target.endpoint)
        if first.target.forward is not None:
            forwarded = forward_request(first.target.forward, self._request, self._match.rest)
            return first.target, {FORWARDED: forwarded}
        if first.target.unavailable:
            # whatever was given: every call answers the diagnostic (language.md 1.8)
            return first.target, {}
        if len(served) == 1:
            target, found = first.target, await self._given(first)
        else:
            target, found = await self._chosen()
        return target, check(target.function.inputs, found)

    async def _chosen(self) -> tuple[Target, dict[str, Any]]:
        """Return the operation whose ``with`` inputs are all there, most first (REST-4)."""
        served = self._match.served
        for each in sorted(served, key=lambda each: -len(each.wanted)):
            found = await self._given(each)
            if _present(each.target, found).issuperset(each.wanted):
                return each.target, found
        return served[0].target, await self._given(served[0])

    async def _given(self, served: Served[Target]) -> dict[str, Any]:
        request = self._request
        if served.names:
            request.values = dict(zip(served.names, self._match.values, strict=True))
        return await given(served.target.reading, request)

    async def _reply(self, target: Target, result: Result) -> None:
        head = self._request.scope["method"] == "HEAD"
        if isinstance(result, Relayed):
            if result.status >= _ERROR_STATUS:
                self._visit.error = "upstream-status"
            await relay(result, target.shape, self._send, head=head)
        else:
            accepted = header(self._request.scope, b"accept-encoding")
            await reply(result, self._send, accepted, head=head)


def _present(target: Target, found: dict[str, Any]) -> set[str]:
    """Return the names of the inputs a request has, as the runtime and as the caller calls them."""
    present = [each for each in target.function.inputs if each.name in found]
    return {each.name for each in present} | {each.key for each in present}


def _caller(target: Target, scope: Scope) -> Caller:
    head = scope["method"] == "HEAD"
    if not target.conditional:
        return _HEAD if head else NOBODY
    conditional = tuple(
        (name.decode(), decoded(value)) for name, value in scope["headers"] if name in CONDITIONAL
    )
    if not conditional:
        return _HEAD if head else NOBODY
    return Caller(conditional=conditional, head=head)
