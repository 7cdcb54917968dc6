"""Calls, inputs and where they come from: language.md 2.1, 2.3, 3.3, 3.5 to 3.8 and section 10."""

import pytest
from laboratory import Laboratory, document, laboratory

from naftiko_runtime.options import Settings
from naftiko_runtime.values import Json

pytestmark = pytest.mark.anyio

QUERY = "{path: /a, operations: [{name: op, inputParameters: [{name: x, in: query}]}]}"


def tool(with_: str = "", inputs: str = "", call: str = "up.op") -> str:
    keys = f", with: {with_}" if with_ else ""
    declared = f", inputParameters: [{inputs}]" if inputs else ""
    return f"{{name: t, description: d, call: {call}{declared}{keys}}}"


def posting(body: str, with_: str = "", inputs: str = "", binds: str = "[]") -> Laboratory:
    consumes = f"{{path: /a, operations: [{{name: op, method: POST, body: {body}}}]}}"
    return laboratory(document(consumes, tool(with_, inputs), binds=binds), environ={"V": "v"})


# binds


@pytest.mark.parametrize("binds", ["[]", "[{namespace: env}]", "[{namespace: env, keys: {}}]"])
async def test_binds_may_declare_nothing(binds: str) -> None:
    lab = laboratory(document("{path: /a, operations: [{name: op}]}", tool(), binds=binds))
    assert (await lab.call("t")).only.line == "GET /a"
    assert not [code for code in lab.codes if code.startswith("bind/")]


async def test_of_two_binds_the_later_counts_and_a_qualified_name_picks_its_own() -> None:
    parameters = (
        '[{name: bare, in: query, value: "{{V}}"}, {name: first, in: query, value: "{{a.V}}"}]'
    )
    consumes = f"{{path: /a, operations: [{{name: op, inputParameters: {parameters}}}]}}"
    binds = "[{namespace: a, keys: {V: ONE}}, {namespace: b, keys: {V: TWO}}]"
    lab = laboratory(document(consumes, tool(), binds=binds), environ={"ONE": "1", "TWO": "2"})
    assert (await lab.call("t")).only.line == "GET /a?bare=2&first=1"
    assert "bind/duplicate-variable" in lab.codes


# templates


async def test_names_and_descriptions_are_no_template_places() -> None:
    consumes = (
        '{path: /a, operations: [{name: op, description: "{{NOPE}} {{#x}}",'
        ' inputParameters: [{name: "{{x}}", in: query}]}]}'
    )
    lab = laboratory(document(consumes, tool(inputs='{name: "{{x}}", required: false}')))
    assert not [code for code in lab.codes if code.startswith("template/")]


@pytest.mark.parametrize(
    ("body", "arguments", "expected"),
    [
        ('{a: "{{n}}"}', {"n": 5}, {"a": 5}),
        ('{a: "{{n}}"}', {"n": [1, "a"]}, {"a": [1, "a"]}),
        ('{a: "n={{n}}"}', {"n": 5}, {"a": "n=5"}),
        ('{a: "n={{n}}"}', {"n": [1, "a"]}, {"a": 'n=[1,"a"]'}),
        ('{a: "{{n}}{{m}}"}', {"n": True, "m": "x"}, {"a": "truex"}),
    ],
)
async def test_a_whole_template_keeps_its_type_and_an_embedded_one_is_text(
    body: str, arguments: dict[str, Json], expected: Json
) -> None:
    lab = posting(f"{{type: json, data: {body}}}")
    assert (await lab.call("t", arguments)).only.json == expected


async def test_an_absent_value_drops_a_parameter_a_member_and_an_element() -> None:
    consumes = (
        "{path: /a, operations: [{name: op, method: POST, inputParameters:"
        ' [{name: q, in: query, value: "{{x}}"}, {name: r, in: query, value: "r{{x}}"}],'
        ' body: {type: json, data: {a: "{{x}}", l: ["{{x}}", 1], b: "b{{x}}"}}}]}'
    )
    lab = laboratory(document(consumes, tool(inputs="{name: x, type: string, required: false}")))
    sent = (await lab.call("t")).only
    assert (sent.line, sent.json) == ("POST /a", {"l": [1]})


