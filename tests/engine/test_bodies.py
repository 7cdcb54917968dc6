"""Request bodies by kind (language.md 5.1 to 5.11)."""

import base64
from collections.abc import AsyncIterator
from email import message_from_bytes

import pytest
import yaml

from naftiko_runtime.engine.bodies import Payload, payload
from naftiko_runtime.engine.scope import InvocationScope
from naftiko_runtime.engine.variables import Variables
from naftiko_runtime.errors import BodyTooLarge, InvalidInput, TemplateFailed
from naftiko_runtime.expressions.reference import FromInput, Literal, ObjectOf, Template
from naftiko_runtime.plan.upstream import (
    BinaryBody,
    Body,
    CallerBody,
    FormBody,
    JsonBody,
    JsonTextBody,
    MultipartBody,
    Part,
    TextBody,
    YamlBody,
)
from naftiko_runtime.values import ABSENT, Json

pytestmark = pytest.mark.anyio
LIMIT = 10


class Incoming:
    """A caller's body over REST."""

    def __init__(
        self, *pieces: bytes, kind: str | None = "text/csv", length: int | None = None
    ) -> None:
        self._pieces = pieces
        self.content_type = kind
        self.length = length
        self.parsed: Json = ABSENT
        self.was_read = False

    async def read(self) -> bytes:
        self.was_read = True
        return b"".join(self._pieces)

    async def chunks(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece


async def rendered(body: Body, **inputs: Json) -> Payload | None:
    return await payload(body, InvocationScope(inputs, Variables({})), LIMIT)


async def content(body: Body, **inputs: Json) -> bytes:
    found = await rendered(body, **inputs)
    assert found is not None
    if isinstance(found.content, bytes):
        assert found.length == len(found.content)
        return found.content
    return b"".join([piece async for piece in found.content])


def text(*parts: str | tuple[bool, str]) -> tuple[str | tuple[bool, FromInput], ...]:
    return tuple(part if isinstance(part, str) else (part[0], FromInput(part[1])) for part in parts)


async def test_json_members_keep_types_and_order_and_drop_what_is_absent() -> None:
    data = ObjectOf(
        (
            ("name", FromInput("name")),
            ("tags", FromInput("tags")),
            ("note", FromInput("note")),
            ("kind", Literal("box")),
            ("opts", ObjectOf((("n", FromInput("n")),))),
            ("label", Template(("#", FromInput("n")))),
        )
    )
    body = await content(JsonBody(data), name='Zoë "x"', tags=["a"], n=2)
    assert body.decode() == (
        '{"name":"Zoë \\"x\\"","tags":["a"],"kind":"box","opts":{"n":2},"label":"#2"}'
    )


async def test_an_object_that_only_loses_members_stays() -> None:
    assert await content(JsonBody(ObjectOf((("a", FromInput("a")),)))) == b"{}"


async def test_an_absent_body_is_none() -> None:
    for body in (JsonBody(FromInput("b")), BinaryBody(FromInput("b")), CallerBody(FromInput("b"))):
        assert await rendered(body) is None
    assert await rendered(BinaryBody(FromInput("b")), b=None) is None


async def test_an_empty_object_is_no_body_where_the_plan_says_so() -> None:
    body = JsonBody(ObjectOf((("a", FromInput("a")),)), skip_empty=True)
    assert await rendered(body) is None
    assert await content(body, a=None) == b'{"a":null}'


async def test_a_raw_body_escapes_what_is_put_in() -> None:
    parts = text(
        '{"name": "', (True, "name"), '", "tags": ', (False, "tags"), ', "n": ', (False, "n"),
        ', "z": ', (False, "z"), ', "y": "', (True, "z"), '", "o": "', (True, "tags"), '"}',
    )  # fmt: skip
    body = await content(JsonTextBody(parts), name='a"b\n', tags=["a"], n=2)
    assert body == (
        b'{"name": "a\\"b\\n", "tags": ["a"], "n": 2, "z": null, "y": "", "o": "[\\"a\\"]"}'
    )


@pytest.mark.parametrize("before", ["{", '{"a": NaN, "b": ', ""])
async def test_a_raw_body_that_is_no_json_is_a_template_problem(before: str) -> None:
    with pytest.raises(TemplateFailed, match="the body is not JSON"):
        await rendered(JsonTextBody((before, (False, FromInput("v")), "!")), v=1)


async def test_a_raw_body_of_a_declared_type_need_not_be_json() -> None:
    body = JsonTextBody(("<", (True, FromInput("v")), ">"), strict=False)
    assert await content(body, v='"') == b'<\\">'


async def test_text_takes_values_as_they_are_and_absent_ones_as_nothing() -> None:
    body = TextBody(("a", FromInput("v"), "b", FromInput("w"), "c"), "text/plain; charset=utf-8")
    found = await rendered(body, v={"x": "<é>"})
    assert found == Payload('a{"x":"<é>"}bc'.encode(), "text/plain; charset=utf-8", 15)


async def test_xml_escapes_values_but_not_the_document() -> None:
    body = TextBody(("<a b='", FromInput("v"), "'/>"), "application/xml", xml=True)
    assert await content(body, v="<&>\"'") == b"<a b='&lt;&amp;&gt;&quot;&apos;'/>"


async def test_a_map_is_written_as_yaml() -> None:
    value = {"b": [1, "1", None], "a": "é: x"}
    found = await rendered(YamlBody(FromInput("v")), v=value)
    assert isinstance(found, Payload)
    assert isinstance(found.content, bytes)
    assert (yaml.safe_load(found.content), found.content_type) == (value, "application/yaml")
    assert found.content.startswith(b"b:")
    assert await content(YamlBody(FromInput("w"))) in (b"null\n...\n", b"null\n")


async def test_a_form_repeats_arrays_and_drops_what_is_absent() -> None:
    members = (
        ("a", FromInput("x")),
        ("b", Literal("1 &")),
        ("c", FromInput("y")),
        ("d é", Literal({"k": True})),
    )
    assert await content(FormBody(members), x=[1, 2]) == (
        b"a=1&a=2&b=1+%26&d+%C3%A9=%7B%22k%22%3Atrue%7D"
    )


async def parts_of(*parts: Part, **inputs: Json) -> list[tuple[str, str | None, bytes]]:
    """Return disposition, type and bytes of each part."""
    found = await rendered(MultipartBody(parts), **inputs)
    assert found is not None
    assert isinstance(found.content, bytes)
    head = f"Content-Type: {found.content_type}\r\n\r\n".encode()
    message = message_from_bytes(head + found.content)
    return [
        (
            part["Content-Disposition"],
            part["Content-Type"],
            part.get_payload(decode=True),
        )
        for part in message.get_payload()
    ]


async def test_a_part_without_file_name_is_text() -> None:
    assert await parts_of(
        Part("t", Literal("é")),
        Part("n", Literal(5)),
        Part("o", Literal({"k": 1})),
        Part("l", Literal([1, "x"])),
        Part("m", Literal([{"k": 1}])),
        Part("gone", FromInput("gone")),
        Part("null", Literal(None)),
        Part("e", Literal([])),
        Part("c", Literal("x"), content_type=Literal("text/x\r\nX: 1")),
    ) == [
        ('form-data; name="t"', None, "é".encode()),
        ('form-data; name="n"', None, b"5"),
        ('form-data; name="o"', "application/json", b'{"k":1}'),
        ('form-data; name="l"', None, b"1"),
        ('form-data; name="l"', None, b"x"),
        ('form-data; name="m"', "application/json", b'[{"k":1}]'),
        ('form-data; name="c"', "text/xX: 1", b"x"),
    ]


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (None, base64.b64encode(b"\0\1").decode(), b"\0\1"),
        (None, "not base64!", b"not base64!"),
        ("image/png", "AAE=", b"\0\1"),
        ("text/csv", "AAE=", b"AAE="),
        ("application/json", "AAE=", b"AAE="),
        ("application/geo+json; a=b", "AAE=", b"AAE="),
        ("application/x", {"a": 1}, b'{"a":1}'),
    ],
)
async def test_a_file_is_base64_or_text(kind: str | None, value: Json, expected: bytes) -> None:
    part = Part("f", Literal(value), Literal("a.bin"), Literal(kind) if kind else None)
    disposition = 'form-data; name="f"; filename="a.bin"'
    expected_kind = kind or "application/octet-stream"
    assert await parts_of(part) == [(disposition, expected_kind, expected)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (
            {"filename": "a", "base64": "AAE="},
            ('form-data; name="f"; filename="a"', "application/octet-stream", b"\0\1"),
        ),
        (
            {"contentType": "text/csv", "data": "a,b"},
            ('form-data; name="f"', "text/csv", b"a,b"),
        ),
        (
            {"filename": "a", "base64": "no base64"},
            ('form-data; name="f"; filename="a"', "application/octet-stream", b"no base64"),
        ),
        ({"filename": "a"}, ('form-data; name="f"', "application/json", b'{"filename":"a"}')),
        ({"data": "a"}, ('form-data; name="f"', "application/json", b'{"data":"a"}')),
    ],
)
async def test_an_object_can_be_a_file(value: Json, expected: tuple[str, str, bytes]) -> None:
    assert await parts_of(Part("f", Literal(value))) == [expected]


