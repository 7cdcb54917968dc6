"""``completion/complete`` for arguments and template variables with an ``enum`` (MCP-28)."""

from typing import Final

from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, CompleteRequestParams, PromptReference

from naftiko_runtime.adapters.mcp.context import Context
from naftiko_runtime.adapters.mcp.serving import Serving
from naftiko_runtime.adapters.mcp.uris import shown_uri
from naftiko_runtime.adapters.mcp.view import McpView
from naftiko_runtime.values import Json, text_of

_MOST_VALUES: Final = 100


async def complete(
    serving: Serving, ctx: Context, params: CompleteRequestParams
) -> dict[str, Json]:
    """Return the values with the typed prefix, case ignored; none without an ``enum``."""
    with serving.lease() as served:
        if isinstance(params.ref, PromptReference):
            values = _of_prompt(served.view, params.ref.name, params.argument.name)
        else:
            values = _of_template(served.view, params.ref.uri, params.argument.name)
    typed = params.argument.value.casefold()
    matching = [value for value in values if value.casefold().startswith(typed)]
    completion = {
        "hasMore": len(matching) > _MOST_VALUES,
        "total": len(matching),
        "values": matching[:_MOST_VALUES],
    }
    return {"completion": completion, "resultType": "complete"}


def _of_prompt(view: McpView, name: str, argument: str) -> tuple[str, ...]:
    served = view.prompt_names.get(name)
    if served is None:
        raise MCPError(INVALID_PARAMS, f"Unknown prompt: {name}")
    return next((a.enum for a in served.prompt.arguments if a.name == argument), ())


def _of_template(view: McpView, uri: str, variable: str) -> tuple[str, ...]:
    for served in view.templates:
        resource = served.resource
        if uri in (resource.uri, shown_uri(resource)):
            inputs = resource.function.inputs if resource.function is not None else ()
            enums = (each.enum for each in inputs if variable in (each.name, each.key))
            return tuple(text_of(value) for value in next(enums, None) or ())
    raise MCPError(INVALID_PARAMS, f"Unknown resource template: {uri}")
