"""Hand-built plans, an upstream that records, and the app they are served by."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from naftiko_runtime.adapters.access import AccessContext
from naftiko_runtime.adapters.asgi import App
from naftiko_runtime.adapters.guards import ListenerRules, guarded_listener
from naftiko_runtime.adapters.rest.app import rest_app
from naftiko_runtime.engine.engine import Engine, engine_for
from naftiko_runtime.engine.exchange import Exchange
from naftiko_runtime.engine.exchange_httpx import HttpxExchange
from naftiko_runtime.errors import Place
from naftiko_runtime.expressions.reference import Expression, FromInput, Literal
from naftiko_runtime.options import Limits, RuntimeOptions
from naftiko_runtime.plan.exposure import (
    Address,
    McpExposure,
    RestExposure,
    Route,
    RouteHole,
    Segment,
)
from naftiko_runtime.plan.function import Call, Function, Input
from naftiko_runtime.plan.listener import Placed
from naftiko_runtime.plan.upstream import (
    CallerBody,
    ConsumedOperation,
    Field,
    JsonBody,
    Upstream,
    UrlHole,
)

_HOLE = re.compile(r"\{([^}]*)\}")


@dataclass
class FakeUpstream:
    """Records what it was sent and answers what it was told."""

    answer: Callable[[httpx.Request], httpx.Response | Awaitable[httpx.Response]] = field(
        default=lambda _: httpx.Response(200, json={"ok": True})
    )
    requests: list[tuple[str, str, bytes]] = field(default_factory=list)
    headers: list[httpx.Headers] = field(default_factory=list)

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        self.requests.append((request.method, request.url.raw_path.decode(), body))
        self.headers.append(request.headers)
        response = self.answer(request)
        return response if isinstance(response, httpx.Response) else await response


class Plans:
    """Short ways to write plan nodes."""

    upstream = Upstream("shop.yml:shop-api:0", "shop-api", None, ("http://up.test/v2",), None)

    def segments(self, template: str) -> tuple[Segment, ...]:
        return tuple(self._segment(text) for text in template.strip("/").split("/") if text)

    def _segment(self, text: str) -> Segment:
        parts: list[str | RouteHole] = []
        for index, part in enumerate(_HOLE.split(text)):
            if index % 2:
                is_rest = part.startswith("+") or text == "{path}"
                parts.append(RouteHole(part.removeprefix("+"), rest=is_rest))
            elif part:
                parts.append(part)
        return tuple(parts)

    def route(self, method: str, template: str, function: Function, **members: Any) -> Route:
        path, _, query = template.partition("?")
        conditions = tuple(
            (pair.partition("=")[0], pair.partition("=")[2] if "=" in pair else None)
            for pair in query.split("&")
            if pair
        )
        return Route(
            method,
            self.segments(path),
            path,
            function,
            Place("shop.yml", 10, 3),
            operation_id=function.name,
            conditions=conditions,
            trailing_slash=path != "/" and path.endswith("/"),
            **members,
        )

    def call(  # noqa: PLR0913 - a builder for tests
        self,
        name: str = "op",
        *,
        method: str = "GET",
        path: tuple[str | UrlHole, ...] = ("/things",),
        query: tuple[str, ...] = (),
        body: JsonBody | CallerBody | None = None,
        arguments: dict[str, Expression] | None = None,
        inputs: tuple[Input, ...] = (),
        **members: Any,
    ) -> Function:
        operation = ConsumedOperation(
            "shop-api",
            name,
            method,
            self.upstream,
            path,
            "".join(piece if isinstance(piece, str) else f"{{{piece.name}}}" for piece in path),
            query=tuple(Field(each, FromInput(each), each) for each in query),
            body=body,
        )
        fed = arguments or {each.name: FromInput(each.name) for each in inputs}
        return Function(name, inputs, Call(operation, fed), **members)

    def hole(self, name: str) -> UrlHole:
        return UrlHole(name, FromInput(name))

    def input(self, name: str, place: str, kind: str | None = None, **members: Any) -> Input:
        schema = members.pop("schema", {"type": kind} if kind else {})
        textual = members.pop("textual", place in ("path", "query", "header", "cookie"))
        key = members.pop("key", name)
        return Input(name, place, key, name, kind, schema=schema, textual=textual, **members)


@pytest.fixture
def plans() -> Plans:
    return Plans()


@pytest.fixture
def upstream() -> FakeUpstream:
    return FakeUpstream()


def resolve(expression: Expression) -> str:
    assert isinstance(expression, Literal)
    return str(expression.value)


Served = AbstractAsyncContextManager[httpx.AsyncClient]
Serve = Callable[..., Served]
Build = Callable[..., AbstractAsyncContextManager[App]]


@pytest.fixture
def build(upstream: FakeUpstream) -> Build:
    """Return what opens the app of some REST adapters behind the guard."""

    @asynccontextmanager
    async def built(
        *served: Route | RestExposure | McpExposure,
        exchange: Exchange | None = None,
        access: AccessContext | None = None,
        limits: Limits | None = None,
        rules: ListenerRules | None = None,
        **options: Any,
    ) -> AsyncIterator[App]:
        exposures = [each for each in served if not isinstance(each, Route)]
        routes = tuple(each for each in served if isinstance(each, Route))
        if routes:
            exposures.insert(0, RestExposure("shop-rest", Address(None, 8080), routes))
        chosen = RuntimeOptions(limits=limits or Limits(), **options)
        used = exchange or HttpxExchange(httpx.MockTransport(upstream))
        async with engine_for(chosen, {}, used) as engine:
            yield app_of(exposures, engine, chosen, access, rules)

    return built


def app_of(
    exposures: list[RestExposure | McpExposure],
    engine: Engine,
    options: RuntimeOptions,
    access: AccessContext | None,
    rules: ListenerRules | None,
) -> App:
    placed = [Placed(exposure, None) for exposure in exposures]
    app = rest_app(placed, engine, options, access or AccessContext(resolve))
    default = ListenerRules(loopback=False, concurrency=options.limits.concurrency)
    return guarded_listener(app, rules or default)


@pytest.fixture
def serve(build: Build) -> Serve:
    """Return what opens a client of some REST adapters."""

    @asynccontextmanager
    async def served(
        *routes: Route | RestExposure, **members: Any
    ) -> AsyncIterator[httpx.AsyncClient]:
        async with build(*routes, **members) as app:
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://shop.test"
            ) as client:
                yield client

    return served
