"""The worked example of language.md 10.13, row by row."""

import pytest
from laboratory import Laboratory, laboratory

from naftiko_runtime.values import Json

pytestmark = pytest.mark.anyio

DOCUMENT = """
naftiko: 1.0.0-alpha2
binds: [{namespace: env, keys: {CRM_KEY: CRM_KEY}}]
consumes:
  - namespace: crm
    baseUri: http://up.test
    authentication: {type: apikey, key: X-Key, value: "{{CRM_KEY}}"}
    resources:
      - name: notes
        path: "/customers/{customer_id}/notes"
        operations:
          - name: list-notes
            method: GET
            inputParameters:
              - {name: customer_id, in: path, type: integer, required: true, description: Customer}
              - {name: "page[size]", in: query, type: integer}
              - {name: q, in: query, type: string, required: true, description: Text to find}
              - {name: X-Key, in: header, type: string, required: true}
              - {name: X-Trace, in: header, type: string}
          - name: add-note
            method: POST
            body: {type: json, data: {text: "{{tools.text}}", tags: "{{tools.tags}}", title: "Note {{tools.no}}"}}
          - {name: import-notes, method: PUT}
exposes:
  - type: rest
    namespace: crm-rest
    port: 8080
    resources:
      - path: "/v1/customers/{customer-id}/notes"
        operations:
          - {method: GET, call: crm.list-notes, with: {customer_id: rest.customer_id, q: rest.query}}
          - {method: POST, call: crm.add-note, with: {customer_id: rest.customer_id}}
          - {method: PUT, call: crm.import-notes}
  - type: mcp
    namespace: crm-mcp
    port: 9090
    tools:
      - {name: list-notes, description: d, call: crm.list-notes, with: {customer_id: tools.customer_id, q: tools.query}}
      - {name: add-note, description: d, call: crm.add-note, with: {customer_id: tools.id}}
      - {name: import-notes, description: d, call: crm.import-notes}
"""
ROUTE = "/v1/customers/7/notes"


@pytest.fixture(scope="module")
def crm() -> Laboratory:
    return laboratory(DOCUMENT, environ={"CRM_KEY": "k"})


@pytest.mark.parametrize(
    ("target", "headers", "line", "own"),
    [
        (
            "?query=a+b&page[size]=5&zzz=1",
            {"X-Trace": "t", "X-Key": "mine"},
            "GET /customers/7/notes?page[size]=5&q=a%20b",
            {"x-key": "k", "x-trace": "t"},
        ),
        ("?query=a&customer_id=8", {}, "GET /customers/7/notes?q=a", {"x-key": "k"}),
    ],
)
async def test_reads_over_rest(
    crm: Laboratory, target: str, headers: dict[str, str], line: str, own: dict[str, str]
) -> None:
    sent = (await crm.rest("GET", ROUTE + target, headers=headers)).only
    assert (sent.line, sent.own) == (line, own)


async def test_faults_are_reported_together(crm: Laboratory) -> None:
    outcome = await crm.rest("GET", "/v1/customers/x/notes")
    assert (outcome.status, outcome.sent) == (400, [])
    assert [(each["name"], each["message"]) for each in outcome.members["errors"]] == [
        ("customer_id", "must be an integer"),
        ("query", "is required"),
    ]


@pytest.mark.parametrize(
    ("method", "content_type", "content", "body"),
    [
        (
            "POST",
            "application/json",
            b'{"text":"hi","no":3,"junk":1}',
            b'{"text":"hi","title":"Note 3"}',
        ),
        ("PUT", "text/csv", b"a,b", b"a,b"),
    ],
)
async def test_writes_over_rest(
    crm: Laboratory, method: str, content_type: str, content: bytes, body: bytes
) -> None:
    headers = {"content-type": content_type}
    sent = (await crm.rest(method, ROUTE, content=content, headers=headers)).only
    assert (sent.line, sent.body) == (f"{method} /customers/7/notes", body)
    assert (sent.own["x-key"], sent.own["content-type"]) == ("k", content_type)


@pytest.mark.parametrize(
    ("tool", "arguments", "line", "body"),
    [
        (
            "add-note",
            {"id": 9, "tags": ["x"], "no": 1},
            "POST /customers/9/notes",
            b'{"tags":["x"],"title":"Note 1"}',
        ),
        ("import-notes", {"customer_id": "9", "body": [1]}, "PUT /customers/9/notes", b"[1]"),
    ],
)
async def test_writes_by_tools(
    crm: Laboratory, tool: str, arguments: dict[str, Json], line: str, body: bytes
) -> None:
    sent = (await crm.call(tool, arguments)).only
    assert (sent.line, sent.body, sent.own["content-type"]) == (line, body, "application/json")


async def test_an_unknown_argument_lists_the_known_ones(crm: Laboratory) -> None:
    arguments: dict[str, Json] = {"customer_id": 7, "query": "a", "pageSize": 2, "limt": 1}
    outcome = await crm.call("list-notes", arguments)
    assert (outcome.problem, outcome.sent) == ("invalid-input", [])
    assert outcome.detail == "limt: unknown; known: customer_id, query, page_size, X-Trace"


@pytest.mark.parametrize(
    ("tool", "schema"),
    [
        (
            "list-notes",
            {
                "type": "object",
                "properties": {
                    "customer_id": {"type": "integer", "description": "Customer"},
                    "query": {"type": "string", "description": "Text to find"},
                    "page_size": {"type": "integer"},
                    "X-Trace": {"type": "string"},
                },
                "required": ["customer_id", "query"],
                "additionalProperties": False,
            },
        ),
        (
            "add-note",
            {
                "type": "object",
                "properties": {"id": {"type": "string"}, "text": {}, "tags": {}, "no": {}},
                "required": ["id", "no"],
                "additionalProperties": False,
            },
        ),
        (
            "import-notes",
            {
                "type": "object",
                "properties": {"customer_id": {"type": "string"}, "body": {}},
                "required": ["customer_id"],
                "additionalProperties": False,
            },
        ),
    ],
)
def test_schemas_of_the_tools(crm: Laboratory, tool: str, schema: dict[str, Json]) -> None:
    shown = crm.tool(tool).input_schema
    assert shown == schema
    assert list(shown["properties"]) == list(schema["properties"])  # type: ignore[arg-type]
