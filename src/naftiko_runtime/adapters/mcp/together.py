"""All MCP adapters of a listener as one server (exposes.md MCP-8)."""

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from naftiko_runtime.adapters.mcp.uris import shown_uri
from naftiko_runtime.adapters.mcp.view import (
    McpView,
    ServedPrompt,
    ServedResource,
    ServedTool,
    cors_for,
    indexed,
    served_prompts,
    served_tool,
    view_of,
)
from naftiko_runtime.names import free_tool_name, tool_name
from naftiko_runtime.plan.exposure import CorsPolicy, InboundAuthentication, McpExposure

_LOG: Final = logging.getLogger(__name__)
TOGETHER: Final = "naftiko"
"""The name of the server that serves them all."""


def taking_part(exposures: Sequence[McpExposure]) -> tuple[McpExposure, ...]:
    """Return the adapters that are served: all, or those without authentication (MCP-8)."""
    blocks = [exposure.authentication for exposure in exposures]
    if all(block == blocks[0] for block in blocks):
        return tuple(exposures)
    return tuple(exposure for exposure in exposures if exposure.authentication is None)


def shared_authentication(exposures: Sequence[McpExposure]) -> InboundAuthentication | None:
    """Return the authentication that guards all adapters together (MCP-8)."""
    members = taking_part(exposures)
    return members[0].authentication if members else None


def together(
    members: Sequence[tuple[McpExposure, str]], version: str, origins: tuple[str, ...] = ()
) -> McpView:
    """Return the view of several adapters as one server (MCP-8).

    ``members`` are the adapters of a listener with their documents' labels, in document order;
    ``version`` is the runtime's; ``origins`` are those of ``--cors-origin``.
    """
    part = taking_part([exposure for exposure, _ in members])
    views = [view_of(exposure, label) for exposure, label in members if exposure in part]
    return indexed(
        McpView(
            name=TOGETHER,
            title=None,
            version=version,
            description=None,
            instructions=_instructions(part),
            tools=_told_apart_tools(views),
            resources=_first_of_equal(view.resources for view in views),
            prompts=_told_apart_prompts(views),
            ttl_ms=min((view.ttl_ms for view in views), default=0),
            cache_scope="public" if all(v.cache_scope == "public" for v in views) else "private",
            cors=cors_for(_cors(part), origins),
        )
    )


def _cors(exposures: Iterable[McpExposure]) -> CorsPolicy | None:
    policies = [exposure.cors for exposure in exposures if exposure.cors is not None]
    if not policies:
        return None
    origins = {origin: None for policy in policies for origin in policy.origins}
    headers = {name: None for policy in policies for name in policy.headers}
    return replace(policies[0], origins=tuple(origins), headers=tuple(headers))


def _instructions(exposures: Iterable[McpExposure]) -> str | None:
    parts = [
        f"## {exposure.namespace}\n{exposure.instructions or ''}".rstrip() for exposure in exposures
    ]
    return "\n\n".join(parts) or None


def _told_apart_tools(views: Sequence[McpView]) -> tuple[ServedTool, ...]:
    """Give tools whose name occurs in two adapters ``<namespace>_<name>`` (MCP-8, MCP-10)."""
    names = Counter(served.tool.name for view in views for served in view.tools)
    taken: set[str] = {name for name, count in names.items() if count == 1}
    return tuple(
        served if names[served.tool.name] == 1 else _renamed(served, view, taken)
        for view in views
        for served in view.tools
    )


def _renamed(served: ServedTool, view: McpView, taken: set[str]) -> ServedTool:
    tool = served.tool
    name = _free(f"{view.name}_{tool.name}", taken)
    renamed = replace(tool, name=name, meta={**tool.meta, "naftiko/name": tool.written})
    return served_tool(renamed, served.endpoint._replace(operation=name))


def _told_apart_prompts(views: Sequence[McpView]) -> tuple[ServedPrompt, ...]:
    names = Counter(served.prompt.name for view in views for served in view.prompts)
    taken: set[str] = {name for name, count in names.items() if count == 1}
    prompts: list[ServedPrompt] = []
    for view in views:
        for served in view.prompts:
            prompt = served.prompt
            if names[prompt.name] > 1:
                prompt = replace(prompt, name=_free(f"{view.name}_{prompt.name}", taken))
            prompts += served_prompts([prompt], view.name, view.capability)
    return tuple(prompts)


def _free(name: str, taken: set[str]) -> str:
    free = free_tool_name(tool_name(name), taken)
    taken.add(free)
    return free


def _first_of_equal(lists: Iterable[tuple[ServedResource, ...]]) -> tuple[ServedResource, ...]:
    """Return the resources of all lists; the first of equal URIs wins."""
    found: dict[str, ServedResource] = {}
    for served in (each for resources in lists for each in resources):
        uri = shown_uri(served.resource)
        if found.setdefault(uri, served) is not served:
            _LOG.warning("two adapters have the resource %s; the first is served", uri)
    return tuple(found.values())
