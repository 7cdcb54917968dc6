"""A small world for MCP: an upstream that records, tools built by hand, endpoints to talk to."""

import json
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import anyio
import httpx
import pytest
import uvicorn

from naftiko_runtime.adapters.guards import ListenerRules, guarded_listener
from naftiko_runtime.adapters.mcp.endpoint import McpEndpoint
from naftiko_runtime.adapters.mcp.serving import Served, Serving
from naftiko_runtime.adapters.mcp.view import McpView, view_of
from naftiko_runtime.engine.engine import Engine, engine_for
from naftiko_runtime.engine.exchange_httpx import HttpxExchange
from naftiko_runtime.errors import Diagnostic, Place
from naftiko_runtime.expressions.mapper import Fixed, Mapper
from naftiko_runtime.expressions.prompt_text import prompt_parts
from naftiko_runtime.expressions.reference import FromInput, Literal
from naftiko_runtime.options import RuntimeOptions
from naftiko_runtime.plan.exposure import (
    Address,
    CorsPolicy,
    McpExposure,
    Tool,
)
from naftiko_runtime.plan.function import (
    Action,
    Call,
    Constant,
    Function,
    Input,
    Relay,
    Unavailable,
)
from naftiko_runtime.plan.prompt import Prompt, PromptArgument, PromptText
from naftiko_runtime.plan.upstream import ConsumedOperation, Upstream, UrlHole

OLD = "2025-11-25"
NEW = "2026-07-28"
ENVELOPE = {
    "io.modelcontextprotocol/protocolVersion": NEW,
    "io.modelcontextprotocol/clientCapabilities": {},
}
HOST = "http://127.0.0.1"
BOTH = "application/json, text/event-stream"


@dataclass
class Answer:
    """What the upstream says about a path."""

    status: int = 200
    body: Any = None
    content_type: str | None = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return b"" if self.body is None else json.dumps(self.body).encode()


