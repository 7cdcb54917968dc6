"""REST-6 to REST-10: where inputs are read, what is refused, what goes upstream."""

import gzip
import json
import zlib
from typing import Any

import httpx
import pytest

from naftiko_runtime.expressions.path import Path
from naftiko_runtime.expressions.reference import FromInput, Literal, ObjectOf
from naftiko_runtime.options import Limits
from naftiko_runtime.plan.upstream import CallerBody, JsonBody

pytestmark = pytest.mark.anyio


def echo(plans: Any, inputs: tuple[Any, ...]) -> Any:
    """Return a function that sends its inputs upstream as the members of a JSON body."""
    return plans.call(method="POST", inputs=inputs, body=JsonBody(_object(inputs)))


def _object(inputs: tuple[Any, ...]) -> Any:
    return ObjectOf(tuple((each.name, FromInput(each.name)) for each in inputs))


async def sent(serve: Any, upstream: Any, route: Any, request: dict[str, Any]) -> Any:
    """Send one request; return what the upstream got as JSON, or the problem."""
    async with serve(route) as client:
        response = await client.request(**request)
    if upstream.requests:
        return json.loads(upstream.requests[0][2])
    return response.json()


@pytest.mark.parametrize(
    "case",
    [
        # route variables
        (("id", "path", "integer"), {"url": "/x/7"}, 7),
        (("id", "path", "string"), {"url": "/x/a%2Fb%20c"}, "a/b c"),
        # query
        (("q", "query", "string"), {"url": "/x/7?q=a+b%20c"}, "a b c"),
        (("q", "query", "string"), {"url": "/x/7?q="}, ""),
        (("q", "query", "string"), {"url": "/x/7?q"}, ""),
        (("q", "query", "string"), {"url": "/x/7?q=1&q=2"}, "1"),
        (("q", "query", "array"), {"url": "/x/7?q=1&q=2"}, ["1", "2"]),
        (("q", "query", "array"), {"url": "/x/7?q=1"}, ["1"]),
        (("q", "query", "array"), {"url": "/x/7?q[]=1&q[]=2"}, ["1", "2"]),
        (("q[]", "query", "array"), {"url": "/x/7?q=1"}, ["1"]),
        (("q", "query", "integer"), {"url": "/x/7?q=-12"}, -12),
        (("q", "query", "boolean"), {"url": "/x/7?q=TRUE"}, True),
        (("q", "query", "object"), {"url": '/x/7?q={"a":1}'}, {"a": 1}),
        (("q", "query", "string"), {"url": "/x/7?q=Zo%C3%AB"}, "Zoë"),
        # header and cookie
        (("X-A", "header", "string"), {"url": "/x/7", "headers": {"x-a": "1"}}, "1"),
        (
            ("X-A", "header", "string"),
            {"url": "/x/7", "headers": [("X-A", "1"), ("x-a", "2")]},
            "1, 2",
        ),
        (("X-A", "header", "string"), {"url": "/x/7", "headers": {"x-a": "ë".encode()}}, "ë"),
        (
            ("c", "cookie", "string"),
            {"url": "/x/7", "headers": {"cookie": 'b=1; c="a%20b"'}},
            "a b",
        ),
        # members of the body
        (("m", "member", "integer"), {"url": "/x/7", "json": {"m": 7}}, 7),
        (("m", "member", "integer"), {"url": "/x/7", "data": {"m": "7"}}, 7),
        (("m", "member", "array"), {"url": "/x/7", "data": {"m": ["1", "2"]}}, ["1", "2"]),
        (("a.b", "member", None), {"url": "/x/7", "json": {"a": {"b": [1]}}}, [1]),
        (("a.b", "member", None), {"url": "/x/7", "json": {"a.b": 1, "a": {"b": 2}}}, 1),
        # derived: query, then body
        (("d", "derived", "integer"), {"url": "/x/7?d=1", "json": {"d": 2}}, 1),
        (("d", "derived", "integer"), {"url": "/x/7", "json": {"d": 2}}, 2),
        (("d", "derived", None), {"url": "/x/7?d=007"}, "007"),
        (("d", "derived", "integer"), {"url": "/x/7", "data": {"d": "2"}}, 2),
        # the whole body
        (("body", "body", None), {"url": "/x/7", "json": [1, {"a": None}]}, [1, {"a": None}]),
        (("body", "body", None), {"url": "/x/7", "content": b"[1]"}, [1]),
        (
            ("body", "body", None),
            {"url": "/x/7", "content": b"[1]", "headers": {"content-type": "a/b+JSON; x=1"}},
            [1],
        ),
        (
            ("body", "body", None),
            {"url": "/x/7", "content": b"[1]", "headers": {"content-type": "text/json"}},
            [1],
        ),
        (("body", "body", None), {"url": "/x/7", "data": {"a": "1"}}, {"a": "1"}),
        (("X-A", "header", "string"), {"url": "/x/7", "headers": {"x-a": b"\xeb"}}, "ë"),
    ],
)
async def test_an_input_is_read_from_its_place(
    plans: Any, serve: Any, upstream: Any, case: Any
) -> None:
    (name, place, kind), request_, expected = case
    inputs = (plans.input("id", "path", key="id"),) if place != "path" else ()
    inputs += (plans.input(name, place, kind, key="id" if place == "path" else name),)
    route = plans.route("POST", "/x/{id}", echo(plans, inputs))
    got = await sent(serve, upstream, route, {"method": "POST", **request_})
    assert got[name] == expected


