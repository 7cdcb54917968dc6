"""OpenAPI import: every row of orchestration.md 7.1 to 7.9, and that what it writes runs."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from laboratory import Answer, Laboratory, laboratory
from openapi_spec_validator import validate

from naftiko_runtime.openapi.describe import describe, info_of
from naftiko_runtime.openapi.import_api import Imported, Origin, import_api
from naftiko_runtime.openapi.import_capability import capability_of
from naftiko_runtime.openapi.import_source import NotOpenApi, read_description
from naftiko_runtime.openapi.import_text import as_json, as_yaml
from naftiko_runtime.options import RuntimeOptions
from naftiko_runtime.plan.exposure import RestExposure
from naftiko_runtime.runtime.documents import Document, load

REFERENCE = Path(__file__).parents[2].parent / "shared" / "reference"

EXAMPLE = """\
openapi: 3.0.3
info: {title: Pet Store API, description: Pets}
servers: [{url: "https://{region}.p.test/v1/", variables: {region: {default: eu}}}]
security: [{key: []}]
paths:
  "/pets/{petId}":
    parameters: [{name: petId, in: path, required: true, schema: {type: integer}}]
    get: {operationId: getPetById, summary: One pet, responses: {"200": {description: ok, content: {application/json: {schema: {type: object, properties: {id: {type: integer}, tags: {type: array, items: {type: string}}}}}}}}}
  /pets:
    post:
      security: []
      requestBody: {content: {application/json: {schema: {type: object, required: [name], properties: {id: {type: integer, readOnly: true}, name: {type: string}, tag: {type: string, nullable: true}}}}}}
      responses: {"201": {description: made}}
components: {securitySchemes: {key: {type: apiKey, name: X-Key, in: header}}}
"""
EXPECTED = """\
naftiko: 1.0.0-alpha2
info: {label: Pet Store API, description: Pets}
binds: [{namespace: env, keys: {PET_STORE_API_KEY: PET_STORE_API_KEY}}]
consumes:
  - type: http
    namespace: pet-store-api
    description: Pets
    baseUri: https://eu.p.test/v1
    authentication: {type: apikey, key: X-Key, value: "{{PET_STORE_API_KEY}}", placement: header}
    resources:
      - name: pets-pet-id
        path: "/pets/{{petId}}"
        operations:
          - name: get-pet-by-id
            label: One pet
            method: GET
            inputParameters: [{name: petId, in: path, type: integer, required: true}]
            outputParameters: [{name: id, type: number, value: $.id}, {name: tags, type: array, value: $.tags}]
      - name: pets
        path: /pets
        operations:
          - name: post-pets
            method: POST
            authentication: {type: none}
            inputParameters: [{name: name, in: body, type: string, required: true}, {name: tag, in: body, type: string}]
            body: {type: json, data: {name: "{{name}}", tag: "{{tag}}"}}
