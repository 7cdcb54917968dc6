"""What goes upstream: language.md section 4, table by table."""

import pytest
from laboratory import Laboratory, document, laboratory

from naftiko_runtime.options import Settings
from naftiko_runtime.values import Json

pytestmark = pytest.mark.anyio


def operation(path: str, keys: str = "", method: str = "GET", tool: str = "") -> Laboratory:
    consumes = f'{{path: "{path}", operations: [{{name: op, method: {method}{keys}}}]}}'
    return laboratory(document(consumes, f"{{name: t, description: d, call: up.op{tool}}}"))


@pytest.mark.parametrize(
    ("base", "path", "url"),
    [
        ("http://up.test/v1", "/a/b/", "http://up.test/v1/a/b/"),
        ("http://up.test/v1/", "/a", "http://up.test/v1/a"),
        ("http://up.test/v1", "a", "http://up.test/v1/a"),
        ("http://up.test/v1", "", "http://up.test/v1"),
        ("http://up.test/v1", "/", "http://up.test/v1/"),
    ],
)
async def test_base_and_path_meet_in_one_slash(base: str, path: str, url: str) -> None:
    text = document(f'{{path: "{path}", operations: [{{name: op}}]}}', TOOL)
    lab = laboratory(text.replace("http://up.test", base))
    assert (await lab.call("t")).only.url == url


TOOL = "{name: t, description: d, call: up.op}"


async def test_an_operation_path_is_appended() -> None:
    consumes = '{path: /users, operations: [{name: op, path: ":search"}]}'
    lab = laboratory(document(consumes, TOOL))
    assert (await lab.call("t")).only.line == "GET /users:search"
    assert "dialect/operation-path" in lab.codes


async def test_operation_paths_that_repeat_their_resource_are_absolute() -> None:
    consumes = (
        '{path: /users, operations: [{name: op, path: "/users/{id}"}, {name: b, path: /groups}]}'
    )
    tools = f"{TOOL}, {{name: b, description: d, call: up.b}}"
    lab = laboratory(document(consumes, tools))
    assert (await lab.call("t", {"id": "7"})).only.line == "GET /users/7"
    assert (await lab.call("b")).only.line == "GET /groups"


@pytest.mark.parametrize(
    ("path", "arguments", "line"),
    [
        ("/ships/{imo}/log", {"imo": "A 1/2?#"}, "GET /ships/A%201%2F2%3F%23/log"),
        ("/ships/{{imo}}/log", {"imo": "9"}, "GET /ships/9/log"),
        ("/t/{arn}", {"arn": "arn:aws:x"}, "GET /t/arn%3Aaws%3Ax"),
        ("/p/{id}", {"id": "Zoë"}, "GET /p/Zo%C3%AB"),
        ("/feed/geo:{lat};{lng}/", {"lat": "1.5", "lng": "-2"}, "GET /feed/geo:1.5;-2/"),
        ("/{name}:run", {"name": "a"}, "GET /a:run"),
        ("/Set({id})", {"id": "7"}, "GET /Set(7)"),
        ("/{id}.json", {"id": "a.b"}, "GET /a.b.json"),
        ("/v1/{+name}", {"name": "projects/p q/topics/t"}, "GET /v1/projects/p%20q/topics/t"),
        ("/a?x={y}&z=1", {"y": "1&2"}, "GET /a?x=1%262&z=1"),
        ("/a#x", {}, "GET /a"),
    ],
)
async def test_placeholders_are_filled_and_encoded(
    path: str, arguments: dict[str, Json], line: str
) -> None:
    assert (await operation(path).call("t", arguments)).only.line == line


@pytest.mark.parametrize("value", ["..", ".", "", {"a": 1}, [1]])
@pytest.mark.parametrize("path", ["/p/{id}", "/p/{id}/q"])
async def test_a_value_never_leaves_its_segment(path: str, value: Json) -> None:
    outcome = await operation(path).call("t", {"id": value})
    assert outcome.problem == "invalid-input"
    assert outcome.sent == []
    assert "id" in outcome.detail


