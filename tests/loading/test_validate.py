"""What a wrong value breaks, and what it leaves alone (language.md 1.7, 1.8)."""

import pytest

from naftiko_runtime.loading.load import Loaded, load_document
from naftiko_runtime.options import Settings
from naftiko_runtime.spec.document import Document

FRAME = """
naftiko: 1.0.0-alpha2
info: {{label: Yard}}
binds: [{{namespace: env, keys: {{A: A}}}}]
capability:
  consumes:
    - type: http
      namespace: yard
      baseUri: http://up.test
      resources:
        - name: r
          path: /r
          operations: [{{name: good, method: GET}}, {{name: o, method: GET, {operation}}}]
  aggregates: [{{namespace: shared, functions: [{{name: f, call: yard.o, {function}}}]}}]
  exposes:
    - type: rest
      namespace: yard-rest
      port: 8080
      resources: [{{path: /r, operations: [{{method: GET, call: yard.o, {rest}}}]}}]
    - type: mcp
      namespace: yard-mcp
      port: 9090
      tools: [{{name: t, call: yard.o, {tool}}}, {{name: u, call: yard.o}}]
"""
EMPTY = {"operation": "", "function": "", "rest": "", "tool": ""}


def loaded(**keys: str) -> Loaded:
    return load_document("a.yml", Settings(), text=FRAME.format(**{**EMPTY, **keys}).encode())


def document_of(each: Loaded) -> Document:
    assert each.document is not None
    return each.document


def messages(each: Loaded) -> list[str]:
    wrong = [d for d in each.found.merged() if d.code == "document/wrong-kind"]
    return [diagnostic.message for diagnostic in wrong]


@pytest.mark.parametrize(
    ("where", "keys", "message"),
    [
        ("operation", "path: [a]", '"path" must be a text'),
        ("operation", "inputParameters: 5", '"inputParameters" must be a list'),
        ("operation", "inputParameters: [5]", 'entry 1 of "inputParameters" must be a map'),
        (
            "operation",
            "inputParameters: [{name: a, in: query, minimum: low}]",
            '"minimum" must be a number',
        ),
        ("function", "semantics: {safe: 'yes'}", '"safe" must be true or false'),
        ("function", "with: [a]", '"with" must be a map'),
        ("function", "steps: [{call: {a: b}}]", '"call" must be a text'),
        ("rest", "responseBinary: {status: ok}", '"status" must be a whole number'),
        ("rest", "mappings: [{value: 1}]", 'a mapping needs "targetName"'),
        ("tool", "hints: [readOnly]", '"hints" must be a map'),
        (
            "tool",
            "outputParameters: [{type: object, properties: [a]}]",
            '"properties" must be a map',
        ),
    ],
)
def test_a_wrong_kind_breaks_its_smallest_part_and_nothing_else(
    where: str, keys: str, message: str
) -> None:
    each = loaded(**{where: keys})
    document = document_of(each)
    assert messages(each) == [message]
    parts = {
        "operation": document.consumes[0].resources[0].operations[1],
        "function": document.aggregates[0].functions[0],
        "rest": document.exposes[0].resources[0].operations[0],  # type: ignore[union-attr]
        "tool": document.exposes[1].tools[0],  # type: ignore[union-attr]
    }
    broken = {name for name, part in parts.items() if part.broken is not None}
    assert broken == {where}
    assert parts[where].broken.message == message  # type: ignore[union-attr]
    assert document.consumes[0].resources[0].operations[0].broken is None
    assert document.consumes[0].broken is None


def test_an_operation_that_is_no_map_is_left_out() -> None:
    each = loaded(operation="x: 1}, just text, {name: p, method: GET")
    operations = document_of(each).consumes[0].resources[0].operations
    assert messages(each) == ['entry 3 of "operations" must be a map']
    assert [operation.name for operation in operations] == ["good", "o", "p"]
    assert [operation.broken for operation in operations] == [None, None, None]


def test_a_wrong_list_breaks_the_part_around_it() -> None:
    text = FRAME.format(**EMPTY).replace(
        "resources:\n        - ", "resources: {r: 5}\n      x:\n          "
    )
    each = load_document("a.yml", Settings(), text=text.encode())
    assert messages(each) == ['entry 1 of "resources" must be a map']
    text = FRAME.format(**EMPTY).replace("baseUri: http://up.test", "baseUri: [a]")
    each = load_document("a.yml", Settings(), text=text.encode())
    assert document_of(each).consumes[0].broken is not None


