"""The control adapter as an ASGI app: the operator's view of the whole process (exposes.md 6)."""

import logging
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response

from naftiko_runtime.adapters.access import Gate
from naftiko_runtime.adapters.asgi import App, Message, Receive, Scope, Send
from naftiko_runtime.adapters.control.actions import ControlActions
from naftiko_runtime.adapters.control.asked import Asked, Readers
from naftiko_runtime.adapters.control.routes import ControlRoute, routes_of
from naftiko_runtime.adapters.problems import (
    Problem,
    answer,
    forbidden,
    method_not_allowed,
    not_found,
    path_of,
    problem_of,
)
from naftiko_runtime.errors import InvocationError
from naftiko_runtime.plan.exposure import ControlExposure

_LOG: Final = logging.getLogger(__name__)
_LIVE: Final = "/health/live"
_READY: Final = "/health/ready"


def control_app(
    exposure: ControlExposure,
    actions: ControlActions,
    gate: Gate | None = None,
    *,
    console: bool = False,
) -> App:
    """Return the app of one control adapter.

    ``gate`` is its authentication, which the app asks itself, since probes pass without it
    (AUTH-1). ``console`` turns the console on although ``management.info`` is off.
    """
    return _Control(exposure, actions, gate, routes_of(exposure, console_on=console))


@dataclass(frozen=True, slots=True)
class _Admission:
    """The scope that goes on, without the credential, and whether it was right or not needed."""

    scope: Scope
    admitted: bool = True


class _Control:
    def __init__(
        self,
        exposure: ControlExposure,
        actions: ControlActions,
        gate: Gate | None,
        routes: tuple[ControlRoute, ...],
    ) -> None:
        self._exposure = exposure
        self._actions = actions
        self._gate = gate
        self._routes = routes
        self._switches = tuple("/".join(("", *route.segments)) for route in routes)
        self._readers = Readers()
        self._exposed = gate is None and not exposure.address.is_loopback
        if self._exposed:
            _LOG.warning(
                "%s: the control port is open to the network without authentication;"
                " only health and metrics are served",
                exposure.namespace,
            )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        admission = await self._admission(scope)
        if isinstance(admission, Problem):
            await answer(admission, scope, send)
            return
        reply = await self._reply(admission, receive)
        if isinstance(reply, Problem):
            await answer(reply, scope, send)
        else:
            reply.headers["Cache-Control"] = "no-store"
            await reply(scope, receive, _without_body(send) if scope["method"] == "HEAD" else send)

    async def _admission(self, scope: Scope) -> _Admission | Problem:
        """Check the credential; probes pass without one, and then learn less (AUTH-1)."""
        path = path_of(scope)
        if self._gate is None or scope["method"] == "OPTIONS" or path == _LIVE:
            return _Admission(scope)
        if path == _READY:
            verdict = await self._gate.check(scope)
            admitted = verdict.refusal is None
            return _Admission(verdict.scope if admitted else scope, admitted)
        passed = await self._gate.admit(scope)
        return passed if isinstance(passed, Problem) else _Admission(passed)

    async def _reply(self, admission: _Admission, receive: Receive) -> Response | Problem:
        scope = admission.scope
        segments = [unquote(segment) for segment in path_of(scope).split("/")[1:]]
        matching = [route for route in self._routes if route.takes(segments)]
        if not matching:
            return not_found(path_of(scope))
        methods = _methods(matching)
        if scope["method"] == "OPTIONS":
            return Response(status_code=204, headers={"Allow": ", ".join(methods)})
        if scope["method"] not in methods:
            return method_not_allowed(scope["method"], methods)
        route = next(route for route in matching if _serves(route, scope["method"]))
        if self._exposed and not route.public:
            return forbidden("the control port is open to the network: it needs authentication")
        asked = Asked(
            Request(scope, receive),
            self._actions,
            self._exposure,
            segments[-1],
            admission.admitted,
            self._switches,
            self._readers,
        )
        return await _handled(route, asked)


async def _handled(route: ControlRoute, asked: Asked) -> Response | Problem:
    try:
        return await route.handler(asked)
    except InvocationError as error:
        return problem_of(error)


def _methods(routes: list[ControlRoute]) -> list[str]:
    known = {route.method for route in routes} | {"OPTIONS"}
    return sorted(known | {"HEAD"} if "GET" in known else known)


def _serves(route: ControlRoute, method: str) -> bool:
    return route.method == method or (method == "HEAD" and route.method == "GET")


def _without_body(send: Send) -> Send:
    async def head_only(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return head_only