@pytest.mark.parametrize("value", ["a//b", "../b", "a/./b", "/a", "a/"])
async def test_kept_slashes_cannot_climb(value: str) -> None:
    outcome = await operation("/v1/{+name}").call("t", {"name": value})
    assert (outcome.problem, outcome.sent) == ("invalid-input", [])


async def test_slashes_are_kept_where_the_setting_says_so() -> None:
    text = document('{path: "/v1/{name}", operations: [{name: op}]}', TOOL)
    lab = laboratory(text, settings=Settings(slashes={"up": ("name",)}))
    assert (await lab.call("t", {"name": "a/b"})).only.line == "GET /v1/a/b"


@pytest.mark.parametrize(
    ("name", "method", "path", "parameter", "line"),
    [
        ("get-product", "GET", "/products", "id", "GET /products/7"),
        ("delete-category", "DELETE", "/categories/", "id", "DELETE /categories/7/"),
        ("getUserById", "GET", "/users", "userId", "GET /users/7"),
        ("update-box", "PATCH", "/boxes", "id", "PATCH /boxes/7"),
        ("get", "GET", "/things", "id", "GET /things/7"),
        ("get-product-price", "GET", "/products", "productId", None),
        ("stop-instance", "POST", "/instances", "id", None),
        ("delete-product", "GET", "/products", "id", None),
    ],
)
async def test_an_unplaced_path_parameter_is_appended_or_refused(
    name: str, method: str, path: str, parameter: str, line: str | None
) -> None:
    consumes = (
        f"{{path: {path}, operations: [{{name: {name}, method: {method}, "
        f"inputParameters: [{{name: {parameter}, in: path}}]}}]}}"
    )
    lab = laboratory(document(consumes, f"{{name: t, description: d, call: up.{name}}}"))
    outcome = await lab.call("t", {parameter: "7"} if line else {})
    if line is None:
        assert (outcome.problem, outcome.members["code"]) == (
            "unavailable",
            "path/unplaced-parameter",
        )
        assert f"{{{parameter}}}" in outcome.detail
    else:
        assert outcome.only.line == line


async def test_inner_parameters_replace_outer_ones() -> None:
    lab = laboratory("""
naftiko: 1.0.0-alpha2
consumes:
  - {namespace: fleet, baseUri: http://up.test/v1, inputParameters: [{name: X-Ver, in: header, value: "1"}, {name: lang, in: query, value: en}],
     resources: [{name: ship, path: "/ships/{imo}", inputParameters: [{name: lang, in: query, value: fr}],
       operations: [{name: log, method: GET, inputParameters: [{name: since, in: query}, {name: tag, in: query}, {name: X-Ver, in: header, value: "2"}]}]}]}
exposes:
  - {type: mcp, namespace: m, port: 9090, tools: [{name: t, description: d, call: fleet.log}]}
""")
    outcome = await lab.call("t", {"imo": "9 9", "since": "a/b", "tag": ["x", "y"]})
    assert outcome.only.line == "GET /v1/ships/9%209?lang=fr&since=a%2Fb&tag=x&tag=y"
    assert outcome.only.own == {"x-ver": "2"}
    refused = await lab.call("t", {"imo": "9", "lang": "de"})
    assert "lang: unknown" in refused.detail


