"""What is open while plans are served: clients, variables, telemetry. State of one ``Live``."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import assert_never

from naftiko_runtime.engine.authenticators import Authenticator, Simple, Unauthenticated
from naftiko_runtime.engine.clients import Client
from naftiko_runtime.engine.digest import DigestAuthenticator
from naftiko_runtime.engine.exchange import Exchange
from naftiko_runtime.engine.exchange_http1 import Http1Exchange
from naftiko_runtime.engine.locations import base_location
from naftiko_runtime.engine.request import blueprint
from naftiko_runtime.engine.scripting.governance import Governance
from naftiko_runtime.engine.scripting.scripts import Scripts
from naftiko_runtime.engine.sigv4 import SignatureAuthenticator
from naftiko_runtime.engine.tokens import TokenAuthenticator
from naftiko_runtime.engine.variables import Variables
from naftiko_runtime.observability.redaction import Redactor
from naftiko_runtime.observability.telemetry import OFF, Consumed, Telemetry
from naftiko_runtime.options import RuntimeOptions
from naftiko_runtime.plan.function import Forward
from naftiko_runtime.plan.upstream import (
    ApiKeys,
    Authentication,
    Basic,
    Bearer,
    ConsumedOperation,
    Digest,
    SignatureV4,
    Token,
    Upstream,
)


@dataclass(frozen=True, slots=True)
class Engine:
    """Runs functions; ``engine_for`` opens one.

    Clients are made when an operation is first called and kept by its identity; operations under
    one authentication block share tokens and nonces.
    """

    exchange: Exchange
    variables: Variables
    options: RuntimeOptions = field(default_factory=RuntimeOptions)
    telemetry: Telemetry = OFF
    scripts: Scripts = field(default_factory=Scripts)
    _clients: dict[int, Client] = field(default_factory=dict, repr=False, compare=False)
    _authenticators: dict[int, tuple[Authentication, Authenticator]] = field(
        default_factory=dict, repr=False, compare=False
    )

    _forwards: dict[int, tuple[Forward, ConsumedOperation]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def client(self, operation: ConsumedOperation) -> Client:
        """Return what sends the requests of an operation."""
        known = self._clients.get(id(operation))
        if known is not None:
            return known
        client = Client(
            blueprint(operation),
            self.authenticator(operation.authentication, operation.upstream),
            self.exchange,
            self.telemetry.peer(Consumed(operation.namespace, operation.name, operation.template)),
            self.options.limits.body,
        )
        self._clients[id(operation)] = client  # whose blueprint keeps the operation alive
        return client

    def renewed(self) -> "Engine":
        """Return an engine on the same connections that reads variables anew (LST-11)."""
        variables = self.variables.refreshed()
        return Engine(self.exchange, variables, self.options, self.telemetry, self.scripts)

    def forwarding(self, action: Forward) -> ConsumedOperation:
        """Return the operation whose requests ``forward`` builds upon: base URI and parameters."""
        known = self._forwards.get(id(action))
        if known is None:
            upstream = action.upstream
            operation = ConsumedOperation(
                upstream.namespace,
                "forward",
                "GET",
                upstream,
                (),
                "",
                query=action.query,
                headers=action.headers,
                authentication=upstream.authentication,
            )
            known = self._forwards[id(action)] = action, operation
        return known[1]

    def authenticator(
        self, authentication: Authentication | None, upstream: Upstream
    ) -> Authenticator:
        """Return what authenticates under one authentication block."""
        if authentication is None:
            return Unauthenticated()
        known = self._authenticators.get(id(authentication))
        if known is None:
            known = authentication, self._authenticator(authentication, upstream)
            self._authenticators[id(authentication)] = known
        return known[1]

    def _authenticator(self, authentication: Authentication, upstream: Upstream) -> Authenticator:
        match authentication:
            case Bearer() | Basic() | ApiKeys():
                return Simple(authentication, upstream.namespace)
            case Digest():
                return DigestAuthenticator(authentication)
            case SignatureV4():
                return SignatureAuthenticator(authentication)
            case Token():
                base = base_location(upstream)
                return TokenAuthenticator(authentication, base, self.exchange)
            case other:
                assert_never(other)


@asynccontextmanager
async def engine_for(
    options: RuntimeOptions,
    environ: Mapping[str, str],
    exchange: Exchange | None = None,
    telemetry: Telemetry = OFF,
    redactor: Redactor | None = None,
) -> AsyncIterator[Engine]:
    """Open an engine; leaving the context closes its exchange.

    ``exchange`` replaces the default one (tests, ASGI applications); ``redactor`` learns every
    secret that is resolved or fetched.
    """
    used = exchange if exchange is not None else Http1Exchange(options)
    known = redactor or Redactor()
    variables = Variables(environ, known.learn, known.learn_token)
    scripts = Scripts(options.limits.scripts, Governance(by_environment=_scripting(environ)))
    try:
        yield Engine(used, variables, options, telemetry, scripts)
    finally:
        await scripts.close()
        await used.close()


def _scripting(environ: Mapping[str, str]) -> bool:
    """Tell whether scripts run when no setting says so (exposes.md CTL-11)."""
    names = ("NAFTIKO_SCRIPTING", "IKANOS_SCRIPTING")
    return all(environ.get(name, "").strip().lower() != "false" for name in names)
