"""Inbound authentication: one gate per adapter, for all four adapters (exposes.md 4).

A gate sees the scope of a request and gives it back without the credential, or a problem.
"""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, Protocol, assert_never

from naftiko_runtime.adapters.asgi import App, Receive, Scope, Send
from naftiko_runtime.adapters.credentials import (
    Key,
    accepted_basic,
    accepted_bearer,
    accepted_key,
)
from naftiko_runtime.adapters.digest import DigestGate, Nonces
from naftiko_runtime.adapters.failures import Failures
from naftiko_runtime.adapters.oauth import OAuthGate
from naftiko_runtime.adapters.problems import Problem, answer, problem_of
from naftiko_runtime.adapters.verdict import Verdict
from naftiko_runtime.engine.exchange import Exchange
from naftiko_runtime.errors import InvocationError
from naftiko_runtime.expressions.reference import Expression
from naftiko_runtime.plan.exposure import (
    InboundAuthentication,
    InboundBasic,
    InboundBearer,
    InboundKey,
    InboundOAuth2,
)

_UNKNOWN: Final = ("", 0)


@dataclass(frozen=True, slots=True)
class AccessContext:
    """What gates need of the process.

    ``resolve`` gives the text of a template and raises ``Misconfigured``; ``exchange`` reaches
    authorization servers. ``failures`` (AUTH-4) and ``nonces`` (AUTH-6) count what callers did, so
    they outlive a context: a reload makes another one.
    """

    resolve: Callable[[Expression], str]
    exchange: Exchange | None = None
    failures: Failures = field(default_factory=Failures)
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    now: Callable[[], float] = time.time
    nonces: Nonces = field(default_factory=lambda: Nonces(os.urandom(32), time.time))


class Checker(Protocol):
    """Decides about the credential of one request."""

    async def check(self, scope: Scope) -> Verdict: ...


class Gate:
    """Admits requests to one adapter."""

    def __init__(self, checker: Checker, context: AccessContext) -> None:
        self._checker = checker
        self._context = context

    async def check(self, scope: Scope) -> Verdict:
        """Decide without slowing anybody down; ``admit`` is what guards an adapter."""
        try:
            return await self._checker.check(scope)
        except InvocationError as error:
            # a secret without a value: never open, never the template text as the secret (AUTH-2)
            return Verdict(refusal=problem_of(error))

    async def admit(self, scope: Scope) -> Scope | Problem:
        """Return the scope without the credential, or why not; guessing gets slow (AUTH-4)."""
        verdict = await self.check(scope)
        if verdict.refusal is None:
            return verdict.scope
        if verdict.guessed:
            client, _ = scope.get("client") or _UNKNOWN
            delay = self._context.failures.delay(client, self._context.now())
            if delay:
                await self._context.sleep(delay)
        return verdict.refusal


def gate_of(authentication: InboundAuthentication | None, context: AccessContext) -> Gate | None:
    """Return the gate of an adapter, None when it is open."""
    return None if authentication is None else Gate(_checker(authentication, context), context)


def _checker(authentication: InboundAuthentication, context: AccessContext) -> Checker:
    resolve = context.resolve
    match authentication:
        case InboundBearer(token):
            return _Simple(lambda scope: accepted_bearer(scope, resolve(token)))
        case InboundBasic(username, password, digest=False):
            return _Simple(
                lambda scope: accepted_basic(scope, resolve(username), resolve(password))
            )
        case InboundBasic():
            return DigestGate(authentication, resolve, context.nonces)
        case InboundKey(name, value, placement):
            key = Key(name, placement)
            return _Simple(lambda scope: accepted_key(scope, key, resolve(value)))
        case InboundOAuth2():
            return OAuthGate(authentication, resolve, context.exchange, context.now)
        case other:
            assert_never(other)


class _Simple:
    """A check that waits for nothing."""

    def __init__(self, accepted: Callable[[Scope], Verdict]) -> None:
        self._accepted = accepted

    async def check(self, scope: Scope) -> Verdict:
        return self._accepted(scope)


def guarded(
    app: App,
    authentication: InboundAuthentication | None,
    context: AccessContext,
    is_open: Callable[[Scope], bool] = lambda _: False,
    arrived: Callable[[Scope], None] = lambda _: None,
) -> App:
    """Return the app behind its adapter's authentication; the app itself when it has none.

    ``OPTIONS`` always passes, and what ``is_open`` says (exposes.md AUTH-1). ``arrived`` says of a
    refused request what the app would have: which adapter it was for, and its CORS headers.
    """
    gate = gate_of(authentication, context)
    if gate is None:
        return app

    async def behind_gate(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] == "OPTIONS" or is_open(scope):
            await app(scope, receive, send)
            return
        admitted = await gate.admit(scope)
        if isinstance(admitted, Problem):
            arrived(scope)
            await answer(admitted, scope, send)
        else:
            await app(admitted, receive, send)

    return behind_gate
