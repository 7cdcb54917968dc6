"""One route as an OpenAPI operation: parameters, request body, responses (exposes.md REST-16)."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from naftiko_runtime.openapi.described_path import DescribedPath
from naftiko_runtime.openapi.described_schema import clean
from naftiko_runtime.plan.exposure import Route, RouteHole
from naftiko_runtime.plan.function import Input, Unavailable
from naftiko_runtime.values import Json

Members = dict[str, Any]

_WRITES: Final = frozenset({"POST", "PUT", "PATCH"})
_OWN_HEADERS: Final = frozenset({"accept", "content-type", "authorization"})
"""OpenAPI has other places for these and ignores parameters of the name."""
_PROBLEM: Final = {"$ref": "#/components/responses/Problem"}
_ANYTHING: Final[Mapping[str, Json]] = {"application/json": {}, "*/*": {}}


def operation_of(described: DescribedPath, operation_id: str) -> Members:
    """Return the operation object without ``security``."""
    route = described.route
    members: Members = {
        "operationId": operation_id,
        "summary": route.summary,
        "description": route.description or route.function.description,
        "tags": list(route.tags) or None,
        "parameters": _parameters(described) or None,
        "requestBody": _request_body(route),
        "responses": _responses(route),
        "x-naftiko-unavailable": _unavailable(route),
    }
    return {name: value for name, value in members.items() if value is not None}


def _unavailable(route: Route) -> str | None:
    action = route.function.action
    if not isinstance(action, Unavailable):
        return None
    return f"{action.diagnostic.code}: {action.diagnostic.message}"


def path_parameters(described: DescribedPath) -> list[Json]:
    """Return the placeholders of a path, described by the inputs that read them."""
    inputs = {each.key: each for each in _shown(described.route) if each.place == "path"}
    parameters: list[Json] = []
    for segment in described.route.segments:
        for part in segment:
            if isinstance(part, RouteHole):
                read = inputs.get(part.name)
                members = _parameter(read, "path") if read else {"schema": {"type": "string"}}
                name = described.names[part.name]
                parameters.append(members | {"name": name, "in": "path", "required": True})
    return parameters


def _parameters(described: DescribedPath) -> list[Json]:
    route = described.route
    parameters = path_parameters(described)
    for key, value in route.conditions:
        schema: Members = {"type": "string"} | ({} if value is None else {"const": value})
        parameters.append({"name": key, "in": "query", "required": True, "schema": schema})
    for each in _shown(route):
        location = _location(each, route.method)
        if location in ("query", "header", "cookie"):
            parameters.append(_parameter(each, location))
    unique = {(each["in"], each["name"].casefold()): each for each in reversed(parameters)}
    return [each for each in reversed(unique.values()) if not _is_own(each)]


def _is_own(parameter: Mapping[str, Json]) -> bool:
    return parameter["in"] == "header" and parameter["name"].casefold() in _OWN_HEADERS


def _shown(route: Route) -> Iterable[Input]:
    """Yield what a caller can give; constants and the environment are not among it."""
    return (
        each
        for each in route.function.inputs
        if each.constant is None and each.place != "environment"
    )


def _location(each: Input, method: str) -> str:
    """Return where an input is described; a derived one where it is first looked for (10.4)."""
    if each.place != "derived":
        return each.place
    if each.feeds_header:
        return "header"
    return "query" if each.textual or method not in _WRITES else "member"


def _parameter(each: Input, location: str) -> Members:
    members: Members = {"name": each.key, "in": location}
    if each.required or location == "path":
        members["required"] = True
    if each.description:
        members["description"] = each.description
    return members | {"schema": _schema(each)}


def _schema(each: Input) -> Json:
    schema = {name: value for name, value in each.schema.items() if name != "description"}
    return clean(schema)


def _request_body(route: Route) -> Json | None:
    """Return a relayed body as ``*/*``, members as properties, or nothing (REST-16)."""
    inputs = list(_shown(route))
    whole = [each for each in inputs if each.place == "body"]
    if whole and route.method not in ("GET", "HEAD"):
        return _whole_body(whole[0])
    members = [each for each in inputs if _location(each, route.method) == "member"]
    if not members:
        return None
    schema = _object(members)
    body: Members = {"content": {"application/json": {"schema": schema}}}
    return body | ({"required": True} if "required" in schema else {})


def _whole_body(each: Input) -> Json:
    relayed = each.raw and not each.json
    content: Members = {"*/*": {}} if relayed else {"application/json": {"schema": _schema(each)}}
    members: Members = {"content": content}
    if each.description:
        members["description"] = each.description
    return members | ({"required": True} if each.required else {})


def _object(members: Iterable[Input]) -> Members:
    """Return the schema of a body with these members; a dotted or rooted one stands inside."""
    schema: Members = {"type": "object", "properties": {}}
    for each in members:
        *outer, last = _names(each)
        target = schema
        for name in outer:
            target = target["properties"].setdefault(name, {"type": "object"})
            target.setdefault("properties", {})
        described = {"description": each.description} if each.description else {}
        target["properties"][last] = _schema(each) | described
        if each.required and not outer:
            schema.setdefault("required", []).append(last)
    return schema


def _names(each: Input) -> list[str]:
    names = each.path.members if each.path is not None else None
    if names and all(isinstance(name, str) for name in names):
        return [str(name) for name in names]
    return [each.key]


def _responses(route: Route) -> Json:
    """Return declared responses, else the outputs' schema, else whatever the upstream gives."""
    declared = {str(status): _declared(each) for status, each in route.responses.items()}
    if not declared and route.function.output_schema is not None:
        schema = clean(route.function.output_schema)
        content: Members = {"application/json": {"schema": schema}}
        declared = {"200": {"description": "The outputs", "content": content}}
    if not declared:
        content = {route.media_type: {}} if route.media_type else dict(_ANYTHING)
        declared = {
            "2XX": {"description": "The answer of the upstream", "content": content},
            # named by itself, or it would have to have a body like the others
            "204": {"description": "The upstream has nothing to say"},
        }
    return {"default": _PROBLEM} | declared


def _declared(response: Json) -> Json:
    """Return one of the document's ``responses`` with what OpenAPI requires (IKA-9)."""
    members: Members = response if isinstance(response, dict) else {}
    described = {"description": str(members.get("description") or "As declared")}
    content = members.get("content")
    if not isinstance(content, dict):
        return described
    return described | {"content": {str(media): _media(each) for media, each in content.items()}}


def _media(details: Json) -> Json:
    members = details if isinstance(details, dict) else {}
    if members.get("binary") is True:
        return {"schema": {"type": "string", "format": "binary"}}
    schema = members.get("schema")
    return {"schema": clean(schema)} if isinstance(schema, dict) else {}
