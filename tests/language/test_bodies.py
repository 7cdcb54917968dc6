"""Request bodies: language.md section 5."""

import base64

import pytest
from laboratory import Laboratory, document, laboratory

from naftiko_runtime.values import Json

pytestmark = pytest.mark.anyio

TOOL = "{name: t, description: d, call: up.op}"
REST = ["{path: /r, operations: [{method: POST, call: up.op}]}"]


def writing(body: str, keys: str = "", method: str = "POST", tool: str = TOOL) -> Laboratory:
    declared = f", body: {body}" if body else ""
    consumes = f"{{path: /a, operations: [{{name: op, method: {method}{declared}{keys}}}]}}"
    return laboratory(document(consumes, tool, REST))


async def test_insertion_in_json_keeps_types_and_drops_absent_members() -> None:
    lab = writing(
        '{type: json, data: {name: "{{tools.name}}", tags: "{{tools.tags}}", note: "{{tools.note}}",'
        ' kind: box, opts: {n: "{{tools.n}}"}, label: "#{{tools.n}}"}}'
    )
    sent = (await lab.call("t", {"name": 'Zoë "x"', "tags": ["a"], "n": 2})).only
    assert (
        sent.body
        == ('{"name":"Zoë \\"x\\"","tags":["a"],"kind":"box","opts":{"n":2},"label":"#2"}').encode()
    )
    assert sent.own["content-type"] == "application/json"


async def test_an_object_that_only_loses_its_members_stays() -> None:
    lab = writing('{type: json, data: {o: {n: "{{n}}"}, l: ["{{n}}", 1]}}')
    assert (await lab.call("t")).only.json == {"o": {}, "l": [1]}


async def test_the_same_variable_whatever_the_word_and_adapter() -> None:
    lab = writing('{type: json, data: {a: "{{rest.x}}", b: "{{x}}", c: "{{tools.x}}"}}')
    assert (await lab.call("t", {"x": 1})).only.json == {"a": 1, "b": 1, "c": 1}
    sent = (await lab.rest("POST", "/r", json={"x": [1]})).only
    assert sent.json == {"a": [1], "b": [1], "c": [1]}


async def test_a_raw_body_is_escaped_and_must_be_json() -> None:
    raw = '\'{"name": "{{name}}", "tags": {{tags}}, "n": {{n}}, "z": {{z}}}\''
    lab = writing(raw)
    sent = (await lab.call("t", {"name": 'a"b', "tags": ["a"], "n": 2})).only
    assert sent.body == b'{"name": "a\\"b", "tags": ["a"], "n": 2, "z": null}'
    assert sent.own["content-type"] == "application/json"


async def test_a_text_that_gives_no_json_is_a_problem() -> None:
    outcome = await writing("'{\"a\": {{x}'").call("t", {})
    assert (outcome.problem, outcome.sent) == ("template", [])


async def test_a_whole_template_is_the_whole_json() -> None:
    assert (await writing('{type: json, data: "{{x}}"}').call("t", {"x": [1]})).only.body == b"[1]"


@pytest.mark.parametrize(
    ("kind", "data", "arguments", "content_type", "body"),
    [
        ("text", '"hi {{x}}"', {"x": 1}, "text/plain; charset=utf-8", b"hi 1"),
        ("text/plain", '"hi"', {}, "text/plain; charset=utf-8", b"hi"),
        (
            "xml",
            '"<a>{{x}}</a>"',
            {"x": "<&\"'>"},
            "application/xml",
            b"<a>&lt;&amp;&quot;&apos;&gt;</a>",
        ),
        ("sparql", '"ASK {{x}}"', {"x": "a"}, "application/sparql-query", b"ASK a"),
        ("yaml", '"a: {{x}}"', {"x": 1}, "application/yaml", b"a: 1"),
        ("application/graphql", '"q{{x}}"', {"x": 1}, "application/graphql", b"q1"),
        ("application/vnd.x+json", "{a: 1}", {}, "application/vnd.x+json", b'{"a":1}'),
    ],
)
async def test_kinds_of_text(
    kind: str, data: str, arguments: dict[str, Json], content_type: str, body: bytes
) -> None:
    sent = (await writing(f'{{type: "{kind}", data: {data}}}').call("t", arguments)).only
    if kind == "xml":
        assert sent.body in (body, body.replace(b"&apos;", b"&#x27;").replace(b"&apos;", b"&#39;"))
    else:
        assert sent.body == body
    assert sent.own["content-type"] == content_type


