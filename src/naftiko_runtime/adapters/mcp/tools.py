"""``tools/list`` and ``tools/call``."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, CallToolRequestParams, PaginatedRequestParams

from naftiko_runtime.adapters.mcp.confirmation import question, unconfirmed
from naftiko_runtime.adapters.mcp.context import Context, request_id, session_of
from naftiko_runtime.adapters.mcp.paging import list_result
from naftiko_runtime.adapters.mcp.reporting import reporting
from naftiko_runtime.adapters.mcp.results import (
    LOGGER,
    Outcome,
    bug_outcome,
    problem_outcome,
    value_outcome,
)
from naftiko_runtime.adapters.mcp.serving import Served, Serving
from naftiko_runtime.adapters.mcp.upstream_errors import upstream_outcome
from naftiko_runtime.adapters.mcp.view import ServedTool
from naftiko_runtime.engine.inputs import check_arguments
from naftiko_runtime.engine.invoke import invoke
from naftiko_runtime.engine.result import NOBODY, Caller, Relayed, Want
from naftiko_runtime.errors import InvocationError
from naftiko_runtime.values import Json

REQUEST_CANCELLED: Final = -32800


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call of a known tool."""

    served: Served
    tool: ServedTool
    arguments: Mapping[str, Json]
    request_id: str
    caller: Caller = NOBODY


async def list_tools(
    serving: Serving, ctx: Context, params: PaginatedRequestParams | None
) -> dict[str, Json]:
    """Answer ``tools/list`` in document order, the same for every caller (MCP-9)."""
    with serving.lease() as served:
        entries = [tool.listed for tool in served.view.tools]
        return list_result("tools", entries, params, serving.limits.mcp_page, served.view)


async def call_tool(
    serving: Serving, ctx: Context, params: CallToolRequestParams
) -> dict[str, Json]:
    """Answer ``tools/call``: a known tool never gives a JSON-RPC error (MCP-20)."""
    session, key = session_of(ctx), ctx.request_id or ""
    with serving.lease() as served, serving.sessions.running(session, key):
        tool = served.view.tool_names.get(params.name)
        if tool is None:
            raise MCPError(INVALID_PARAMS, f"Unknown tool: {params.name}")
        call = ToolCall(served, tool, params.arguments or {}, request_id(ctx))
        if (answer := await _unconfirmed(ctx, params, call)) is not None:
            return answer
        return (await _reported(serving, ctx, call)).result
    # the block ends here only when it was cancelled by who called (MCP-32)
    raise MCPError(REQUEST_CANCELLED, "Request cancelled")


async def _unconfirmed(
    ctx: Context, params: CallToolRequestParams, call: ToolCall
) -> dict[str, Json] | None:
    """Return what to answer to a call that its user has not confirmed (MCP-23)."""
    tool = call.tool.tool
    if tool.confirm is None:
        return None
    text = question(tool.confirm, tool.function, call.arguments, call.served.engine)
    return None if text is None else await unconfirmed(ctx, params, text)


async def _reported(serving: Serving, ctx: Context, call: ToolCall) -> Outcome:
    async with reporting(serving, ctx, call.tool) as reporter:
        outcome = await run_tool(serving, replace(call, caller=reporter.caller))
        reporter.tell(outcome.notices)
    return outcome


async def run_tool(serving: Serving, call: ToolCall) -> Outcome:
    """Check the arguments, run the function, and turn whatever happens into a result."""
    try:
        return await _run(serving, call)
    except InvocationError as problem:
        return problem_outcome(problem, call.request_id, serving.scrub)
    except Exception:  # noqa: BLE001 - the last edge: a bug is logged, and shown without detail
        LOGGER.exception("tool %s failed; request %s", call.tool.tool.name, call.request_id)
        return bug_outcome(call.request_id)


async def _run(serving: Serving, call: ToolCall) -> Outcome:
    function = call.tool.tool.function
    inputs = check_arguments(function, call.arguments)
    async with invoke(function, inputs, call.served.engine, Want.VALUE, call.caller) as result:
        if isinstance(result, Relayed):
            return await upstream_outcome(result, serving.scrub)
        return value_outcome(call.tool, result, serving.limits.mcp_result)
