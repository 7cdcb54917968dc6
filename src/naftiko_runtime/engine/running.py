"""One invocation under way: what it may use, and the exchanges it has open."""

from types import TracebackType
from typing import assert_never

from naftiko_runtime.engine.answers import is_failed, refused, relayed, shaped, value
from naftiko_runtime.engine.clients import Sending
from naftiko_runtime.engine.counting import Counted
from naftiko_runtime.engine.engine import Engine
from naftiko_runtime.engine.exchange import Inbound
from naftiko_runtime.engine.result import Caller, Result, Want
from naftiko_runtime.engine.scope import InvocationScope
from naftiko_runtime.plan.function import Call, Output, Relay, Reshape
from naftiko_runtime.plan.upstream import ConsumedOperation


class Run:
    """Runs calls for one invocation and closes what they leave open when it ends."""

    __slots__ = ("_open", "caller", "engine", "reads_aloud", "want")

    def __init__(self, engine: Engine, want: Want, caller: Caller) -> None:
        self.engine = engine
        self.want = want
        self.caller = caller
        self.reads_aloud = True
        """Reading is reported: not within steps, which report themselves (exposes.md MCP-30)."""
        self._open: list[Sending] = []

    async def call(self, call: Call, output: Output, scope: InvocationScope, want: Want) -> Result:
        """Send one request; yield its answer relayed, decoded or reshaped (architecture 5).

        An answer that is an error, or that is relayed, stays open until the invocation ends; every
        other one is closed before this returns. Cancellation closes it at once. May run several
        times at the same time.
        """
        operation = call.operation
        # nobody reads what a HEAD asks for: its headers do, whatever would be made of the body
        is_relayed = want is Want.BODY and (isinstance(output, Relay) or self.caller.head)
        more = self.caller.trace
        if is_relayed and self.caller.conditional:
            more += self.caller.conditional
        sending = self.engine.client(operation).send(
            scope.narrowed(call.arguments), more, relayed=is_relayed
        )
        answer = await sending.__aenter__()
        if is_relayed:
            self._open.append(sending)
            return relayed(answer, operation, failed=is_failed(answer.status))
        if is_failed(answer.status):
            self._open.append(sending)
            return refused(answer, operation)
        if self.reads_aloud and self.caller.progress is not None:
            answer = Counted(answer, self.caller.progress)
        try:
            result = await _read(answer, operation, output, scope)
        except BaseException as error:
            await sending.__aexit__(type(error), error, error.__traceback__)
            raise
        await sending.__aexit__(None, None, None)
        return result

    def keep(self, sending: Sending) -> None:
        """Close this exchange, too, when the invocation ends."""
        self._open.append(sending)

    async def close(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close every exchange that is open."""
        while self._open:
            await self._open.pop().__aexit__(kind, error, trace)


async def _read(
    answer: Inbound, operation: ConsumedOperation, output: Output, scope: InvocationScope
) -> Result:
    match output:
        case Relay():
            return await value(answer, operation)
        case Reshape():
            return await shaped(answer, operation, output, scope)
        case other:
            assert_never(other)
