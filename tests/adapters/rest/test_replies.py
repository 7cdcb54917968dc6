"""REST-11 to REST-14: what comes back, and what does not."""

import gzip
import json
from typing import Any

import httpx
import pytest
from inbound import FakeInbound

from naftiko_runtime.adapters.rest.replies import Shape, accepts_gzip, relay, reply
from naftiko_runtime.diagnostics import CODES
from naftiko_runtime.engine.result import Binary, Relayed, Value
from naftiko_runtime.errors import Diagnostic, Place
from naftiko_runtime.expressions.mapper import Fixed, ObjectShape, Select
from naftiko_runtime.expressions.path import Path
from naftiko_runtime.expressions.reference import Literal
from naftiko_runtime.plan.function import Constant, Forward, Function, Reshape, Unavailable
from naftiko_runtime.plan.upstream import Upstream

pytestmark = pytest.mark.anyio

EVERY_HEADER = {
    "content-type": "application/json",
    "content-disposition": "inline",
    "content-language": "de",
    "etag": '"1"',
    "last-modified": "Tue, 24 Nov 2026 10:00:00 GMT",
    "cache-control": "no-store",
    "retry-after": "3",
    "link": "</a>; rel=next",
    "location": "/a",
    "content-range": "bytes 0-1/2",
    "accept-ranges": "bytes",
    "x-total-count": "2",
    "ratelimit": "limit=1",
    "ratelimit-policy": "1",
    "x-ratelimit-remaining": "0",
    "set-cookie": "a=1",
    "www-authenticate": "Basic",
    "server": "up",
    "x-powered-by": "php",
    "keep-alive": "timeout=5",
}
NEVER = {"set-cookie", "www-authenticate", "server", "x-powered-by", "keep-alive"}
MAPPED_ONLY = {
    "cache-control",
    "retry-after",
    "link",
    "location",
    "x-total-count",
    "ratelimit",
    "ratelimit-policy",
    "x-ratelimit-remaining",
}
ID = Reshape(Select(Path.parse("$.id")))


async def test_a_relayed_answer_has_the_upstreams_bytes_and_chosen_headers(
    plans: Any, serve: Any, upstream: Any
) -> None:
    content = b'{ "id" : 1.50 }'
    upstream.answer = lambda _: httpx.Response(201, content=content, headers=EVERY_HEADER)
    async with serve(plans.route("GET", "/x", plans.call())) as client:
        response = await client.get("/x", headers={"x-request-id": "abc"})
    assert (response.status_code, response.content) == (201, content)
    expected = {name: EVERY_HEADER[name] for name in EVERY_HEADER if name not in NEVER}
    assert dict(response.headers) == {**expected, "content-length": "15", "x-request-id": "abc"}


async def test_a_mapped_answer_is_compact_json_with_few_headers(
    plans: Any, serve: Any, upstream: Any
) -> None:
    upstream.answer = lambda _: httpx.Response(
        202, json={"id": {"a": [1, "ë"]}}, headers=EVERY_HEADER
    )
    async with serve(plans.route("GET", "/x", plans.call(output=ID))) as client:
        response = await client.get("/x", headers={"x-request-id": "abc"})
    assert (response.status_code, response.content) == (202, '{"a":[1,"ë"]}'.encode())
    expected = {name: EVERY_HEADER[name] for name in MAPPED_ONLY}
    assert dict(response.headers) == {
        **expected,
        "content-type": "application/json",
        "content-length": "14",
        "x-request-id": "abc",
    }


@pytest.mark.parametrize("output", [None, ID])
@pytest.mark.parametrize("status", [301, 400, 404, 418, 500, 503])
async def test_an_upstream_error_is_relayed_and_told_from_ours(
    plans: Any, serve: Any, upstream: Any, status: int, output: Any
) -> None:
    headers = {"content-type": "text/html", "location": "http://elsewhere.test/"}
    upstream.answer = lambda _: httpx.Response(status, content=b"<no>", headers=headers)
    members = {"output": output} if output else {}
    async with serve(plans.route("GET", "/x", plans.call(**members))) as client:
        response = await client.get("/x")
    assert (response.status_code, response.content) == (status, b"<no>")
    assert response.headers["x-upstream-status"] == str(status)
    assert response.headers["content-type"] == "text/html"