@pytest.mark.parametrize("kind", ["formUrlEncoded", "form", "application/x-www-form-urlencoded"])
async def test_forms(kind: str) -> None:
    lab = writing(f'{{type: {kind}, data: {{a: "{{{{x}}}}", b: "1 &", c: "{{{{y}}}}"}}}}')
    sent = (await lab.call("t", {"x": [1, 2]})).only
    assert sent.body == b"a=1&a=2&b=1+%26"
    assert sent.own["content-type"] == "application/x-www-form-urlencoded"


async def test_multipart() -> None:
    data = (
        '[{name: n, value: "{{n}}"}, {name: o, value: "{{o}}"}, {name: f, value: "{{f}}",'
        ' filename: "a.bin", contentType: image/png}, {name: z, value: "{{z}}"}]'
    )
    lab = writing(f"{{type: multipartForm, data: {data}}}")
    picture = base64.b64encode(b"\x89PNG").decode()
    sent = (await lab.call("t", {"n": 5, "o": {"k": 1}, "f": picture})).only
    boundary = sent.own["content-type"].partition("boundary=")[2]
    parts = (sent.body or b"").split(f"--{boundary}".encode())
    assert len(parts) == 5
    assert b'name="n"\r\n\r\n5\r\n' in parts[1]
    assert b"Content-Type: application/json" in parts[2]
    assert b'{"k":1}' in parts[2]
    assert b'filename="a.bin"' in parts[3]
    assert b"Content-Type: image/png\r\n\r\n\x89PNG\r\n" in parts[3]
    assert int(sent.own["content-length"]) == len(sent.body or b"")


async def test_binary_over_mcp_is_base64_and_over_rest_the_bytes() -> None:
    lab = writing('{type: binary, data: "{{body}}"}')
    assert (await lab.call("t", {"body": base64.b64encode(b"\0a").decode()})).only.body == b"\0a"
    assert (await lab.call("t", {"body": "no base64!"})).problem == "invalid-input"
    sent = (await lab.rest("POST", "/r", content=b"\0\1")).only
    assert (sent.body, sent.own["content-type"]) == (b"\0\1", "application/octet-stream")


async def test_an_unknown_type_makes_the_operation_unavailable() -> None:
    outcome = await writing("{type: carrier-pigeon, data: x}").call("t")
    assert outcome.members["code"] == "body/unknown-type"


@pytest.mark.parametrize("body", ["", "{type: json}", "{type: json, data: null}"])
async def test_a_write_without_data_takes_the_callers_body(body: str) -> None:
    lab = writing(body)
    assert (await lab.call("t", {"body": {"b": [1]}})).only.body == b'{"b":[1]}'
    empty = (await lab.call("t")).only
    assert (empty.body, empty.own) == (None, {"content-length": "0"})
    headers = {"content-type": "text/csv"}
    sent = (await lab.rest("POST", "/r", content=b"a,b", headers=headers)).only
    assert (sent.body, sent.own) == (b"a,b", {"content-type": "text/csv", "content-length": "3"})


async def test_an_empty_map_sends_an_empty_object() -> None:
    assert (await writing("{type: json, data: {}}").call("t")).only.body == b"{}"


async def test_delete_offers_no_body_over_mcp() -> None:
    lab = writing("", method="DELETE")
    assert lab.tool("t").input_schema["properties"] == {}
    assert (await lab.call("t")).only.body is None


