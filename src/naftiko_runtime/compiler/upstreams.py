"""Compiles what belongs to a whole consumed adapter: its upstream (language.md 4.3, 6.1)."""

from dataclasses import dataclass, replace

from naftiko_runtime.compiler.authentication import NO_CREDENTIALS, Credentials, credentials_of
from naftiko_runtime.compiler.base_uri import base_uri_of, unset
from naftiko_runtime.compiler.fields import Fields, fields_of, merged_parameters
from naftiko_runtime.compiler.needs import Need, Needs
from naftiko_runtime.compiler.sides import ConsumedSide
from naftiko_runtime.compiler.templates import Unresolved
from naftiko_runtime.compiler.world import World
from naftiko_runtime.errors import Diagnostic
from naftiko_runtime.expressions.reference import FromInput
from naftiko_runtime.plan.upstream import Field, Upstream, UrlHole, UrlPiece
from naftiko_runtime.spec import consumes as spec


@dataclass(frozen=True, slots=True)
class CompiledAdapter:
    """An upstream with its adapter-level constants; ``problem`` makes all of it unavailable."""

    source: spec.Consumes
    upstream: Upstream
    query: tuple[Field, ...] = ()
    headers: tuple[Field, ...] = ()
    credentials: Credentials = NO_CREDENTIALS
    """Shared by all operations without a block of their own: they share its tokens (6.8)."""
    credential_needs: tuple[Need, ...] = ()
    problem: Diagnostic | None = None


def compiled_adapter(world: World, adapter: spec.Consumes, index: int) -> CompiledAdapter:
    """Return the upstream of a consumed adapter."""
    upstream = Upstream(
        key=f"{world.file}#{adapter.origin or ''}#{index}",
        namespace=adapter.namespace,
        description=adapter.description,
        base=(),
        authentication=None,
        head_timeout=world.setting(world.settings.timeout, adapter.namespace) or 300.0,
    )
    compiled = CompiledAdapter(adapter, upstream)
    problem = _problem(world, adapter)
    if problem is not None:
        return replace(compiled, problem=problem)
    try:
        return _compiled(world, compiled)
    except Unresolved as unresolved:
        return replace(compiled, problem=unresolved.diagnostic)


def _compiled(world: World, compiled: CompiledAdapter) -> CompiledAdapter:
    adapter = compiled.source
    resource = spec.ConsumedResource(path="")
    operation = spec.ConsumedOperation(name=adapter.namespace)
    parameters = merged_parameters(world, adapter, resource, operation)
    side = ConsumedSide(world, adapter.origin, f"{adapter.namespace}.*", Needs(), parameters)
    credentials = credentials_of(side, (adapter, resource, operation))
    credential_needs = side.needs.in_order()
    base = tuple(
        _without_input(world, adapter, side, piece) for piece in base_uri_of(side, adapter)
    )
    constants = [p for p in parameters if p.value is not None and not credentials.owns(p)]
    fields: Fields = fields_of(side, constants)
    upstream = replace(compiled.upstream, base=base, authentication=credentials.authentication)
    return replace(
        compiled,
        upstream=upstream,
        query=fields.query,
        headers=fields.headers,
        credentials=credentials,
        credential_needs=credential_needs,
    )


def _without_input(
    world: World, adapter: spec.Consumes, side: ConsumedSide, piece: UrlPiece
) -> UrlPiece:
    """Return a piece that needs no caller: a forwarded request has no ``with``."""
    if isinstance(piece, str) or not isinstance(piece.value, FromInput):
        return piece
    need = side.needs.each[piece.name]
    fallback = need.fallback or unset(world, adapter.namespace, piece.name, need.place)
    return UrlHole(piece.name, fallback, "verbatim")


def _problem(world: World, adapter: spec.Consumes) -> Diagnostic | None:
    if adapter.broken is not None:
        return adapter.broken
    tunnel, place = adapter.tunnel, adapter.at("tunnel")
    if tunnel is None:
        return None
    if tunnel.fallback == "direct":
        message = f"{adapter.namespace}: no tunnel is built in; calls go straight to the base URI"
        world.found.add("consumes/tunnel-direct", place, message)
        return None
    message = f"{adapter.namespace}: no transport for tunnels is built in; nothing is sent"
    return world.found.add("consumes/tunnel-unsupported", place, message)