@pytest.mark.parametrize("status", [204, 205, 304])
@pytest.mark.parametrize("output", [None, ID])
async def test_an_answer_without_body_stays_without(
    plans: Any, serve: Any, upstream: Any, status: int, output: Any
) -> None:
    upstream.answer = lambda _: httpx.Response(
        status, headers={"etag": '"1"', "content-length": "20"}
    )
    members = {"output": output} if output else {}
    async with serve(plans.route("GET", "/x", plans.call(**members))) as client:
        response = await client.get("/x")
    assert (response.status_code, response.content) == (status, b"")
    assert response.headers.get("content-length") == ("0" if status == 205 else None)


async def test_a_mock_answers_200_and_json(plans: Any, serve: Any) -> None:
    mapper = ObjectShape((("a", Fixed(Literal("b"))),))
    function = Function("mock", (), Constant(mapper))
    async with serve(plans.route("GET", "/x", function)) as client:
        response = await client.get("/x")
    assert (response.status_code, response.content) == (200, b'{"a":"b"}')


async def test_an_unavailable_operation_is_501_whatever_is_given(plans: Any, serve: Any) -> None:
    rule = CODES["call/unknown-operation"]
    place = Place("shop.yml", 3, 9)
    diagnostic = Diagnostic(
        "call/unknown-operation", rule.severity, rule.effect, place, "shop-api.x does not exist"
    )
    inputs = (plans.input("id", "query", "integer", required=True),)
    function = Function("f", inputs, Unavailable(diagnostic))
    async with serve(plans.route("GET", "/x", function)) as client:
        response = await client.get("/x", headers={"x-request-id": "r"})
    assert response.status_code == 501
    assert response.json() == {
        "type": "urn:naftiko:problem:unavailable",
        "title": "Not available",
        "status": 501,
        "detail": "shop-api.x does not exist",
        "instance": "/x",
        "requestId": "r",
        "code": "call/unknown-operation",
    }


@pytest.mark.parametrize(
    ("declared", "expected"),
    [("image/jpeg", "image/jpeg"), (None, "application/octet-stream")],
)
async def test_a_declared_media_type_replaces_the_upstreams(
    plans: Any, serve: Any, upstream: Any, declared: Any, expected: str
) -> None:
    upstream.answer = lambda _: httpx.Response(
        200, content=b"\xff", headers={"content-type": "application/octet-stream"}
    )
    route = plans.route("GET", "/x", plans.call(), media_type=declared)
    async with serve(route) as client:
        response = await client.get("/x")
    assert response.headers.get_list("content-type") == [expected]


async def test_an_answer_over_a_declared_binary_size_is_502(
    plans: Any, serve: Any, upstream: Any
) -> None:
    upstream.answer = lambda _: httpx.Response(200, content=b"12345")
    async with serve(
        plans.route("GET", "/a", plans.call(), max_binary_size=4),
        plans.route("GET", "/b", plans.call(), max_binary_size=5),
    ) as client:
        over, within = await client.get("/a"), await client.get("/b")
    assert over.json()["type"] == "urn:naftiko:problem:upstream-too-large"
    assert (over.status_code, within.content) == (502, b"12345")


async def test_head_has_the_headers_of_get_and_no_body(
    plans: Any, serve: Any, upstream: Any
) -> None:
    async with serve(
        plans.route("GET", "/x", plans.call()), plans.route("GET", "/m", plans.call(output=ID))
    ) as client:
        relayed, mapped = await client.head("/x"), await client.head("/m")
    assert [each[0] for each in upstream.requests] == ["GET", "GET"]
    assert (relayed.status_code, relayed.content, mapped.content) == (200, b"", b"")
    assert relayed.headers["content-length"] == str(len(b'{"ok":true}'))
    assert mapped.headers["content-type"] == "application/json"


async def test_head_reads_no_body_even_where_it_would_be_mapped(
    plans: Any, serve: Any, upstream: Any
) -> None:
    upstream.answer = lambda _: httpx.Response(200, content=b"no JSON", headers={"etag": '"1"'})
    async with serve(plans.route("GET", "/m", plans.call(output=ID))) as client:
        assert (await client.get("/m")).status_code == 502
        head = await client.head("/m")
    assert (head.status_code, head.content) == (200, b"")
    assert "content-length" not in head.headers


