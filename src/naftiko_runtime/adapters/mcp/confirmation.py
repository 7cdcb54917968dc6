"""Asks the caller's user before a tool runs (exposes.md MCP-23, an extension)."""

from collections.abc import Mapping
from typing import Final

from mcp_types import CallToolRequestParams, ElicitRequestedSchema

from naftiko_runtime.adapters.mcp.context import Context, is_modern
from naftiko_runtime.adapters.mcp.results import refused_outcome
from naftiko_runtime.engine.inputs import check_arguments
from naftiko_runtime.engine.scope import InvocationScope
from naftiko_runtime.errors import InvocationError
from naftiko_runtime.expressions.reference import Expression
from naftiko_runtime.plan.function import Function
from naftiko_runtime.values import ABSENT, Json, text_of

_KEY: Final = "confirm"
_STATE: Final = "asked"
_SCHEMA: Final[ElicitRequestedSchema] = {
    "type": "object",
    "properties": {"ok": {"type": "boolean", "title": "Confirm"}},
    "required": ["ok"],
}


def question(
    confirm: Expression, function: Function, arguments: Mapping[str, Json], engine: Json
) -> str | None:
    """Return the text to confirm; None when the call will be refused anyway."""
    try:
        inputs = check_arguments(function, arguments)
        text = confirm.evaluate(InvocationScope(inputs, engine.variables))
    except InvocationError:
        return None
    return "Run this tool?" if text is ABSENT else text_of(text)


async def unconfirmed(
    ctx: Context, params: CallToolRequestParams, text: str
) -> dict[str, Json] | None:
    """Return what to answer instead of running the tool, None when the user said yes."""
    if is_modern(ctx):
        return _asked_by_retry(ctx, params, text)
    return await _asked_directly(ctx, text)


def _can_ask(ctx: Context) -> bool:
    capabilities = ctx.session.client_capabilities
    return capabilities is not None and capabilities.elicitation is not None


def _asked_by_retry(
    ctx: Context, params: CallToolRequestParams, text: str
) -> dict[str, Json] | None:
    """Ask with an ``input_required`` result; its state is sealed by the request-state boundary."""
    response = (params.input_responses or {}).get(_KEY)
    if params.request_state == _STATE and response is not None:
        answer = response.model_dump(mode="json", by_alias=True, exclude_none=True)
        return _decided(answer.get("action"), answer.get("content"), text)
    if not _can_ask(ctx):
        return refused_outcome(f"Confirmation needed: {text}").result
    request = {
        "method": "elicitation/create",
        "params": {"message": text, "mode": "form", "requestedSchema": _SCHEMA},
    }
    return {
        "inputRequests": {_KEY: request},
        "requestState": _STATE,
        "resultType": "input_required",
    }


async def _asked_directly(ctx: Context, text: str) -> dict[str, Json] | None:
    """Ask over the connection, which only stdio has."""
    if not (_can_ask(ctx) and ctx.session.can_send_request):
        return refused_outcome(f"Confirmation needed: {text}").result
    answer = await ctx.session.elicit_form(text, _SCHEMA, related_request_id=ctx.request_id)
    return _decided(answer.action, answer.content, text)


def _decided(action: Json, content: Json, text: str) -> dict[str, Json] | None:
    is_yes = action == "accept" and isinstance(content, Mapping) and content.get("ok") is True
    return None if is_yes else refused_outcome(f"Not confirmed: {text}").result