@pytest.mark.parametrize(
    ("name", "value", "query"),
    [
        ("ids", [1, 2], "ids=1&ids=2"),
        ("ids[]", [1, 2], "ids[]=1&ids[]=2"),
        ("since", "2026-01-01T00:00:00+02:00", "since=2026-01-01T00%3A00%3A00%2B02%3A00"),
        ("all", True, "all=true"),
        ("q", "a&b=c", "q=a%26b%3Dc"),
        ("f", {"a": [1]}, "f=%7B%22a%22%3A%5B1%5D%7D"),
        ("n", 0.1, "n=0.1"),
        ("n", 5, "n=5"),
        ("q", "", "q="),
        ("$filter", "x eq 1", "$filter=x%20eq%201"),
        ("filter[status]", "a", "filter[status]=a"),
        ("a b", "1", "a%20b=1"),
        ("a&b", "1", "a%26b=1"),
    ],
)
async def test_query_values(name: str, value: Json, query: str) -> None:
    lab = operation("/a", f', inputParameters: [{{name: "{name}", in: query}}]')
    shown = next(iter(lab.tool("t").input_schema["properties"]))
    assert (await lab.call("t", {shown: value})).only.line == f"GET /a?{query}"


@pytest.mark.parametrize("value", [None, []])
async def test_null_and_empty_arrays_are_not_sent(value: Json) -> None:
    lab = operation("/a", ", inputParameters: [{name: n, in: query}]")
    assert (await lab.call("t", {"n": value})).only.line == "GET /a"


@pytest.mark.parametrize(
    ("value", "sent"),
    [(" a ", "a"), (True, "true"), ([1, "b"], "1, b"), ({"a": 1}, '{"a":1}'), (7, "7")],
)
async def test_header_values(value: Json, sent: str) -> None:
    lab = operation("/a", ", inputParameters: [{name: X-A, in: header}]")
    assert (await lab.call("t", {"X-A": value})).only.own == {"x-a": sent}


@pytest.mark.parametrize("value", ["a\rb", "a\nSet-Cookie: x", "a\0b"])
async def test_a_header_value_cannot_break_out(value: str) -> None:
    lab = operation("/a", ", inputParameters: [{name: X-A, in: header}]")
    outcome = await lab.call("t", {"X-A": value})
    assert (outcome.problem, outcome.sent) == ("invalid-input", [])


async def test_headers_of_the_connection_are_not_sent() -> None:
    parameters = "[{name: Host, in: header, value: evil}, {name: TE, in: header, value: x}]"
    lab = operation("/a", f", inputParameters: {parameters}")
    sent = (await lab.call("t")).only
    assert "te" not in sent.own
    assert sent.headers.get("Host", "up.test") != "evil"
    assert "consumes/forbidden-header" in lab.codes


async def test_cookies_make_one_header() -> None:
    parameters = "[{name: a, in: cookie}, {name: b, in: cookie}]"
    lab = operation("/a", f", inputParameters: {parameters}")
    assert (await lab.call("t", {"a": "1; x", "b": "ü"})).only.own == {
        "cookie": "a=1%3B%20x; b=%C3%BC"
    }


async def test_every_request_has_the_same_headers() -> None:
    sent = (await operation("/a").call("t")).only
    assert sent.headers["Accept"] == "application/json, */*;q=0.8"
    assert sent.headers["Accept-Encoding"] == "gzip"
    assert sent.headers["User-Agent"].startswith("naftiko-runtime/")
    assert "Content-Length" not in sent.headers


async def test_declared_headers_replace_the_usual_ones() -> None:
    parameters = "[{name: accept, in: header, value: text/csv}]"
    sent = (await operation("/a", f", inputParameters: {parameters}").call("t")).only
    assert [value for name, value in sent.headers.items() if name.lower() == "accept"] == [
        "text/csv"
    ]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
async def test_a_write_without_body_has_length_zero(method: str) -> None:
    sent = (await operation("/a", method=method).call("t")).only
    assert (sent.own, sent.body) == ({"content-length": "0"}, None)


async def test_the_order_of_values_is_constant_with_input_default() -> None:
    parameters = (
        '[{name: a, in: query, value: "1"}, {name: b, in: query}, {name: c, in: query},'
        " {name: d, in: query, default: dd}]"
    )
    lab = operation("/x", f", inputParameters: {parameters}", tool=", with: {a: nope, b: tools.z}")
    assert (await lab.call("t", {"z": "2", "c": "3"})).only.line == "GET /x?a=1&b=2&c=3&d=dd"


