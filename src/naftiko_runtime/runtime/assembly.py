"""Composition: plans of documents become the apps of listeners, all of one ``Live``."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal, Protocol

from naftiko_runtime import __version__
from naftiko_runtime.adapters.access import AccessContext, Gate, gate_of, guarded
from naftiko_runtime.adapters.asgi import App
from naftiko_runtime.adapters.guards import guarded_listener, rules_of
from naftiko_runtime.adapters.mcp.arrival import arrived
from naftiko_runtime.adapters.mcp.together import shared_authentication, together
from naftiko_runtime.adapters.mcp.view import McpView, view_of
from naftiko_runtime.adapters.oauth import metadata_app
from naftiko_runtime.adapters.rest.app import rest_app
from naftiko_runtime.engine.engine import Engine
from naftiko_runtime.engine.scope import InvocationScope
from naftiko_runtime.expressions.reference import Expression
from naftiko_runtime.observability.start import Observability
from naftiko_runtime.observability.telemetry import Endpoint, Telemetry
from naftiko_runtime.options import RuntimeOptions
from naftiko_runtime.plan.exposure import (
    ControlExposure,
    Exposure,
    InboundOAuth2,
    McpExposure,
    RestExposure,
    SkillExposure,
)
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


class Doors(Protocol):
    """Apps that outlive a ``Live`` or look at the whole process."""

    def endpoint(self, key: EndpointKey) -> App:
        """Return the app of an MCP endpoint."""
        ...

    def control(self, exposure: ControlExposure, gate: Gate | None) -> App:
        """Return the app of a control adapter."""
        ...


STDIO: Final = EndpointKey(None, None)
_KINDS: Final[Mapping[type[Exposure], Literal["rest", "mcp", "skill"]]] = {
    RestExposure: "rest",
    McpExposure: "mcp",
    SkillExposure: "skill",
}


def build_live(
    documents: Sequence[Document],
    merged: Merged,
    house: House,
    doors: Doors,
) -> Live:
    """Return what is to be served."""
    engine = house.engine.renewed()
    views = dict(_views(merged, house.options))
    builder = _Builder(house, engine, access_of(house, engine), doors, views)
    return Live(
        tuple(documents),
        merged,
        engine,
        {listener.key: builder.app(listener) for listener in merged.listeners},
        views,
        Usage(),
    )


def access_of(house: House, engine: Engine) -> AccessContext:
    """Return what inbound authentication needs; templates resolve on first use (AUTH-2)."""
    return AccessContext(
        resolver(engine), house.engine.exchange, failures=house.failures, nonces=house.nonces
    )


def resolver(engine: Engine) -> Callable[[Expression], str]:
    """Return what gives the text of a template; it raises ``Misconfigured``."""

    def resolve(expression: Expression) -> str:
        return str(expression.evaluate(InvocationScope({}, engine.variables)))

    return resolve


@dataclass(frozen=True, slots=True)
class _Builder:
    """Makes the app of one listener after the other."""

    house: House
    engine: Engine
    access: AccessContext
    doors: Doors
    views: Mapping[EndpointKey, McpView]

    def app(self, listener: ListenerPlan) -> App:
        """Return the app of a listener behind its guard (exposes.md LST-4, LST-10)."""
        options, observability = self.house.options, self.house.observability
        app = self._control(listener) or dispatching(self._parts(listener))
        return guarded_listener(
            app,
            rules_of(listener, options),
            _telemetry(listener, observability),
            observability.redactor.scrub,
        )

    def _control(self, listener: ListenerPlan) -> App | None:
        """Return the app of a control listener; it shares with nobody else (LST-4)."""
        for exposure in listener.control:
            return self.doors.control(exposure, gate_of(exposure.authentication, self.access))
        return None

    def _parts(self, listener: ListenerPlan) -> Parts:
        blocks = [placed.exposure.authentication for placed in listener.placed]
        oauth = [block for block in blocks if isinstance(block, InboundOAuth2)]
        return Parts(
            self._rest(listener),
            dict(self._mcp(listener)),
            metadata_app(oauth, self.access.resolve) if oauth else None,
            self._skill(listener) if listener.skill else None,
        )

    def _skill(self, listener: ListenerPlan) -> App:
        # an adapter that most documents do not have, behind a framework that starts slowly
        from naftiko_runtime.runtime.skills import skill_door  # noqa: PLC0415 - see above

        labels = {
            placed.exposure.namespace: placed.capability.label or ""
            for placed in listener.placed
            if placed.capability is not None
        }
        origins = self.house.options.cors_origins
        return skill_door(listener.skill, labels, origins, self.access)

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
            app, told = self.doors.endpoint(key), partial(arrived, self.views[key])
            yield path, guarded(app, authentication, self.access, arrived=told)


def endpoint_keys(listener: ListenerPlan) -> dict[EndpointKey, McpExposure | None]:
    """Return the MCP endpoints of a listener; None stands for all adapters together (MCP-8)."""
    keys: dict[EndpointKey, McpExposure | None] = {
        EndpointKey(listener.key, exposure.namespace): exposure for exposure in listener.mcp
    }
    return keys | ({EndpointKey(listener.key, None): None} if len(keys) > 1 else {})


def _telemetry(listener: ListenerPlan, observability: Observability) -> Telemetry:
    """Return what records a listener's requests: all but those of control (exposes.md OBS-5)."""
    first = listener.placed[0]
    kind = _KINDS.get(type(first.exposure))
    if kind is None:
        return observability.lines
    label = (first.capability.label if first.capability else None) or ""
    return observability.telemetry.by(Endpoint(kind, first.exposure.namespace, capability=label))


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