CONDITIONAL = {
    "if-none-match": '"1"',
    "if-modified-since": "Tue, 24 Nov 2026 10:00:00 GMT",
    "if-match": '"2"',
    "if-unmodified-since": "Tue, 24 Nov 2026 11:00:00 GMT",
    "range": "bytes=0-1",
    "if-range": '"1"',
}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_conditional_headers_go_upstream_on_relayed_gets_only(
    plans: Any, serve: Any, upstream: Any, method: str
) -> None:
    upstream.answer = lambda _: httpx.Response(304, headers={"etag": '"1"'})
    async with serve(
        plans.route("GET", "/x", plans.call(), conditional=True),
        plans.route("GET", "/m", plans.call()),
    ) as client:
        response = await client.request(method, "/x", headers=CONDITIONAL)
        await client.request(method, "/m", headers=CONDITIONAL)
    passed = [
        {name: value for name, value in each.items() if name in CONDITIONAL}
        for each in upstream.headers
    ]
    assert passed == [CONDITIONAL, {}]
    assert (response.status_code, response.headers["etag"]) == (304, '"1"')


async def test_json_of_ours_is_compressed_from_1_kib_on_when_accepted(
    plans: Any, serve: Any, upstream: Any
) -> None:
    upstream.answer = lambda request: httpx.Response(
        200, json={"id": "a" * int(request.url.params["n"])}
    )
    inputs = (plans.input("n", "query"),)
    route = plans.route("GET", "/x", plans.call(query=("n",), inputs=inputs, output=ID))
    async with serve(route) as client:
        small = await client.get("/x?n=1000", headers={"accept-encoding": "gzip"})
        large = await client.get("/x?n=1022", headers={"accept-encoding": "gzip"})
        plain = await client.get("/x?n=1022", headers={"accept-encoding": "identity"})
        huge = await client.get("/x?n=300000", headers={"accept-encoding": "br, gzip;q=0.5"})
    assert "content-encoding" not in {*small.headers, *plain.headers}
    assert (large.headers["content-encoding"], large.headers["vary"]) == ("gzip", "Accept-Encoding")
    assert plain.headers["vary"] == "Accept-Encoding"
    assert large.json() == "a" * 1022 == plain.json()
    assert int(large.headers["content-length"]) < 200
    assert huge.json() == "a" * 300_000


async def test_relayed_bytes_are_sent_as_they_come(plans: Any, serve: Any, upstream: Any) -> None:
    content = gzip.compress(json.dumps(["a"] * 999).encode())
    headers = {"content-encoding": "gzip", "content-type": "application/json"}
    upstream.answer = lambda _: httpx.Response(200, content=content, headers=headers)
    async with serve(plans.route("GET", "/x", plans.call())) as client:
        response = await client.get("/x")
    assert response.headers["content-encoding"] == "gzip"
    assert response.json() == ["a"] * 999
    assert upstream.headers[0]["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        (None, False),
        (b"", False),
        (b"gzip", True),
        (b"GZIP;q=0.1", True),
        (b"gzip; q=0", False),
        (b"gzip;q=0.000, *", False),
        (b"br, *;q=1", True),
        (b"*;q=0", False),
        (b"deflate, br", False),
    ],
)
async def test_gzip_is_accepted_by_its_weight(accepted: bytes | None, expected: bool) -> None:  # noqa: FBT001
    assert accepts_gzip(accepted) is expected


async def test_the_upstream_cannot_be_reached(plans: Any, serve: Any, upstream: Any) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    upstream.answer = refuse
    async with serve(plans.route("GET", "/x", plans.call())) as client:
        response = await client.get("/x")
    assert response.status_code == 502
    assert response.json()["type"] == "urn:naftiko:problem:upstream-unreachable"


def forward(plans: Any, template: str = "/crm/{path}", **members: Any) -> Any:
    upstream = Upstream("k", "crm-api", None, ("http://up.test/base",), None)
    chosen = {"trusted_headers": ("X-Tenant",), "credentials": True, **members}
    action = Forward(
        upstream, query=(), headers=(), rest_variable="path" if "{" in template else None, **chosen
    )
    return plans.route("*", template, Function("forward", (), action))