def test_all_mistakes_are_reported_at_their_places() -> None:
    each = loaded(operation="path: [a], colour: red", tool="hints: 1, with: 2")
    diagnostics = {diagnostic.code: diagnostic for diagnostic in each.found.merged()}
    wrong = diagnostics["document/wrong-kind"]
    assert [place.pointer for place in wrong.places] == [
        "/capability/consumes/0/resources/0/operations/1/path",
        "/capability/exposes/1/tools/0/with",
        "/capability/exposes/1/tools/0/hints",
    ]
    assert wrong.effect == "unavailable"
    unknown = diagnostics["dialect/unknown-key"]
    assert unknown.place.pointer == "/capability/consumes/0/resources/0/operations/1/colour"


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("outputRawFormt", '; did you mean "outputRawFormat"?'),
        ("metod", '; did you mean "method"?'),
        ("personas", "; it is ignored"),
    ],
)
def test_an_unknown_key_names_the_nearest_known_one(key: str, said: str) -> None:
    each = loaded(operation=f"{key}: x")
    found = [d for d in each.found.merged() if d.code == "dialect/unknown-key"]
    assert [d.message for d in found] == [f'"{key}" is no key of a consumed operation{said}']
    assert document_of(each).consumes[0].resources[0].operations[1].broken is None


def test_label_and_description_are_known_everywhere() -> None:
    each = loaded(
        operation="label: L, description: D, body: {type: json, data: {}, label: L, description: D}"
    )
    assert [d.code for d in each.found.merged()] == ["dialect/misplaced-description"]


def test_null_is_absent_where_it_is_no_value() -> None:
    each = loaded(operation="path: null, inputParameters: , authentication: ~", tool="with: null")
    operation = document_of(each).consumes[0].resources[0].operations[1]
    assert (operation.path, operation.input_parameters, operation.authentication) == (
        None,
        [],
        None,
    )
    assert each.found.merged() == ()


def test_text_is_the_source_of_a_scalar_and_values_keep_their_type() -> None:
    each = loaded(
        operation="path: 1.10, inputParameters: [{name: 5, in: query, value: 1.10},"
        " {name: b, in: query, value: 3}, {name: c, in: query, value: True}, {name: d, value: ~}]",
        tool="with: {a: 1.10, b: 2026-01-02, c: true, d: ~, e: [1, {f: 0x10}]}",
    )
    document = document_of(each)
    operation = document.consumes[0].resources[0].operations[1]
    assert operation.path == "1.10"
    assert [p.name for p in operation.input_parameters] == ["5", "b", "c", "d"]
    assert [p.value for p in operation.input_parameters] == ["1.10", 3, "True", None]
    assert [p.has("value") for p in operation.input_parameters] == [True] * 4
    tool = document.exposes[1].tools[0]  # type: ignore[union-attr]
    assert tool.with_ == {"a": 1.1, "b": "2026-01-02", "c": True, "d": None, "e": [1, {"f": 16}]}


@pytest.mark.parametrize("key", ["(place)", "(values)", "(broken)", "(origin)"])
def test_a_document_cannot_write_what_loading_adds(key: str) -> None:
    each = loaded(operation=f"'{key}': x", tool=f"with: {{'{key}': x}}")
    document = document_of(each)
    operation = document.consumes[0].resources[0].operations[1]
    assert operation.place.line == 13
    assert operation.broken is None
    assert document.exposes[1].tools[0].with_ == {key: "x"}  # type: ignore[union-attr]


@pytest.mark.parametrize("key", ["libraries", "folder", "family", "failedImports"])
def test_a_document_cannot_write_what_loading_keeps_at_the_root(key: str) -> None:
    text = FRAME.format(**EMPTY) + f"{key}: [{{folder: /etc}}]\n"
    each = load_document("a.yml", Settings(), text=text.encode())
    assert [d.code for d in each.found.merged()] == ["dialect/unknown-key"]
    assert document_of(each).libraries == []
    assert document_of(each).folder != "/etc"
