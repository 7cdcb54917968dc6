"""Compiles MCP adapters: tools with their schemas, resources, prompts (exposes.md 3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from naftiko_runtime.compiler.functions import Compiled, Exposed, function_of
from naftiko_runtime.compiler.inbound import cors_of, inbound_of
from naftiko_runtime.compiler.mcp_prompts import prompts_of
from naftiko_runtime.compiler.mcp_resources import resources_of
from naftiko_runtime.compiler.tables import Tables
from naftiko_runtime.compiler.templates import link_text
from naftiko_runtime.compiler.tool_names import NamedPlace, listed_names
from naftiko_runtime.expressions.reference import Expression, FromInput
from naftiko_runtime.expressions.template import Hole
from naftiko_runtime.names import matching
from naftiko_runtime.plan.exposure import Address, JsonObject, McpExposure, Tool
from naftiko_runtime.plan.function import Call, Function
from naftiko_runtime.spec.exposes_mcp import McpAdapter, McpTool
from naftiko_runtime.spec.functions import Hints, Semantics

DEFAULT_PORT: Final = 9090
_READS: Final = ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class _Words:
    """What a tool says of itself, after what it inherits (orchestration.md 3.3)."""

    title: str | None
    description: str
    tags: tuple[str, ...]


def mcp_exposure(tables: Tables, spec: McpAdapter) -> McpExposure:
    """Return a compiled MCP adapter; raise ``Unresolved`` when it must not be served (AUTH-2)."""
    world = tables.world
    namespace = spec.namespace or "mcp"
    stdio = (spec.transport or "http").lower() == "stdio"
    authentication = None if stdio else inbound_of(world, spec, namespace)
    if stdio:
        _report_stdio(tables, spec, namespace)
    info = world.document.info
    return McpExposure(
        namespace=namespace,
        address=None if stdio else Address(spec.address, spec.port or DEFAULT_PORT),
        tools=_tools(tables, spec, namespace, required_by_default=says_required_false(tables)),
        resources=resources_of(tables, spec, namespace),
        prompts=prompts_of(tables, spec, namespace),
        title=info.label,
        version=info.version or "unspecified",
        description=info.description,
        instructions=spec.description,
        ttl_ms=_ttl(tables, spec),
        cache_scope=_cache_scope(tables, spec, authenticated=authentication is not None),
        authentication=authentication,
        cors=cors_of(spec),
        place=spec.place,
    )


def says_required_false(tables: Tables) -> bool:
    """Tell whether an MCP input of the document says ``required: false`` (language.md 10.6)."""
    return any(
        parameter.required is False
        for adapter in tables.world.document.exposes
        if isinstance(adapter, McpAdapter)
        for tool in adapter.tools
        for parameter in tool.input_parameters
    )


def _report_stdio(tables: Tables, spec: McpAdapter, namespace: str) -> None:
    written = [key for key in ("port", "address", "authentication") if key in spec.values]
    if written:
        message = f"{namespace}: {', '.join(written)} mean nothing over stdio"
        tables.world.found.add("mcp/stdio-keys", spec.place, message)


def _ttl(tables: Tables, spec: McpAdapter) -> int:
    if spec.ttl_ms is not None and spec.ttl_ms < 0:
        message = f"ttlMs {spec.ttl_ms} is negative; 0 is taken"
        tables.world.found.add("mcp/bad-ttl", spec.at("ttlMs"), message)
        return 0
    return spec.ttl_ms or 0


def _cache_scope(
    tables: Tables, spec: McpAdapter, *, authenticated: bool
) -> Literal["private", "public"]:
    """Return who may keep lists: never everybody behind authentication (MCP-7)."""
    if spec.cache_scope != "public":
        return "private"
    if authenticated:
        message = "cacheScope public beside authentication is private"
        tables.world.found.add("mcp/cache-scope", spec.at("cacheScope"), message)
        return "private"
    return "public"


def _tools(
    tables: Tables, spec: McpAdapter, namespace: str, *, required_by_default: bool
) -> tuple[Tool, ...]:
    written = [_written(tables, tool) for tool in spec.tools]
    names = listed_names(
        tables.world.found,
        [NamedPlace(name, tool.at("name")) for name, tool in zip(written, spec.tools, strict=True)],
    )
    return tuple(
        _tool(tables, spec, tool, (name, listed, f"{namespace}.{name}"), required_by_default)
        for tool, name, listed in zip(spec.tools, written, names, strict=True)
    )


def _written(tables: Tables, tool: McpTool) -> str:
    """Return a tool's name, or that of the function it refers to (orchestration.md 3.3)."""
    if tool.name:
        return tool.name
    reference = (tool.ref or tool.call or "tool").rpartition(".")[2]
    return reference or "tool"


def _tool(
    tables: Tables,
    spec: McpAdapter,
    tool: McpTool,
    names: tuple[str, str, str],
    required_by_default: bool,  # noqa: FBT001
) -> Tool:
    written, listed, label = names
    exposed = Exposed(
        side="mcp",
        label=label,
        name=written,
        parameters=tool.input_parameters,
        origin=spec.origin,
        required_by_default=required_by_default,
    )
    compiled = function_of(tables, tool, exposed)
    words = _words(tables, tool, compiled)
    return Tool(
        name=listed,
        written=written,
        function=compiled.function,
        title=words.title,
        description=words.description,
        input_schema=input_schema(compiled.function),
        output_schema=wrapped(compiled.function.output_schema),
        annotations=_annotations(tables, tool, compiled, words.title),
        meta=_meta(written, listed, words.tags),
        confirm=_confirm(tables, tool, compiled.function),
        blocks=tool.content_blocks is True,
        place=tool.place,
    )


