"""Composition: plans of documents become the apps of listeners, all of one ``Live``."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from naftiko_runtime import __version__
from naftiko_runtime.adapters.access import AccessContext, guarded
from naftiko_runtime.adapters.asgi import App
from naftiko_runtime.adapters.guards import guarded_listener, rules_of
from naftiko_runtime.adapters.mcp.together import shared_authentication, together
from naftiko_runtime.adapters.mcp.view import McpView, view_of
from naftiko_runtime.adapters.rest.app import rest_app
from naftiko_runtime.engine.engine import Engine
from naftiko_runtime.engine.scope import InvocationScope
from naftiko_runtime.engine.variables import Variables
from naftiko_runtime.expressions.reference import Expression
from naftiko_runtime.options import RuntimeOptions
from naftiko_runtime.plan.exposure import McpExposure, RestExposure
from naftiko_runtime.plan.listener import ListenerKey, ListenerPlan, Merged, Placed, mcp_paths
from naftiko_runtime.runtime.dispatch import Parts, dispatching
from naftiko_runtime.runtime.documents import Document
from naftiko_runtime.runtime.house import House
from naftiko_runtime.runtime.switch import Usage


@dataclass(frozen=True, slots=True)
class EndpointKey:
    """One MCP endpoint: a listener (None: stdio) and an adapter (None: all together)."""

    listener: ListenerKey | None
    namespace: str | None


@dataclass(frozen=True, slots=True)
class Live:
    """Everything that is served now; a reload makes another one."""

    documents: tuple[Document, ...]
    merged: Merged
    engine: Engine
    apps: Mapping[ListenerKey, App]
    views: Mapping[EndpointKey, McpView]
    usage: Usage


STDIO: Final = EndpointKey(None, None)


def build_live(
    documents: Sequence[Document],
    merged: Merged,
    house: House,
    endpoint: Callable[[EndpointKey], App],
) -> Live:
    """Return what is to be served; ``endpoint`` gives the app of an MCP endpoint."""
    engine = Engine(
        house.exchange,
        Variables(house.environ, house.observability.redactor.learn),
        house.options,
        house.observability.telemetry,
    )
    builder = _Builder(house, engine, access_of(house, engine), endpoint)
    return Live(
        tuple(documents),
        merged,
        engine,
        {listener.key: builder.app(listener) for listener in merged.listeners},
        dict(_views(merged, house.options)),
        Usage(),
    )


def access_of(house: House, engine: Engine) -> AccessContext:
    """Return what inbound authentication needs; templates resolve on first use (AUTH-2)."""

    def resolve(expression: Expression) -> str:
        return str(expression.evaluate(InvocationScope({}, engine.variables)))

    return AccessContext(resolve, house.exchange, key=house.key)


@dataclass(frozen=True, slots=True)
class _Builder:
    """Makes the app of one listener after the other."""

    house: House
    engine: Engine
    access: AccessContext
    endpoint: Callable[[EndpointKey], App]

    def app(self, listener: ListenerPlan) -> App:
        """Return the app of a listener behind its guard (exposes.md LST-4, LST-10)."""
        options, observability = self.house.options, self.house.observability
        parts = Parts(self._rest(listener), dict(self._mcp(listener)))
        return guarded_listener(
            dispatching(parts),
            rules_of(listener, options),
            observability.telemetry,
            observability.redactor.scrub,
        )

    def _rest(self, listener: ListenerPlan) -> App:
        return rest_app(
            listener.placed,
            self.engine,
            self.house.options,
            self.access,
            others_open=any(_is_open(placed) for placed in listener.placed),
        )

    def _mcp(self, listener: ListenerPlan) -> Iterator[tuple[str, App]]:
        """Yield path and app of the listener's MCP endpoints."""
        for path, exposure in mcp_paths(listener).items():
            key = EndpointKey(listener.key, exposure.namespace if exposure else None)
            authentication = (
                exposure.authentication if exposure else shared_authentication(listener.mcp)
            )
            yield path, guarded(self.endpoint(key), authentication, self.access)


def _is_open(placed: Placed) -> bool:
    exposure = placed.exposure
    return not isinstance(exposure, RestExposure) and exposure.authentication is None


def _views(merged: Merged, options: RuntimeOptions) -> Iterator[tuple[EndpointKey, McpView]]:
    origins = options.cors_origins
    for listener in merged.listeners:
        members = _members(listener.placed)
        for exposure, label in members:
            yield EndpointKey(listener.key, exposure.namespace), view_of(exposure, label, origins)
        if len(members) > 1:
            yield EndpointKey(listener.key, None), together(members, __version__, origins)
    members = _members(merged.stdio)
    if len(members) == 1:
        yield STDIO, view_of(*members[0])
    elif members:
        yield STDIO, together(members, __version__)


def _members(placed: Iterable[Placed]) -> list[tuple[McpExposure, str]]:
    """Return the MCP adapters with the labels of their documents."""
    return [
        (each.exposure, (each.capability.label if each.capability else None) or "")
        for each in placed
        if isinstance(each.exposure, McpExposure)
    ]