@pytest.mark.parametrize("path", ["/a/{{x}}", "/a?y={{x}}"])
async def test_an_absent_value_in_a_path_is_named(path: str) -> None:
    consumes = f'{{path: "{path}", operations: [{{name: op}}]}}'
    lab = laboratory(document(consumes, tool(inputs="{name: x, type: string, required: false}")))
    outcome = await lab.call("t")
    assert (outcome.problem, outcome.sent) == ("invalid-input", [])
    assert "x" in outcome.detail


async def test_a_derived_input_of_an_embedded_template_is_required() -> None:
    lab = posting('{type: json, data: {a: "n {{x}}", b: "{{y}}"}}')
    assert lab.tool("t").input_schema["required"] == ["x"]


@pytest.mark.parametrize(
    ("with_", "arguments", "expected"),
    [
        ("{V: tools.mine}", {"mine": "m"}, "v"),
        ("{x: tools.mine}", {"mine": "m"}, "v"),
    ],
)
async def test_a_declared_variable_comes_before_everything(
    with_: str, arguments: dict[str, Json], expected: str
) -> None:
    lab = posting(
        '{type: json, data: {a: "{{V}}", x: "{{x}}"}}',
        with_,
        binds="[{namespace: env, keys: {V: V}}]",
    )
    sent = (await lab.call("t", arguments)).only.json
    assert isinstance(sent, dict)
    assert sent["a"] == expected


async def test_the_scope_comes_before_the_environment() -> None:
    lab = posting('{type: json, data: {a: "{{V}}"}}', "{V: tools.mine}")
    assert (await lab.call("t", {"mine": "m"})).only.json == {"a": "m"}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"order": {"lines": [{"id": 7}]}}, {"a": 7}),
        ({"order": {"lines": []}}, {}),
        ({"order": {"lines": "text"}}, {}),
    ],
)
async def test_dotted_names_lead_into_members_and_elements(
    arguments: dict[str, Json], expected: Json
) -> None:
    lab = posting(
        '{type: json, data: {a: "{{order.lines.0.id}}"}}',
        inputs="{name: order, type: object, required: true}",
    )
    assert (await lab.call("t", arguments)).only.json == expected


async def test_the_whole_dotted_name_is_tried_first() -> None:
    lab = posting(
        '{type: json, data: {a: "{{o.k}}"}}',
        inputs="{name: o.k, type: string, required: true}, {name: o, type: object, required: false}",
    )
    assert (await lab.call("t", {"o.k": "exact", "o": {"k": "member"}})).only.json == {"a": "exact"}


async def test_a_variable_is_never_matched_by_spelling() -> None:
    lab = posting(
        '{type: json, data: {a: "{{my_key}}"}}', binds="[{namespace: e, keys: {MY-KEY: V}}]"
    )
    assert list(lab.tool("t").input_schema["properties"]) == ["my_key"]


# methods


@pytest.mark.parametrize("method", ["get", "Get", "GET"])
async def test_a_method_is_written_in_any_case(method: str) -> None:
    consumes = f"{{path: /a, operations: [{{name: op, method: {method}}}]}}"
    assert (await laboratory(document(consumes, tool())).call("t")).only.line == "GET /a"


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "DELETE"])
async def test_other_methods_are_sent(method: str) -> None:
    consumes = f"{{path: /a, operations: [{{name: op, method: {method}}}]}}"
    assert (await laboratory(document(consumes, tool())).call("t")).only.line == f"{method} /a"