async def test_a_parameter_that_is_required_must_be_there() -> None:
    lab = operation("/x", ", inputParameters: [{name: q, in: query, required: true}]")
    outcome = await lab.call("t")
    assert (outcome.problem, outcome.detail) == ("invalid-input", "q: is required")


async def test_two_spellings_are_two_parameters() -> None:
    parameters = '[{name: page_size, in: query}, {name: "page[size]", in: query}]'
    lab = operation("/x", f", inputParameters: {parameters}", tool=", with: {page_size: tools.n}")
    line = (await lab.call("t", {"n": 1})).only.line
    assert line == "GET /x?page_size=1"


async def test_an_environment_parameter_is_a_variable_and_never_sent() -> None:
    parameters = '[{name: REGION, in: environment}, {name: r, in: query, value: "x-{{REGION}}"}]'
    consumes = f"{{path: /a, operations: [{{name: op, inputParameters: {parameters}}}]}}"
    lab = laboratory(document(consumes, TOOL), environ={"REGION": "eu"})
    assert (await lab.call("t")).only.line == "GET /a?r=x-eu"
    assert lab.tool("t").input_schema["properties"] == {}


@pytest.mark.parametrize(
    ("base", "settings", "tool", "environ", "arguments", "url"),
    [
        (
            "https://{region}.p.test/v1",
            Settings(base_placeholders={("up", "region"): "us"}),
            "",
            {},
            {},
            "https://us.p.test/v1/a",
        ),
        ("https://{region}.p.test", None, ", with: {region: eu}", {}, {}, "https://eu.p.test/a"),
        (
            "https://{region}.p.test",
            None,
            ", with: {region: tools.r}",
            {},
            {"r": "eu-1"},
            "https://eu-1.p.test/a",
        ),
        (
            "http://up.test/{tenant}",
            None,
            ", with: {tenant: tools.t}",
            {},
            {"t": "a/b"},
            "http://up.test/a%2Fb/a",
        ),
        ("{{BASE}}", None, "", {"BASE": "http://up.test/v2/"}, {}, "http://up.test/v2/a"),
    ],
)
async def test_placeholders_of_a_base_uri(  # noqa: PLR0913, PLR0917 -- a table of six columns
    base: str,
    settings: Settings | None,
    tool: str,
    environ: dict[str, str],
    arguments: dict[str, Json],
    url: str,
) -> None:
    consumes = "{path: /a, operations: [{name: op}]}"
    text = document(consumes, f"{{name: t, description: d, call: up.op{tool}}}")
    text = text.replace("http://up.test", f'"{base}"')
    lab = laboratory(text, settings=settings, environ=environ)
    assert (await lab.call("t", arguments)).only.url == url


@pytest.mark.parametrize("value", ["evil.example/", "a.b", "x@y", "a:1", "%2f"])
async def test_a_caller_never_moves_a_request_to_another_host(value: str) -> None:
    text = document(
        "{path: /a, operations: [{name: op}]}",
        "{name: t, description: d, call: up.op, with: {region: tools.r}}",
    ).replace("http://up.test", '"https://{region}.p.test"')
    outcome = await laboratory(text).call("t", {"r": value})
    # the value is not used, and the setting is asked for
    assert (outcome.problem, outcome.sent) == ("configuration", [])
    assert "baseUri.up.region" in outcome.detail


async def test_an_input_cannot_be_the_whole_host() -> None:
    text = document(
        "{path: /a, operations: [{name: op}]}",
        "{name: t, description: d, call: up.op, with: {host: tools.h}}",
    ).replace("http://up.test", '"https://{host}/v1"')
    lab = laboratory(text)
    outcome = await lab.call("t", {"h": "evil.example"})
    assert (outcome.problem, outcome.sent) == ("configuration", [])
    assert "baseUri.up.host" in outcome.detail
    assert "config/base-uri" in lab.codes
