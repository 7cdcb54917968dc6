"""Running functions: relayed, decoded, shaped, refused (language.md 7, 11; exposes.md REST-14)."""

import gzip
import zlib
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from naftiko_runtime.engine.engine import Engine, engine_for
from naftiko_runtime.engine.exchange_http1 import Http1Exchange
from naftiko_runtime.engine.exchange_httpx import HttpxExchange
from naftiko_runtime.engine.invoke import invoke
from naftiko_runtime.engine.result import (
    FORWARDED,
    Binary,
    Caller,
    ForwardRequest,
    Relayed,
    Value,
    Want,
)
from naftiko_runtime.engine.variables import Variables
from naftiko_runtime.errors import (
    Diagnostic,
    FunctionUnavailable,
    InvalidInput,
    Place,
    ResponseTooLarge,
    UndecodableResponse,
    UpstreamUnreachable,
)
from naftiko_runtime.expressions.mapper import Fixed, ObjectShape, Select
from naftiko_runtime.expressions.path import Path
from naftiko_runtime.expressions.reference import (
    Environment,
    FromInput,
    Literal,
    Template,
    Variable,
)
from naftiko_runtime.observability.telemetry import OFF
from naftiko_runtime.options import RuntimeOptions
from naftiko_runtime.plan.function import (
    Call,
    Constant,
    Forward,
    Function,
    Input,
    Refer,
    Relay,
    Reshape,
    Unavailable,
)
from naftiko_runtime.plan.upstream import (
    ApiKeys,
    ConsumedOperation,
    Field,
    Key,
    ResponseFormat,
    Upstream,
    UrlHole,
)
from naftiko_runtime.values import Json

pytestmark = pytest.mark.anyio

UPSTREAM = Upstream("u", "shop", None, ("http://up.test",), None)
GET = ConsumedOperation("shop", "get", "GET", UPSTREAM, ("/x",), "/x")
RELAY = Function("get", (), Call(GET, {}))
Answering = Callable[[httpx.Request], httpx.Response]


class Served:
    """An engine over an upstream that answers by a function and records what it is sent."""

    def __init__(self, answer: httpx.Response | Answering, **environ: str) -> None:
        self.requests: list[httpx.Request] = []
        self._answer = answer
        exchange = HttpxExchange(httpx.MockTransport(self._handle))
        self.engine = Engine(exchange, Variables(environ))

    async def _handle(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.requests.append(request)
        answer = self._answer(request) if callable(self._answer) else self._answer
        return httpx.Response(
            answer.status_code, headers=answer.headers.raw, stream=Pieces(answer.stream)
        )

    async def value(self, function: Function, **inputs: Json) -> Value:
        async with invoke(function, inputs, self.engine) as result:
            assert isinstance(result, Value)
            return result

    async def relayed(self, function: Function, **inputs: Json) -> tuple[Relayed, bytes]:
        async with invoke(function, inputs, self.engine, Want.BODY) as result:
            assert isinstance(result, Relayed)
            return result, b"".join([piece async for piece in result.chunks()])


class Pieces(httpx.AsyncByteStream):
    """A body that comes in small pieces."""

    def __init__(self, stream: Any) -> None:
        self._body = b"".join(stream)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self._body), 7):
            yield self._body[start : start + 7]


def response(body: bytes = b"", status: int = 200, **headers: str) -> httpx.Response:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, headers=names, stream=httpx.ByteStream(body))


def called(operation: ConsumedOperation, output: Relay | Reshape = Relay()) -> Function:  # noqa: B008
    return Function("f", (), Call(operation, {}), output)


def select(path: str) -> Reshape:
    return Reshape(Select(Path.parse(path)))


async def test_a_body_is_relayed_as_it_comes() -> None:
    body = b'{"a" : 1}\n'
    served = Served(response(body, 201, content_type="application/.csv", x_a="1"))
    result, received = await served.relayed(RELAY)
    assert (result.status, result.failed, received) == (201, False, body)
    assert result.headers == (("content-type", "application/.csv"), ("x-a", "1"))
    assert (result.operation, result.media_type) == (GET, None)
    assert served.requests[0].headers["accept-encoding"] == "identity"


async def test_a_value_is_decoded_and_may_come_compressed() -> None:
    served = Served(
        response(
            gzip.compress(b'{"a":1}'), content_type="application/json", content_encoding="gzip"
        )
    )
    result = await served.value(RELAY)
    assert (result.status, result.value, result.empty, result.text) == (200, {"a": 1}, False, False)
    assert served.requests[0].headers["accept-encoding"] == "gzip"


