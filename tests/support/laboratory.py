"""A document in, what goes upstream and what comes back out: no socket, nothing patched."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from inbound import FakeInbound

from naftiko_runtime.adapters.access import AccessContext
from naftiko_runtime.adapters.asgi import App
from naftiko_runtime.adapters.guards import ListenerRules, guarded_listener
from naftiko_runtime.adapters.rest.app import rest_app
from naftiko_runtime.compiler.link import compile_capability, finished
from naftiko_runtime.engine.engine import Engine
from naftiko_runtime.engine.exchange import Outbound
from naftiko_runtime.engine.inputs import check_arguments
from naftiko_runtime.engine.invoke import invoke
from naftiko_runtime.engine.result import Binary, Relayed, Want
from naftiko_runtime.engine.scope import InvocationScope
from naftiko_runtime.engine.variables import Variables
from naftiko_runtime.errors import InvocationError
from naftiko_runtime.expressions.reference import Expression
from naftiko_runtime.loading.files import DiskFiles
from naftiko_runtime.loading.load import load_document
from naftiko_runtime.options import RuntimeOptions, Settings
from naftiko_runtime.plan.capability import Capability
from naftiko_runtime.plan.exposure import McpExposure, RestExposure, Tool
from naftiko_runtime.plan.listener import Placed
from naftiko_runtime.values import Json

OWN_HEADERS = ("accept", "accept-encoding", "user-agent", "host")
"""Headers of every request (language.md 4.20); left out where a test is about others."""


@dataclass(frozen=True)
class Answer(FakeInbound):
    """What the upstream answers."""

    status: int = 200
    body: bytes = b"{}"
    headers: tuple[tuple[str, str], ...] = (("content-type", "application/json"),)

    @classmethod
    def json(cls, value: Json, status: int = 200) -> "Answer":
        return cls(status, json.dumps(value).encode())

    async def chunks(self) -> AsyncIterator[bytes]:
        if self.body:
            yield self.body


@dataclass(frozen=True)
class Sent:
    """A request as it went out."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes | None

    @property
    def line(self) -> str:
        return f"{self.method} {self.url.removeprefix('http://up.test')}"

    @property
    def own(self) -> dict[str, str]:
        """The headers that not every request has."""
        shown = {name.lower(): value for name, value in self.headers.items()}
        return {name: value for name, value in shown.items() if name not in OWN_HEADERS}

    @property
    def json(self) -> Json:
        return json.loads(self.body or b"null")


@dataclass
class FakeUpstream:
    """An ``Exchange`` that records what it is sent and answers by path."""

    answers: Mapping[str, Answer] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)

    @asynccontextmanager
    async def send(self, request: Outbound) -> AsyncIterator[Answer]:
        body = request.body
        if body is not None and not isinstance(body, bytes):
            body = b"".join([chunk async for chunk in body])
        self.sent.append(Sent(request.method, request.url, dict(request.headers), body))
        path = httpx.URL(request.url).path
        yield self.answers.get(path, self.answers.get("*", Answer()))

    async def close(self) -> None:
        pass


@dataclass(frozen=True)
class Outcome:
    """The result of one call: a value, a relayed error, or a problem."""

    sent: list[Sent]
    status: int = 200
    value: Any = None
    body: bytes = b""
    problem: str | None = None
    detail: str = ""
    members: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def only(self) -> Sent:
        assert len(self.sent) == 1, (self.sent, self.problem, self.detail)
        return self.sent[0]


