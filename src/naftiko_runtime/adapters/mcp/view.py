"""What an MCP endpoint serves, with its look-ups and lists made.

A view is a value: a reload makes a new one, and who serves reads the current one (MCP-2).
Nothing here needs the SDK, whose import takes more than a second.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from naftiko_runtime.adapters.cors import Cors, cors_of
from naftiko_runtime.adapters.mcp.promise import Shape, shape_of
from naftiko_runtime.adapters.mcp.uris import UriMatcher, matcher_of, shown_uri
from naftiko_runtime.observability.telemetry import Endpoint
from naftiko_runtime.plan.exposure import CorsPolicy, McpExposure, ResourceExposure, Tool
from naftiko_runtime.plan.function import Function, Refer, Steps
from naftiko_runtime.plan.prompt import Prompt
from naftiko_runtime.values import Json, compact

_REQUEST_HEADERS: Final = (
    "MCP-Protocol-Version",
    "Mcp-Method",
    "Mcp-Name",
    "Mcp-Session-Id",
    "Last-Event-ID",
)
_RESPONSE_HEADERS: Final = ("Mcp-Session-Id", "WWW-Authenticate")


@dataclass(frozen=True, slots=True)
class ServedTool:
    """A tool with everything that does not change between calls.

    ``wrapped``: its output schema is that of a value under ``result`` (MCP-12). ``plain``: a call
    needs nothing but arguments, so that it can be answered without the SDK.
    """

    tool: Tool
    listed: Mapping[str, Json]
    endpoint: Endpoint
    has_steps: bool
    shape: Shape | None
    wrapped: bool
    plain: bool


@dataclass(frozen=True, slots=True)
class ServedResource:
    """A resource with the matcher of its URI and its entry in the lists (none for folders)."""

    resource: ResourceExposure
    matcher: UriMatcher
    listed: Mapping[str, Json]
    endpoint: Endpoint


@dataclass(frozen=True, slots=True)
class ServedPrompt:
    """A prompt with its entry in the list."""

    prompt: Prompt
    listed: Mapping[str, Json]
    endpoint: Endpoint


@dataclass(frozen=True, slots=True)
class McpView:
    """One MCP server as it stands now."""

    name: str
    title: str | None
    version: str
    description: str | None
    instructions: str | None
    tools: tuple[ServedTool, ...]
    resources: tuple[ServedResource, ...]
    prompts: tuple[ServedPrompt, ...]
    ttl_ms: int = 0
    cache_scope: Literal["private", "public"] = "private"
    tool_names: Mapping[str, ServedTool] = field(default_factory=dict)
    """By listed name, and by written name where that is unique (MCP-10)."""
    prompt_names: Mapping[str, ServedPrompt] = field(default_factory=dict)
    info: Mapping[str, Json] = field(default_factory=dict)
    """``serverInfo`` (MCP-6)."""
    capability: str = ""
    cors: Cors | None = None

    def endpoint(self, operation: str) -> Endpoint:
        """Return how telemetry names what is neither tool, resource nor prompt."""
        return _endpoint(self.name, operation, self.capability)

    @property
    def exact(self) -> tuple[ServedResource, ...]:
        """Resources with one URI, folders included."""
        return tuple(each for each in self.resources if not each.resource.is_template)

    @property
    def templates(self) -> tuple[ServedResource, ...]:
        return tuple(each for each in self.resources if each.resource.is_template)


def view_of(exposure: McpExposure, capability: str = "", origins: tuple[str, ...] = ()) -> McpView:
    """Return the view of one adapter.

    ``capability`` is the label of its document, ``origins`` are those of ``--cors-origin``.
    """
    return indexed(
        McpView(
            name=exposure.namespace,
            title=exposure.title,
            version=exposure.version,
            description=exposure.description,
            instructions=exposure.instructions,
            tools=_tools(exposure.tools, exposure.namespace, capability),
            resources=tuple(_resources(exposure, capability)),
            prompts=served_prompts(exposure.prompts, exposure.namespace, capability),
            ttl_ms=exposure.ttl_ms,
            cache_scope=exposure.cache_scope,
            capability=capability,
            cors=cors_for(exposure.cors, origins),
        )
    )


def cors_for(policy: CorsPolicy | None, origins: tuple[str, ...]) -> Cors | None:
    """Return a CORS policy with the headers that MCP adds (exposes.md REST-15)."""
    return cors_of(policy, origins, headers=_REQUEST_HEADERS, exposed=_RESPONSE_HEADERS)


def indexed(view: McpView) -> McpView:
    written = Counter(served.tool.written for served in view.tools)
    names = {s.tool.written: s for s in view.tools if written[s.tool.written] == 1}
    listed = {served.tool.name: served for served in view.tools}
    prompts = {served.prompt.name: served for served in view.prompts}
    info = _without_absent(
        description=view.description, name=view.name, title=view.title, version=view.version
    )
    return replace(view, tool_names=names | listed, prompt_names=prompts, info=info)


def _endpoint(namespace: str, operation: str, capability: str) -> Endpoint:
    return Endpoint("mcp", namespace, operation, capability=capability)


def _tools(tools: Iterable[Tool], namespace: str, capability: str) -> tuple[ServedTool, ...]:
    return tuple(served_tool(tool, _endpoint(namespace, tool.name, capability)) for tool in tools)


def served_tool(tool: Tool, endpoint: Endpoint) -> ServedTool:
    schema = tool.output_schema
    return ServedTool(
        tool=tool,
        listed=_listed_tool(tool),
        endpoint=endpoint,
        has_steps=_has_steps(tool.function),
        shape=None if schema is None else shape_of(schema),
        wrapped=schema is not None and schema.get("required") == ["result"],
        plain=tool.confirm is None and '"x-mcp-header"' not in compact(tool.input_schema),
    )


def _has_steps(function: Function) -> bool:
    action = function.action
    return _has_steps(action.function) if isinstance(action, Refer) else isinstance(action, Steps)


def _listed_tool(tool: Tool) -> Mapping[str, Json]:
    """Return one entry of ``tools/list`` (MCP-9)."""
    return _without_absent(
        _meta=dict(tool.meta) or None,
        annotations=dict(tool.annotations) or None,
        description=tool.description,
        inputSchema=dict(tool.input_schema),
        name=tool.name,
        outputSchema=None if tool.output_schema is None else dict(tool.output_schema),
        title=tool.title,
    )


def _resources(exposure: McpExposure, capability: str) -> Iterator[ServedResource]:
    for resource in exposure.resources:
        endpoint = _endpoint(exposure.namespace, "resources/read", capability)
        opened = replace(resource, function=_opened(resource.function))
        yield ServedResource(opened, matcher_of(resource), _listed_resource(resource), endpoint)


def _opened(function: Function | None) -> Function | None:
    """Let a function ignore template variables that it does not need."""
    return None if function is None else replace(function, closed=False)


def _listed_resource(resource: ResourceExposure) -> Mapping[str, Json]:
    """Return one entry of ``resources/list`` or ``resources/templates/list`` (MCP-25)."""
    key = "uriTemplate" if resource.is_template else "uri"
    return _without_absent(
        _meta=dict(resource.meta) or None,
        description=resource.description,
        mimeType=resource.mime_type,
        name=resource.name,
        title=resource.title,
        **{key: shown_uri(resource)},
    )


def served_prompts(
    prompts: Iterable[Prompt], namespace: str, capability: str
) -> tuple[ServedPrompt, ...]:
    return tuple(
        ServedPrompt(each, _listed_prompt(each), _endpoint(namespace, each.name, capability))
        for each in prompts
    )


def _listed_prompt(prompt: Prompt) -> Mapping[str, Json]:
    """Return one entry of ``prompts/list`` (MCP-27)."""
    arguments = [
        _without_absent(
            description=argument.description,
            name=argument.name,
            required=argument.required,
            title=argument.title,
        )
        for argument in prompt.arguments
    ]
    return _without_absent(
        _meta=dict(prompt.meta) or None,
        arguments=arguments,
        description=prompt.description,
        name=prompt.name,
        title=prompt.title,
    )


def _without_absent(**members: Json) -> dict[str, Json]:
    return {name: value for name, value in members.items() if value is not None}
