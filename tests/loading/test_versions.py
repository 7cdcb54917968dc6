"""Every version's spelling comes to one model (language.md 1.3 to 1.5, orchestration.md 5)."""

import pytest

from naftiko_runtime.loading.load import Loaded, load_document
from naftiko_runtime.options import Settings
from naftiko_runtime.tree import plain

ALPHA2 = "naftiko: 1.0.0-alpha2\n"


def loaded(text: str) -> Loaded:
    return load_document("a.yml", Settings(), text=text.encode())


def model(text: str) -> dict[str, object]:
    document = loaded(text).document
    assert document is not None
    return document.model_dump(exclude={"family", "version"})


def codes(text: str) -> list[str]:
    return [diagnostic.code for diagnostic in loaded(text).found.merged()]


def capability(consumes: str = "", exposes: str = "", rest: str = "") -> str:
    return f"{ALPHA2}capability:\n  consumes: [{consumes}]\n  exposes: [{exposes}]\n{rest}"


def consumes(keys: str) -> str:
    return capability(f"{{type: http, namespace: up, baseUri: 'http://up.test', {keys}}}")


def tool(keys: str) -> str:
    tools = f"[{{name: t, description: d, {keys}}}]"
    return capability(exposes=f"{{type: mcp, namespace: m, port: 9, tools: {tools}}}")


def operation(keys: str) -> str:
    return consumes(
        f"resources: [{{name: r, path: /r, operations: [{{name: o, method: GET, {keys}}}]}}]"
    )


