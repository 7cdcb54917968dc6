"""How a client authenticates: before a request, over a finished one, and after a 401."""

import logging
from typing import Final, Protocol, assert_never

from naftiko_runtime.engine.auth import inputs_of, simple_credentials
from naftiko_runtime.engine.credentials import NOTHING, Credentials
from naftiko_runtime.engine.exchange import Inbound, Outbound
from naftiko_runtime.engine.scope import InvocationScope
from naftiko_runtime.expressions.reference import Expression
from naftiko_runtime.plan.upstream import ApiKeys, Basic, Bearer

_log: Final = logging.getLogger(__name__)


class Authenticator(Protocol):
    """Authenticates the requests of one ``authentication`` block; may keep tokens and nonces."""

    needs_bytes: bool
    """A finished request must have its body as bytes."""

    async def credentials(self, scope: InvocationScope) -> Credentials:
        """Return what goes with the next request."""
        ...

    def first(self, request: Outbound) -> Outbound:
        """Return what is sent to begin with: another request only to get a challenge."""
        ...

    def signed(self, request: Outbound, scope: InvocationScope) -> Outbound:
        """Return a finished request with what depends on all of it."""
        ...

    def again(self, request: Outbound, answer: Inbound, tries: int) -> bool:
        """Tell whether a 401 to ``request``, as it was sent, is worth another try.

        ``tries`` were made already.
        """
        ...


class Unauthenticated:
    """No authentication."""

    needs_bytes = False

    async def credentials(self, scope: InvocationScope) -> Credentials:
        return NOTHING

    def first(self, request: Outbound) -> Outbound:
        return request

    def signed(self, request: Outbound, scope: InvocationScope) -> Outbound:
        return request

    def again(self, request: Outbound, answer: Inbound, tries: int) -> bool:
        return False


class Simple(Unauthenticated):
    """Bearer, basic, API keys; computed once unless an input is part of them."""

    def __init__(self, authentication: Bearer | Basic | ApiKeys, namespace: str) -> None:
        self._authentication = authentication
        self._namespace = namespace
        self._is_constant = not any(
            True for value in _values(authentication) for _ in inputs_of(value)
        )
        self._known: Credentials | None = None
        self._has_complained = False

    async def credentials(self, scope: InvocationScope) -> Credentials:
        if self._known is not None:
            return self._known
        credentials = simple_credentials(self._authentication, scope)
        # what callers give is another value each time
        remember = scope.variables.remember
        note = remember if self._is_constant else scope.variables.remember_token
        for _, value in credentials.headers:
            note(value)
        if self._is_constant:
            self._known = credentials
        return credentials

    def again(self, request: Outbound, answer: Inbound, tries: int) -> bool:
        """Never; but say once that a key seems to lack its scheme (language.md 6.5)."""
        scheme = (answer.header("www-authenticate") or "").partition(" ")[0]
        sent = next((value for key, value in request.headers if key == "Authorization"), " ")
        is_key = isinstance(self._authentication, ApiKeys)
        if is_key and scheme and " " not in sent and not self._has_complained:
            self._has_complained = True
            _log.warning(
                "auth/scheme-missing: %s answered 401 and wants %s; the variable must hold the "
                "whole header value, as %s <key>",
                self._namespace,
                scheme,
                scheme,
            )
        return False


def _values(authentication: Bearer | Basic | ApiKeys) -> tuple[Expression, ...]:
    match authentication:
        case Bearer(token=token):
            return (token,)
        case Basic(username=username, password=password):
            return (username,) if password is None else (username, password)
        case ApiKeys(keys=keys):
            return tuple(key.value for key in keys)
        case other:
            assert_never(other)
