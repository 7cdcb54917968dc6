"""Requests of consumed operations: query, headers, cookies, lengths (language.md 4.12 to 4.20)."""

from dataclasses import replace

import pytest

from naftiko_runtime.engine.credentials import Credentials
from naftiko_runtime.engine.exchange import Outbound
from naftiko_runtime.engine.request import USER_AGENT, authenticated, blueprint, outbound
from naftiko_runtime.engine.scope import InvocationScope
from naftiko_runtime.engine.variables import Variables
from naftiko_runtime.errors import InvalidInput, Misconfigured
from naftiko_runtime.expressions.reference import (
    Environment,
    Expression,
    FromInput,
    FromVariable,
    Literal,
    Template,
    Variable,
)
from naftiko_runtime.plan.upstream import (
    ConsumedOperation,
    Field,
    FormBody,
    JsonBody,
    MultipartBody,
    Part,
    TextBody,
    Upstream,
    UrlHole,
)
from naftiko_runtime.values import Json

pytestmark = pytest.mark.anyio

UPSTREAM = Upstream("u", "fleet", None, ("http://up.test/v1",), None)
GET = ConsumedOperation("fleet", "log", "GET", UPSTREAM, ("/x",), "/x")
DEFAULTS = (
    ("Accept", "application/json, */*;q=0.8"),
    ("Accept-Encoding", "gzip"),
    ("User-Agent", USER_AGENT),
)


def field(name: str, value: Expression | None = None, *, required: bool = False) -> Field:
    return Field(name, value or FromInput(name), name, required)


async def request(
    operation: ConsumedOperation,
    inputs: dict[str, Json] | None = None,
    environ: dict[str, str] | None = None,
    more: tuple[tuple[str, str], ...] = (),
    *,
    relayed: bool = False,
) -> Outbound:
    scope = InvocationScope(inputs or {}, Variables(environ or {}))
    return await outbound(blueprint(operation), scope, more, relayed=relayed, limit=1000)


async def test_the_worked_example() -> None:
    operation = replace(
        GET,
        path=("/ships/", UrlHole("imo", FromInput("imo")), "/log"),
        query=(field("lang", Literal("fr")), field("since"), field("tag")),
        headers=(field("X-Ver", Literal("2")),),
    )
    inputs = {"imo": "9 9", "since": "a/b", "tag": ["x", "y"], "lang": "de"}
    sent = await request(operation, inputs)
    assert sent.url == "http://up.test/v1/ships/9%209/log?lang=fr&since=a%2Fb&tag=x&tag=y"
    assert sent.headers == (*DEFAULTS, ("X-Ver", "2"))
    assert (sent.method, sent.body, sent.head_timeout) == ("GET", None, 300)


@pytest.mark.parametrize(
    ("name", "value", "query"),
    [
        ("ids", [1, 2], "?ids=1&ids=2"),
        ("ids[]", [1, 2], "?ids[]=1&ids[]=2"),
        ("since", "2026-01-01T00:00:00+02:00", "?since=2026-01-01T00%3A00%3A00%2B02%3A00"),
        ("all", True, "?all=true"),
        ("q", "a&b=c", "?q=a%26b%3Dc"),
        ("q", "", "?q="),
        ("n", None, ""),
        ("n", [], ""),
        ("f", {"a": [1]}, "?f=%7B%22a%22%3A%5B1%5D%7D"),
    ],
)
async def test_query_values_by_type(name: str, value: Json, query: str) -> None:
    sent = await request(replace(GET, query=(field(name),)), {name: value})
    assert sent.url == f"http://up.test/v1/x{query}"


async def test_query_parameters_follow_the_written_query() -> None:
    operation = replace(GET, query_in_path=("a=1",), query=(field("b"),))
    assert (await request(operation, {"b": 2})).url == "http://up.test/v1/x?a=1&b=2"


@pytest.mark.parametrize("place", ["query", "headers", "cookies"])
@pytest.mark.parametrize("inputs", [{}, {"q": None}])
async def test_a_required_parameter_without_value_is_named(
    place: str, inputs: dict[str, Json]
) -> None:
    operation = replace(GET, **{place: (field("q", required=True),)})
    with pytest.raises(InvalidInput) as caught:
        await request(operation, inputs)
    where = {"query": "query", "headers": "header", "cookies": "cookie"}[place]
    assert caught.value.faults == ({"name": "q", "in": where, "message": "has no value"},)