TWINS = {
    "V1 type api": (
        capability(exposes="{type: api, namespace: a, port: 80, resources: [{path: /a}]}"),
        capability(exposes="{type: rest, namespace: a, port: 80, resources: [{path: /a}]}"),
    ),
    "V2 consumed headers": (
        consumes("headers: [{name: X-A, value: '1'}], inputParameters: [{name: q, in: query}]"),
        consumes("inputParameters: [{name: q, in: query}, {name: X-A, in: header, value: '1'}]"),
    ),
    "V2 headers as a map": (
        operation("headers: {X-A: '1'}"),
        operation("inputParameters: [{name: X-A, value: '1', in: header}]"),
    ),
    "V2 headers beside keyed parameters": (
        consumes("headers: {X-A: '1'}, inputParameters: {q: {in: query}}"),
        consumes("inputParameters: [{name: q, in: query}, {name: X-A, value: '1', in: header}]"),
    ),
    "V3 step inputs as a map": (
        tool("steps: {s: {call: up.o, inputParameters: {a: 1}}}"),
        tool("steps: [{name: s, call: up.o, with: {a: 1}}]"),
    ),
    "V8 a list of one item in a property": (
        tool(
            "call: up.o, outputParameters: [{type: object, properties:"
            " {rows: {type: array, items: [{type: string}]}}}]"
        ),
        tool(
            "call: up.o, outputParameters: [{type: object, properties:"
            " {rows: {type: array, items: {type: string}}}}]"
        ),
    ),
    "V17 keyed items of a mock": (
        tool("outputParameters: {rows: {type: array, items: {a: {type: string, value: x}}}}"),
        tool(
            "outputParameters: [{name: rows, type: array,"
            " items: {type: object, properties: {a: {type: string, value: x}}}}]"
        ),
    ),
    "bind keys that are no names": (
        ALPHA2 + "binds: [{namespace: e, keys: [A, [B]]}]\ncapability: {}\n",
        ALPHA2 + "binds: [{namespace: e, keys: [[B]]}]\ncapability: {}\n",
    ),
    "V3 step inputs": (
        tool(
            "steps: [{name: s, call: up.o, inputParameters: [{name: a, value: 1}], with: {b: 2}}]"
        ),
        tool("steps: [{name: s, call: up.o, with: {a: 1, b: 2}}]"),
    ),
    "V4 external file": (
        ALPHA2 + "externalRefs: [{name: e, type: environment, resolution: file,"
        " uri: 'file:///./e.env', keys: {A: B}}]\ncapability: {}\n",
        ALPHA2 + "binds: [{namespace: e, location: 'file:///./e.env', keys: {A: B}}]\n"
        "capability: {}\n",
    ),
    "V5 external variables": (
        ALPHA2 + "externalRefs: [{name: e, type: variables, resolution: runtime, uri: x,"
        " keys: {A: B}}]\ncapability: {}\n",
        ALPHA2 + "binds: [{namespace: e, keys: {A: B}}]\ncapability: {}\n",
    ),
    "V7 binds of root come first": (
        ALPHA2 + "binds: [{namespace: r, keys: {A: A}}]\n"
        "capability: {binds: [{namespace: c, keys: {B: B}}]}\n",
        ALPHA2 + "binds: [{namespace: r, keys: {A: A}}, {namespace: c, keys: {B: B}}]\n"
        "capability: {}\n",
    ),
    "V8 a list of one item": (
        tool(
            "call: up.o, outputParameters: [{type: array, mapping: $.a, items: [{type: string}]}]"
        ),
        tool("call: up.o, outputParameters: [{type: array, mapping: $.a, items: {type: string}}]"),
    ),
    "V16 display": (
        capability(
            exposes="{type: rest, namespace: a, port: 80, resources: [{display: X, path: /}]}"
        ),
        capability(
            exposes="{type: rest, namespace: a, port: 80, resources: [{label: X, path: /}]}"
        ),
    ),
    "V17 keyed maps": (
        consumes(
            "resources: {r: {path: /r, operations: {o: {method: GET,"
            " inputParameters: {q: {in: query}, p: {in: query}},"
            " outputParameters: {b: {type: string, value: $.b}, a: {type: string, value: $.a}}}}}}"
        ),
        consumes(
            "resources: [{name: r, path: /r, operations: [{name: o, method: GET,"
            " inputParameters: [{name: q, in: query}, {name: p, in: query}], outputParameters:"
            " [{name: b, type: string, value: $.b}, {name: a, type: string, value: $.a}]}]}]"
        ),
    ),
    "V17 keyed items of an orchestrated array": (
        tool(
            "steps: {s: {type: call, call: up.o}}, outputParameters: {rows: {type: array,"
            " items: {b: {type: string}, type: {type: number}}}}"
        ),
        tool(
            "steps: [{name: s, type: call, call: up.o}], outputParameters: [{name: rows,"
            " type: array, items: [{name: b, type: string}, {name: type, type: number}]}]"
        ),
    ),
    "V17 a key without a map": (
        capability(exposes="{type: rest, namespace: a, port: 80, resources: {r: }}"),
        capability(exposes="{type: rest, namespace: a, port: 80, resources: [{name: r}]}"),
    ),
    "V18 sections keyed by namespace": (
        ALPHA2 + "binds: {e: {keys: {A: A}}}\ncapability: {}\n",
        ALPHA2 + "binds: [{namespace: e, keys: {A: A}}]\ncapability: {}\n",
    ),
    "V19 flows": (
        capability(rest="  aggregates: [{namespace: n, flows: {f: {call: up.o}}}]\n"),
        capability(rest="  aggregates: [{namespace: n, functions: [{name: f, call: up.o}]}]\n"),
    ),
    "V20 target": (
        tool("steps: [{type: call, call: up.o}], mappings: [{target: a, value: 1}]"),
        tool("steps: [{type: call, call: up.o}], mappings: [{targetName: a, value: 1}]"),
    ),
    "call with operation": (
        tool("call: {operation: up.o, with: {a: 1, b: 2}}, with: {b: 3}"),
        tool("call: up.o, with: {a: 1, b: 3}"),
    ),
    "call with operation alone": (
        tool("call: {operation: up.o, with: {a: 1}}, with: "),
        tool("call: up.o, with: {a: 1}"),
    ),
    "bind keys as a list": (
        ALPHA2 + "binds: [{namespace: e, keys: [A, B]}]\ncapability: {}\n",
        ALPHA2 + "binds: [{namespace: e, keys: {A: A, B: B}}]\ncapability: {}\n",
    ),
    "body as a text": (
        operation("body: '{\"a\": {{a}}}'"),
        operation("body: {type: raw, data: '{\"a\": {{a}}}'}"),
    ),
    "prompt messages": (
        capability(
            exposes="{type: mcp, namespace: m, port: 9, tools: [], prompts: [{name: p,"
            " description: d, messages: [{role: user, content: hi}]}]}"
        ),
        capability(
            exposes="{type: mcp, namespace: m, port: 9, tools: [], prompts: [{name: p,"
            " description: d, template: [{role: user, content: hi}]}]}"
        ),
    ),
    "skill source": (
        capability(
            exposes="{type: skill, namespace: k, port: 9, skills: [{name: s, description: d,"
            " tools: [{name: t, from: {namespace: m, name: x}}]}]}"
        ),
        capability(
            exposes="{type: skill, namespace: k, port: 9, skills: [{name: s, description: d,"
            " tools: [{name: t, from: {sourceNamespace: m, action: x}}]}]}"
        ),
    ),
    "one output as a map": (
        tool("call: up.o, outputParameters: {type: object, mapping: $., properties: {}}"),
        tool("call: up.o, outputParameters: [{type: object, mapping: $., properties: {}}]"),
    ),
    "keys inside mapping": (
        tool(
            "call: up.o, outputParameters:"
            " [{type: object, mapping: {mapping: $.a, properties: {}}}]"
        ),
        tool("call: up.o, outputParameters: [{type: object, mapping: $.a, properties: {}}]"),
    ),
    "a path in braces": (
        tool("call: up.o, outputParameters: [{type: string, mapping: '{{$.a}}'}]"),
        tool("call: up.o, outputParameters: [{type: string, mapping: $.a}]"),
    ),
}