async def test_a_derived_input_that_feeds_a_header_is_looked_for_there(
    plans: Any, serve: Any, upstream: Any
) -> None:
    each = plans.input("X-Trace", "derived", "string", feeds_header=True, textual=True)
    route = plans.route("POST", "/x", echo(plans, (each,)))
    request = {"method": "POST", "url": "/x", "headers": {"X-TRACE": "t"}}
    assert await sent(serve, upstream, route, request) == {"X-Trace": "t"}


async def test_a_derived_input_that_feeds_a_body_takes_json_types_from_json(
    plans: Any, serve: Any, upstream: Any
) -> None:
    route = plans.route("POST", "/x", echo(plans, (plans.input("n", "derived", "integer"),)))
    problem = await sent(
        serve, upstream, route, {"method": "POST", "url": "/x", "json": {"n": "7"}}
    )
    assert problem["errors"] == [{"name": "n", "in": "query", "message": "must be an integer"}]


async def test_a_member_may_be_found_by_a_path(plans: Any, serve: Any, upstream: Any) -> None:
    each = plans.input("first", "member", path=Path.parse("$.rows[0].id"))
    route = plans.route("POST", "/x", echo(plans, (each,)))
    request = {"method": "POST", "url": "/x", "json": {"rows": [{"id": 5}]}}
    assert await sent(serve, upstream, route, request) == {"first": 5}


async def test_multipart_fields_are_members_and_files_are_objects(
    plans: Any, serve: Any, upstream: Any
) -> None:
    inputs = tuple(plans.input(name, "member") for name in ("note", "tag", "photo", "more"))
    route = plans.route("POST", "/x", echo(plans, inputs))
    request = {
        "method": "POST",
        "url": "/x",
        "files": [
            ("note", (None, "hi ë")),
            ("tag", (None, "a")),
            ("tag", (None, "b")),
            ("photo", ("p.jpg", b"\xff\xd8", "image/jpeg")),
            ("more", (None, '{"a": 1}', "application/json")),
        ],
    }
    assert await sent(serve, upstream, route, request) == {
        "note": "hi ë",
        "tag": ["a", "b"],
        "photo": {"filename": "p.jpg", "contentType": "image/jpeg", "base64": "/9g="},
        "more": {"a": 1},
    }


