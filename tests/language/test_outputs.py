"""Answers as values and shapes: language.md sections 7, 9 and 11."""

import pytest
from laboratory import Answer, Laboratory, document, laboratory

from naftiko_runtime.values import Json

pytestmark = pytest.mark.anyio


def shaped(outputs: str, answer: Answer, keys: str = "") -> Laboratory:
    consumes = f"{{path: /a, operations: [{{name: op{keys}}}]}}"
    tool = f"{{name: t, description: d, call: up.op, outputParameters: [{outputs}]}}"
    rest = [
        f"{{path: /r, operations: [{{method: GET, call: up.op, outputParameters: [{outputs}]}}]}}"
    ]
    return laboratory(document(consumes, tool, rest), answers=answer)


@pytest.mark.parametrize(
    ("outputs", "raw", "value"),
    [
        ("", {"id": 7}, {"id": 7}),
        ("{type: object, mapping: $.}", {"id": 7}, {"id": 7}),
        ("{type: object, mapping: $}", [1], [1]),
        ("{type: array, mapping: $.rows}", {"rows": [1]}, [1]),
        ("{type: array, mapping: $.rows}", {}, None),
        ("{type: string, mapping: $.name}", {"name": "x"}, "x"),
        ("{type: string, mapping: $.a}, {type: number, mapping: $.b}", {"b": 2}, 2),
        (
            "{name: x, type: string, mapping: $.a}, {name: y, type: string, mapping: $.b}",
            {"a": 1},
            {"x": 1, "y": None},
        ),
        (
            "{type: object, mapping: $.data, properties: {n: {type: number, mapping: $.k},"
            ' c: {type: string, value: "v"}}}',
            {"data": {"k": 1}},
            {"n": 1, "c": "v"},
        ),
        (
            "{type: array, mapping: $., items: {type: object, properties: {id: {type: string,"
            " mapping: $.k}, o: {type: object, properties: {z: {type: string, mapping: $.z}}}}}}",
            [{"k": 1, "z": 2}, {}],
            [{"id": 1, "o": {"z": 2}}, {"id": None, "o": {"z": None}}],
        ),
        ("{type: object, properties: {}}", {"a": 1}, {}),
        (
            "{type: object, mapping: $.gone, properties: {a: {type: string, mapping: $.a}}}",
            {},
            None,
        ),
        ("{type: string, mapping: $.a, maxLength: 2}", {"a": "abc"}, "ab"),
        ("{type: string, mapping: '{{$.a}}'}", {"a": "x"}, "x"),
        (
            "{type: object, mapping: $.m, values: {type: number, mapping: $.n}}",
            {"m": {"a": {"n": 1}, "b": {}}},
            {"a": 1, "b": None},
        ),
        ("{name: only, type: string, mapping: $.a}", {"a": 1}, {"only": 1}),
        ("{type: number, mapping: $.a, const: 5}", {"a": 1}, 1),
        ("{type: number, const: 5}", {"a": 1}, 5),
        ("{type: array, mapping: '$.a[*].c'}", {"a": [{"c": 1}, {"c": 2}]}, [1, 2]),
    ],
)
async def test_shapes_are_the_same_on_both_adapters(outputs: str, raw: Json, value: Json) -> None:
    lab = shaped(outputs, Answer.json(raw))
    assert (await lab.call("t")).value == value
    reply = await lab.rest("GET", "/r")
    assert (reply.status, reply.value) == (200, value)


async def test_an_identity_is_relayed_byte_for_byte() -> None:
    answer = Answer(body=b'{"a": 1.50,  "b":"\\u00e9"}')
    reply = await shaped("{type: object, mapping: $.}", answer).rest("GET", "/r")
    assert reply.body == answer.body


async def test_a_mapped_body_is_compact_utf8() -> None:
    reply = await shaped("{name: a, type: string, mapping: $.a}", Answer.json({"a": "é"})).rest(
        "GET", "/r"
    )
    assert reply.body == '{"a":"é"}'.encode()
    assert reply.headers["content-type"] == "application/json"


async def test_a_mapping_may_read_a_consumed_output() -> None:
    keys = ", outputParameters: [{name: result, type: array, value: $.}]"
    lab = shaped("{type: array, mapping: $.result}", Answer.json([1]), keys)
    assert (await lab.call("t")).value == [1]
    other = ", outputParameters: [{name: id, type: string, value: $.data.id}]"
    lab = shaped("{name: x, type: string, mapping: $.id}", Answer.json({"data": {"id": 3}}), other)
    assert (await lab.call("t")).value == {"x": 3}


@pytest.mark.parametrize("status", [400, 404, 500])
async def test_an_error_of_the_upstream_is_never_mapped(status: int) -> None:
    lab = shaped("{name: a, type: string, mapping: $.a}", Answer.json({"a": 1}, status))
    reply = await lab.rest("GET", "/r")
    assert (reply.status, reply.value) == (status, {"a": 1})
    assert reply.headers["x-upstream-status"] == str(status)
    tool = await lab.call("t")
    assert (tool.status, tool.body) == (status, b'{"a": 1}')


