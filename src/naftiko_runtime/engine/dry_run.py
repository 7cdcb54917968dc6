"""The request that a call would send, with secrets masked; nothing is sent."""

from collections.abc import Mapping
from dataclasses import replace
from typing import assert_never

from naftiko_runtime.engine.authenticators import Simple, Unauthenticated
from naftiko_runtime.engine.engine import Engine
from naftiko_runtime.engine.exchange import Outbound
from naftiko_runtime.engine.inputs import check, settled
from naftiko_runtime.engine.request import authenticated
from naftiko_runtime.engine.scope import InvocationScope
from naftiko_runtime.errors import FunctionUnavailable
from naftiko_runtime.observability.redaction import MASK, Redactor
from naftiko_runtime.plan.function import (
    Call,
    CallStep,
    Constant,
    Forward,
    Function,
    Refer,
    Steps,
    Unavailable,
)
from naftiko_runtime.plan.upstream import Token
from naftiko_runtime.values import Json


async def dry_run(
    function: Function, inputs: Mapping[str, Json], engine: Engine
) -> Outbound | None:
    """Return the first request of a function, or None when it sends none.

    ``inputs`` are checked values by ``Input.name``. Raises what the call would raise before it
    sends anything.
    """
    scope = InvocationScope(settled(function.inputs, inputs, engine.variables), engine.variables)
    match function.action:
        case Call():
            return await _masked(function.action, scope, engine)
        case Refer(function=target, arguments=arguments):
            given = check(target.inputs, scope.narrowed(arguments).inputs)
            return await dry_run(target, given, engine)
        case Steps(steps=(CallStep(call=call), *_)):
            return await _masked(call, scope, engine)
        case Steps() | Constant() | Forward():
            return None
        case Unavailable(diagnostic=diagnostic):
            raise FunctionUnavailable(diagnostic.message, diagnostic.code)
        case other:
            assert_never(other)


async def _masked(call: Call, scope: InvocationScope, engine: Engine) -> Outbound:
    client = engine.client(call.operation)
    narrowed = scope.narrowed(call.arguments)
    request = await client.request(narrowed, relayed=False)
    authenticator = client.authenticator
    redactor = Redactor()
    if isinstance(authenticator, Simple):
        credentials = await authenticator.credentials(narrowed)
        request = await authenticated(request, credentials)
        for _, value in credentials.headers:
            redactor.learn(value)
    elif type(authenticator) is not Unauthenticated:
        # tokens are not fetched and nothing is signed: only where they go is shown
        request = _with_placeholder(request, call)
    for secret in scope.variables.secrets():
        redactor.learn(secret)
    return replace(
        request,
        url=redactor.scrub(request.url),
        headers=tuple((name, redactor.scrub(value)) for name, value in request.headers),
        body=_scrubbed(request.body, redactor) if isinstance(request.body, bytes) else None,
    )


def _scrubbed(body: bytes, redactor: Redactor) -> bytes:
    try:
        return redactor.scrub(body.decode()).encode()
    except UnicodeDecodeError:
        return body


def _with_placeholder(request: Outbound, call: Call) -> Outbound:
    block = call.operation.authentication
    name = "Authorization"
    if isinstance(block, Token) and block.placement == "header":
        name = block.placement_name
    kept = tuple(pair for pair in request.headers if pair[0].lower() != name.lower())
    return replace(request, headers=(*kept, (name, MASK)))