async def test_all_faults_are_reported_together_in_input_order(
    plans: Any, serve: Any, upstream: Any
) -> None:
    inputs = (
        plans.input("order-id", "path", "integer", required=True),
        plans.input("limit", "query", "integer", maximum=5),
        plans.input("X-A", "header", "string", required=True),
    )
    route = plans.route("GET", "/v1/orders/{order-id}", echo(plans, inputs))
    async with serve(route) as client:
        response = await client.get("/v1/orders/x?limit=6", headers={"x-request-id": "r-1"})
    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json() == {
        "type": "urn:naftiko:problem:invalid-input",
        "title": "Invalid input",
        "status": 400,
        "detail": response.json()["detail"],
        "instance": "/v1/orders/x",
        "requestId": "r-1",
        "errors": response.json()["errors"],
    }
    assert [(each["name"], each["in"]) for each in response.json()["errors"]] == [
        ("order-id", "path"),
        ("limit", "query"),
        ("X-A", "header"),
    ]
    assert upstream.requests == []


async def test_unknown_query_keys_and_headers_stay_behind(
    plans: Any, serve: Any, upstream: Any
) -> None:
    inputs = (plans.input("status", "query", "string"),)
    function = plans.call(path=("/orders",), query=("status",), inputs=inputs)
    async with serve(plans.route("GET", "/v1/orders", function)) as client:
        await client.get("/v1/orders?status=open&zzz=1", headers={"X-Foo": "1"})
    assert upstream.requests == [("GET", "/v2/orders?status=open", b"")]
    assert "x-foo" not in upstream.headers[0]


async def test_a_constant_replaces_what_the_caller_sends(
    plans: Any, serve: Any, upstream: Any
) -> None:
    inputs = (plans.input("v", "query", "string", constant=Literal("mine")),)
    function = plans.call(query=("v",), inputs=inputs)
    async with serve(plans.route("GET", "/x", function)) as client:
        await client.get("/x?v=yours")
    assert upstream.requests == [("GET", "/v2/things?v=mine", b"")]


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (b'{"a":\n  nope}', "at line 2, column 3"),
        (b'{"a": "\xff"}', "is not UTF-8 at line 1, column 8"),
        (b"[NaN]", "a number that JSON does not have"),
        (b'{"a": [1e999]}', "a number that JSON does not have"),
        (b"[" * 100_000, "nested too deeply"),
        (b"9" * 10_000, "a number that JSON does not have"),
    ],
)
async def test_broken_json_is_refused_with_line_and_column(
    plans: Any, serve: Any, upstream: Any, content: bytes, detail: str
) -> None:
    route = plans.route("POST", "/x", echo(plans, (plans.input("m", "member"),)))
    headers = {"content-type": "application/json"}
    async with serve(route) as client:
        response = await client.post("/x", content=content, headers=headers)
    assert (response.status_code, upstream.requests) == (400, [])
    assert detail in response.json()["detail"]


@pytest.mark.parametrize(
    ("content_type", "content"),
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=b", b"--b\r\nnot a header\r\n\r\n"),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1',
        ),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n\xff\r\n--b--\r\n',
        ),
        ("application/x-www-form-urlencoded", b"a=%FF"),
    ],
)
async def test_a_broken_form_is_refused(
    plans: Any, serve: Any, content_type: str, content: bytes
) -> None:
    route = plans.route("POST", "/x", echo(plans, (plans.input("m", "member"),)))
    async with serve(route) as client:
        response = await client.post("/x", content=content, headers={"content-type": content_type})
    assert response.status_code == 400
    assert response.json()["errors"][0]["in"] == "body"


async def test_an_empty_body_leaves_inputs_absent_and_required_ones_are_missed(
    plans: Any, serve: Any, upstream: Any
) -> None:
    optional = plans.route("POST", "/a", echo(plans, (plans.input("m", "member"),)))
    needed = plans.route("POST", "/b", echo(plans, (plans.input("m", "member", required=True),)))
    async with serve(optional, needed) as client:
        assert (await client.post("/a")).status_code == 200
        assert (await client.post("/b")).json()["errors"] == [
            {"name": "m", "in": "body", "message": "is required"}
        ]
    assert upstream.requests[0][2] == b"{}"