"""


def imported(text: str, **options: Any) -> Imported:
    return import_api(read_description(text), options.pop("origin", Origin()), **options)


def api(paths: str, *, more: str = "", version: str = "openapi: 3.0.3") -> str:
    return (
        f"{version}\ninfo: {{title: Up, description: Up}}\nservers: [{{url: 'http://up.test'}}]\n"
        f"paths: {{{paths}}}\n{more}"
    )


def only(text: str, **options: Any) -> dict[str, Any]:
    (operation,) = imported(text, **options).operations
    return operation.written


def codes(found: Imported) -> dict[str, int]:
    return {each.code: each.count for each in found.warnings}


def with_parameter(parameter: str) -> str:
    return api(f"/a: {{get: {{parameters: [{parameter}], responses: {{}}}}}}")


def with_body(content: str, *, parameters: str = "[]") -> str:
    body = f"requestBody: {{content: {{{content}}}}}"
    return api(f"/a: {{post: {{parameters: {parameters}, {body}, responses: {{}}}}}}")


def with_answer(content: str) -> str:
    answer = f"'200': {{description: d, content: {{{content}}}}}"
    return api(f"/a: {{get: {{responses: {{{answer}}}}}}}")


def with_security(schemes: str, requirement: str, operation: str = "") -> str:
    return api(
        f"/a: {{get: {{{operation} responses: {{}}}}}}",
        more=f"security: {requirement}\ncomponents: {{securitySchemes: {{{schemes}}}}}\n",
    )


def loaded(found: Imported, *, capability: bool = True) -> Document:
    text = as_yaml(capability_of(found) if capability else found.document)
    return load("t.yml", RuntimeOptions(), text=text.encode())


def run(found: Imported, answer: Answer | None = None, **environ: str) -> Laboratory:
    return laboratory(as_yaml(capability_of(found)), environ=environ, answers=answer or Answer())


def test_the_worked_example_gives_its_document() -> None:
    found = imported(EXAMPLE)
    assert found.document == yaml.safe_load(EXPECTED)
    assert codes(found) == {"server-variable": 1}
    (warning,) = found.warnings
    assert "baseUri.pet-store-api" in warning.text()


def test_official_writes_neither_types_nor_none() -> None:
    found = imported(EXAMPLE, official=True)
    expected = yaml.safe_load(EXPECTED)
    for resource in expected["consumes"][0]["resources"]:
        for operation in resource["operations"]:
            operation.pop("authentication", None)
            for parameter in operation["inputParameters"]:
                parameter.pop("type")
                parameter.pop("required", None)
    assert found.document == expected
    assert codes(found) == {"server-variable": 1, "security": 1}


@pytest.mark.anyio
async def test_the_worked_example_sends_what_it_is_given() -> None:
    lab = run(imported(EXAMPLE), PET_STORE_API_KEY="k")
    made = await lab.call("post-pets", {"name": "Tom"})
    assert made.only.line == "POST https://eu.p.test/v1/pets"
    assert made.only.json == {"name": "Tom"}
    assert "x-key" not in made.only.own
    read = await lab.rest("GET", "/v1/pets/7")
    assert read.only.line == "GET https://eu.p.test/v1/pets/7"
    assert read.only.own["x-key"] == "k"


def test_the_same_input_gives_the_same_bytes_and_the_same_data() -> None:
    texts = {as_yaml(imported(EXAMPLE).document) for _ in range(3)}
    (text,) = texts
    assert text.startswith("# @naftiko\n")
    assert yaml.safe_load(text) == json.loads(as_json(imported(EXAMPLE).document))


@pytest.mark.parametrize("value", ["1e3", "0x1f", "on", "2020-01-01", "~", "a: b", "a\nb\n", "007"])
def test_texts_stay_texts(value: str) -> None:
    text = api(f"/a: {{get: {{summary: {json.dumps(value)}, responses: {{}}}}}}")
    document = loaded(imported(text), capability=False)
    assert document.tree is not None
    operation = document.tree["consumes"][0]["resources"][0]["operations"][0]
    assert operation["label"] == value.strip()


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("/", "root"),
        ("/pets/{petId}", "pets-pet-id"),
        ("/Foo_Bar/{x}.json", "foo-bar-x-json"),
        (f"/{'a' * 70}", f"{'a' * 55}-{hashlib.sha256(b'a' * 70).hexdigest()[:8]}"),
    ],
)
def test_a_path_is_a_resource_with_its_name(written: str, name: str) -> None:
    text = api(f"'{written}': {{get: {{responses: {{}}}}}}")
    (resource,) = imported(text).document["consumes"][0]["resources"]
    assert resource["name"] == name


def test_equal_names_are_numbered() -> None:
    text = api(
        "/a-b: {get: {operationId: x, responses: {}}}, /a_b: {get: {operationId: X, responses: {}}}"
    )
    found = imported(text)
    names = [each["name"] for each in found.document["consumes"][0]["resources"]]
    assert names == ["a-b", "a-b-2"]
    assert [each.written["name"] for each in found.operations] == ["x", "x-2"]
    assert codes(found) == {"renamed": 2}


def test_title_and_namespace() -> None:
    assert imported("openapi: 3.0.0\ninfo: {}\npaths: {}\n").namespace == "unknown-api"
    assert imported(api(""), namespace="mine").namespace == "mine"


def test_a_long_description_is_its_first_paragraph_cut() -> None:
    text = api("").replace("description: Up", f'description: "{"x" * 600}\\n\\nmore"')
    description = imported(text).document["consumes"][0]["description"]
    assert len(description) == 500
    assert "more" not in description


@pytest.mark.parametrize("method", ["head", "options", "trace"])
def test_methods_that_are_not_called_are_left_out(method: str) -> None:
    found = imported(api(f"/a: {{{method}: {{responses: {{}}}}, get: {{responses: {{}}}}}}"))
    assert [each.written["method"] for each in found.operations] == ["GET"]
    assert codes(found) == {"method": 1}


def test_deprecated_operations_say_so() -> None:
    assert (
        only(api("/a: {get: {deprecated: true, summary: Old, responses: {}}}"))["label"]
        == "[Deprecated] Old"
    )
    assert (
        only(api("/a: {get: {deprecated: true, responses: {}}}"))["label"] == "[Deprecated] get-a"
    )


def test_parameters_of_the_path_are_merged_the_inner_wins() -> None:
    text = api(
        "/a: {parameters: [{name: q, in: query, schema: {type: integer}}, {name: r, in: query, schema: {type: boolean}}], "
        "get: {parameters: [{name: q, in: query, schema: {type: string}}], responses: {}}}"
    )
    assert only(text)["inputParameters"] == [
        {"name": "q", "in": "query", "type": "string"},
        {"name": "r", "in": "query", "type": "boolean"},
    ]


@pytest.mark.parametrize(
    ("parameter", "written"),
    [
        ("{name: q, in: query, description: D, required: true, schema: {type: string, enum: [a, b]}}", {"name": "q", "in": "query", "type": "string", "description": "D", "required": True, "enum": ["a", "b"]}),
        ("{name: q, in: query, schema: {type: [string, 'null']}}", {"name": "q", "in": "query", "type": "string"}),
        ("{name: q, in: query, schema: {type: integer, nullable: true}}", {"name": "q", "in": "query", "type": "integer"}),
        ("{name: q, in: query, schema: {anyOf: [{type: string}, {type: 'null'}]}}", {"name": "q", "in": "query", "type": "string"}),
        ("{name: q, in: query, schema: {type: [string, integer]}}", {"name": "q", "in": "query"}),
        ("{name: q, in: query, schema: {const: a}}", {"name": "q", "in": "query", "type": "string", "enum": ["a"]}),
        ("{name: q, in: query, content: {application/json: {schema: {type: array}}}}", {"name": "q", "in": "query", "type": "object"}),
        ("{name: X-A, in: header, schema: {type: string}}", {"name": "X-A", "in": "header", "type": "string"}),
        ("{name: c, in: cookie, schema: {type: string}}", {"name": "c", "in": "cookie", "type": "string"}),
    ],
)  # fmt: skip
def test_a_parameter_keeps_what_it_says(parameter: str, written: dict[str, Any]) -> None:
    found = imported(with_parameter(parameter))
    assert found.operations[0].written["inputParameters"] == [written]
    assert found.warnings == ()


@pytest.mark.parametrize("name", ["Accept", "content-type", "Authorization", "Host", "Proxy-X"])
def test_headers_of_the_runtime_are_left_out(name: str) -> None:
    text = with_parameter(f"{{name: {name}, in: header, schema: {{type: string}}}}")
    assert "inputParameters" not in only(text)


@pytest.mark.parametrize(
    "parameter",
    [
        "{name: q, in: query, style: deepObject, schema: {type: object}}",
        "{name: q, in: query, style: pipeDelimited, schema: {type: array}}",
        "{name: q, in: query, explode: false, schema: {type: array}}",
    ],
)
def test_other_styles_are_told(parameter: str) -> None:
    assert codes(imported(with_parameter(parameter))) == {"style": 1}


def test_a_query_in_a_path_becomes_constants() -> None:
    found = imported(api("'/a?beta=true': {get: {responses: {}}}, /a: {get: {responses: {}}}"))
    first, second = found.operations
    assert first.written["inputParameters"] == [{"name": "beta", "in": "query", "value": "true"}]
    assert "inputParameters" not in second.written
    paths = [each["path"] for each in capability_of(found)["capability"]["exposes"][0]["resources"]]
    assert len(paths) == len(set(paths)) == 2


@pytest.mark.parametrize(
    ("servers", "base", "warned"),
    [
        ("servers: [{url: 'https://a.test/v1/'}]", "https://a.test/v1", {}),
        (
            "servers: [{url: 'https://a.test'}, {url: 'https://b.test'}]",
            "https://a.test",
            {"server": 1},
        ),
        ("servers: []", "https://api.example.com", {"server": 1}),
        ("servers: [{url: /v2}]", "https://api.example.com/v2", {"server": 1}),
        ("servers: [{url: 'https://{h}.test'}]", "https://{h}.test", {"server-variable": 1}),
    ],
)
def test_the_base_uri_is_the_first_server(servers: str, base: str, warned: dict[str, int]) -> None:
    text = api("").replace("servers: [{url: 'http://up.test'}]", servers)
    found = imported(text)
    assert found.document["consumes"][0]["baseUri"] == base
    assert codes(found) == warned


def test_a_relative_server_counts_from_the_url_that_was_read() -> None:
    text = api("").replace("http://up.test", "/v2/")
    found = imported(text, origin=Origin(url="https://h.test/docs/openapi.json"))
    assert found.document["consumes"][0]["baseUri"] == "https://h.test/v2"
    assert codes(found) == {}


def test_servers_of_operations_are_told() -> None:
    found = imported(api("/a: {servers: [{url: 'http://x.test'}], get: {responses: {}}}"))
    assert codes(found) == {"server": 1}


BODIES = [
    ("application/json: {schema: {type: object, properties: {a: {type: integer}, b: {type: string, readOnly: true}}}}",
     {"type": "json", "data": {"a": "{{a}}"}}, [{"name": "a", "in": "body", "type": "integer"}]),
    ("application/json: {schema: {allOf: [{type: object, properties: {a: {type: integer}}}, {properties: {b: {type: string}}, required: [b]}]}}",
     {"type": "json", "data": {"a": "{{a}}", "b": "{{b}}"}},
     [{"name": "a", "in": "body", "type": "integer"}, {"name": "b", "in": "body", "type": "string", "required": True}]),
    ("application/json: {schema: {type: array, items: {type: string}}}",
     None, [{"name": "body", "in": "body", "type": "array"}]),
    ("application/merge-patch+json: {schema: {type: object, properties: {a: {type: string}}}}",
     {"type": "application/merge-patch+json", "data": {"a": "{{a}}"}}, [{"name": "a", "in": "body", "type": "string"}]),
    ("application/x-www-form-urlencoded: {schema: {type: object, properties: {a: {type: string}}}}",
     {"type": "formUrlEncoded", "data": {"a": "{{a}}"}}, [{"name": "a", "in": "body", "type": "string"}]),
    ("multipart/form-data: {schema: {type: object, properties: {a: {type: string}, f: {type: string, format: binary}}}}",
     {"type": "multipartForm", "data": [{"name": "a", "value": "{{a}}"}, {"name": "f", "value": "{{f}}", "filename": "f", "contentType": "application/octet-stream"}]},
     [{"name": "a", "in": "body", "type": "string"}, {"name": "f", "in": "body", "type": "string"}]),
    ("image/png: {schema: {type: string, format: binary}}", {"type": "binary", "data": "{{body}}"}, None),
    ("application/octet-stream: {}", {"type": "binary", "data": "{{body}}"}, None),
    ("application/xml: {schema: {type: object}}, application/json: {schema: {type: object, properties: {a: {}}}}",
     {"type": "json", "data": {"a": "{{a}}"}}, [{"name": "a", "in": "body"}]),
]  # fmt: skip


@pytest.mark.parametrize(("content", "body", "parameters"), BODIES)
def test_a_request_body_has_its_form(content: str, body: Any, parameters: Any) -> None:
    operation = only(with_body(content))
    assert operation.get("body") == body
    assert operation.get("inputParameters") == parameters


def test_another_body_is_relayed() -> None:
    found = imported(with_body("application/xml: {schema: {type: string}}"))
    assert "body" not in found.operations[0].written
    assert codes(found) == {"body-type": 1}


@pytest.mark.anyio
async def test_a_property_named_like_a_parameter_has_a_variable_of_its_own() -> None:
    found = imported(
        with_body(
            "application/json: {schema: {type: object, properties: {id: {type: integer}}}}",
            parameters="[{name: id, in: query, schema: {type: integer}}]",
        )
    )
    sent = (await run(found).call("post-a", {"id": 1, "id_body": 2})).only
    assert (sent.line, sent.json) == ("POST /a?id=1", {"id": 2})


@pytest.mark.anyio
async def test_a_property_never_reads_a_secret() -> None:
    text = with_security("k: {type: apiKey, in: header, name: X-Key}", "[{k: []}]").replace(
        "get: {",
        "post: {requestBody: {content: {application/json: {schema: {type: object, properties: {UP_KEY: {type: string}}}}}}, ",
    )
    sent = (await run(imported(text), UP_KEY="secret").call("post-a", {"UP_KEY_body": "mine"})).only
    assert sent.json == {"UP_KEY": "mine"}


ANSWERS = [
    ("application/json: {schema: {type: object, properties: {a: {type: integer}, 'b c': {type: string}, w: {type: string, writeOnly: true}, size: {type: number}}}}",
     {"outputParameters": [{"name": "a", "type": "number", "value": "$.a"}, {"name": "b c", "type": "string", "value": "$['b c']"}, {"name": "size", "type": "number", "value": "$['size']"}]}),
    ("application/json: {schema: {type: array, items: {type: string}}}", {}),
    ("application/json: {schema: {type: string}}", {}),
    ("application/json: {schema: {type: object}}", {}),
    ("application/xml: {schema: {type: object, properties: {a: {type: string}}}}", {"outputRawFormat": "xml"}),
    ("text/csv: {schema: {type: string}}", {"outputRawFormat": "csv"}),
    ("application/x-yaml: {schema: {type: string}}", {"outputRawFormat": "yaml"}),
    ("application/pdf: {schema: {type: string, format: binary}}", {"outputRawFormat": "binary"}),
    ("text/plain: {schema: {type: string}}", {}),
]  # fmt: skip


@pytest.mark.parametrize(("content", "keys"), ANSWERS)
def test_an_answer_has_its_outputs(content: str, keys: dict[str, Any]) -> None:
    operation = only(with_answer(content))
    assert {key: operation[key] for key in operation if key.startswith("output")} == keys


def test_the_smallest_success_with_content_counts() -> None:
    schema = "content: {{application/json: {{schema: {{type: object, properties: {{{}: {{}}}}}}}}}}"
    answers = ", ".join(
        f"'{status}': {{{schema.format(name)}}}"
        for status, name in (("404", "e"), ("default", "d"), ("201", "b"))
    )
    operation = only(api(f"/a: {{get: {{responses: {{'204': {{}}, {answers}}}}}}}"))
    assert [each["name"] for each in operation["outputParameters"]] == ["b"]


def test_many_outputs_are_cut() -> None:
    members = ", ".join(f"m{n}: {{type: string}}" for n in range(51))
    found = imported(
        with_answer(f"application/json: {{schema: {{type: object, properties: {{{members}}}}}}}")
    )
    assert len(found.operations[0].written["outputParameters"]) == 50
    assert codes(found) == {"outputs-cut": 1}


def test_of_a_union_the_first_branch_counts() -> None:
    found = imported(
        with_answer(
            "application/json: {schema: {oneOf: [{type: object, properties: {a: {}}}, {type: object, properties: {b: {}}}]}}"
        )
    )
    assert [each["name"] for each in found.operations[0].written["outputParameters"]] == ["a"]
    assert codes(found) == {"union": 1}


def test_references_are_followed_and_cycles_end() -> None:
    schemas = "components: {schemas: {Tree: {type: object, properties: {name: {type: string}, parent: {$ref: '#/components/schemas/Tree'}, kids: {type: array, items: {$ref: '#/components/schemas/Tree'}}}}, Loop: {allOf: [{$ref: '#/components/schemas/Loop'}]}, Ring: {$ref: '#/components/schemas/Ring'}}}\n"
    for name, expected in (("Tree", ["string", "object", "array"]), ("Loop", None), ("Ring", None)):
        text = (
            with_answer(f"application/json: {{schema: {{$ref: '#/components/schemas/{name}'}}}}")
            + schemas
        )
        outputs = only(text).get("outputParameters")
        assert [each["type"] for each in outputs or ()] == (expected or [])


def test_files_beside_the_description_are_read_and_no_others(tmp_path: Path) -> None:
    folder = tmp_path / "api"
    (folder / "parts").mkdir(parents=True)
    (folder / "parts" / "pet.yaml").write_text(
        "Pet: {type: object, properties: {a: {$ref: '#/A'}, b: {$ref: '../more.yaml#/B'}}}\nA: {type: integer}\n"
    )
    (folder / "more.yaml").write_text("B: {type: boolean}\n")
    (tmp_path / "secret.yaml").write_text("S: {type: object, properties: {s: {}}}\n")
    inside = imported(
        with_answer("application/json: {schema: {$ref: 'parts/pet.yaml#/Pet'}}"),
        origin=Origin(folder),
    )
    assert [each["type"] for each in inside.operations[0].written["outputParameters"]] == [
        "number",
        "boolean",
    ]
    for ref in ("../secret.yaml#/S", "https://h.test/a.yaml#/S"):
        outside = imported(
            with_answer(f"application/json: {{schema: {{$ref: '{ref}'}}}}"), origin=Origin(folder)
        )
        assert "outputParameters" not in outside.operations[0].written
        assert codes(outside) == {"remote-ref": 1}


SECURITY = [
    ("k: {type: apiKey, in: header, name: X-Key}", {"type": "apikey", "key": "X-Key", "value": "{{UP_KEY}}", "placement": "header"}, {}),
    ("k: {type: apiKey, in: query, name: key}", {"type": "apikey", "key": "key", "value": "{{UP_KEY}}", "placement": "query"}, {}),
    ("k: {type: apiKey, in: cookie, name: sid}", {"type": "apikey", "key": "sid", "value": "{{UP_KEY}}", "placement": "cookie"}, {}),
    ("k: {type: http, scheme: Bearer}", {"type": "bearer", "token": "{{UP_TOKEN}}"}, {}),
    ("k: {type: openIdConnect, openIdConnectUrl: 'https://i.test'}", {"type": "bearer", "token": "{{UP_TOKEN}}"}, {}),
    ("k: {type: http, scheme: basic}", {"type": "basic", "username": "{{UP_USERNAME}}", "password": "{{UP_PASSWORD}}"}, {}),
    ("k: {type: http, scheme: digest}", {"type": "digest", "username": "{{UP_USERNAME}}", "password": "{{UP_PASSWORD}}"}, {}),
    ("k: {type: oauth2, flows: {implicit: {authorizationUrl: 'https://i.test', scopes: {}}}}", {"type": "bearer", "token": "{{UP_TOKEN}}"}, {"oauth-flow": 1}),
    ("k: {type: oauth2, flows: {clientCredentials: {tokenUrl: 'https://i.test/t', scopes: {r: R}}}}", {"type": "oauth2", "tokenEndpoint": "https://i.test/t", "clientId": "{{UP_CLIENT_ID}}", "clientSecret": "{{UP_CLIENT_SECRET}}", "scopes": ["r"]}, {}),
    ("k: {type: mutualTLS}", None, {"security": 1}),
]  # fmt: skip


@pytest.mark.parametrize(("scheme", "block", "warned"), SECURITY)
def test_a_security_scheme_is_an_authentication(
    scheme: str, block: dict[str, Any] | None, warned: dict[str, int]
) -> None:
    scopes = "[r]" if "clientCredentials" in scheme else "[]"
    found = imported(with_security(scheme, f"[{{k: {scopes}}}]"))
    assert found.document["consumes"][0].get("authentication") == block
    assert codes(found) == warned
    declared = [name for each in found.document.get("binds", ()) for name in each["keys"]]
    assert all(f"{{{{{name}}}}}" in str(block) for name in declared)
    assert str(block).count("{{") == len(declared)


def test_several_key_headers_go_together() -> None:
    found = imported(
        with_security(
            "a: {type: apiKey, in: header, name: X-A}, b: {type: apiKey, in: header, name: X-B}",
            "[{a: [], b: []}]",
        )
    )
    assert found.document["consumes"][0]["authentication"] == {
        "type": "apikey",
        "headers": {"X-A": "{{UP_X_A}}", "X-B": "{{UP_X_B}}"},
    }


def test_of_another_combination_the_first_usable_is_taken() -> None:
    found = imported(
        with_security("a: {type: mutualTLS}, b: {type: http, scheme: bearer}", "[{a: [], b: []}]")
    )
    assert found.document["consumes"][0]["authentication"]["type"] == "bearer"
    assert codes(found) == {"security": 1}


def test_the_requirement_of_the_most_operations_is_the_adapters() -> None:
    text = api(
        "/a: {get: {security: [{b: []}], responses: {}}, put: {security: [{b: []}], responses: {}}}, "
        "/c: {get: {security: [{k: []}], responses: {}}, put: {security: [], responses: {}}}",
        more="components: {securitySchemes: {k: {type: apiKey, in: header, name: X}, b: {type: http, scheme: bearer}}}\n",
    )
    found = imported(text)
    assert found.document["consumes"][0]["authentication"]["type"] == "bearer"
    own = [each.written.get("authentication", {}).get("type") for each in found.operations]
    assert own == [None, None, "apikey", "none"]


SWAGGER = """\
swagger: "2.0"
info: {title: Up, description: Up}
host: up.test
basePath: /v1/
schemes: [http, https]
consumes: [application/json]
produces: [application/json]
securityDefinitions: {o: {type: oauth2, flow: application, tokenUrl: 'https://i.test/t', scopes: {r: R}}, b: {type: basic}}
security: [{o: [r]}]
paths:
  /a/{id}:
    parameters: [{name: id, in: path, required: true, type: integer}, {$ref: '#/parameters/Page'}]
    get:
      operationId: readA
      parameters: [{name: ids, in: query, type: array, items: {type: string}}, {name: many, in: query, type: array, collectionFormat: multi, items: {type: string}}]
      responses: {200: {description: d, schema: {$ref: '#/definitions/A'}}}
    post:
      operationId: makeA
      parameters: [{name: a, in: body, required: true, schema: {$ref: '#/definitions/A'}}]
      responses: {201: {description: d}}
    put:
      operationId: fileA
      consumes: [multipart/form-data]
      parameters: [{name: f, in: formData, type: file, required: true}, {name: note, in: formData, type: string}]
      responses: {200: {description: d}}
    delete:
      operationId: formA
      consumes: [application/x-www-form-urlencoded]
      parameters: [{name: why, in: formData, type: string, enum: [x, y]}]
      responses: {204: {description: d}}
