"""Runs one function of a document without listeners: ``naftiko call`` (orchestration.md 6.10)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from naftiko_runtime.adapters.access import AccessContext
from naftiko_runtime.adapters.asgi import Message, Scope
from naftiko_runtime.adapters.rest.app import rest_app
from naftiko_runtime.engine.engine import Engine, engine_for
from naftiko_runtime.engine.inputs import check_arguments
from naftiko_runtime.engine.invoke import invoke
from naftiko_runtime.engine.result import Binary, Relayed, Result, Value, Want
from naftiko_runtime.engine.variables import Variables
from naftiko_runtime.errors import InvocationError
from naftiko_runtime.observability.redaction import Redactor, stand_in
from naftiko_runtime.options import RuntimeOptions
from naftiko_runtime.plan.capability import Capability
from naftiko_runtime.plan.exposure import RestExposure
from naftiko_runtime.plan.function import Function
from naftiko_runtime.plan.listener import Placed
from naftiko_runtime.runtime.assembly import resolver
from naftiko_runtime.runtime.trial import (
    Recording,
    credential_places,
    problem_members,
    shown_request,
)
from naftiko_runtime.values import Json, compact

Headers = tuple[tuple[str, str], ...]
_JSON: Final = (("content-type", "application/json"),)
_PROBLEM: Final = (("content-type", "application/problem+json"),)
_TEXT: Final = (("content-type", "text/plain; charset=utf-8"),)


@dataclass(frozen=True, slots=True)
class Single:
    """A document and its surroundings; ``dry`` sends nothing."""

    capability: Capability
    options: RuntimeOptions
    environ: Mapping[str, str] = field(repr=False)
    dry: bool = False


@dataclass(frozen=True, slots=True)
class CallFunction:
    """Arguments by their listed names, as a tool call gives them."""

    function: Function
    arguments: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class CallRoute:
    """A request of the document's REST adapters; ``target`` is path and query."""

    method: str
    target: str
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, and the upstream requests with secrets masked."""

    status: int
    headers: Headers
    body: bytes
    requests: tuple[dict[str, Json], ...] = ()


async def answered(single: Single, wanted: CallFunction | CallRoute) -> Answer:
    """Run it; what goes wrong in the call is in the answer."""
    redactor = Redactor()
    async with engine_for(single.options, single.environ, redactor=redactor) as engine:
        recording = Recording(None if single.dry else engine.exchange)
        recorded = replace(engine.renewed(), exchange=recording)
        if single.dry:
            learn, learn_token = redactor.learn, redactor.learn_token
            shown_as = Variables(single.environ, learn, learn_token, stand_in)
            recorded = replace(recorded, variables=shown_as)
        if isinstance(wanted, CallRoute):
            answer = await _by_route(single, wanted, recorded)
        else:
            answer = await _by_function(wanted, recorded)
    places = credential_places([single.capability])
    shown = (shown_request(request, redactor.scrub, places) for request in recording.requests)
    return replace(answer, requests=tuple(shown))


async def _by_function(wanted: CallFunction, engine: Engine) -> Answer:
    try:
        inputs = check_arguments(wanted.function, wanted.arguments)
        async with invoke(wanted.function, inputs, engine, Want.BODY) as result:
            return await _answer(result)
    except InvocationError as error:
        return Answer(error.status, _PROBLEM, compact(problem_members(error)).encode())


async def _answer(result: Result) -> Answer:
    if isinstance(result, Relayed):
        body = b"".join([chunk async for chunk in result.chunks()])
        return Answer(result.status, result.headers, body)
    headers, body = _rendered(result)
    return Answer(result.status, headers, body)


def _rendered(result: Value) -> tuple[Headers, bytes]:
    match result.value:
        case _ if result.empty:
            return (), b""
        case Binary(content_type=content_type, data=data):
            return (("content-type", content_type),), data
        case str() as text if result.text:
            return _TEXT, text.encode()
        case value:
            return _JSON, compact(value).encode()


async def _by_route(single: Single, wanted: CallRoute, engine: Engine) -> Answer:
    placed = [
        # whoever has the document needs no key to its adapters
        Placed(replace(exposure, authentication=None), single.capability)
        for exposure in single.capability.exposures
        if isinstance(exposure, RestExposure)
    ]
    app = rest_app(placed, engine, single.options, AccessContext(resolver(engine)))
    caller = _Caller(wanted)
    await app(caller.scope, caller.receive, caller.send)
    return Answer(caller.status, tuple(caller.headers), b"".join(caller.chunks))


class _Caller:
    """The other side of an ASGI app for one request."""

    def __init__(self, wanted: CallRoute) -> None:
        path, _, query = wanted.target.partition("?")
        self.scope = _scope(wanted, path, query)
        self.status = 0
        self.headers: list[tuple[str, str]] = []
        self.chunks: list[bytes] = []
        self._body: bytes | None = wanted.body or b""

    async def receive(self) -> Message:
        body, self._body = self._body, None
        if body is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = [
                (name.decode("latin-1"), value.decode("latin-1"))
                for name, value in message["headers"]
            ]
        else:
            self.chunks.append(message.get("body", b""))


def _scope(wanted: CallRoute, path: str, query: str) -> Scope:
    headers = [(b"host", b"localhost")]
    if wanted.body is not None:
        headers.append((b"content-type", b"application/json"))
        headers.append((b"content-length", str(len(wanted.body)).encode()))
    return {
        "type": "http",
        "http_version": "1.1",
        "method": wanted.method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": headers,
        "client": None,
        "server": ("localhost", 80),
        "state": {},
    }