def _words(tables: Tables, tool: McpTool, compiled: Compiled) -> _Words:
    shared = compiled.shared.source if compiled.shared is not None else None
    inherited = [word for word in (tool, shared) if word is not None]
    title = next((word.label for word in inherited if word.label), None)
    description = next((word.description for word in inherited if word.description), None)
    tags = tool.tags or (shared.tags if shared is not None else None) or ()
    if description is None:
        message = f"tool {tool.name or ''} has no description"
        tables.world.found.add("dialect/missing-description", tool.place, message)
        description = _fallback_description(compiled, title)
    _report_inputs(tables, tool)
    return _Words(title, description, tuple(tags))


def _report_inputs(tables: Tables, tool: McpTool) -> None:
    for given in tool.input_parameters:
        if not given.description:
            message = f"input {given.name} of tool {tool.name or ''} has no description"
            tables.world.found.add("dialect/missing-description", given.place, message)


def _fallback_description(compiled: Compiled, title: str | None) -> str:
    consumed = compiled.consumed
    if consumed is not None and consumed.source.description:
        return consumed.source.description
    if title:
        return title
    if consumed is not None:
        return f"{consumed.method} {consumed.path} ({consumed.namespace})"
    return compiled.function.name


def input_schema(function: Function) -> JsonObject:
    """Return the input schema of a tool (language.md 10.10, 10.11)."""
    listed = [each for each in function.inputs if each.constant is None]
    listed = [each for each in listed if each.place != "environment"]
    schema: JsonObject = {
        "type": "object",
        "properties": {each.shown: dict(each.schema) for each in listed},
    }
    required = [each.shown for each in listed if each.required]
    if required:
        schema["required"] = required
    schema["additionalProperties"] = False
    return schema


def wrapped(schema: object) -> JsonObject | None:
    """Return an output schema whose root is an object (exposes.md MCP-12)."""
    if not isinstance(schema, dict):
        return None
    if schema.get("type") == "object":
        return schema
    return {"type": "object", "properties": {"result": schema}, "required": ["result"]}


def _annotations(
    tables: Tables, tool: McpTool, compiled: Compiled, title: str | None
) -> JsonObject:
    """Return annotations from hints, semantics, or a plain GET (MCP-9, orchestration.md 3.6)."""
    shared = compiled.shared.source if compiled.shared is not None else None
    semantics = tool.semantics or (shared.semantics if shared is not None else None)
    hints = tool.hints or Hints()
    derived = _from_semantics(semantics)
    if tool.hints is None and semantics is None and _only_reads(compiled.function):
        derived = Hints(readOnly=True)
    _report_read_only(tables, tool, compiled)
    pairs = (
        ("readOnlyHint", hints.read_only, derived.read_only),
        ("destructiveHint", hints.destructive, derived.destructive),
        ("idempotentHint", hints.idempotent, derived.idempotent),
        ("openWorldHint", hints.open_world, None),
    )
    chosen = ((key, derived if own is None else own) for key, own, derived in pairs)
    annotations: JsonObject = {"title": title} if title else {}
    return annotations | {key: value for key, value in chosen if value is not None}


def _from_semantics(semantics: Semantics | None) -> Hints:
    if semantics is None:
        return Hints()
    destructive = False if semantics.safe else None
    return Hints(readOnly=semantics.safe, destructive=destructive, idempotent=semantics.idempotent)


def _only_reads(function: Function) -> bool:
    action = function.action
    return isinstance(action, Call) and action.operation.method in _READS


def _report_read_only(tables: Tables, tool: McpTool, compiled: Compiled) -> None:
    consumed = compiled.consumed
    says = tool.hints is not None and tool.hints.read_only is True
    if says and consumed is not None and consumed.method not in (*_READS, "OPTIONS"):
        message = f"tool {tool.name}: readOnly over {consumed.method} {consumed.label}"
        tables.world.found.add("lint/read-only-write", tool.at("hints"), message)


def _meta(written: str, listed: str, tags: Sequence[str]) -> JsonObject:
    meta: JsonObject = {"naftiko/tags": list(tags)} if tags else {}
    return meta | ({"naftiko/name": written} if written != listed else {})


def _confirm(tables: Tables, tool: McpTool, function: Function) -> Expression | None:
    """Return the question put before a tool runs (MCP-23); its templates read the inputs."""
    if tool.confirm is None:
        return None
    around, place = tables.world.around, tool.at("confirm")
    names = [each.name for each in function.inputs]

    def resolve(hole: Hole, embedded: bool) -> Expression:  # noqa: FBT001
        known = around.input_name(hole.name)
        name = matching(known.name if known is not None else hole.name, names)
        if name is None:
            message = f"confirm of {tool.name}: {{{{{hole.name}}}}} is no input"
            raise around.unresolved("template/unresolved", place, message)
        return FromInput(name)

    return link_text(tool.confirm, resolve, around, place)