@pytest.mark.parametrize(
    ("encoding", "encode"),
    [
        ("identity", bytes),
        ("GZIP", gzip.compress),
        ("x-gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", lambda body: zlib.compress(body, wbits=-15)),
    ],
)
async def test_encodings_are_undone(encoding: str, encode: Callable[[bytes], bytes]) -> None:
    body = b'{"text":"' + b"abc" * 100 + b'"}'
    result = await Served(response(encode(body), content_encoding=encoding)).value(RELAY)
    assert result.value == {"text": "abc" * 100}


@pytest.mark.parametrize(
    ("body", "encoding", "message"),
    [
        (b"x", "br", "br was not asked for"),
        (b"no gzip", "gzip", "broken compression"),
        (b"\xff" * 20, "deflate", "broken compression"),
        (zlib.compress(b"a" * 100)[:8] + b"\xff" * 20, "deflate", "broken compression"),
        (gzip.compress(b"{}", mtime=0)[:15], "gzip", "cut short"),
    ],
)
async def test_a_broken_encoding_is_undecodable(body: bytes, encoding: str, message: str) -> None:
    with pytest.raises(UndecodableResponse, match=message):
        await Served(response(body, content_encoding=encoding)).value(RELAY)


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
@pytest.mark.parametrize("status", [200, 204])
async def test_nothing_is_null_however_it_is_encoded(encoding: str, status: int) -> None:
    result = await Served(response(status=status, content_encoding=encoding)).value(RELAY)
    assert (result.value, result.empty) == (None, status == 204)


LIMITED = replace(GET, response=ResponseFormat(max_size=20, max_binary_size=10))


@pytest.mark.parametrize(
    "answer",
    [
        response(b'"' + b"x" * 30 + b'"'),
        response(b"", content_length="21"),
        response(gzip.compress(b"0" * 100_000), content_encoding="gzip"),
        response(b"\0" * 11, content_type="image/png"),
    ],
    ids=["while reading", "announced", "unpacked", "binary"],
)
async def test_an_answer_over_its_limit_is_refused(answer: httpx.Response) -> None:
    with pytest.raises(ResponseTooLarge, match=r"shop\.get: the answer has more than"):
        await Served(answer).value(called(LIMITED))


async def test_a_binary_format_has_its_own_limit() -> None:
    operation = replace(GET, response=ResponseFormat("binary", max_size=100, max_binary_size=10))
    with pytest.raises(ResponseTooLarge):
        await Served(response(b"\0" * 11)).value(called(operation))
    assert (await Served(response(b"\0" * 10)).value(called(operation))).value.data == b"\0" * 10


async def test_a_limit_that_is_just_reached_is_none() -> None:
    body = b'"' + b"x" * 18 + b'"'
    assert (await Served(response(body)).value(called(LIMITED))).value == "x" * 18
    assert (await Served(response(body, content_length="?")).value(called(LIMITED))).value


@pytest.mark.parametrize(
    ("disposition", "filename"),
    [
        ('attachment; filename="a b.zip"', "a b.zip"),
        ("attachment; filename=a.zip", "a.zip"),
        ('attachment; filename="x\\"y.zip"', 'x"y.zip'),
        ("attachment; filename*=UTF-8''Zo%C3%AB.zip; filename=plain.zip", "Zoë.zip"),
        ("attachment; filename*=UTF-8''%FF; filename=plain.zip", "plain.zip"),
        ("attachment; filename*=nothing''x.zip; filename=plain.zip", "plain.zip"),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ('attachment; filename="C:\\\\dir\\\\a.txt"', "a.txt"),
        ('attachment; filename=".."', None),
        ('attachment; filename=""', None),
        ("attachment", None),
        (None, None),
    ],
)
async def test_a_binary_value_has_the_last_part_of_its_file_name(
    disposition: str | None, filename: str | None
) -> None:
    headers = {"content_disposition": disposition} if disposition else {}
    result = await Served(response(b"\0", content_type="application/zip", **headers)).value(RELAY)
    assert result.value == Binary("application/zip", b"\0", filename)


async def test_a_text_value_says_so() -> None:
    result = await Served(response(b"a,b", content_type="text/csv")).value(RELAY)
    assert (result.value, result.text) == ("a,b", True)


async def test_an_answer_is_shaped_for_either_want() -> None:
    served = Served(response(b'{"data":{"n":1}}', 202))
    function = called(GET, select("$.data"))
    for want in Want:
        async with invoke(function, {}, served.engine, want) as result:
            assert isinstance(result, Value)
            assert (result.status, result.value, result.empty) == (202, {"n": 1}, False)
    assert served.requests[0].headers["accept-encoding"] == "gzip"