class FakeUpstream:
    """An ASGI app that records requests; ``hold`` keeps the answer back until ``release``."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.requests: list[tuple[str, str]] = []
        self.held: set[str] = set()
        self.arrived = anyio.Event()
        self.release = anyio.Event()
        self.cancelled = anyio.Event()

    async def __call__(self, scope: Any, _: Any, send: Any) -> None:
        path = scope["path"]
        self.requests.append((scope["method"], path))
        self.arrived.set()
        if path in self.held:
            try:
                await self.release.wait()
            except BaseException:
                self.cancelled.set()
                raise
        answer = self.answers.get(path, Answer(404, {"error": "not here"}))
        kind = {} if answer.content_type is None else {"content-type": answer.content_type}
        headers = {**kind, **answer.headers, "content-length": str(len(answer.content))}
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": raw})
        await send({"type": "http.response.body", "body": answer.content})


@dataclass
class World:
    """One endpoint with everything around it; ``view`` may be replaced while it is served."""

    upstream: FakeUpstream
    engine: Engine
    view: McpView
    endpoint: McpEndpoint
    client: httpx.AsyncClient

    async def post(
        self, message: Any, headers: Mapping[str, str | None] | None = None
    ) -> httpx.Response:
        """Post a JSON-RPC message or bytes; a header of None is left out."""
        sent = {"content-type": "application/json", "accept": BOTH, **(headers or {})}
        return await self.post_raw(
            message, [(name, value) for name, value in sent.items() if value is not None]
        )

    async def post_raw(self, message: Any, headers: Sequence[tuple[str, str]]) -> httpx.Response:
        """Post a JSON-RPC message or bytes with exactly these headers."""
        content = message if isinstance(message, bytes) else json.dumps(message).encode()
        request = self.client.build_request("POST", "/mcp", content=content)
        length = ("content-length", str(len(content)))
        request.headers = httpx.Headers([("host", "127.0.0.1"), length, *headers])
        return await self.client.send(request)

    async def guarded(self, method: str, headers: Mapping[str, str]) -> httpx.Response:
        """Send a request through what stands before every adapter."""
        app = guarded_listener(self.endpoint.asgi, ListenerRules(origins=("*",)))
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=HOST) as client:
            return await client.request(method, "/mcp", headers=dict(headers))

    async def old(self, method: str, params: Any = None, **headers: str | None) -> httpx.Response:
        """Send a request of the old era."""
        message = {"jsonrpc": "2.0", "id": 1, "method": method}
        if params is not None:
            message["params"] = params
        return await self.post(message, {"mcp-protocol-version": OLD, **headers})

    async def new(self, method: str, params: Any = None, **headers: str | None) -> httpx.Response:
        """Send a request of the new era with its envelope and headers."""
        params = {"_meta": ENVELOPE, **(params or {})}
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        name = params.get("name", params.get("uri"))
        named = {"mcp-name": name} if isinstance(name, str) and "/" in method else {}
        sent = {"mcp-protocol-version": NEW, "mcp-method": method, **named, **headers}
        return await self.post(message, sent)


@dataclass(frozen=True)
class Builder:
    """Makes plan nodes and worlds."""

    upstream: FakeUpstream
    api: Upstream = field(
        default_factory=lambda: Upstream("t:0", "shop-api", None, ("http://up.test",), None)
    )

    def answer(self, status: int = 200, body: Any = None, **more: Any) -> None:
        """Say what the upstream answers, at ``/orders/7`` unless ``path`` is given."""
        path = more.pop("path", "/orders/7")
        self.upstream.answers[path] = Answer(status, body, **more)

    def operation(self, path: str = "/orders/{id}", method: str = "GET") -> ConsumedOperation:
        """Return an operation whose placeholders are fed by arguments of their names."""
        pieces: list[str | UrlHole] = []
        for part in path.replace("}", "{").split("{"):
            is_hole = f"{{{part}}}" in path and part
            pieces.append(UrlHole(part, FromInput(part)) if is_hole else part)
        return ConsumedOperation(
            "shop-api", "get-order", method, self.api, tuple(p for p in pieces if p), path
        )

    def input(self, name: str, **more: Any) -> Input:
        """Return an argument; its schema follows its type."""
        schema = {"type": more["type"]} if "type" in more else {}
        return Input(name, "argument", name, name, schema=schema, textual=True, **more)

    def calling(
        self,
        path: str = "/orders/{id}",
        inputs: Sequence[Input] | None = None,
        method: str = "GET",
        output: Any = None,
    ) -> Function:
        """Return a function that calls the upstream."""
        if inputs is None:
            inputs = [self.input("id", type="integer", required=True)] if "{id}" in path else []
        arguments = {each.name: FromInput(each.name) for each in inputs}
        call = Call(self.operation(path, method), arguments)
        return Function("get-order", tuple(inputs), call, output or Relay())

    def saying(self, value: Any, inputs: Sequence[Input] = ()) -> Function:
        """Return a function with a constant value; a mapper is taken as it is."""
        mapper: Mapper = value if isinstance(value, Fixed) else Fixed(Literal(value))
        return Function("saying", tuple(inputs), Constant(mapper))

    def unavailable(self, message: str) -> Function:
        """Return a function that a document got wrong."""
        diagnostic = Diagnostic(
            "call/unknown-operation", "error", "unavailable", Place("t"), message
        )
        return Function("broken", (), Unavailable(diagnostic))

    def tool(self, name: str = "get-order", function: Function | None = None, **more: Any) -> Tool:
        """Return a tool with the input schema of its function."""
        function = function or self.calling()
        schema: dict[str, Any] = {
            "type": "object",
            "properties": {each.shown: dict(each.schema) for each in function.inputs},
            "additionalProperties": False,
        }
        if required := [each.shown for each in function.inputs if each.required]:
            schema["required"] = required
        known = {"title": None, "description": "One order", "written": name, **more}
        return Tool(name=name, function=function, input_schema=schema, **known)

    def acting(self, action: Action, inputs: Sequence[Input] = ()) -> Function:
        """Return a function with any action."""
        return Function("acting", tuple(inputs), action)

    def prompt(self, name: str, text: str, arguments: Sequence[str] = (), **more: Any) -> Prompt:
        """Return a prompt of one user message with required arguments."""
        declared = tuple(PromptArgument(each, None, None, required=True) for each in arguments)
        messages = (PromptText("user", prompt_parts(text, arguments)),)
        return Prompt(name, None, None, declared, **{"messages": messages, **more})

    def view(self, exposure: McpExposure) -> McpView:
        """Return the view of an adapter."""
        return view_of(exposure, "Shop")

    def cors(self, *origins: str) -> CorsPolicy:
        """Return a CORS policy."""
        return CorsPolicy(origins)

    def exposure(self, *tools: Tool, **more: Any) -> McpExposure:
        """Return an adapter."""
        known = {
            "namespace": "shop-mcp",
            "address": Address(None, 9090),
            "title": "Shop",
            "description": "Orders of a small shop",
            "instructions": "Orders of the shop",
            **more,
        }
        lists = {key: tuple(value) for key, value in known.items() if isinstance(value, list)}
        return McpExposure(tools=tools, **{**known, **lists})

    @asynccontextmanager
    async def world(
        self, exposure: McpExposure | McpView, exchange: Any = None, **settings: Any
    ) -> AsyncIterator[World]:
        """Serve an adapter in memory; ``settings`` are those of ``Serving`` and the endpoint."""
        view = exposure if isinstance(exposure, McpView) else view_of(exposure, "Shop")
        used = exchange or HttpxExchange(httpx.ASGITransport(self.upstream))
        more = {name: settings.pop(name) for name in ("lane", "keys") if name in settings}
        worlds: list[World] = []

        def lease() -> AbstractContextManager[Served]:
            return nullcontext(Served(worlds[0].view if worlds else view, engine))

        async with (
            engine_for(RuntimeOptions(), {}, used) as engine,
            McpEndpoint(Serving(lease, **settings), **more) as endpoint,
            httpx.AsyncClient(
                transport=httpx.ASGITransport(endpoint.asgi), base_url=HOST
            ) as client,
        ):
            worlds.append(World(self.upstream, engine, view, endpoint, client))
            yield worlds[0]


@asynccontextmanager
async def _listening(app: Any) -> AsyncIterator[str]:
    """Serve an ASGI app on a free port of loopback; give its address."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()  # so that whoever connects early waits instead of being refused
        config = uvicorn.Config(app, log_config=None, lifespan="off", access_log=False)
        server = uvicorn.Server(config)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(server.serve, [listening])
            try:
                yield f"http://127.0.0.1:{listening.getsockname()[1]}"
            finally:
                server.should_exit = True
                server.force_exit = True


@pytest.fixture
def upstream() -> FakeUpstream:
    return FakeUpstream()


@pytest.fixture
def build(upstream: FakeUpstream) -> Builder:
    return Builder(upstream)


@pytest.fixture
def listening() -> Callable[[Any], Any]:
    """Give a context that serves an ASGI app on loopback."""
    return _listening


@pytest.fixture
def answering() -> type[Answer]:
    return Answer