@pytest.mark.parametrize(
    ("parameters", "tool", "arguments", "body"),
    [
        ("{name: body, in: body, type: object}", "", {"body": {"a": 1}}, b'{"a":1}'),
        ("{name: body, in: body}", "", {"body": [1]}, b"[1]"),
        ("{name: body, in: body, type: object}", ", with: {body: tools.body}", {"body": {}}, b"{}"),
        (
            "{name: item, in: body, type: object}",
            ", with: {item: tools.body}",
            {"body": {"q": 1}},
            b'{"q":1}',
        ),
        ("{name: item, in: body, type: object}", "", {"item": {"q": 1}}, b'{"item":{"q":1}}'),
        (
            "{name: a, in: body}, {name: b, in: body, type: integer}",
            "",
            {"b": 2, "a": "x"},
            b'{"a":"x","b":2}',
        ),
        ("{name: a, in: body}", "", {}, b"{}"),
    ],
)
async def test_body_parameters_without_a_body(
    parameters: str, tool: str, arguments: dict[str, Json], body: bytes
) -> None:
    lab = writing(
        "",
        f", inputParameters: [{parameters}]",
        tool=f"{{name: t, description: d, call: up.op{tool}}}",
    )
    sent = (await lab.call("t", arguments)).only
    assert (sent.body, sent.own["content-type"]) == (body, "application/json")


async def test_body_parameters_of_a_delete_without_value_send_nothing() -> None:
    lab = writing("", ", inputParameters: [{name: a, in: body}]", method="DELETE")
    assert (await lab.call("t")).only.body is None
    assert (await lab.call("t", {"a": 1})).only.body == b'{"a":1}'


async def test_a_whole_json_body_is_relayed_byte_for_byte_and_must_be_json() -> None:
    lab = writing("", ", inputParameters: [{name: body, in: body, type: object}]")
    headers = {"content-type": "application/json"}
    sent = (await lab.rest("POST", "/r", content=b'{"title": "nightly"}', headers=headers)).only
    assert (sent.body, sent.own["content-length"]) == (b'{"title": "nightly"}', "20")
    for wrong in (b"{bad", b"[1]"):
        outcome = await lab.rest("POST", "/r", content=wrong, headers=headers)
        assert (outcome.status, outcome.problem, outcome.sent) == (400, "invalid-input", [])


async def test_body_parameters_describe_the_variables_of_a_body() -> None:
    lab = writing(
        '{type: json, data: {a: "{{a}}"}}',
        ", inputParameters: [{name: a, in: body, type: integer, required: true, description: An a}]",
    )
    schema = lab.tool("t").input_schema
    assert schema["properties"] == {"a": {"type": "integer", "description": "An a"}}
    assert schema["required"] == ["a"]
    assert (await lab.call("t", {"a": "x"})).detail == "a: must be an integer"


async def test_a_with_entry_replaces_a_literal_member() -> None:
    lab = writing(
        "{type: json, data: {kind: box, n: 1}}",
        tool="{name: t, description: d, call: up.op, with: {kind: tools.kind}}",
    )
    assert (await lab.call("t", {"kind": "bag"})).only.json == {"kind": "bag", "n": 1}
    assert (await lab.call("t")).only.json == {"kind": "box", "n": 1}
    assert "dialect/body-member-with" in lab.codes


@pytest.mark.parametrize(
    ("method", "line", "body"),
    [("GET", "GET /a?x=1", None), ("DELETE", "DELETE /a?x=1", None), ("POST", "POST /a", {"x": 1})],
)
async def test_with_keys_of_an_operation_that_declares_nothing(
    method: str, line: str, body: Json
) -> None:
    lab = writing(
        "", method=method, tool="{name: t, description: d, call: up.op, with: {x: tools.x}}"
    )
    sent = (await lab.call("t", {"x": 1})).only
    assert (sent.line, sent.json) == (line, body)
    assert "dialect/with-undeclared" in lab.codes


async def test_with_keys_that_match_nothing_are_sent_nowhere_and_say_so() -> None:
    lab = writing(
        "",
        ", inputParameters: [{name: q, in: query}]",
        tool="{name: t, description: d, call: up.op, with: {colour: tools.c}}",
    )
    assert "lint/with-unused" in lab.codes
    assert (await lab.call("t")).only.line == "POST /a"


async def test_a_callers_body_object_is_not_unwrapped() -> None:
    lab = writing("", ", inputParameters: [{name: body, in: body, type: object}]")
    headers = {"content-type": "application/json"}
    sent = (await lab.rest("POST", "/r", content=b'{"body": {"a": 1}}', headers=headers)).only
    assert sent.body == b'{"body": {"a": 1}}'