async def test_what_a_mapping_does_not_find_is_null() -> None:
    assert (await Served(response(b"{}")).value(called(GET, select("$.a")))).value is None


@pytest.mark.parametrize("status", [204, 205, 304])
async def test_an_empty_answer_is_not_parsed(status: int) -> None:
    result = await Served(response(b"", status)).value(called(GET, select("$.a")))
    assert (result.status, result.value, result.empty) == (status, None, True)


async def test_a_shape_sees_inputs_and_variables() -> None:
    mapper = ObjectShape((("i", Fixed(FromInput("i"))), ("n", Select(Path.parse("$.n")))))
    function = Function("f", (), Call(GET, {}), Reshape(mapper))
    assert (await Served(response(b'{"n":1}')).value(function, i=5)).value == {"i": 5, "n": 1}


async def test_a_body_that_is_not_what_the_format_says_is_undecodable() -> None:
    with pytest.raises(UndecodableResponse):
        await Served(response(b"<html>")).value(called(GET, select("$.a")))


@pytest.mark.parametrize("status", [400, 404, 500, 302])
@pytest.mark.parametrize("output", [Relay(), select("$.a")])
@pytest.mark.parametrize("want", list(Want))
async def test_an_error_is_an_answer_and_never_mapped(
    status: int, output: Relay | Reshape, want: Want
) -> None:
    served = Served(response(b"<html>", status, content_type="text/html"))
    async with invoke(called(GET, output), {}, served.engine, want) as result:
        assert isinstance(result, Relayed)
        assert (result.status, result.failed, result.operation) == (status, True, GET)
        assert b"".join([piece async for piece in result.chunks()]) == b"<html>"
        assert ("content-type", "text/html") in result.headers


async def test_an_error_that_comes_compressed_is_unpacked() -> None:
    body = gzip.compress(b"sorry" * 100)
    answer = response(body, 500, content_encoding="gzip", content_length=str(len(body)), x_a="1")
    async with invoke(RELAY, {}, Served(answer).engine) as result:
        assert isinstance(result, Relayed)
        assert result.headers == (("x-a", "1"),)
        assert b"".join([piece async for piece in result.chunks()]) == b"sorry" * 100


async def test_a_media_type_of_the_document_replaces_the_upstreams() -> None:
    for form, media_type in (("text", "text/csv"), ("binary", "text/csv"), ("json", None)):
        operation = replace(GET, response=ResponseFormat(form, media_type="text/csv"))
        result, _ = await Served(response(b"a")).relayed(called(operation))
        assert result.media_type == media_type
        failed, _ = await Served(response(b"a", 500)).relayed(called(operation))
        assert failed.media_type is None


CALLER = Caller(conditional=(("if-none-match", '"e"'),), trace=(("traceparent", "00-1"),))


@pytest.mark.parametrize(
    ("output", "want", "conditional"),
    [
        (Relay(), Want.BODY, True),
        (Relay(), Want.VALUE, False),
        (select("$"), Want.BODY, False),
    ],
)
async def test_conditions_of_the_caller_go_only_with_what_is_relayed(
    output: Relay | Reshape, want: Want, *, conditional: bool
) -> None:
    served = Served(response(b"{}"))
    async with invoke(called(GET, output), {}, served.engine, want, CALLER):
        pass
    (request,) = served.requests
    assert ("if-none-match" in request.headers) == conditional
    assert request.headers["traceparent"] == "00-1"


ORDER = replace(
    GET,
    path=("/orders/", UrlHole("id", FromInput("id"))),
    query=(Field("q", FromInput("q"), "q"),),
)


async def test_arguments_are_all_that_an_operation_sees() -> None:
    call = Call(ORDER, {"id": FromInput("number"), "q": FromInput("gone")})
    served = Served(response(b"{}"))
    await served.value(Function("f", (), call), number=7, q="no argument")
    assert str(served.requests[0].url) == "http://up.test/orders/7"


async def test_constants_are_settled_before_the_call() -> None:
    constant = Input("id", "query", "id", "id", constant=Literal(9))
    function = Function("f", (constant,), Call(ORDER, {"id": FromInput("id")}))
    served = Served(response(b"{}"))
    await served.value(function)
    assert served.requests[0].url.path == "/orders/9"