@pytest.mark.parametrize(
    ("content_type", "body", "value"),
    [
        ("application/json", b'{"a": 1}', {"a": 1}),
        ("application/problem+json", b"[1]", [1]),
        ("application/.json", b"1", 1),
        ("text/plain", b"5", 5),
        ("text/plain", b"hello", "hello"),
        ("text/csv", b"a,b", "a,b"),
        ("application/.csv", b"a,b", "a,b"),
        ("application/xml", b"<a/>", "<a/>"),
        ("application/json", b"", None),
        ("application/x-thing", b"abc", "abc"),
    ],
)
async def test_values_of_answers_that_rest_would_relay(
    content_type: str, body: bytes, value: Json
) -> None:
    answer = Answer(body=body, headers=(("content-type", content_type),))
    assert (await shaped("", answer).call("t")).value == value


async def test_a_binary_answer_is_described() -> None:
    headers = (
        ("content-type", "application/zip"),
        ("content-disposition", 'attachment; filename="p.zip"'),
    )
    outcome = await shaped("", Answer(body=b"PK\0\xff", headers=headers)).call("t")
    assert outcome.value == {"contentType": "application/zip", "size": 4, "filename": "p.zip"}


async def test_reshaping_what_is_no_json_is_undecodable() -> None:
    lab = shaped("{name: a, type: string, mapping: $.a}", Answer(body=b"<html>"))
    assert (await lab.call("t")).problem == "upstream-undecodable"
    reply = await lab.rest("GET", "/r")
    assert (reply.status, reply.problem) == (502, "upstream-undecodable")


@pytest.mark.parametrize(
    ("raw_format", "body", "outputs", "value"),
    [
        ("xml", b"<r><v>1</v><v>2</v></r>", "{type: object, mapping: $.}", {"v": ["1", "2"]}),
        ("xml", b"<r><v>1</v></r>", "{type: array, mapping: $.v}", ["1"]),
        ("xml", b"<root><user>u</user></root>", "{type: string, mapping: $.root.user}", "u"),
        ("csv", b"a,b\n1,2\n", "{type: array, mapping: '$.[0].b'}", "2"),
        ("YAML", b"a: [1]\n", "{type: array, mapping: $.a}", [1]),
        ("tsv", b"a\tb\n1\t2\n", "{type: array, mapping: $.}", [{"a": "1", "b": "2"}]),
    ],
)
async def test_other_formats_are_read_before_they_are_mapped(
    raw_format: str, body: bytes, outputs: str, value: Json
) -> None:
    lab = shaped(outputs, Answer(body=body), f", outputRawFormat: {raw_format}")
    assert (await lab.call("t")).value == value
    assert (await lab.rest("GET", "/r")).value == value


async def test_no_outputs_relay_whatever_the_format() -> None:
    lab = shaped("", Answer(body=b"<r/>"), ", outputRawFormat: xml")
    assert (await lab.rest("GET", "/r")).body == b"<r/>"


async def test_an_unknown_format_is_unavailable() -> None:
    outcome = await shaped("", Answer(), ", outputRawFormat: morse").call("t")
    assert outcome.members["code"] == "format/unknown"


MOCK = (
    '{name: t, description: d, outputParameters: [{name: msg, type: string, value: "Hi {{n}}"},'
    ' {name: k, type: number, value: "3"}, {name: ok, type: boolean, value: true}]}'
)


async def test_a_mock_answers_constants_with_types_and_sends_nothing() -> None:
    rest = [
        f"{{path: /hi, operations: [{MOCK.replace('name: t, description: d', 'method: GET')}]}}"
    ]
    lab = laboratory(document("", MOCK, rest))
    outcome = await lab.call("t", {"n": "Al"})
    assert (outcome.value, outcome.sent) == ({"msg": "Hi Al", "k": 3, "ok": True}, [])
    assert lab.tool("t").input_schema["required"] == ["n"]
    assert (await lab.rest("GET", "/hi?n=Al")).value == {"msg": "Hi Al", "k": 3, "ok": True}
    refused = await lab.rest("GET", "/hi")
    assert (refused.status, refused.detail) == (400, "n: is required")


@pytest.mark.parametrize(
    ("outputs", "value"),
    [
        ('{type: string, value: "x"}', "x"),
        ('{type: string, value: "a"}, {type: number, value: 2}', {"value": "a", "value_2": 2}),
        ("{name: o, type: object, value: {a: 1}}", {"o": {"a": 1}}),
        ("{name: o, type: object, value: '{\"a\": 1}'}", {"o": {"a": 1}}),
        (
            "{name: l, type: array, items: {type: object, properties: {a: {type: integer,"
            ' value: "4"}, b: {type: string}}}}',
            {"l": [{"a": 4}]},
        ),
        (
            "{name: o, type: object, properties: {a: {type: string}}}, {name: k, type: string,"
            " value: v}",
            {"k": "v"},
        ),
    ],
)
async def test_shapes_of_mocks(outputs: str, value: Json) -> None:
    lab = laboratory(document("", f"{{name: t, description: d, outputParameters: [{outputs}]}}"))
    assert (await lab.call("t")).value == value


async def test_nothing_to_run_is_unavailable_and_listed() -> None:
    tool = "{name: t, description: d, outputParameters: [{name: ok, type: boolean}]}"
    lab = laboratory(document("", tool))
    assert (await lab.call("t")).members["code"] == "call/nothing-to-run"