async def test_a_base_uri_of_a_variable_that_is_no_http_is_a_problem_at_the_call() -> None:
    text = document("{path: /a, operations: [{name: op}]}", tool())
    lab = laboratory(text.replace("http://up.test", '"{{BASE}}"'), environ={"BASE": "ftp://x"})
    outcome = await lab.call("t")
    assert (outcome.problem, outcome.sent) == ("configuration", [])


# the scope of a call


@pytest.mark.parametrize("order", ["{x: tools.y, y: tools.x}", "{y: tools.x, x: tools.y}"])
async def test_entries_of_with_read_inputs_only(order: str) -> None:
    consumes = (
        "{path: /a, operations: [{name: op,"
        " inputParameters: [{name: x, in: query}, {name: y, in: query}]}]}"
    )
    lab = laboratory(document(consumes, tool(order)))
    assert (await lab.call("t", {"x": "1", "y": "2"})).only.line == "GET /a?x=2&y=1"


async def test_an_absent_entry_does_not_fall_back_to_the_input_of_its_name() -> None:
    lab = laboratory(document(QUERY, tool("{x: tools.y}", "{name: x, required: false}, {name: y, required: false}")))  # fmt: skip
    assert (await lab.call("t", {"x": "1"})).only.line == "GET /a"


async def test_a_call_may_name_operation_and_entries_in_one_map() -> None:
    text = document(
        QUERY, "{name: t, description: d, call: {operation: up.op, with: {x: tools.y}}}"
    )
    assert (await laboratory(text).call("t", {"y": "1"})).only.line == "GET /a?x=1"


@pytest.mark.parametrize("call", ["up.op", "up.things.op", "up.OP", "up.o-p"])
async def test_a_call_names_an_operation_spelling_apart(call: str) -> None:
    consumes = "{name: things, path: /a, operations: [{name: op}]}"
    assert (await laboratory(document(consumes, tool(call=call))).call("t")).only.line == "GET /a"


# REST


def rest(
    parameters: str,
    *,
    consumed: str = "{name: x, in: query}",
    with_: str = "{x: r.x}",
    path: str = "/r",
    method: str = "GET",
) -> Laboratory:
    consumes = f"{{path: /a, operations: [{{name: op, inputParameters: [{consumed}]}}]}}"
    declared = f", inputParameters: [{parameters}]" if parameters else ""
    entries = f", with: {with_}" if with_ else ""
    routes = [
        f'{{path: "{path}", operations: [{{method: {method}, call: up.op{declared}{entries}}}]}}'
    ]
    return laboratory(document(consumes, "", routes), environ={"X": "env"})


@pytest.mark.parametrize(
    ("declared", "target", "request_", "line"),
    [
        ("{name: x, in: query}", "/r?x=1&x=2", {}, "GET /a?x=1"),
        ("{name: x, in: query, type: array}", "/r?x=1&x=2", {}, "GET /a?x=1&x=2"),
        ("{name: x, in: header}", "/r?x=1", {"headers": {"X": "h"}}, "GET /a?x=h"),
        ("{name: x, in: cookie}", "/r", {"headers": {"cookie": "x=c"}}, "GET /a?x=c"),
        ("{name: x, in: body}", "/r?x=1", {"json": {"x": 5}}, "GET /a?x=5"),
        ("{name: x, in: body}", "/r?x=1", {"json": {"y": 5}}, "GET /a"),
        ("{name: x, in: body, value: $.a.b}", "/r", {"json": {"a": {"b": 6}}}, "GET /a?x=6"),
        ("{name: x, value: fixed, in: query}", "/r?x=1", {}, "GET /a?x=fixed"),
        ("{name: x}", "/r?x=1", {}, "GET /a?x=1"),
    ],
)
async def test_a_declared_input_comes_from_its_place(
    declared: str, target: str, request_: dict[str, Json], line: str
) -> None:
    method = "POST" if "json" in request_ else "GET"
    lab = rest(declared, method=method)
    assert (await lab.rest(method, target, **request_)).only.line == line