async def test_a_forwarded_request_keeps_path_query_and_body(
    plans: Any, serve: Any, upstream: Any
) -> None:
    async with serve(forward(plans), forward(plans, "/all")) as client:
        await client.post("/crm/a%20b/c?x=1&x=2", content=b"\x00a")
        await client.delete("/all?y")
    assert upstream.requests == [
        ("POST", "/base/a%20b/c?x=1&x=2", b"\x00a"),
        ("DELETE", "/base?y", b""),
    ]


ALWAYS = {
    "accept": "text/csv",
    "accept-language": "de",
    "accept-encoding": "br",
    "content-type": "text/plain",
    "content-encoding": "br",
    "if-match": "*",
    "range": "bytes=0-1",
}
SOMETIMES = {"x-tenant": "t", "x-other": "o", "authorization": "Basic x", "cookie": "a=1"}
HOP_BY_HOP = {"connection": "x-hop", "x-hop": "1", "te": "trailers", "upgrade": "h2c"}


@pytest.mark.parametrize(
    ("members", "passing"),
    [
        ({}, {"x-tenant"}),
        ({"trusted_headers": ("*",)}, {"x-tenant", "x-other"}),
        (
            {"trusted_headers": ("Authorization", "cookie", "X-Hop", "Host")},
            {"authorization", "cookie"},
        ),
        ({"trusted_headers": ("authorization",), "credentials": False}, set()),
    ],
)
async def test_a_forwarded_request_has_the_trusted_headers_only(
    plans: Any, serve: Any, upstream: Any, members: Any, passing: set[str]
) -> None:
    given = {**ALWAYS, **SOMETIMES, **HOP_BY_HOP}
    async with serve(forward(plans, **members)) as client:
        await client.post("/crm/a", content=b"b", headers=given)
    got = upstream.headers[0]
    expected = {**ALWAYS, **{name: SOMETIMES[name] for name in passing}}
    assert {name: got[name] for name in expected} == expected
    assert not (set(given) - set(expected) - {"connection"}) & set(got)
    assert got["host"] == "up.test"


async def test_a_forwarded_answer_keeps_its_encoding(plans: Any, serve: Any, upstream: Any) -> None:
    content = gzip.compress(b"hello")
    upstream.answer = lambda _: httpx.Response(
        200, content=content, headers={**EVERY_HEADER, "content-encoding": "gzip"}
    )
    async with serve(forward(plans)) as client:
        response = await client.get("/crm/x")
    assert response.content == b"hello"
    assert not NEVER & set(response.headers)


async def test_a_dot_segment_is_never_forwarded(plans: Any, serve: Any, upstream: Any) -> None:
    async with serve(forward(plans)) as client:
        response = await client.get(
            httpx.URL("http://shop.test").copy_with(raw_path=b"/crm/a/%2e%2e/b")
        )
    assert (response.status_code, upstream.requests) == (400, [])


async def test_binary_values_are_sent_as_bytes(plans: Any) -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    value = Value(200, (), Binary("image/png", b"\x89"))
    await reply(value, send, b"gzip", head=False)
    assert sent == [
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"content-type", b"image/png"), (b"content-length", b"1")],
        },
        {"type": "http.response.body", "body": b"\x89"},
    ]


async def test_a_relayed_head_of_a_mapped_answer_says_json(plans: Any) -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    headers = (("content-type", "text/xml"), ("content-length", "9"), ("link", "<a>"))
    result = Relayed(Unread(headers), failed=False, operation=None)
    await relay(result, Shape(mapped=True), send, head=True)
    assert sent[0]["headers"] == [(b"link", b"<a>"), (b"content-type", b"application/json")]


class Unread(FakeInbound):
    """An answer whose body nobody may ask for."""

    status = 200

    def __init__(self, headers: tuple[tuple[str, str], ...]) -> None:
        self.headers = headers

    def ready(self) -> bytes:
        raise AssertionError

    def chunks(self) -> Any:
        raise AssertionError