@dataclass(frozen=True)
class Laboratory:
    """One compiled document with an environment and an upstream."""

    plan: Capability
    environ: Mapping[str, str]
    upstream: FakeUpstream

    @property
    def codes(self) -> list[str]:
        return [diagnostic.code for diagnostic in self.plan.diagnostics]

    def message(self, code: str) -> str:
        return next(each.message for each in self.plan.diagnostics if each.code == code)

    def tool(self, name: str) -> Tool:
        exposures = (each for each in self.plan.exposures if isinstance(each, McpExposure))
        return next(tool for each in exposures for tool in each.tools if tool.name == name)

    def _engine(self) -> Engine:
        return Engine(self.upstream, Variables(self.environ), RuntimeOptions())

    async def call(self, name: str, arguments: Mapping[str, Json] | None = None) -> Outcome:
        """Call a tool as the MCP adapter does."""
        self.upstream.sent.clear()
        function = self.tool(name).function
        engine = self._engine()
        try:
            given = check_arguments(function, dict(arguments or {}))
            async with invoke(function, given, engine, Want.VALUE) as result:
                sent = list(self.upstream.sent)
                if isinstance(result, Relayed):
                    body = b"".join([chunk async for chunk in result.chunks()])
                    return Outcome(sent, result.status, body=body)
                value = result.value
                shown = value.described() if isinstance(value, Binary) else value
                return Outcome(sent, result.status, shown)
        except InvocationError as error:
            sent = list(self.upstream.sent)
            return Outcome(
                sent,
                error.status,
                problem=error.problem,
                detail=error.detail,
                members=error.members,
            )

    def _rest_app(self) -> App:
        engine = self._engine()

        def resolve(expression: Expression) -> str:
            return str(expression.evaluate(InvocationScope({}, engine.variables)))

        placed = [
            Placed(each, self.plan)
            for each in self.plan.exposures
            if isinstance(each, RestExposure)
        ]
        app = rest_app(placed, engine, RuntimeOptions(), AccessContext(resolve))
        return guarded_listener(app, ListenerRules(loopback=True))

    async def rest(self, method: str, target: str, **request: Any) -> Outcome:
        """Send a request to the REST adapters of the document."""
        self.upstream.sent.clear()
        transport = httpx.ASGITransport(self._rest_app())
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            reply = await client.request(method, target, **request)
        is_problem = reply.headers.get("content-type") == "application/problem+json"
        problem = reply.json() if is_problem else {}
        return Outcome(
            list(self.upstream.sent),
            reply.status_code,
            None if is_problem else _value(reply),
            reply.content,
            str(problem.get("type", "")).rpartition(":")[2] or None,
            str(problem.get("detail", "")),
            problem,
            dict(reply.headers),
        )


def _value(reply: httpx.Response) -> Any:
    try:
        return reply.json()
    except ValueError:
        return None


def laboratory(
    text: str,
    *,
    environ: Mapping[str, str] | None = None,
    answers: Mapping[str, Answer] | Answer | None = None,
    settings: Settings | None = None,
    folder: Path | None = None,
) -> Laboratory:
    """Compile a document; ``answers`` are by path, or one for all."""
    used = settings or Settings()
    file = str((folder or Path()) / "t.yml")
    loaded = load_document(file, used, text=text.encode())
    assert loaded.document is not None, [each.text() for each in loaded.found.merged()]
    files = DiskFiles(used, str(folder or Path.cwd()))
    plan = compile_capability(loaded.document, used, loaded.found, files)
    plan = finished(plan, loaded.found, loaded.files, loaded.digest)
    replies = {"*": answers} if isinstance(answers, Answer) else dict(answers or {})
    return Laboratory(plan, environ or {}, FakeUpstream(replies))


def document(consumes: str, tool: str = "{}", rest: Sequence[str] = (), binds: str = "[]") -> str:
    """Return a small document: one consumed adapter ``up``, one tool ``t`` that calls ``up.op``.

    ``consumes`` are further keys of the operation's resource, ``tool`` of the tool, in flow style.
    """
    return (
        f"naftiko: 1.0.0-alpha2\nbinds: {binds}\ncapability:\n  consumes:\n"
        f"    - {{namespace: up, baseUri: http://up.test, resources: [{consumes}]}}\n"
        "  exposes:\n"
        f"    - {{type: mcp, namespace: m, port: 9090, tools: [{tool}]}}\n"
        f"    - {{type: rest, namespace: r, port: 8080, resources: [{', '.join(rest)}]}}\n"
    )
