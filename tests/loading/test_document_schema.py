"""The JSON Schema of documents (orchestration.md 6.13)."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from naftiko_runtime.diagnostics import Found
from naftiko_runtime.loading.document_schema import document_schema
from naftiko_runtime.loading.source import parse
from naftiko_runtime.options import RuntimeOptions
from naftiko_runtime.runtime.documents import load
from naftiko_runtime.spec.descriptions import description_of
from naftiko_runtime.spec.kinds import MODELS, known_keys
from naftiko_runtime.tree import plain

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared"
VALIDATOR = Draft202012Validator(document_schema())


def valid(document: Any) -> bool:
    return not list(VALIDATOR.iter_errors(document))


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(document_schema())


def test_every_key_is_described() -> None:
    schemas = [document_schema(), *document_schema()["$defs"].values()]
    bare = [
        key
        for schema in schemas
        for key, each in schema["properties"].items()
        if len(each["description"].split()) < 2
    ]
    assert bare == []


def test_every_key_of_every_model_has_its_own_sentence() -> None:
    missing = [
        f"{kind}.{key}"
        for kind, model in MODELS.items()
        if kind not in ("document", "library")
        for key in known_keys(kind)
        if description_of(kind, key) is None
        and not any(each.alias == key and each.description for each in model.model_fields.values())
    ]
    assert missing == []


LISTED = """\
naftiko: 1.0.0-alpha2
info: {label: L, stakeholders: [{role: owner}]}
binds: [{namespace: env, keys: {T: T}}]
capability:
  consumes: [{namespace: up, baseUri: http://up.test, authentication: {type: apikey, headers: {X-A: a}}, resources: [{name: a, path: /a, operations: [{name: get, method: GET, body: "text"}]}]}]
  exposes:
    - {type: rest, namespace: r, port: 8080, resources: [{path: /a, operations: [{method: GET, call: up.get}]}]}
    - {type: mcp, namespace: m, port: 9090, tools: [{name: t, call: {operation: up.get, with: {}}}]}
    - {type: control, port: 9191, management: {logs: true}}
"""
KEYED = """\
ikanos: 1.0.0-beta5
info: {display: L}
capability:
  consumes: [{from: ./lib.yml, import: up, as: eu}, {namespace: up, baseUri: http://up.test, resources: {a: {path: /a, operations: {get: {method: GET, inputParameters: {q: {in: query}}}}}}}]
  aggregates: [{display: A, flows: {f: {call: up.get, outputParameters: {x: {type: string}}}}}]
  exposes: [{type: api, namespace: r, port: 8080, resources: {a: {path: /a, operations: {get: {method: GET, call: up.get, steps: {s: {type: call, call: up.get}}, mappings: [{target: x, value: $.s}]}}}}}]
"""


@pytest.mark.parametrize("text", [LISTED, KEYED])
def test_both_families_are_valid(text: str) -> None:
    assert [error.message for error in VALIDATOR.iter_errors(yaml.safe_load(text))] == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("port: 8080", "port: none"),
        ("resources: [{path", "resources: 7, x: [{path"),
        ("namespace: r", "namespace: [r]"),
        ("naftiko: 1.0.0-alpha2", "naftico: 1.0.0-alpha2"),
        ("management: {logs: true}", "management: {health: 7}"),
        ("tools: [{name: t", "tools: [{name: {a: t}"),
        ("stakeholders: [{role: owner}]", "stakeholders: owner"),
    ],
)
def test_values_of_the_wrong_kind_are_not(old: str, new: str) -> None:
    assert old in LISTED
    assert valid(yaml.safe_load(LISTED))
    assert not valid(yaml.safe_load(LISTED.replace(old, new)))


def test_keys_of_other_versions_say_what_they_are_read_as() -> None:
    definitions = document_schema()["$defs"]
    for kind, spelling, key in (
        ("aggregate", "flows", "functions"),
        ("mapping", "target", "targetName"),
        ("tool", "display", "label"),
        ("consumes", "auth", "authentication"),
    ):
        assert definitions[kind]["properties"][spelling]["description"].startswith(
            f"Read as {key}."
        )


def _documents() -> list[Path]:
    own = [*(ROOT / "capabilities").glob("*.yaml"), *(ROOT / "examples").glob("**/*.y*ml")]
    folders = ("corpus/dev", "reference/tutorial-alpha2", "reference/tutorial-beta5")
    return [*own, *(file for each in folders for file in sorted((SHARED / each).glob("*.y*ml")))]


def test_every_document_that_loads_without_error_is_valid() -> None:
    invalid = []
    for file in _documents():
        data = plain(parse(file.read_bytes(), str(file), Found()))
        is_document = isinstance(data, dict) and ("naftiko" in data or "ikanos" in data)
        if is_document and not valid(data):
            found = load(str(file), RuntimeOptions()).diagnostics
            if not any(each.severity == "error" for each in found):
                invalid.append(file.name)
    assert invalid == []
    if not (SHARED / "corpus").is_dir():
        pytest.skip("only the project's own documents were checked: the corpus is not here")