@pytest.mark.parametrize("place", ["query", "headers", "cookies"])
async def test_an_optional_parameter_without_value_is_not_sent(place: str) -> None:
    sent = await request(replace(GET, **{place: (field("q"),)}))
    assert (sent.url, sent.headers) == ("http://up.test/v1/x", DEFAULTS)


async def test_a_relayed_body_must_come_unencoded() -> None:
    sent = await request(GET, relayed=True)
    assert sent.headers[1] == ("Accept-Encoding", "identity")


@pytest.mark.parametrize(
    ("name", "value"),
    [("accept", "text/csv"), ("Accept-Encoding", "br"), ("USER-AGENT", "mine")],
)
async def test_a_declared_header_takes_the_place_of_a_default(name: str, value: str) -> None:
    operation = replace(GET, headers=(field(name),))
    sent = dict((await request(operation, {name: value})).headers)
    assert sent[name] == value
    assert len([key for key in sent if key.lower() == name.lower()]) == 1
    without = dict((await request(operation)).headers)
    assert without == dict(DEFAULTS)


async def test_headers_of_the_caller_come_last_and_never_twice() -> None:
    operation = replace(GET, headers=(field("If-Match"),))
    more = (("if-match", "theirs"), ("traceparent", "00-1"))
    sent = await request(operation, {"If-Match": "ours"}, more=more)
    assert sent.headers == (*DEFAULTS, ("If-Match", "ours"), ("traceparent", "00-1"))


@pytest.mark.parametrize(
    ("value", "text"),
    [(" a ", "a"), (["a", 1, True], "a, 1, true"), ({"k": [1]}, '{"k":[1]}'), ("Zoë", "Zoë")],
)
async def test_header_values_by_type(value: Json, text: str) -> None:
    sent = await request(replace(GET, headers=(field("X-H"),)), {"X-H": value})
    assert sent.headers[-1] == ("X-H", text)


@pytest.mark.parametrize("value", ["a\r\nX: 1", "a\nb", "a\0b", ["ok", "a\rb"]])
async def test_a_header_value_with_line_breaks_is_refused(value: Json) -> None:
    with pytest.raises(InvalidInput) as caught:
        await request(replace(GET, headers=(field("X-H"),)), {"X-H": value})
    assert caught.value.detail == "X-H: must not have line breaks or NUL"


async def test_a_variable_with_line_breaks_is_a_configuration_problem() -> None:
    value = FromVariable(Variable("V", (Environment("E"),)))
    with pytest.raises(Misconfigured) as caught:
        await request(replace(GET, headers=(field("X-H", value),)), environ={"E": "a\nb"})
    assert caught.value.variables == ("V",)
    assert "a\nb" not in caught.value.detail


async def test_all_cookies_are_one_header() -> None:
    operation = replace(
        GET, cookies=(field("a"), field("b"), field("c")), headers=(field("Cookie"),)
    )
    sent = await request(operation, {"a": "x;y é", "b": [1, 2], "Cookie": "own=1"})
    assert sent.headers[-1] == ("Cookie", "own=1; a=x%3By%20%C3%A9; b=1; b=2")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
async def test_a_write_without_body_has_length_zero(method: str) -> None:
    sent = await request(replace(GET, method=method))
    assert sent.headers == (*DEFAULTS, ("Content-Length", "0"))


@pytest.mark.parametrize("method", ["GET", "DELETE", "HEAD", "OPTIONS"])
async def test_other_requests_without_body_have_no_length(method: str) -> None:
    assert (await request(replace(GET, method=method))).headers == DEFAULTS


async def test_a_body_has_type_and_length() -> None:
    operation = replace(GET, method="POST", body=JsonBody(FromInput("b")))
    sent = await request(operation, {"b": {"n": "ë"}})
    assert sent.body == '{"n":"ë"}'.encode()
    assert sent.headers[-2:] == (("Content-Type", "application/json"), ("Content-Length", "10"))


