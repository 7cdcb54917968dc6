"""Compiles skill adapters (exposes.md 5)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from naftiko_runtime.compiler.exposes_mcp import input_schema
from naftiko_runtime.compiler.inbound import cors_of, inbound_of
from naftiko_runtime.compiler.world import World
from naftiko_runtime.names import suggestion
from naftiko_runtime.plan.exposure import (
    Address,
    Exposure,
    JsonObject,
    McpExposure,
    RestExposure,
    Skill,
    SkillExposure,
    SkillTool,
)
from naftiko_runtime.spec.exposes_skill import Skill as SkillSpec
from naftiko_runtime.spec.exposes_skill import SkillAdapter
from naftiko_runtime.spec.exposes_skill import SkillTool as ToolSpec

DEFAULT_PORT: Final = 3011
_MEMBERS: Final = (
    ("license", "license"),
    ("compatibility", "compatibility"),
    ("argument-hint", "argument_hint"),
    ("allowed-tools", "allowed_tools"),
    ("user-invocable", "user_invocable"),
    ("disable-model-invocation", "disable_model_invocation"),
    ("metadata", "metadata"),
)


@dataclass(frozen=True, slots=True)
class _Source:
    """A sibling adapter's tool or operation that a skill tool can stand for."""

    tool: SkillTool
    description: str | None


def skill_exposure(world: World, spec: SkillAdapter, siblings: Sequence[Exposure]) -> SkillExposure:
    """Return a compiled skill adapter; raise ``Unresolved`` when it must not be served."""
    namespace = spec.namespace or "skill"
    sources = _sources(siblings)
    return SkillExposure(
        namespace=namespace,
        address=Address(spec.address, spec.port or DEFAULT_PORT),
        skills=tuple(_skill(world, spec, skill, sources) for skill in spec.skills),
        description=spec.description,
        authentication=inbound_of(world, spec, namespace),
        cors=cors_of(spec),
        place=spec.place,
    )


def _sources(siblings: Sequence[Exposure]) -> dict[str, dict[str, _Source]]:
    """Return what skill tools can be derived from, by namespace and action."""
    sources: dict[str, dict[str, _Source]] = {}
    for sibling in siblings:
        if isinstance(sibling, McpExposure):
            sources[sibling.namespace] = _tool_sources(sibling)
        elif isinstance(sibling, RestExposure):
            sources[sibling.namespace] = _route_sources(sibling)
    return sources


def _tool_sources(exposure: McpExposure) -> dict[str, _Source]:
    return {
        tool.written: _Source(
            SkillTool(
                name=tool.written,
                description=tool.description,
                kind="derived",
                target_namespace=exposure.namespace,
                action=tool.written,
                mode="mcp",
                function=tool.function,
                input_schema=tool.input_schema,
            ),
            tool.description,
        )
        for tool in exposure.tools
    }


def _route_sources(exposure: RestExposure) -> dict[str, _Source]:
    return {
        route.operation_id: _Source(
            SkillTool(
                name=route.operation_id,
                description=route.description,
                kind="derived",
                target_namespace=exposure.namespace,
                action=route.operation_id,
                mode="rest",
                function=route.function,
                route=f"{route.method} {route.template}",
                input_schema=input_schema(route.function),
            ),
            route.description,
        )
        for route in exposure.routes
        if route.operation_id
    }


def _skill(
    world: World, spec: SkillAdapter, skill: SkillSpec, sources: Mapping[str, Mapping[str, _Source]]
) -> Skill:
    return Skill(
        name=skill.name,
        description=skill.description,
        members=_members(skill),
        tools=tuple(_tool(world, skill, tool, sources) for tool in skill.tools),
        folder=_folder(world, spec, skill),
    )


def _members(skill: SkillSpec) -> JsonObject:
    values = ((name, getattr(skill, field)) for name, field in _MEMBERS)
    return {name: value for name, value in values if value is not None}


def _folder(world: World, spec: SkillAdapter, skill: SkillSpec) -> str | None:
    if skill.location is None:
        return None
    folder = world.files.folder(skill.location, world.folder_of(spec.origin))
    if folder is None:
        message = (
            f"skill {skill.name}: there is no folder {skill.location}; it is served without files"
        )
        world.found.add("dialect/skill-location", skill.at("location"), message)
    return folder


def _tool(
    world: World,
    skill: SkillSpec,
    tool: ToolSpec,
    sources: Mapping[str, Mapping[str, _Source]],
) -> SkillTool:
    if tool.from_ is not None:
        return _derived(world, skill, tool, sources)
    if tool.instruction is not None:
        return SkillTool(tool.name, tool.description, "instruction", instruction=tool.instruction)
    message = f"skill {skill.name}: tool {tool.name!r} has neither from nor instruction"
    world.found.add("skill/tool-described", tool.place, message)
    return SkillTool(tool.name, tool.description, "described")


def _derived(
    world: World,
    skill: SkillSpec,
    tool: ToolSpec,
    sources: Mapping[str, Mapping[str, _Source]],
) -> SkillTool:
    wanted = tool.from_
    assert wanted is not None  # noqa: S101 -- the caller looked
    actions = sources.get(wanted.source_namespace, {})
    source = actions.get(wanted.action)
    if tool.description is None:
        message = f"skill {skill.name}: tool {tool.name!r} has no description"
        world.found.add("dialect/missing-description", tool.place, message)
    if source is None:
        return _missing(world, skill, tool, sources)
    found = source.tool
    return SkillTool(
        name=tool.name,
        description=tool.description or source.description,
        kind="derived",
        target_namespace=found.target_namespace,
        action=found.action,
        mode=found.mode,
        function=found.function,
        route=found.route,
        input_schema=found.input_schema,
    )


def _missing(
    world: World,
    skill: SkillSpec,
    tool: ToolSpec,
    sources: Mapping[str, Mapping[str, _Source]],
) -> SkillTool:
    wanted = tool.from_
    assert wanted is not None  # noqa: S101 -- the caller looked
    actions = sources.get(wanted.source_namespace)
    if actions is None:
        hint = suggestion(wanted.source_namespace, sources)
        reason = f"no sibling adapter is called {wanted.source_namespace!r}{hint}"
    else:
        hint = suggestion(wanted.action, actions)
        reason = f"{wanted.source_namespace} has no {wanted.action!r}{hint}"
    message = f"skill {skill.name}: tool {tool.name!r}: {reason}"
    found = world.found.add("skill/tool-source", tool.at("from"), message)
    return SkillTool(
        name=tool.name,
        description=tool.description,
        kind="derived",
        target_namespace=wanted.source_namespace,
        action=wanted.action,
        unavailable=found.message,
    )
