"""The SDK's low-level server of one endpoint; what it says is read from the current view."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import mcp_types as t
from mcp.server import NotificationOptions, Server
from mcp.server.models import InitializationOptions
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from naftiko_runtime.adapters.mcp.changes import Changes
from naftiko_runtime.adapters.mcp.completion import complete
from naftiko_runtime.adapters.mcp.context import Context, session_of
from naftiko_runtime.adapters.mcp.edge import Handler, Observed, guarded
from naftiko_runtime.adapters.mcp.paging import kept_for
from naftiko_runtime.adapters.mcp.prompts import get_prompt, list_prompts
from naftiko_runtime.adapters.mcp.resources import list_resources, list_templates, read_resource
from naftiko_runtime.adapters.mcp.serving import Serving
from naftiko_runtime.adapters.mcp.tools import call_tool, list_tools
from naftiko_runtime.adapters.mcp.view import McpView
from naftiko_runtime.values import Json

_AUDIENCE: Final = "naftiko-runtime"


class McpServer(Server[Any]):
    """Lives as long as the endpoint; a reload changes the view that it reads (MCP-2).

    ``keys`` seal the state of questions to the user (MCP-23); processes that serve the same
    callers need the same ones. Without them they are made for this process.
    """

    def __init__(self, serving: Serving, changes: Changes, keys: Sequence[bytes] = ()) -> None:
        self._serving = serving
        super().__init__(
            self._view.name,
            get_tool_input_schema=self._input_schema,
            on_subscriptions_listen=changes.listen,
        )
        for method, (params_type, handler) in _HANDLERS.items():
            self.add_request_handler(method, params_type, guarded(serving, handler))
        security = RequestStateSecurity(keys=keys) if keys else RequestStateSecurity.ephemeral()
        self.middleware = [
            Observed(serving),
            RequestStateBoundary(security, default_audience=_AUDIENCE),
        ]

    @property
    def _view(self) -> McpView:
        with self._serving.lease() as served:
            return served.view

    def _input_schema(self, name: str) -> Mapping[str, Any] | None:
        tool = self._view.tool_names.get(name)
        return None if tool is None else tool.tool.input_schema

    @property
    def server_info_stamp(self) -> dict[str, Any]:
        """Return what stands in the ``_meta`` of every result of the new era."""
        return dict(self._view.info)

    def create_initialization_options(
        self,
        notification_options: NotificationOptions | None = None,
        experimental_capabilities: dict[str, dict[str, Any]] | None = None,
        extensions: dict[str, dict[str, Any]] | None = None,
    ) -> InitializationOptions:
        """Return what ``initialize`` answers as of now (MCP-6)."""
        view = self._view
        return InitializationOptions(
            server_name=view.name,
            server_version=view.version,
            title=view.title,
            description=view.description,
            capabilities=_capabilities(view),
            instructions=view.instructions,
        )

    def get_capabilities(
        self,
        notification_options: NotificationOptions | None = None,
        experimental_capabilities: dict[str, dict[str, Any]] | None = None,
        extensions: dict[str, dict[str, Any]] | None = None,
        *,
        protocol_version: str | None = None,
    ) -> t.ServerCapabilities:
        """Return the capabilities as of now, the same in both eras."""
        return _capabilities(self._view)


def _capabilities(view: McpView) -> t.ServerCapabilities:
    """Return only what the adapter has; lists can change in both eras (MCP-2)."""
    resources = t.ResourcesCapability(subscribe=False, list_changed=True)
    return t.ServerCapabilities(
        tools=t.ToolsCapability(list_changed=True),
        resources=resources if view.resources else None,
        prompts=t.PromptsCapability(list_changed=True) if view.prompts else None,
        completions=t.CompletionsCapability() if view.prompts else None,
        logging=t.LoggingCapability(),
    )


async def _discover(serving: Serving, ctx: Context, params: t.RequestParams) -> dict[str, Json]:
    """Answer ``server/discover`` (MCP-7)."""
    with serving.lease() as served:
        view = served.view
    capabilities = _capabilities(view).model_dump(by_alias=True, mode="json", exclude_none=True)
    result = {"capabilities": capabilities, "supportedVersions": list(MODERN_PROTOCOL_VERSIONS)}
    instructions = {} if view.instructions is None else {"instructions": view.instructions}
    return result | instructions | kept_for(view)


async def _set_level(
    serving: Serving, ctx: Context, params: t.SetLevelRequestParams
) -> dict[str, Json]:
    """Answer ``logging/setLevel`` of the old era (MCP-31)."""
    serving.sessions.set_level(session_of(ctx), params.level)
    return {}


_HANDLERS: Final[Mapping[str, tuple[type[t.RequestParams], Handler]]] = {
    "completion/complete": (t.CompleteRequestParams, complete),
    "logging/setLevel": (t.SetLevelRequestParams, _set_level),
    "prompts/get": (t.GetPromptRequestParams, get_prompt),
    "prompts/list": (t.PaginatedRequestParams, list_prompts),
    "resources/list": (t.PaginatedRequestParams, list_resources),
    "resources/read": (t.ReadResourceRequestParams, read_resource),
    "resources/templates/list": (t.PaginatedRequestParams, list_templates),
    "server/discover": (t.RequestParams, _discover),
    "tools/call": (t.CallToolRequestParams, call_tool),
    "tools/list": (t.PaginatedRequestParams, list_tools),
}
