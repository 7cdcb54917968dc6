"""A published document as it is served, without sockets: REST and MCP in, an upstream that echoes.

``Served`` is made by the runtime's own composition: load, compile, merge, adapters.
"""

import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from laboratory import Answer, FakeUpstream, Sent
from oracle.calls import ArgumentCall, RestCall

from naftiko_runtime.adapters.access import AccessContext
from naftiko_runtime.adapters.asgi import App
from naftiko_runtime.adapters.guards import ListenerRules, guarded_listener
from naftiko_runtime.adapters.mcp.endpoint import McpEndpoint
from naftiko_runtime.adapters.mcp.serving import Served as ServedView
from naftiko_runtime.adapters.mcp.serving import Serving
from naftiko_runtime.adapters.mcp.view import McpView, view_of
from naftiko_runtime.adapters.rest.app import rest_app
from naftiko_runtime.compiler.listeners import merge
from naftiko_runtime.engine.engine import Engine
from naftiko_runtime.engine.variables import Variables
from naftiko_runtime.options import RuntimeOptions, Settings
from naftiko_runtime.plan.capability import Capability
from naftiko_runtime.plan.exposure import McpExposure
from naftiko_runtime.plan.listener import Merged
from naftiko_runtime.runtime.documents import load

_ANSWERS = {
    "json": Answer(),
    "xml": Answer(body=b"<r/>", headers=(("content-type", "application/xml"),)),
    "csv": Answer(body=b"a\n1\n", headers=(("content-type", "text/csv"),)),
    "text": Answer(body=b"{}", headers=(("content-type", "text/plain"),)),
    "binary": Answer(body=b"\0\1", headers=(("content-type", "image/png"),)),
}


@dataclass(frozen=True)
class Outcome:
    """What came back and what went out: ``problem`` is the last part of the problem's type."""

    sent: list[Sent]
    failed: bool
    problem: str = ""
    code: str = ""
    variables: tuple[str, ...] = ()
    text: str = ""


def compiled(path: Path, settings: Settings | None = None) -> Capability:
    """Load and compile a document as ``naftiko serve`` does."""
    capability = load(str(path), RuntimeOptions(settings=settings or Settings())).capability
    assert capability is not None, path.name
    return capability


@dataclass
class Served:
    """The adapters of one document in one environment."""

    upstream: FakeUpstream
    rest: Mapping[int, App]
    views: Mapping[str, McpView]
    tools: Mapping[str, App]

    async def call_rest(self, port: int, call: RestCall, answer: str = "json") -> Outcome:
        """Send a request to the listener of a port."""
        self._expect(answer)
        status, body = await asgi(self.rest[port], call)
        said = json.loads(body) if status >= 400 else {}
        return self._outcome(said if status >= 400 else None, body.decode("utf-8", "replace"))

    async def call_tool(
        self, namespace: str, name: str, arguments: Mapping[str, Any], answer: str = "json"
    ) -> Outcome:
        """Call a tool of an MCP adapter, through HTTP and JSON-RPC."""
        self._expect(answer)
        params = {"name": name, "arguments": dict(arguments)}
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
        body = json.dumps(message).encode()
        _, reply = await asgi(self.tools[namespace], ArgumentCall(body).request)
        answered = json.loads(reply)
        if "error" in answered:
            return self._outcome({"type": "json-rpc"}, reply.decode())
        result = answered["result"]
        text = str(result["content"][0]["text"]) if result["content"] else ""
        if not result["isError"]:
            return self._outcome(None, text)
        said = result.get("_meta", {}).get("naftiko/problem", {"type": "upstream"})
        return self._outcome(said, text)

    def _expect(self, answer: str) -> None:
        self.upstream.sent.clear()
        self.upstream.answers = {"*": _ANSWERS.get(answer, _ANSWERS["json"])}

    def _outcome(self, problem: Mapping[str, Any] | None, text: str) -> Outcome:
        sent = list(self.upstream.sent)
        if problem is None:
            return Outcome(sent, failed=False, text=text)
        return Outcome(
            sent,
            failed=True,
            problem=str(problem.get("type", "")).rpartition(":")[2],
            code=str(problem.get("code", "")),
            variables=tuple(problem.get("variables", ())),
            text=text,
        )


@asynccontextmanager
async def serving(
    capability: Capability, environ: Mapping[str, str], *, lane: bool = True
) -> AsyncIterator[Served]:
    """Serve a document; without ``lane`` every MCP request goes through the SDK."""
    options = RuntimeOptions()
    upstream = FakeUpstream()
    engine = Engine(upstream, Variables(environ), options)
    merged = merge([capability], options)
    rest = {
        listener.key.port: guarded_listener(
            rest_app(listener.placed, engine, options, AccessContext(str)), ListenerRules()
        )
        for listener in merged.listeners
    }
    views = dict(_views(merged))
    async with AsyncExitStack() as stack:
        tools = {}
        for namespace, view in views.items():
            endpoint = McpEndpoint(Serving(_lease(view, engine)), lane=lane)
            if not lane:  # plain calls need no session of the SDK
                await stack.enter_async_context(endpoint)
            tools[namespace] = guarded_listener(endpoint.asgi, ListenerRules())
        yield Served(upstream, rest, views, tools)


def _views(merged: Merged) -> Iterator[tuple[str, McpView]]:
    """Yield the MCP adapters, those over stdio too: what they answer does not differ."""
    for placed in merged.placed:
        if isinstance(placed.exposure, McpExposure):
            yield placed.exposure.namespace, view_of(placed.exposure)


def _lease(view: McpView, engine: Engine) -> Callable[[], Any]:
    return lambda: nullcontext(ServedView(view, engine))


async def asgi(app: App, call: RestCall) -> tuple[int, bytes]:
    """Send one request to an ASGI app; return status and body."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": call.method,
        "scheme": "http",
        "path": call.path,
        "raw_path": call.path.encode(),
        "query_string": call.query.encode(),
        "root_path": "",
        "headers": [(b"host", b"localhost"), *call.raw_headers],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 80),
    }
    received = [{"type": "http.request", "body": call.body or b"", "more_body": False}]
    status, chunks = 0, []

    async def receive() -> Any:
        return received.pop() if received else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        nonlocal status
        status = message.get("status", status)
        chunks.append(message.get("body", b""))

    await app(scope, receive, send)
    return status, b"".join(chunks)