async def test_a_mock_sends_nothing() -> None:
    served = Served(response())
    mapper = ObjectShape(
        (("msg", Fixed(Template(("Hi ", FromInput("n"))))), ("k", Fixed(Literal(3)))), sparse=True
    )
    result = await served.value(Function("f", (), Constant(mapper)), n="Al")
    assert (result.status, result.value, result.empty) == (200, {"msg": "Hi Al", "k": 3}, False)
    nothing = ObjectShape((("msg", Fixed(FromInput("n"))),), sparse=True)
    empty = await served.value(Function("f", (), Constant(nothing)))
    assert (empty.value, empty.empty, served.requests) == (None, True, [])


BROKEN = Unavailable(
    Diagnostic("call/unknown-operation", "error", "unavailable", Place("f"), '"x" does not exist')
)


async def test_a_function_with_an_error_says_what_the_document_lacks() -> None:
    with pytest.raises(FunctionUnavailable) as caught:
        await Served(response()).value(Function("f", (), BROKEN))
    assert (caught.value.code, caught.value.detail) == (
        "call/unknown-operation",
        '"x" does not exist',
    )


SHARED = Function(
    "fleet.get",
    (Input("id", "argument", "id", "id", "integer", required=True, textual=True),),
    Call(ORDER, {"id": FromInput("id"), "q": FromInput("other")}),
)


def referring(**arguments: Any) -> Function:
    return Function("f", (), Refer(SHARED, arguments))


async def test_a_reference_runs_the_function_in_its_own_scope() -> None:
    served = Served(response(b"{}"))
    await served.value(referring(id=FromInput("n")), n="7", other="unseen")
    assert str(served.requests[0].url) == "http://up.test/orders/7"
    with pytest.raises(InvalidInput, match="id: must be an integer"):
        await served.value(referring(id=Literal("x")))


class Works:
    """Telemetry that remembers what ran."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.peer = OFF.peer

    def ran(self, work: Any) -> "Works":
        self.told.append(work.name)
        return self

    def ended(self, error: str | None = None) -> None:
        self.told.append(error)


async def test_an_aggregate_function_is_told_with_its_end() -> None:
    for answer, error in (
        (response(b"{}"), None),
        (response(b"{", content_type="application/json"), "upstream-undecodable"),
    ):
        served = Served(answer)
        works = Works()
        engine = replace(served.engine, telemetry=works)  # type: ignore[arg-type]
        try:
            async with invoke(referring(id=Literal(1)), {}, engine):
                pass
        except UndecodableResponse:
            assert error
        assert works.told == ["fleet.get", error]


async def test_a_bug_in_an_aggregate_function_is_told_as_the_end() -> None:
    def bug(request: httpx.Request) -> httpx.Response:
        raise RuntimeError

    works = Works()
    engine = replace(Served(bug).engine, telemetry=works)  # type: ignore[arg-type]
    with pytest.raises(RuntimeError):
        async with invoke(referring(id=Literal(1)), {}, engine):
            pass
    assert works.told == ["fleet.get", "cancelled"]


async def test_a_body_cut_short_breaks_where_it_is_read() -> None:
    class Cut(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b"some"
            raise httpx.ReadError("x")

    def cut(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=Cut())

    engine = Engine(HttpxExchange(httpx.MockTransport(cut)), Variables({}))
    async with invoke(RELAY, {}, engine, Want.BODY) as result:
        assert isinstance(result, Relayed)
        chunks = result.chunks()
        assert await anext(chunks) == b"some"
        with pytest.raises(UpstreamUnreachable):
            await anext(chunks)
    with pytest.raises(UpstreamUnreachable):
        async with invoke(RELAY, {}, engine):
            pass


class Upload:
    """A caller's body; ``length`` None: not announced."""

    content_type = "text/csv"

    def __init__(self, body: bytes, length: int | None) -> None:
        self.body = body
        self.length = length

    async def read(self) -> bytes:
        return self.body

    async def chunks(self) -> AsyncIterator[bytes]:
        yield self.body


def forward(**changes: Any) -> Function:
    action = Forward(UPSTREAM, (), (), (), "path", credentials=False)
    return Function("forward", (), replace(action, **changes))


def asked(**changes: Any) -> dict[str, Any]:
    request = ForwardRequest("GET", "/a%20b/c", "x=1&x=2", (("accept", "text/csv"),))
    return {FORWARDED: replace(request, **changes)}