async def test_an_environment_input_is_a_variable_of_its_name() -> None:
    lab = rest("{name: X, in: environment}", with_="{x: r.X}")
    assert (await lab.rest("GET", "/r?X=mine")).only.line == "GET /a?x=env"


@pytest.mark.parametrize(
    ("reference", "line"),
    [
        ("rest.x", "GET /a?x=q"),
        ("rest.query.x", "GET /a?x=q"),
        ("rest.header.x", "GET /a?x=h"),
        ("rest.body.x", "GET /a?x=b"),
        ("rest.path.x", "GET /a?x=p"),
    ],
)
async def test_a_reference_may_name_its_source(reference: str, line: str) -> None:
    path = "/r/{{x}}" if "path" in reference else "/r"
    target = "/r/p?x=q" if "path" in reference else "/r?x=q"
    lab = rest("", with_=f"{{x: {reference}}}", path=path, method="POST")
    sent = await lab.rest("POST", target, headers={"x": "h"}, json={"x": "b"})
    assert sent.only.line == line


async def test_a_derived_input_is_looked_for_in_query_header_and_body() -> None:
    lab = rest("", consumed="{name: X-A, in: header}", with_="")
    assert (await lab.rest("GET", "/r?X-A=q", headers={"x-a": "h"})).only.own == {"x-a": "q"}
    assert (await lab.rest("GET", "/r", headers={"x-a": "h"})).only.own == {"x-a": "h"}
    other = rest("", with_="", method="POST")
    assert (await other.rest("POST", "/r", headers={"x": "h"}, json={"x": "b"})).only.line == (
        "GET /a?x=b"
    )


async def test_a_route_variable_is_taken_from_nowhere_else() -> None:
    lab = rest("", path="/r/{{x}}", with_="")
    assert (await lab.rest("GET", "/r/1?x=2")).only.line == "GET /a?x=1"


# what is derived, with type and required


async def test_an_author_who_declares_inputs_chooses_the_optional_ones() -> None:
    consumes = (
        "{path: '/a/{{id}}', operations: [{name: op, inputParameters: [{name: a, in: query},"
        " {name: b, in: query, required: true}, {name: c, in: header}]}]}"
    )
    lab = laboratory(document(consumes, tool(inputs="{name: a, type: string, required: false}")))
    assert list(lab.tool("t").input_schema["properties"]) == ["a", "id", "b"]


async def test_a_derived_input_has_what_the_consumed_parameter_says() -> None:
    consumes = (
        "{path: /a, operations: [{name: op, inputParameters: [{name: n, in: query, type: integer,"
        " description: How many, minimum: 1, maximum: 9, default: 3, required: true},"
        " {name: k, in: query, type: string, enum: [a, b], pattern: '[a-z]'},"
        " {name: l, in: query, type: array, items: {type: string}}, {name: m, in: query, type: array}]}]}"
    )
    schema = laboratory(document(consumes, tool())).tool("t").input_schema
    assert schema["properties"] == {
        "n": {
            "type": "integer",
            "description": "How many",
            "minimum": 1,
            "maximum": 9,
            "default": 3,
        },
        "k": {"type": "string", "enum": ["a", "b"], "pattern": "[a-z]"},
        "l": {"type": "array", "items": {"type": "string"}},
        "m": {"type": "array", "items": {}},
    }
    assert "required" not in schema


async def test_a_member_of_an_input_makes_it_an_object() -> None:
    lab = laboratory(document(QUERY, tool("{x: tools.o.k}")))
    assert lab.tool("t").input_schema["properties"] == {"o": {"type": "object"}}


@pytest.mark.parametrize("others", ["", ", {name: y, required: false}"])
async def test_a_tool_input_without_required(others: str) -> None:
    lab = laboratory(document(QUERY, tool("{x: tools.x}", f"{{name: x}}{others}")))
    required = lab.tool("t").input_schema.get("required", [])
    assert required == (["x"] if others else [])
    assert ("dialect/required-omitted" in lab.codes) is not bool(others)