async def test_a_declared_content_type_replaces_the_bodys() -> None:
    operation = replace(
        GET, method="POST", body=TextBody(("x",), "text/plain"), headers=(field("content-type"),)
    )
    sent = await request(operation, {"content-type": "text/csv"})
    assert sent.headers[-2:] == (("content-type", "text/csv"), ("Content-Length", "1"))
    without = await request(operation)
    assert ("Content-Type", "text/plain") in without.headers


@pytest.mark.parametrize("place", ["path", "query", "body"])
async def test_text_that_is_no_unicode_is_refused(place: str) -> None:
    operation = {
        "path": replace(GET, path=("/", UrlHole("v", FromInput("v")))),
        "query": replace(GET, query=(field("v"),)),
        "body": replace(GET, body=JsonBody(FromInput("v"))),
    }[place]
    with pytest.raises(InvalidInput, match="not valid Unicode"):
        await request(operation, {"v": "\ud800"})


async def test_credentials_win_over_what_has_their_name() -> None:
    given = await request(
        replace(GET, headers=(field("authorization"), field("X-A")), cookies=(field("c"),)),
        {"authorization": "theirs", "X-A": "1", "c": "2"},
    )
    credentials = Credentials(
        headers=(("Authorization", "ours"),),
        query=("key=a%20b",),
        cookies=(("sid", "s;1"),),
    )
    sent = await authenticated(given, credentials)
    assert sent.url == "http://up.test/v1/x?key=a%20b"
    assert sent.headers == (
        *DEFAULTS,
        ("X-A", "1"),
        ("Authorization", "ours"),
        ("Cookie", "c=2; sid=s%3B1"),
    )


async def test_a_query_key_comes_last() -> None:
    given = await request(replace(GET, query=(field("q"),)), {"q": 1})
    sent = await authenticated(given, Credentials(query=("k=1", "l=2")))
    assert sent.url == "http://up.test/v1/x?q=1&k=1&l=2"


MEMBER = Credentials(members=(("k", "s e"),))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (JsonBody(Literal({"a": 1})), b'{"a":1,"k":"s e"}'),
        (JsonBody(Literal({"k": "theirs"}), "application/hal+json"), b'{"k":"s e"}'),
        (FormBody((("a", Literal("1")),)), b"a=1&k=s+e"),
        (FormBody(()), b"k=s+e"),
    ],
)
async def test_a_key_is_a_member_of_the_body(body: object, expected: bytes) -> None:
    given = await request(replace(GET, method="POST", body=body))
    sent = await authenticated(given, MEMBER)
    assert (sent.body, sent.url) == (expected, "http://up.test/v1/x")
    assert dict(sent.headers)["Content-Length"] == str(len(expected))


@pytest.mark.parametrize(
    "body",
    [
        None,
        JsonBody(Literal([1])),
        TextBody(("x",), "text/plain"),
        TextBody(('{"a": 1e999}',), "application/json"),
        MultipartBody((Part("a", Literal("1")),)),
    ],
)
async def test_a_key_without_such_a_body_is_a_query_parameter(body: object) -> None:
    given = await request(replace(GET, method="POST", body=body))
    sent = await authenticated(given, MEMBER)
    assert (sent.body, sent.url) == (given.body, "http://up.test/v1/x?k=s%20e")


async def test_a_key_is_put_into_a_streamed_body() -> None:
    async def stream() -> object:
        yield b'{"a":'
        yield b"1}"

    headers = (("Content-Type", "application/json"), ("Content-Length", "7"))
    given = Outbound("POST", "http://up.test", headers, stream())
    sent = await authenticated(given, MEMBER)
    assert (sent.body, dict(sent.headers)["Content-Length"]) == (b'{"a":1,"k":"s e"}', "17")


async def test_templates_that_lack_a_part_send_no_parameter() -> None:
    value = Template(("n=", FromInput("n")))
    operation = replace(GET, query=(field("q", value),))
    assert (await request(operation)).url == "http://up.test/v1/x"
    assert (await request(operation, {"n": 5})).url == "http://up.test/v1/x?q=n%3D5"
