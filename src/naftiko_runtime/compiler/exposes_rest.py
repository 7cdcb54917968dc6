"""Compiles REST adapters (exposes.md 2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from naftiko_runtime.compiler.consumes import joined
from naftiko_runtime.compiler.formats import size_of
from naftiko_runtime.compiler.forwards import forward_function
from naftiko_runtime.compiler.functions import Compiled, Exposed, function_of
from naftiko_runtime.compiler.inbound import (
    cors_of,
    credential_names,
    inbound_of,
    security_scheme,
)
from naftiko_runtime.compiler.route_choice import choosing_inputs
from naftiko_runtime.compiler.route_notes import report_routes
from naftiko_runtime.compiler.route_paths import RoutePath, route_path
from naftiko_runtime.compiler.tables import Tables
from naftiko_runtime.compiler.templates import Unresolved
from naftiko_runtime.plan.exposure import Address, RestExposure, Route
from naftiko_runtime.plan.function import Call, Function, Relay, Unavailable
from naftiko_runtime.plan.upstream import ResponseFormat
from naftiko_runtime.spec.consumes import Parameter
from naftiko_runtime.spec.exposes_rest import RestAdapter, RestOperation, RestResource
from naftiko_runtime.values import Json

METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
DEFAULT_PORT: Final = 8080
OCTETS: Final = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class _Adapter:
    """One REST adapter under compilation."""

    tables: Tables
    spec: RestAdapter
    namespace: str
    credentials: frozenset[str]
    absolute: bool
    """Operation paths start at the root (REST-2.6)."""


@dataclass(frozen=True, slots=True)
class _Served:
    """One operation, compiled, with what describes it."""

    resource: RestResource
    operation: RestOperation
    compiled: Compiled
    function: Function
    method: str
    path: RoutePath


def rest_exposure(tables: Tables, spec: RestAdapter) -> RestExposure:
    """Return a compiled REST adapter; raise ``Unresolved`` when it must not be served (AUTH-2)."""
    namespace = spec.namespace or "rest"
    authentication = inbound_of(tables.world, spec, namespace)
    adapter = _Adapter(
        tables, spec, namespace, credential_names(authentication), _absolute_paths(spec)
    )
    routes: list[Route] = []
    for resource in spec.resources:
        routes += [_route(adapter, resource, operation) for operation in resource.operations]
        if resource.forward is not None:
            routes.append(_forward(adapter, resource))
    report_routes(tables.world.found, routes)
    return RestExposure(
        namespace=namespace,
        address=Address(spec.address, spec.port or DEFAULT_PORT),
        routes=tuple(routes),
        description=spec.description,
        authentication=authentication,
        cors=cors_of(spec),
        place=spec.place,
        security=security_scheme(authentication, spec),
    )


def _absolute_paths(spec: RestAdapter) -> bool:
    return any(
        operation.path is not None
        and resource.path.strip("/")
        and f"{operation.path.rstrip('/')}/".startswith(f"{resource.path.rstrip('/')}/")
        for resource in spec.resources
        for operation in resource.operations
    )


def _path(adapter: _Adapter, resource: RestResource, operation: RestOperation | None) -> RoutePath:
    text, place = resource.path, resource.at("path")
    if operation is not None and operation.path is not None:
        place = operation.at("path")
        text = operation.path if adapter.absolute else joined(resource.path, operation.path)
    return route_path(adapter.tables.world, text, place, adapter.namespace)


def _method(adapter: _Adapter, resource: RestResource, operation: RestOperation) -> str:
    found = adapter.tables.world.found
    if operation.method is not None:
        method = operation.method.upper()
        if method in METHODS:
            return method
        message = (
            f"{adapter.namespace}: method {operation.method} is not one of {', '.join(METHODS)}"
        )
        raise Unresolved(found.add("rest/unknown-method", operation.at("method"), message))
    if operation.ref is not None:
        return _method_of_reference(adapter, operation)
    message = f"{adapter.namespace} {resource.path}: an operation without method is GET"
    found.add("rest/method-missing", operation.place, message)
    return "GET"


def _method_of_reference(adapter: _Adapter, operation: RestOperation) -> str:
    """Return the method of a ``ref`` that has none: GET when it is safe (orchestration.md 3.3)."""
    tables, label = adapter.tables, f"{adapter.namespace} {operation.ref}"
    shared = tables.reference(operation.ref or "", operation.at("ref"), label, adapter.spec.origin)
    semantics = shared.source.semantics
    method = "GET" if semantics is not None and semantics.safe else "POST"
    message = f"{label}: a ref without method is {method}"
    tables.world.found.add("ref/method-missing", operation.place, message)
    return method


def _route(adapter: _Adapter, resource: RestResource, operation: RestOperation) -> Route:
    problem: Unresolved | None = None
    try:
        method = _method(adapter, resource, operation)
    except Unresolved as unresolved:
        method, problem = "GET", unresolved
    path = _path(adapter, resource, operation)
    exposed = _exposed(adapter, resource, operation, method, path)
    compiled = function_of(adapter.tables, operation, exposed)
    function = compiled.function
    if problem is not None:
        function = Function(function.name, function.inputs, Unavailable(problem.diagnostic))
    _report_method(adapter, operation, compiled, method)
    served = _Served(resource, operation, compiled, function, method, path)
    return _described(adapter, served)


def _exposed(
    adapter: _Adapter,
    resource: RestResource,
    operation: RestOperation,
    method: str,
    path: RoutePath,
) -> Exposed:
    parameters: list[Parameter] = [
        *adapter.spec.input_parameters,
        *resource.input_parameters,
        *operation.input_parameters,
    ]
    return Exposed(
        side="rest",
        label=f"{method} {path.template}",
        name=operation.name or operation.ref or f"{method} {path.template}",
        parameters=parameters,
        routes=path.names,
        origin=adapter.spec.origin,
        method=method,
        path=resource.path,
        credentials=adapter.credentials,
    )


def _report_method(
    adapter: _Adapter, operation: RestOperation, compiled: Compiled, method: str
) -> None:
    consumed = compiled.consumed
    if consumed is not None and consumed.method != method:
        message = f"{method} {operation.name or ''} calls {consumed.method} {consumed.label}"
        adapter.tables.world.found.add("lint/method-differs", operation.place, message)


def _described(adapter: _Adapter, served: _Served) -> Route:
    resource, operation, compiled = served.resource, served.operation, served.compiled
    path, function = served.path, served.function
    shared = compiled.shared.source if compiled.shared is not None else None
    words = [word for word in (operation, shared) if word is not None]
    description = next((word.description for word in words if word.description), None)
    tags = operation.tags or (shared.tags if shared is not None else None) or resource.tags
    limit = operation.max_binary_size or adapter.spec.max_binary_size
    found = adapter.tables.world.found
    return Route(
        method=served.method,
        segments=path.segments,
        template=path.template,
        function=function,
        place=operation.place,
        operation_id=operation.name or (shared.name if shared is not None else None) or "",
        conditions=path.conditions,
        wanted=choosing_inputs(adapter.tables.world.around, operation.with_ or {}, function.inputs),
        summary=next((word.label for word in words if word.label), None),
        description=description or resource.description,
        tags=tuple(tags or ((resource.name,) if resource.name else ())),
        media_type=_media_type(operation, function),
        responses=operation.responses or _binary_response(operation),
        conditional=_is_conditional(function, served.method),
        max_binary_size=size_of(found, limit, operation.place) if limit else None,
        trailing_slash=path.trailing_slash,
    )


def _media_type(operation: RestOperation, function: Function) -> str | None:
    """Return the media type of the answer: consumed, else the operation's own (IKA-8, IKA-9)."""
    consumed = _response(function).media_type
    if consumed is not None:
        return consumed
    if operation.response_binary is not None and operation.response_binary.media_type:
        return operation.response_binary.media_type
    for response in (operation.responses or {}).values():
        content = response.get("content") if isinstance(response, dict) else None
        for media_type, details in (content or {}).items() if isinstance(content, dict) else ():
            if isinstance(details, dict) and details.get("binary") is True:
                return str(media_type)
    return None


def _binary_response(operation: RestOperation) -> Mapping[str, Json]:
    """Return what ``responseBinary`` says as an entry of ``responses`` (IKA-8)."""
    short = operation.response_binary
    if short is None:
        return {}
    content = {short.media_type or OCTETS: {"binary": True}}
    described = {"description": short.description} if short.description else {}
    return {str(short.status or HTTPStatus.OK.value): {**described, "content": content}}


def _response(function: Function) -> ResponseFormat:
    action = function.action
    return action.operation.response if isinstance(action, Call) else ResponseFormat()


def _is_conditional(function: Function, method: str) -> bool:
    action = function.action
    return (
        method == "GET"
        and isinstance(action, Call)
        and isinstance(function.output, Relay)
        and action.operation.method == "GET"
    )


def _forward(adapter: _Adapter, resource: RestResource) -> Route:
    path = _path(adapter, resource, None)
    function = forward_function(adapter.tables, adapter.spec, resource, path)
    return Route(
        method="*",
        segments=path.segments,
        template=path.template,
        function=function,
        place=resource.place,
        operation_id=resource.name or "forward",
        summary=resource.label,
        description=resource.description,
        tags=tuple(resource.tags or ()),
        trailing_slash=path.trailing_slash,
    )