async def test_a_request_is_forwarded_with_its_path_and_query() -> None:
    served = Served(response(b"zip", 404, content_encoding="br"))
    result, body = await served.relayed(forward(), **asked())
    (request,) = served.requests
    assert (request.method, request.url.raw_path) == ("GET", b"/a%20b/c?x=1&x=2")
    assert request.headers["accept"] == "text/csv"
    assert request.headers["accept-encoding"] == "identity"
    assert (result.status, result.failed, result.operation, body) == (404, True, None, b"zip")
    assert ("content-encoding", "br") in result.headers


@pytest.mark.parametrize(
    ("base", "rest", "query", "target"),
    [
        ("http://up.test/v1/", "a", "", b"/v1/a"),
        ("http://up.test/v1", "/a/", "q", b"/v1/a/?q"),
        ("http://up.test/v1", "", "", b"/v1/"),
        ("http://up.test/v1", None, "a=1", b"/v1?a=1"),
        ("http://up.test", "/a b/[x]", "é=1", b"/a%20b/[x]?%C3%A9=1"),
    ],
)
async def test_the_forwarded_path_stands_behind_the_base(
    base: str, rest: str | None, query: str, target: bytes
) -> None:
    served = Served(response())
    upstream = replace(UPSTREAM, base=(base,))
    await served.relayed(forward(upstream=upstream), **asked(rest_of_path=rest, query=query))
    assert served.requests[0].extensions["target"] == target


@pytest.mark.parametrize("rest", ["..", "a/../b", "%2e%2E/x", "."])
async def test_a_forwarded_path_never_leaves_the_base(rest: str) -> None:
    served = Served(response())
    with pytest.raises(InvalidInput):
        await served.relayed(forward(), **asked(rest_of_path=rest))
    assert served.requests == []


async def test_what_the_consumed_adapter_says_lies_over_the_caller() -> None:
    upstream = replace(UPSTREAM, authentication=ApiKeys((Key("x-key", Literal("k"), "header"),)))
    function = forward(
        upstream=upstream,
        query=(Field("v", Literal(2), "v"),),
        headers=(Field("X-Ver", Literal("1"), "X-Ver"), Field("X-Gone", FromInput("g"), "X-Gone")),
    )
    served = Served(response())
    headers = (
        ("x-ver", "theirs"),
        ("x-key", "theirs"),
        ("x-gone", "theirs"),
        ("host", "evil.test"),
        ("accept-encoding", "br"),
        ("user-agent", "them"),
    )
    await served.relayed(function, **asked(headers=headers))
    (request,) = served.requests
    assert request.url.raw_path == b"/a%20b/c?x=1&x=2&v=2"
    assert [(name.lower(), value) for name, value in request.headers.items()] == [
        ("host", "up.test"),
        ("accept", "application/json, */*;q=0.8"),
        ("x-gone", "theirs"),
        ("accept-encoding", "br"),
        ("user-agent", "them"),
        ("x-ver", "1"),
        ("x-key", "k"),
    ]


@pytest.mark.parametrize("length", [3, None])
async def test_a_forwarded_body_keeps_its_type_and_gets_its_length(length: int | None) -> None:
    served = Served(response())
    headers = (("content-type", "text/x"), ("content-length", "999"))
    body = Upload(b"abc", length)
    await served.relayed(forward(), **asked(method="PATCH", headers=headers, body=body))
    (request,) = served.requests
    assert (request.method, request.content) == ("PATCH", b"abc")
    assert request.headers["content-type"] == "text/x"
    assert request.headers["content-length"] == "3"


async def test_a_forwarded_write_without_body_has_length_zero() -> None:
    served = Served(response())
    await served.relayed(forward(), **asked(method="POST"))
    assert served.requests[0].headers["content-length"] == "0"


async def test_a_forwarded_request_carries_the_trace() -> None:
    served = Served(response())
    function = forward()
    for _ in range(2):
        async with invoke(function, asked(), served.engine, Want.BODY, CALLER):
            pass
    assert [request.headers["traceparent"] for request in served.requests] == ["00-1"] * 2


async def test_an_engine_opens_the_default_exchange_and_closes_what_it_uses() -> None:
    async with engine_for(RuntimeOptions(), {"E": "e"}) as engine:
        assert isinstance(engine.exchange, Http1Exchange)
        assert engine.variables.text(Variable("V", (Environment("E"),))) == "e"

    class Closing:
        closed = False

        def send(self, request: Any) -> Any:
            raise NotImplementedError

        async def close(self) -> None:
            self.closed = True

    exchange = Closing()
    async with engine_for(RuntimeOptions(), {}, exchange) as engine:
        assert engine.exchange is exchange
    assert exchange.closed
