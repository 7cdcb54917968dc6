"""Compiles MCP resources: dynamic ones, templates, folders (exposes.md MCP-25, MCP-26)."""

import re
from typing import Final

from naftiko_runtime.compiler.functions import Exposed, function_of
from naftiko_runtime.compiler.tables import Tables
from naftiko_runtime.plan.exposure import ResourceExposure, UriHole
from naftiko_runtime.spec.exposes_mcp import McpAdapter, McpResource
from naftiko_runtime.values import Json

_HOLE: Final = re.compile(r"\{\{([^{}]+)\}\}|\{(\+?)([^{}]+)\}")


def resources_of(tables: Tables, spec: McpAdapter, namespace: str) -> tuple[ResourceExposure, ...]:
    """Return the resources of an adapter; of equal URIs the first stays."""
    exposures: list[ResourceExposure] = []
    for resource in spec.resources:
        exposure = _resource(tables, spec, resource, namespace)
        if any(other.uri == exposure.uri for other in exposures):
            message = f"{namespace}: two resources are called {exposure.uri}; the first is served"
            tables.world.found.add("mcp/resource-taken", resource.at("uri"), message)
            continue
        exposures.append(exposure)
    return tuple(exposures)


def _resource(
    tables: Tables, spec: McpAdapter, resource: McpResource, namespace: str
) -> ResourceExposure:
    pieces = uri_pieces(resource.uri)
    uri = "".join(piece if isinstance(piece, str) else _shown(piece) for piece in pieces)
    name = resource.name or resource.uri
    if resource.location is not None:
        return _folder(tables, spec, resource, name, uri)
    variables = tuple(piece.name for piece in pieces if isinstance(piece, UriHole))
    exposed = Exposed(
        side="mcp",
        label=f"{namespace}.{name}",
        name=name,
        parameters=resource.input_parameters,
        routes=variables,
        origin=spec.origin,
    )
    compiled = function_of(tables, _templated(resource, variables), exposed)
    tags = {"naftiko/tags": list(resource.tags)} if resource.tags else {}
    return ResourceExposure(
        name=name,
        uri=uri,
        pieces=pieces,
        title=resource.label,
        description=resource.description,
        mime_type=resource.mime_type,
        function=compiled.function,
        binary=resource.binary is True,
        meta=tags,
    )


def _templated(resource: McpResource, variables: tuple[str, ...]) -> McpResource:
    """Return a resource whose ``with`` says ``{{x}}`` where it said ``{x}`` of its URI (MCP-25)."""
    if not variables:
        return resource
    names = "|".join(map(re.escape, variables))
    single = re.compile(rf"(?<!\{{)\{{({names})\}}(?!\}})")

    def templated(value: Json) -> Json:
        match value:
            case str():
                return single.sub(r"{{\1}}", value)
            case dict():
                return {key: templated(each) for key, each in value.items()}
            case list():
                return [templated(each) for each in value]
            case _:
                return value

    steps = [each.model_copy(update={"with_": templated(each.with_)}) for each in resource.steps]
    return resource.model_copy(update={"with_": templated(resource.with_), "steps": steps})


def _folder(
    tables: Tables, spec: McpAdapter, resource: McpResource, name: str, uri: str
) -> ResourceExposure:
    world = tables.world
    folder = world.files.folder(resource.location or "", world.folder_of(spec.origin))
    if folder is None:
        message = f"resource {name}: there is no folder {resource.location}; its list is empty"
        world.found.add("mcp/resource-folder", resource.at("location"), message)
    return ResourceExposure(
        name=name,
        uri=uri,
        pieces=(uri,),
        title=resource.label,
        description=resource.description,
        mime_type=resource.mime_type,
        folder=folder or "",
    )


def uri_pieces(uri: str) -> tuple[str | UriHole, ...]:
    """Return the literal pieces and variables of a resource URI."""
    pieces: list[str | UriHole] = []
    end = 0
    for match in _HOLE.finditer(uri):
        if match.start() > end:
            pieces.append(uri[end : match.start()])
        name = (match.group(1) or match.group(3)).strip()
        pieces.append(UriHole(name, rest=match.group(2) == "+"))
        end = match.end()
    return (*pieces, uri[end:]) if end < len(uri) or not pieces else tuple(pieces)


def _shown(hole: UriHole) -> str:
    return f"{{+{hole.name}}}" if hole.rest else f"{{{hole.name}}}"
