"""Compiles ``forward``: a resource that passes requests on (exposes.md REST-14)."""

from naftiko_runtime.compiler.route_paths import RoutePath
from naftiko_runtime.compiler.tables import Tables
from naftiko_runtime.errors import Diagnostic
from naftiko_runtime.names import suggestion
from naftiko_runtime.plan.exposure import RouteHole
from naftiko_runtime.plan.function import Forward, Function, Input, Unavailable
from naftiko_runtime.spec.exposes_rest import RestAdapter, RestResource


def forward_function(
    tables: Tables, adapter: RestAdapter, resource: RestResource, path: RoutePath
) -> Function:
    """Return the function of a forwarding resource; unavailable for an unknown namespace."""
    spec = resource.forward
    assert spec is not None  # noqa: S101 -- the caller looked
    name = f"forward {path.template}"
    upstream = tables.consumed.forwarded(spec.target_namespace)
    if upstream is None:
        known = tables.consumed.own
        hint = suggestion(spec.target_namespace, known)
        message = (
            f'{path.template}: forward names no consumed namespace "{spec.target_namespace}"{hint}'
        )
        place = spec.at("targetNamespace")
        found = tables.world.found.add("rest/unknown-target", place, message)
        return Function(name, (), Unavailable(found))
    if isinstance(upstream, Diagnostic):
        return Function(name, (), Unavailable(upstream))
    action = Forward(
        upstream=upstream.upstream,
        trusted_headers=tuple(spec.trusted_headers),
        query=upstream.query,
        headers=upstream.headers,
        rest_variable=_rest_variable(path),
        credentials=adapter.authentication is None and upstream.upstream.authentication is None,
    )
    inputs = tuple(
        Input(variable, "path", variable, variable, "string", required=True)
        for variable in path.names
    )
    return Function(name, inputs, action)


def _rest_variable(path: RoutePath) -> str | None:
    last = path.segments[-1] if path.segments else ()
    hole = last[0] if len(last) == 1 else None
    return hole.name if isinstance(hole, RouteHole) and hole.rest else None