async def test_names_do_not_end_their_quotes() -> None:
    found = await parts_of(Part('a"\r\nb', Literal("x"), Literal('"\n.txt')))
    assert found[0][0] == 'form-data; name="a%22%0D%0Ab"; filename="%22%0A.txt"'


async def test_an_absent_file_name_makes_a_text_part() -> None:
    part = Part("f", Literal("x"), FromInput("n"), FromInput("k"))
    assert await parts_of(part) == [('form-data; name="f"', None, b"x")]


async def test_binary_text_is_base64() -> None:
    found = await rendered(BinaryBody(FromInput("v"), "image/png"), v="AAE=")
    assert found == Payload(b"\0\1", "image/png", 2)


@pytest.mark.parametrize("value", ["no base64!", 5, {"a": 1}])
async def test_binary_text_that_is_no_base64_is_refused(value: Json) -> None:
    with pytest.raises(InvalidInput, match="v: must be base64 text"):
        await rendered(BinaryBody(FromInput("v")), v=value)
    with pytest.raises(InvalidInput, match="body: must be base64 text"):
        await rendered(BinaryBody(Literal(value)))


async def test_a_callers_bytes_are_streamed_with_their_length() -> None:
    body = Incoming(b"a,", b"b", length=3)
    found = await rendered(BinaryBody(FromInput("v")), v=body)
    assert found is not None
    assert (found.content_type, found.length) == ("application/octet-stream", 3)
    assert await content(BinaryBody(FromInput("v")), v=Incoming(b"a,", b"b", length=3)) == b"a,b"
    assert not body.was_read