parameters: {Page: {name: page, in: query, type: integer, description: P}}
definitions: {A: {type: object, required: [n], properties: {n: {type: string}, b: {$ref: '#/definitions/B'}}}, B: {type: object}}
"""


def test_swagger_2_is_read_in_all_its_own_words() -> None:
    found = imported(SWAGGER)
    consumes = found.document["consumes"][0]
    assert consumes["baseUri"] == "https://up.test/v1"
    assert consumes["authentication"]["type"] == "oauth2"
    assert consumes["authentication"]["scopes"] == ["r"]
    read, made, file, form = (each.written for each in found.operations)
    names = ("id", "page", "ids", "many")
    assert [(each["name"], each["type"]) for each in read["inputParameters"]] == list(
        zip(names, ("integer", "integer", "array", "array"), strict=True)
    )
    assert [each["type"] for each in read["outputParameters"]] == ["string", "object"]
    assert made["body"] == {"type": "json", "data": {"n": "{{n}}", "b": "{{b}}"}}
    assert file["body"]["data"][0]["filename"] == "f"
    assert form["body"] == {"type": "formUrlEncoded", "data": {"why": "{{why}}"}}
    assert form["inputParameters"][-1]["enum"] == ["x", "y"]
    assert codes(found) == {"style": 1}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("asyncapi: 2.6.0", "AsyncAPI 2.6.0"),
        ("naftiko: 1.0.0-alpha2", "a naftiko document"),
        ("swagger: '1.2'", "Swagger 1.2"),
        ("openapi: 4.0.0", "OpenAPI 4.0.0"),
        ("a: 1", "but a"),
        ("", "an empty file"),
        ("[1]", "a list"),
        ("hello", "plain text"),
        ("a: [", "neither JSON nor YAML on line"),
    ],
)
def test_another_format_is_named(text: str, what: str) -> None:
    with pytest.raises(NotOpenApi, match=what):
        read_description(text)


@pytest.mark.parametrize("text", [EXAMPLE, SWAGGER, *(with_body(each[0]) for each in BODIES), *(with_answer(each[0]) for each in ANSWERS)])  # fmt: skip
def test_what_is_written_loads_with_no_warning_but_of_the_dialect(text: str) -> None:
    found = imported(text)
    for capability in (False, True):
        document = loaded(found, capability=capability)
        assert document.capability is not None
        others = [
            each.text()
            for each in document.diagnostics
            if each.severity != "info"
            and not each.code.startswith(("dialect/", "config/missing-variable"))
        ]
        assert others == []


@pytest.mark.parametrize("text", [EXAMPLE, SWAGGER, *(with_body(each[0]) for each in BODIES), *(with_answer(each[0]) for each in ANSWERS)])  # fmt: skip
def test_official_documents_satisfy_the_official_schema(text: str) -> None:
    file = REFERENCE / "schema-1.0.0-alpha2.json"
    if not file.exists():
        pytest.skip("the official schema is not here")
    schema = json.loads(file.read_text())
    document = imported(text, official=True).document
    assert [error.message for error in Draft202012Validator(schema).iter_errors(document)] == []


FIXTURES = {
    "petstore-2.0.yaml": ("https://petstore.swagger.io/v1", ["list-pets", "create-pet", "show-pet-by-id", "delete-pet"], {}),
    "petstore-3.1.yaml": (None, None, {}),
    "complex-api.yaml": ("https://api.complex.io/v2", None, {"union": 1}),
    "no-servers.yaml": ("https://api.example.com", None, {"server": 1}),
}  # fmt: skip


@pytest.mark.parametrize("name", FIXTURES)
def test_fixtures_of_the_reference_give_what_the_table_says(name: str) -> None:
    file = REFERENCE / "fixtures-alpha2" / "openapi" / name
    if not file.exists():
        pytest.skip("the fixtures are not here")
    found = imported(file.read_text(), origin=Origin(file.parent))
    base, names, warned = FIXTURES[name]
    consumes = found.document["consumes"][0]
    operations = {each.written["name"]: each.written for each in found.operations}
    assert base in (None, consumes["baseUri"])
    assert names in (None, list(operations))
    assert codes(found) == warned
    if name == "petstore-2.0.yaml":
        assert operations["create-pet"]["body"]["data"] == {"name": "{{name}}", "tag": "{{tag}}"}
    if name == "complex-api.yaml":
        assert consumes["authentication"]["type"] == "bearer"
        outputs = operations["get-resource"]["outputParameters"]
        assert [each["name"] for each in outputs] == ["type", "documentUrl"]
    if name == "petstore-3.1.yaml":
        types = [
            each["type"]
            for operation in operations.values()
            for each in (
                *operation.get("inputParameters", ()),
                *operation.get("outputParameters", ()),
            )
            if each["name"] == "status"
        ]
        assert types
        assert set(types) == {"string"}


@pytest.mark.anyio
async def test_forms_files_and_binary_bodies_run() -> None:
    swagger = run(imported(SWAGGER), UP_CLIENT_ID="c", UP_CLIENT_SECRET="s")  # noqa: S106 - nobody's
    tools = {tool.name for each in swagger.plan.exposures for tool in getattr(each, "tools", ())}
    assert tools == {"read-a", "make-a", "file-a", "form-a"}
    form = run(
        imported(
            with_body(
                "application/x-www-form-urlencoded: {schema: {type: object, properties: {a: {type: string}}}}"
            )
        )
    )
    assert (await form.call("post-a", {"a": "x y"})).only.body == b"a=x+y"
    image = run(imported(with_body("image/png: {}")))
    sent = (
        await image.rest("POST", "/v1/a", content=b"\x89PNG", headers={"content-type": "image/png"})
    ).only
    assert sent.body == b"\x89PNG"
    patch = run(imported(with_body("application/json-patch+json: {schema: {type: array}}")))
    for sent in (
        (await patch.call("post-a", {"body": [1]})).only,
        (await patch.rest("POST", "/v1/a", json=[1])).only,
    ):
        assert (sent.json, sent.own["content-type"]) == ([1], "application/json-patch+json")
    whole = run(imported(with_body("application/json: {schema: {type: array}}")))
    assert (await whole.call("post-a", {"body": [1, 2]})).only.json == [1, 2]


@pytest.mark.parametrize("text", [EXAMPLE, SWAGGER])
@pytest.mark.parametrize("version", ["3.0", "3.1"])
def test_the_export_of_an_import_validates_and_imports_alike(text: str, version: str) -> None:
    found = imported(text)
    capability = loaded(found).capability
    assert capability is not None
    rest = [each for each in capability.exposures if isinstance(each, RestExposure)]
    servers = ["http://localhost:8080"]
    exported = json.loads(
        json.dumps(describe(rest, info_of([capability]), version=version, servers=servers))
    )
    validate(exported)
    back = import_api(exported, Origin())
    assert _surface(back, "") == _surface(found, "/v1")


def _surface(found: Imported, prefix: str) -> dict[tuple[str, str], set[str]]:
    """Methods, paths and input names (orchestration.md 7.11)."""
    return {
        (each.written["method"], prefix + each.path): {
            one["name"] for one in each.written.get("inputParameters", ())
        }
        for each in found.operations
    }