async def test_a_media_type_that_has_no_members_is_415_naming_the_accepted_ones(
    plans: Any, serve: Any
) -> None:
    route = plans.route("POST", "/x", echo(plans, (plans.input("m", "member"),)))
    async with serve(route) as client:
        response = await client.post("/x", content=b"a", headers={"content-type": "text/csv"})
    assert response.status_code == 415
    assert response.json()["detail"] == (
        "text/csv is not accepted; accepted: application/json, "
        "application/x-www-form-urlencoded, multipart/form-data"
    )


def relaying(plans: Any, method: str = "PUT", **members: Any) -> Any:
    body = plans.input("body", "body", raw=True, **members)
    more = (plans.input("page", "derived", "integer", textual=True),)
    function = plans.call(
        method=method,
        query=("page",),
        inputs=(*more, body),
        body=CallerBody(FromInput("body"), json=members.get("json", False)),
    )
    return plans.route(method, "/x", function)


@pytest.mark.parametrize(
    ("content_type", "content"),
    [
        ("text/csv", b"a,b"),
        ("application/json", b'{ "page": 3 }'),
        ("application/x-www-form-urlencoded", b"page=3"),
        ("image/png", b"\x89PNG\x00"),
    ],
)
async def test_a_relayed_body_goes_up_byte_for_byte_with_its_type(
    plans: Any, serve: Any, upstream: Any, content_type: str, content: bytes
) -> None:
    async with serve(relaying(plans)) as client:
        await client.put("/x", content=content, headers={"content-type": content_type})
    page = "?page=3" if b"page" in content else ""
    assert upstream.requests == [("PUT", f"/v2/things{page}", content)]
    assert upstream.headers[0]["content-type"] == content_type
    assert upstream.headers[0]["content-length"] == str(len(content))


async def test_a_relayed_body_that_must_be_json_is_checked_first(
    plans: Any, serve: Any, upstream: Any
) -> None:
    route = relaying(plans, json=True)
    async with serve(route) as client:
        headers = {"content-type": "application/json"}
        broken = await client.put("/x", content=b"{", headers=headers)
        other = await client.put("/x", content=b"a,b", headers={"content-type": "text/csv"})
        await client.put("/x", content=b'{ "a" : 1 }', headers=headers)
    assert (broken.status_code, other.status_code) == (400, 415)
    assert upstream.requests == [("PUT", "/v2/things", b'{ "a" : 1 }')]


async def test_a_get_relays_no_body(plans: Any, serve: Any, upstream: Any) -> None:
    async with serve(relaying(plans, method="GET")) as client:
        await client.request("GET", "/x", content=b"a", headers={"content-type": "text/plain"})
    assert upstream.requests == [("GET", "/v2/things", b"")]


async def test_a_body_that_nothing_needs_is_not_sent(plans: Any, serve: Any, upstream: Any) -> None:
    async with serve(plans.route("POST", "/x", plans.call())) as client:
        await client.post("/x", content=b"{broken", headers={"content-type": "application/json"})
    assert upstream.requests == [("GET", "/v2/things", b"")]


GZIPPED = gzip.compress(b'{"m": 1}', mtime=0)
BARE = zlib.compressobj(wbits=-15)
DEFLATED_BARE = BARE.compress(b'{"m": 1}') + BARE.flush()


@pytest.mark.parametrize(
    ("coding", "content"),
    [
        ("gzip", GZIPPED),
        ("x-gzip", GZIPPED),
        ("gzip", gzip.compress(b'{"m":', mtime=0) + gzip.compress(b" 1}", mtime=0)),
        ("deflate", zlib.compress(b'{"m": 1}')),
        ("deflate", DEFLATED_BARE),
        ("identity", b'{"m": 1}'),
    ],
)
async def test_content_encoding_is_undone(
    plans: Any, serve: Any, upstream: Any, coding: str, content: bytes
) -> None:
    route = plans.route("POST", "/x", echo(plans, (plans.input("m", "member"),)))
    request = {
        "method": "POST",
        "url": "/x",
        "content": content,
        "headers": {"content-encoding": coding, "content-type": "application/json"},
    }
    assert await sent(serve, upstream, route, request) == {"m": 1}