async def test_a_callers_body_is_relayed_with_its_type() -> None:
    for kind in ("text/csv", None):
        found = await rendered(CallerBody(FromInput("b")), b=Incoming(b"a,b", kind=kind, length=3))
        assert found is not None
        assert (found.content_type, found.length) == (kind, 3)


async def test_a_json_value_in_place_of_a_callers_body_is_compact_json() -> None:
    for value, expected in (([1, {"é": None}], '[1,{"é":null}]'), ("x", '"x"'), (None, "null")):
        found = await rendered(CallerBody(FromInput("b")), b=value)
        assert found == Payload(expected.encode(), "application/json", len(expected.encode()))


async def test_an_empty_callers_body_is_none() -> None:
    for body in (Incoming(length=0), Incoming(), Incoming(b"")):
        assert await rendered(CallerBody(FromInput("b")), b=body) is None
    assert await rendered(CallerBody(FromInput("b"), json=True), b=Incoming()) is None


@pytest.mark.parametrize("kind", ["application/json", None, "application/hal+json"])
async def test_a_whole_json_body_is_relayed_byte_for_byte(kind: str | None) -> None:
    body = Incoming(b'{"title":', b' "nightly"}', kind=kind, length=20)
    found = await rendered(CallerBody(FromInput("b"), json=True), b=body)
    assert found == Payload(b'{"title": "nightly"}', kind or "application/json", 20)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"{bad", "b: must be JSON: expecting property name enclosed in double quotes in line 1"),
        (b"\xff", "b: must be JSON: not UTF-8"),
        (b"[NaN]", "b: must be JSON: NaN is no JSON value"),
    ],
)
async def test_a_body_that_must_be_json_is_checked(text: bytes, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        await rendered(CallerBody(FromInput("b"), json=True), b=Incoming(text))
    assert caught.value.detail.startswith(message)


async def test_a_body_that_was_parsed_before_is_not_parsed_again() -> None:
    body = Incoming(b"[NaN]")
    body.parsed = []
    assert await content(CallerBody(FromInput("b"), json=True), b=body) == b"[NaN]"


async def test_a_json_body_of_one_template_takes_the_callers_body() -> None:
    body = JsonBody(FromInput("b"), "application/hal+json")
    found = await rendered(body, b=Incoming(b"[1]", kind="application/json"))
    assert found == Payload(b"[1]", "application/hal+json", 3)


async def test_a_body_of_unknown_length_is_read_first() -> None:
    found = await rendered(CallerBody(FromInput("b")), b=Incoming(b"a" * 5, b"b" * 5))
    assert found == Payload(b"aaaaabbbbb", "text/csv", 10)


async def test_a_longer_body_of_unknown_length_is_streamed() -> None:
    pieces = (b"a" * 6, b"b" * 6, b"c" * 6)
    found = await rendered(CallerBody(FromInput("b")), b=Incoming(*pieces))
    assert found is not None
    assert found.length is None
    assert not isinstance(found.content, bytes)
    assert [piece async for piece in found.content] == list(pieces)


@pytest.mark.parametrize(
    "kind",
    ["application/json", "text/json", "a/b+json", "multipart/form-data; boundary=x",
     "application/x-www-form-urlencoded"],
)  # fmt: skip
async def test_a_longer_json_or_form_body_is_refused(kind: str) -> None:
    with pytest.raises(BodyTooLarge):
        await rendered(CallerBody(FromInput("b")), b=Incoming(b"a" * 11, kind=kind))


@pytest.mark.parametrize("pieces", [(b"abc",), (b"abc", b"defg")])
async def test_a_body_that_differs_from_its_length_is_broken_off(pieces: tuple[bytes, ...]) -> None:
    with pytest.raises(InvalidInput, match="differs from its length"):
        await content(CallerBody(FromInput("b")), b=Incoming(*pieces, length=5))
