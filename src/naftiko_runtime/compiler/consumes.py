"""Compiles consumed adapters: upstreams and their operations (language.md 4)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from naftiko_runtime.compiler.authentication import Credentials, credentials_of
from naftiko_runtime.compiler.base_uri import base_uri_of
from naftiko_runtime.compiler.bodies import BodyPlan, body_of
from naftiko_runtime.compiler.fields import Fields, fields_of, merged_parameters
from naftiko_runtime.compiler.formats import response_of
from naftiko_runtime.compiler.needs import Need, Needs
from naftiko_runtime.compiler.operation_path import OperationPath, path_of
from naftiko_runtime.compiler.outputs import consumed_outputs
from naftiko_runtime.compiler.sides import ConsumedSide
from naftiko_runtime.compiler.templates import Unresolved
from naftiko_runtime.compiler.upstreams import CompiledAdapter
from naftiko_runtime.compiler.world import World
from naftiko_runtime.errors import Diagnostic
from naftiko_runtime.expressions.mapper import Mapper
from naftiko_runtime.plan.upstream import ConsumedOperation, Upstream, UrlPiece
from naftiko_runtime.spec import consumes as spec

METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Consumed:
    """A consumed operation with all that linking a call to it must know.

    ``members`` are the top-level names of a JSON body (5.4); ``ignored`` the names that ``with``
    cannot feed because authentication or a constant owns them (4.12, 6.2); ``problem`` makes
    every function that calls it unavailable.
    """

    namespace: str
    adapter: spec.Consumes
    resource: spec.ConsumedResource
    source: spec.ConsumedOperation
    method: str
    path: str
    operation: ConsumedOperation | None
    needs: tuple[Need, ...] = ()
    members: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()
    credential_names: frozenset[str] = frozenset()
    outputs: tuple[tuple[str, Mapper], ...] = ()
    declares_nothing: bool = False
    derived_body: bool = False
    sole_body: str | None = None
    problem: Diagnostic | None = None

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def label(self) -> str:
        return f"{self.namespace}.{self.source.name}"


@dataclass(slots=True)
class _Parts:
    """Everything compiled of one operation, before it is put together."""

    needs: Needs
    credentials: Credentials
    fields: Fields
    path: OperationPath
    body: BodyPlan
    base: tuple[UrlPiece, ...]


def consumed_operations(world: World, adapter: CompiledAdapter) -> list[Consumed]:
    """Compile every operation of one adapter; a broken one gets its ``problem``."""
    absolute = _absolute_paths(adapter.source)
    return [
        _operation(world, adapter, (resource, operation), absolute=absolute)
        for resource in adapter.source.resources
        for operation in resource.operations
    ]


def _absolute_paths(adapter: spec.Consumes) -> bool:
    """Tell whether operation paths of this adapter start at the base URI (4.10)."""
    return any(
        operation.path is not None
        and resource.path.strip("/")
        and (
            operation.path.rstrip("/") == resource.path.rstrip("/")
            or operation.path.startswith(f"{resource.path.rstrip('/')}/")
        )
        for resource in adapter.resources
        for operation in resource.operations
    )


def _operation(
    world: World,
    compiled: CompiledAdapter,
    where: tuple[spec.ConsumedResource, spec.ConsumedOperation],
    *,
    absolute: bool,
) -> Consumed:
    resource, operation = where
    adapter = compiled.source
    method = (operation.method or "GET").upper()
    path_text = _path_text(world, resource, operation, absolute=absolute)
    consumed = Consumed(
        adapter.namespace, adapter, resource, operation, method, path_text, operation=None
    )
    problem = compiled.problem or operation.broken or _method_problem(world, operation, method)
    if problem is not None:
        return replace(consumed, problem=problem)
    try:
        return _compiled(world, consumed, compiled)
    except Unresolved as unresolved:
        return replace(consumed, problem=unresolved.diagnostic)


def _path_text(
    world: World,
    resource: spec.ConsumedResource,
    operation: spec.ConsumedOperation,
    *,
    absolute: bool,
) -> str:
    if operation.path is None:
        return resource.path
    place = operation.at("path")
    if absolute:
        message = f"{operation.name}: path is read from the base URI, as the others repeat theirs"
        world.found.add("dialect/operation-path", place, message)
        return operation.path
    message = f"{operation.name}: path {operation.path!r} is appended to {resource.path!r}"
    world.found.add("dialect/operation-path", place, message)
    return joined(resource.path, operation.path)


def joined(left: str, right: str) -> str:
    """Join two URL parts with exactly one slash (4.4)."""
    if not right or right[0] in "?#:":
        return left + right
    if not left:
        return right
    return f"{left.removesuffix('/')}/{right.removeprefix('/')}"


def _method_problem(
    world: World, operation: spec.ConsumedOperation, method: str
) -> Diagnostic | None:
    if operation.method is None:
        message = f"{operation.name} has no method; GET is taken"
        world.found.add("consumes/method-missing", operation.place, message)
    if method not in METHODS:
        message = f"{operation.name}: method {operation.method} is not one of {', '.join(METHODS)}"
        return world.found.add("consumes/unknown-method", operation.at("method"), message)
    return None


def _compiled(world: World, consumed: Consumed, adapter: CompiledAdapter) -> Consumed:
    parts = _parts(world, consumed, adapter)
    operation = _plan(world, consumed, adapter.upstream, parts)
    outputs = consumed_outputs(world, consumed.source, operation.response)
    ignored, credentials = _ignored(parts)
    return replace(
        consumed,
        operation=operation,
        needs=parts.needs.in_order(),
        members=parts.body.members,
        ignored=ignored,
        credential_names=credentials,
        outputs=outputs,
        declares_nothing=_declares_nothing(consumed),
        derived_body=parts.body.derived,
        sole_body=parts.body.sole,
    )


def _parts(world: World, consumed: Consumed, compiled: CompiledAdapter) -> _Parts:
    adapter, resource, source = consumed.adapter, consumed.resource, consumed.source
    parameters = merged_parameters(world, adapter, resource, source)
    needs = Needs()
    side = ConsumedSide(world, adapter.origin, consumed.label, needs, parameters)
    credentials = _credentials(side, consumed, compiled)
    free = [parameter for parameter in parameters if not credentials.owns(parameter)]
    _report_owned(world, consumed, [p for p in parameters if credentials.owns(p)])
    base = base_uri_of(side, adapter)
    path = path_of(side, consumed.method, consumed.path, (source, resource), free)
    fields = fields_of(side, free)
    body = body_of(side, consumed.method, source, free)
    return _Parts(needs, credentials, fields, path, body, base)


def _credentials(side: ConsumedSide, consumed: Consumed, compiled: CompiledAdapter) -> Credentials:
    """Return the operation's own credentials, else the adapter's, shared."""
    resource, source = consumed.resource, consumed.source
    if source.authentication is not None or resource.authentication is not None:
        return credentials_of(side, (consumed.adapter, resource, source))
    for need in compiled.credential_needs:
        side.needs.add(need)
    return compiled.credentials


def _plan(world: World, consumed: Consumed, upstream: Upstream, parts: _Parts) -> ConsumedOperation:
    response = response_of(world, consumed.adapter, consumed.source)
    return ConsumedOperation(
        namespace=consumed.namespace,
        name=consumed.source.name,
        method=consumed.method,
        upstream=replace(upstream, base=parts.base),
        path=parts.path.pieces,
        template=parts.path.template,
        query_in_path=parts.path.query,
        query=parts.fields.query,
        headers=parts.fields.headers,
        cookies=parts.fields.cookies,
        body=parts.body.body,
        response=response,
        description=consumed.source.description,
        authentication=parts.credentials.authentication,
    )


def _report_owned(world: World, consumed: Consumed, owned: Iterable[spec.Parameter]) -> None:
    for parameter in owned:
        world.found.add(
            "dialect/auth-parameter",
            parameter.place,
            f"{consumed.label}: {parameter.in_} parameter {parameter.name!r} repeats the "
            "authentication, which wins; it is no input",
        )


def _ignored(parts: _Parts) -> tuple[frozenset[str], frozenset[str]]:
    credentials = frozenset(parts.credentials.names)
    return credentials | parts.fields.constants | parts.path.constants, credentials


def _declares_nothing(consumed: Consumed) -> bool:
    return (
        not consumed.source.input_parameters
        and not consumed.resource.input_parameters
        and consumed.source.body is None
    )