@pytest.mark.parametrize("name", TWINS)
def test_an_old_form_and_its_twin_are_one_model(name: str) -> None:
    old, new = TWINS[name]
    assert model(old) == model(new)
    assert set(codes(old)) <= set(codes(new))


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        *((f"naftiko: {each}", []) for each in ("1.0.0-alpha2", "1.0.0-alpha3")),
        *((f"naftiko: {each}", ["document/older-version"]) for each in ("0.5", "1.0.0-alpha1")),
        *((f"ikanos: 1.0.0-{each}", []) for each in ("alpha4", "beta1", "beta2", "beta5")),
        ("ikanos: 1.0.0-alpha3", ["document/unknown-version"]),
        ("naftiko: 1.0.0-beta5", ["document/unknown-version"]),
        ("naftiko: later", ["document/unknown-version"]),
        ("naftiko: 0.4", ["document/unknown-version", "document/older-version"]),
        ("naftiko: 0.2", ["document/too-old"]),
        ("naftiko: [0.5]", ["document/not-naftiko"]),
        ("naftiko:", ["document/not-naftiko"]),
        ("other: 1.0.0-alpha2", ["document/not-naftiko"]),
    ],
)
def test_a_version_is_known_or_reported(version: str, expected: list[str]) -> None:
    text = f"{version}\ncapability:\n  exposes: [{{type: control, port: 9191}}]\n"
    assert codes(text) == expected


def test_root_and_capability_sections_are_one_list() -> None:
    text = (
        f"{ALPHA2}consumes: [{{namespace: r, baseUri: 'http://a.test'}}]\n"
        "exposes: [{type: control, port: 9191}]\n"
        "capability:\n  consumes: [{namespace: c, baseUri: 'http://b.test'}]\n"
    )
    document = loaded(text).document
    assert document is not None
    assert [each.namespace for each in document.consumes] == ["r", "c"]
    assert document.consumes[1].at("baseUri").pointer == "/capability/consumes/0/baseUri"
    assert document.consumes[1].at("baseUri").line == 5


def test_places_point_at_the_text_as_it_was_written() -> None:
    text = (
        "ikanos: 1.0.0-beta5\ninfo: {display: Crew}\ncapability:\n  consumes:\n"
        "    - namespace: up\n      baseUri: http://up.test\n"
        "      resources: {folk: {path: /folk, operations: {list-folk: {method: GET}}}}\n"
    )
    document = loaded(text).document
    assert document is not None
    operation = document.consumes[0].resources[0].operations[0]
    assert document.info.at("label").pointer == "/info/display"
    assert operation.place.pointer == "/capability/consumes/0/resources/folk/operations/list-folk"
    assert (operation.at("name").line, operation.at("name").column) == (7, 52)


def test_the_tree_is_the_document_in_the_words_of_the_model() -> None:
    tree = plain(loaded("ikanos: 1.0.0-beta5\nexposes: {c: {type: control, port: 9}}\n").tree)
    assert tree == {
        "family": "ikanos",
        "version": "1.0.0-beta5",
        "exposes": [{"namespace": "c", "type": "control", "port": 9}],
    }


def test_the_crew_of_a_keyed_document_and_its_twin_are_one_model() -> None:
    keyed = """
ikanos: 1.0.0-beta5
info: {display: Boats, description: Boat club}
capability:
  aggregates:
    - display: Boats
      namespace: boats
      flows:
        find:
          description: One boat
          semantics: {safe: true}
          inputParameters: {sail: {type: string, description: Sail number}}
          steps:
            all: {type: call, call: club.list-boats}
            hit: {type: lookup, index: all, match: sail, lookupValue: "{{sail}}"}
          mappings: [{target: owner, value: $.hit.owner}]
          outputParameters: {owner: {type: string}}
  exposes: [{type: mcp, namespace: boat-mcp, port: 3000, tools: {find-boat: {ref: boats.find}}}]
"""
    listed = """
naftiko: 1.0.0-alpha2
info: {label: Boats, description: Boat club}
capability:
  aggregates:
    - label: Boats
      namespace: boats
      functions:
        - name: find
          description: One boat
          semantics: {safe: true}
          inputParameters: [{name: sail, type: string, description: Sail number}]
          steps:
            - {name: all, type: call, call: club.list-boats}
            - {name: hit, type: lookup, index: all, match: sail, lookupValue: "{{sail}}"}
          mappings: [{targetName: owner, value: $.hit.owner}]
          outputParameters: [{name: owner, type: string}]
  exposes:
    - type: mcp
      namespace: boat-mcp
      port: 3000
      tools: [{name: find-boat, ref: boats.find}]
"""
    assert model(keyed) == model(listed)
    assert codes(keyed) == codes(listed) == []