@pytest.mark.parametrize(
    ("declared", "value", "detail"),
    [
        ("type: integer", "x", "x: must be an integer"),
        ("type: integer", 1.5, "x: must be an integer"),
        ("type: number", "x", "x: must be a number"),
        ("type: boolean", "x", "x: must be true or false"),
        ("type: string, enum: [a, b]", "c", "x: "),
        ("type: string, pattern: '[a-z]+'", "ab1", "x: "),
        ("type: integer, minimum: 2", 1, "x: "),
        ("type: integer, maximum: 2", 3, "x: "),
        ("type: string", None, "x: is required"),
    ],
)
async def test_what_is_checked_before_anything_is_sent(
    declared: str, value: Json, detail: str
) -> None:
    lab = laboratory(document(QUERY, tool(inputs=f"{{name: x, required: true, {declared}}}")))
    outcome = await lab.call("t", {"x": value})
    assert (outcome.problem, outcome.status, outcome.sent) == ("invalid-input", 400, [])
    assert outcome.detail.startswith(detail)


@pytest.mark.parametrize(
    ("kind", "value", "line"),
    [
        ("integer", "-7", "GET /a?x=-7"),
        ("integer", 7.0, "GET /a?x=7"),
        ("number", "1.5", "GET /a?x=1.5"),
        ("boolean", "TRUE", "GET /a?x=true"),
        ("string", 5, "GET /a?x=5"),
        ("string", True, "GET /a?x=true"),
        ("array", "a,b", "GET /a?x=a%2Cb"),
        ("object", '{"a":1}', "GET /a?x=%7B%22a%22%3A1%7D"),
    ],
)
async def test_values_of_textual_places_are_converted(kind: str, value: Json, line: str) -> None:
    lab = laboratory(document(QUERY, tool(inputs=f"{{name: x, type: {kind}, required: true}}")))
    assert (await lab.call("t", {"x": value})).only.line == line


async def test_what_has_names_of_its_own_stays_out_of_tool_schemas() -> None:
    consumes = (
        "{path: /a, operations: [{name: op, inputParameters: [{name: x, in: query, value: '1'},"
        " {name: y, in: query}]}]}"
    )
    lab = laboratory(document(consumes, tool(inputs="{name: z, value: fixed}, {name: y, required: false}")))  # fmt: skip
    assert list(lab.tool("t").input_schema["properties"]) == ["y"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("$top", "top"),
        ("filter[stop]", "filter_stop"),
        ("a b&c", "a_b_c"),
        ("x" * 80, "x" * 64),
        ("a.b-c_d", "a.b-c_d"),
    ],
)
async def test_tool_schemas_have_safe_names(name: str, shown: str) -> None:
    consumes = f'{{path: /a, operations: [{{name: op, inputParameters: [{{name: "{name}", in: query}}]}}]}}'
    lab = laboratory(document(consumes, tool()))
    assert list(lab.tool("t").input_schema["properties"]) == [shown]
    one, other = [(await lab.call("t", {key: "1"})).only.line for key in (shown, name)]
    assert one == other


async def test_equal_safe_names_are_told_apart() -> None:
    consumes = '{path: /a, operations: [{name: op, inputParameters: [{name: "a$b", in: query}, {name: "a%b", in: query}]}]}'
    lab = laboratory(document(consumes, tool()))
    assert list(lab.tool("t").input_schema["properties"]) == ["a_b", "a_b_2"]


async def test_a_timeout_of_the_settings_is_that_of_the_response_head() -> None:
    text = document("{path: /a, operations: [{name: op}]}", tool())
    lab = laboratory(text, settings=Settings(timeout={"u*": 2.5}))
    assert lab.plan.upstreams[0].head_timeout == 2.5