@pytest.mark.parametrize(
    "case",
    [
        ("br", b"x", 415),
        ("gzip", b"not gzip", 400),
        ("gzip", GZIPPED[:-9], 400),
        ("deflate", b"\xff\xff\xff", 400),
    ],
)
async def test_another_or_broken_content_encoding_is_refused(
    plans: Any, serve: Any, upstream: Any, case: Any
) -> None:
    coding, content, status = case
    route = plans.route("POST", "/x", echo(plans, (plans.input("m", "member"),)))
    headers = {"content-encoding": coding, "content-type": "application/json"}
    async with serve(route) as client:
        response = await client.post("/x", content=content, headers=headers)
    assert (response.status_code, upstream.requests) == (status, [])


async def chunked(*chunks: bytes) -> Any:
    for chunk in chunks:
        yield chunk


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        (b'{"m": "aaaaaaaaaa"}', {}),
        (chunked(b'{"m": ', b'"aaaaaaaaaa"}'), {}),
        (gzip.compress(b'{"m": "' + b"a" * 100_000 + b'"}'), {"content-encoding": "gzip"}),
    ],
)
async def test_a_body_over_the_limit_is_413_before_anything_is_sent(
    plans: Any, serve: Any, upstream: Any, content: Any, headers: dict[str, str]
) -> None:
    route = plans.route("POST", "/x", echo(plans, (plans.input("m", "member"),)))
    async with serve(route, limits=Limits(body=16)) as client:
        response = await client.post(
            "/x", content=content, headers={"content-type": "application/json", **headers}
        )
    assert (response.status_code, upstream.requests) == (413, [])
    assert response.json()["type"] == "urn:naftiko:problem:body-too-large"


async def test_a_query_that_is_not_utf8_is_invalid(plans: Any, serve: Any) -> None:
    route = plans.route("GET", "/x", plans.call(inputs=(plans.input("q", "query"),)))
    async with serve(route) as client:
        response = await client.get(httpx.URL("http://shop.test/x", query=b"q=%FF"))
    assert response.json()["errors"] == [
        {"name": "query", "in": "query", "message": "must be UTF-8"}
    ]


@pytest.mark.parametrize(("query", "expected"), [("day=1", "a"), ("day=1&lane=2", "b"), ("", "a")])
async def test_of_equal_routes_the_one_with_most_inputs_present_serves(
    plans: Any, serve: Any, upstream: Any, query: str, expected: str
) -> None:
    day, lane = plans.input("day", "query"), plans.input("lane", "query")
    first = plans.call("a", path=("/a",), inputs=(day,))
    second = plans.call("b", path=("/b",), inputs=(day, lane))
    async with serve(
        plans.route("GET", "/list", first, wanted=("day",)),
        plans.route("GET", "/list", second, wanted=("day", "lane")),
    ) as client:
        await client.get(f"/list?{query}")
    assert upstream.requests == [("GET", f"/v2/{expected}", b"")]


async def test_a_member_of_what_is_no_object_is_absent(
    plans: Any, serve: Any, upstream: Any
) -> None:
    route = plans.route("POST", "/x", echo(plans, (plans.input("m", "member"),)))
    request = {"method": "POST", "url": "/x", "json": ["m"]}
    assert await sent(serve, upstream, route, request) == {}


async def test_cookies_that_are_not_there_are_absent(plans: Any, serve: Any, upstream: Any) -> None:
    each = (plans.input("a", "cookie"), plans.input("b", "cookie"))
    route = plans.route("POST", "/x", echo(plans, each))
    request = {"method": "POST", "url": "/x", "headers": {"cookie": "flag; b=1; b=2"}}
    assert await sent(serve, upstream, route, request) == {"b": "1"}
