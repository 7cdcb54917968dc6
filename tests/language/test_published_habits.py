"""Habits of published documents that the corpus brought up: `body` as a name, upper-case names."""

import pytest
from laboratory import document, laboratory

pytestmark = pytest.mark.anyio


def _post(body: str, rest: str = "{}", tool: str = "{}", parameters: str = "[]") -> str:
    operation = f"{{name: op, method: POST, inputParameters: {parameters}, body: {body}}}"
    return document(
        f"{{path: /x, operations: [{operation}]}}",
        f"{{name: t, description: d, call: up.op, with: {tool}}}",
        [f"{{path: /x, operations: [{{name: r, method: POST, call: up.op, with: {rest}}}]}}"],
    )


_PAGE = '{type: json, data: {title: "{{tools.title}}", text: {value: "{{tools.body}}"}}}'


@pytest.mark.parametrize("entries", ["{}", "{title: rest.title, body: rest.body}"])
async def test_body_beside_other_variables_is_the_member_of_that_name(entries: str) -> None:
    lab = laboratory(_post(_PAGE, entries))
    outcome = await lab.rest("POST", "/x", json={"title": "T", "body": "<p>"})
    assert outcome.only.json == {"title": "T", "text": {"value": "<p>"}}


async def test_body_beside_other_variables_is_listed_where_it_stands() -> None:
    data = '{type: json, data: {body: "{{tools.body}}", title: "{{tools.title}}"}}'
    lab = laboratory(_post(data))
    assert list(lab.tool("t").input_schema["properties"]) == ["body", "title"]
    outcome = await lab.call("t", {"title": "T", "body": "<p>"})
    assert outcome.only.json == {"body": "<p>", "title": "T"}


async def test_body_among_several_body_parameters_is_the_member_of_that_name() -> None:
    parameters = "[{name: to, in: body, type: string, required: true}, {name: body, in: body}]"
    lab = laboratory(_post("{type: json}", "{to: rest.to, body: rest.body}", "{}", parameters))
    outcome = await lab.rest("POST", "/x", json={"to": "a", "body": "hi"})
    assert outcome.only.json == {"to": "a", "body": "hi"}


@pytest.mark.parametrize(
    ("body", "sent"),
    [
        ('{type: json, data: {wrap: "{{tools.body}}"}}', b'{"wrap":{"a":1}}'),
        ("{type: json, data: '{\"w\": {{tools.body}}}'}", b'{"w": {"a":1}}'),
        ('{type: text, data: "as {{tools.body}}"}', b'as {"a":1}'),
        ('{type: xml, data: "<b>{{tools.body}}</b>"}', b"<b>{&quot;a&quot;:1}</b>"),
        ('{type: form, data: {f: "{{tools.body}}"}}', b"f=%7B%22a%22%3A1%7D"),
        ('{type: yaml, data: {w: "{{tools.body}}"}}', b"w:\n  a: 1\n"),
    ],
)
async def test_the_whole_body_can_be_a_part_of_another_body(body: str, sent: bytes) -> None:
    outcome = await laboratory(_post(body)).rest("POST", "/x", json={"a": 1})
    assert outcome.only.body == sent


async def test_a_text_that_is_the_whole_body_takes_any_bytes() -> None:
    lab = laboratory(_post('{type: text, data: "{{tools.body}}"}'))
    lines = b"cpu,host=a 1\ncpu,host=b 2"
    outcome = await lab.rest("POST", "/x", content=lines, headers={"content-type": "text/plain"})
    assert outcome.only.body == lines
    outcome = await lab.call("t", {"body": "cpu 1"})
    assert outcome.only.body == b"cpu 1"


async def test_an_upper_case_placeholder_is_an_input_and_no_environment_variable() -> None:
    consumed = '{path: "/systems/{ID}", operations: [{name: op, method: GET}]}'
    lab = laboratory(document(consumed, "{name: t, description: d, call: up.op}"))
    assert lab.tool("t").input_schema["required"] == ["ID"]
    outcome = await lab.call("t", {"ID": "a/1"})
    assert outcome.only.line == "GET /systems/a%2F1"


def test_an_input_that_with_puts_into_a_longer_text_is_required() -> None:
    body = '{type: json, data: {query: "{ find(term: \\"{{term}}\\") }"}}'
    lab = laboratory(_post(body, "{}", "{term: tools.search}"))
    assert lab.tool("t").input_schema["required"] == ["search"]


@pytest.mark.parametrize("entries", ["{}", "{key: tools.key}"])
async def test_a_declared_input_that_authentication_owns_is_not_asked_for(entries: str) -> None:
    parameters = "[{name: key, in: query, type: string, required: true}]"
    resources = (
        f"{{path: /x, operations: [{{name: op, method: GET, inputParameters: {parameters}}}]}}"
    )
    tool = (
        f"{{name: t, description: d, call: up.op, with: {entries}, "
        "inputParameters: [{name: key, type: string, required: true}]}"
    )
    text = document(resources, tool).replace(
        "baseUri: http://up.test",
        "baseUri: http://up.test, authentication: "
        "{type: apikey, key: key, value: s, placement: query}",
    )
    lab = laboratory(text)
    assert lab.tool("t").input_schema["properties"] == {}
    assert (await lab.call("t", {})).only.line == "GET /x?key=s"
    assert (await lab.call("t", {"key": "mine"})).only.line == "GET /x?key=s"


async def test_of_equal_routes_an_unavailable_one_answers_for_its_own_inputs() -> None:
    resources = (
        "{path: /products, operations: [{name: all, method: GET}, {name: price-of, method: GET, "
        "inputParameters: [{name: id, in: path, required: true}]}]}"
    )
    routes = (
        "{path: /p, operations: [{name: all, method: GET, call: up.all}, "
        "{name: price, method: GET, call: up.price-of, with: {id: rest.id}}]}"
    )
    lab = laboratory(document(resources, "{}", [routes]))
    outcome = await lab.rest("GET", "/p?id=7")
    assert (outcome.status, outcome.members["code"]) == (501, "path/unplaced-parameter")
    assert outcome.sent == []
    assert (await lab.rest("GET", "/p")).only.line == "GET /products"
