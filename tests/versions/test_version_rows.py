"""What changed between the versions: every row of orchestration.md 5.1 compiles to its twin's plan.

A row is a document as an old version wrote it, its twin in the words of the model, and the twin
without the construct, whose plan has to differ: so a row cannot pass by being ignored.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest
from laboratory import Answer, Laboratory, laboratory

from naftiko_runtime.plan.upstream import Upstream

pytestmark = pytest.mark.anyio

PLACES = {
    "file",
    "line",
    "column",
    "pointer",
    "place",
    "diagnostic",
    "diagnostics",
    "digest",
    "files",
    "family",
    "spec_version",
}
ALPHA2, IKANOS = "naftiko: 1.0.0-alpha2", "ikanos: 1.0.0-beta5"


@dataclass(frozen=True)
class Row:
    """Texts of three documents, and files that stand beside them."""

    old: str
    twin: str
    without: str
    files: Mapping[str, str] | None = None


def bare(node: Any) -> Any:
    """Return a plan as plain values, without file, line, diagnostics and version.

    The key of an upstream says in which file it stands.
    """
    if is_dataclass(node) and not isinstance(node, type):
        hidden = PLACES | {"key"} if isinstance(node, Upstream) else PLACES
        kept = [each.name for each in fields(node) if each.name not in hidden and each.compare]
        return type(node).__name__, {name: bare(getattr(node, name)) for name in kept}
    if isinstance(node, Mapping):
        return [(key, bare(value)) for key, value in node.items()]
    if isinstance(node, list | tuple):
        return [bare(each) for each in node]
    return node


FRAME = {
    "head": "",
    "consumes": "{type: http, namespace: up, baseUri: 'http://up.test', resources: RESOURCES}",
    "resources": "[{name: r, path: /r, operations: [{name: o, method: GET}]}]",
    "exposes": "{type: mcp, namespace: m, port: 9090, tools: TOOLS}",
    "tools": "[{name: t, description: d, call: up.o}]",
    "more": "",
}


def document(version: str = ALPHA2, **parts: str) -> str:
    """Return a document of a version; ``parts`` stand in place of those of ``FRAME``."""
    used = FRAME | parts
    adapters = used["exposes"].replace("TOOLS", used["tools"])
    consumed = used["consumes"].replace("RESOURCES", used["resources"])
    return (
        f"{version}\n{used['head']}\ncapability:\n"
        f"  consumes: [{consumed}]\n  exposes: [{adapters}]\n  {used['more']}\n"
    )


def rest(resources: str, kind: str = "rest") -> str:
    return f"{{type: {kind}, namespace: a, port: 8080, resources: {resources}}}"


def tool(keys: str, version: str = ALPHA2) -> str:
    return document(version, tools=f"[{{name: t, description: d, {keys}}}]")


def operation(keys: str, version: str = ALPHA2) -> str:
    return document(
        version,
        resources=f"[{{name: r, path: /r, operations: [{{name: o, method: GET, {keys}}}]}}]",
    )


def secured(binds: str) -> str:
    return document(
        head=binds,
        consumes="{type: http, namespace: up, baseUri: 'http://up.test', authentication:"
        " {type: bearer, token: '{{TOKEN}}'}, resources: RESOURCES}",
    )


ONE_ROUTE = "[{name: r, path: /r, operations: [{name: o, method: GET, call: up.o}]}]"
AGGREGATE = (
    "aggregates: [{label: Crew, namespace: crew, functions: [{name: find, description: Find,"
    " semantics: {safe: true, idempotent: true}, inputParameters:"
    " [{name: who, type: string, description: w}], call: up.o, with: {who: crew.who}}]}]"
)
FLOW = (
    "aggregates: [{display: Crew, namespace: crew, flows: {find: {description: Find,"
    " semantics: {safe: true, idempotent: true}, inputParameters:"
    " {who: {type: string, description: w}}, call: up.o, with: {who: crew.who}}}}]"
)
NEEDS_WHO = (
    "[{name: r, path: /r, operations:"
    " [{name: o, method: GET, inputParameters: [{name: who, in: query}]}]}]"
)
BY_REF = "[{name: t, ref: crew.find}]"
LIBRARY = (
    "consumes: [{type: http, namespace: lib, baseUri: 'http://up.test', resources:"
    " [{name: r, path: /r, operations: [{name: o, method: GET}]}]}]\n"
)
KEYED_LIBRARY = (
    "consumes: [{type: http, namespace: lib, baseUri: 'http://up.test', resources:"
    " {r: {path: /r, operations: {o: {method: GET}}}}}]\n"
)
PROMPT = (
    "{type: mcp, namespace: m, port: 9090, tools: TOOLS, resources: [{name: i, uri: 'x://i',"
    " description: d, call: up.o}], prompts: [{name: p, description: d, arguments:"
    " [{name: who, description: w}], template: [{role: user, content: 'Hi {{who}}'}]}]}"
)
KEYED_PROMPT = (
    "{type: mcp, namespace: m, port: 9090, tools: TOOLS, resources: {i: {uri: 'x://i',"
    " description: d, call: up.o}}, prompts: {p: {description: d, arguments:"
    " {who: {description: w}}, template: [{role: user, content: 'Hi {{who}}'}]}}}"
)
SKILL = (
    "{type: mcp, namespace: m, port: 9090, tools: TOOLS}, {type: skill, namespace: k, port: 3011,"
    " skills: [{name: s, description: d, tools: [{name: u, description: e,"
    " from: {sourceNamespace: m, action: t}}]}]}"
)
KEYED_SKILL = (
    "{type: mcp, namespace: m, port: 9090, tools: TOOLS}, {type: skill, namespace: k, port: 3011,"
    " skills: {s: {description: d, tools: {u: {description: e,"
    " from: {sourceNamespace: m, action: t}}}}}}"
)
ADDED = {
    "mock values": tool("outputParameters: [{name: a, type: integer, value: '7'}]"),
    "aggregates, ref and semantics": document(resources=NEEDS_WHO, tools=BY_REF, more=AGGREGATE),
    "hints": tool("call: up.o, hints: {readOnly: true, openWorld: false}"),
    "script steps": tool(
        "steps: [{name: s, type: script, language: python, location: scripts, file: s.py}]"
    ),
    "control": document(
        exposes="{type: mcp, namespace: m, port: 9090, tools: TOOLS},"
        " {type: control, port: 9191, management: {health: true}}"
    ),
    "authentication of MCP": document(
        exposes="{type: mcp, namespace: m, port: 9090, authentication: {type: bearer,"
        " token: '{{T}}'}, tools: TOOLS}",
        head="binds: [{namespace: e, keys: {T: T}}]",
    ),
    "tsv": operation("outputRawFormat: tsv"),
    "psv": operation("outputRawFormat: psv"),
    "html": operation("outputRawFormat: html"),
    "markdown": operation("outputRawFormat: markdown"),
}

ROWS = {
    "V1": Row(
        document("naftiko: 0.5", exposes=rest(ONE_ROUTE, "api")),
        document(exposes=rest(ONE_ROUTE)),
        document(exposes=rest("[]")),
    ),
    "V2": Row(
        operation("headers: [{name: X-A, value: '1'}]", "naftiko: 0.4"),
        operation("inputParameters: [{name: X-A, in: header, value: '1'}]"),
        operation(""),
    ),
    "V3": Row(
        tool("steps: [{name: s, call: up.o, inputParameters: [{name: q, value: 1}]}]"),
        tool("steps: [{name: s, type: call, call: up.o, with: {q: 1}}]"),
        tool("steps: [{name: s, type: call, call: up.o}]"),
    ),
    "V4": Row(
        secured(
            "externalRefs: [{name: e, type: environment, resolution: file,"
            " uri: 'file:///./e.env', keys: {TOKEN: token}}]"
        ),
        secured("binds: [{namespace: e, location: 'file:///./e.env', keys: {TOKEN: token}}]"),
        secured("binds: [{namespace: e, location: 'file:///./e.env', keys: {TOKEN: other}}]"),
        {"e.env": "token=x\n"},
    ),
    "V5": Row(
        secured("externalRefs: [{name: e, type: variables, keys: {TOKEN: token}}]"),
        secured("binds: [{namespace: e, keys: {TOKEN: token}}]"),
        secured("binds: [{namespace: e, location: 'file:///./e.env', keys: {TOKEN: token}}]"),
    ),
    "V7": Row(
        secured("").replace(
            "capability:\n", "capability:\n  binds: [{namespace: e, keys: {TOKEN: t}}]\n"
        ),
        secured("binds: [{namespace: e, keys: {TOKEN: t}}]"),
        secured(""),
    ),
    "V8": Row(
        tool(
            "call: up.o, outputParameters: [{type: array, mapping: $.a, items: [{type: string,"
            " mapping: $.b}]}]",
            "naftiko: 0.5",
        ),
        tool(
            "call: up.o, outputParameters: [{type: array, mapping: $.a, items: {type: string,"
            " mapping: $.b}}]"
        ),
        tool("call: up.o, outputParameters: [{type: array, mapping: $.a}]"),
    ),
    "V9": Row(
        document("naftiko: 0.5", consumes="{location: ./lib.yml, import: lib, as: up}"),
        document(),
        document(consumes=""),
        {"lib.yml": f"naftiko: 0.5\n{LIBRARY}"},
    ),
    "V10": Row(
        tool("call: up.o, outputParameters: [{name: a, type: string, const: X}]", "naftiko: 0.5"),
        tool("call: up.o, outputParameters: [{name: a, type: string, value: X}]"),
        tool("call: up.o, outputParameters: [{name: a, type: string, value: Y}]"),
    ),
    "V11": Row(
        tool(
            "steps: [{name: s, type: call, call: up.o}], mappings: [{targetName: a, value: $.s.b}]",
            "naftiko: 0.5",
        ),
        tool(
            "steps: [{name: s, type: call, call: up.o}], mappings: [{targetName: a, value: $.s.b}]"
        ),
        tool(
            "steps: [{name: s, type: call, call: up.o}],"
            " mappings: [{targetName: a.c, value: $.s.b}]"
        ),
    ),
    **{
        f"V12 {name}": Row(text.replace(ALPHA2, "naftiko: 0.5"), text, document())
        for name, text in ADDED.items()
    },
    "V13": Row(
        document(resources=NEEDS_WHO, tools="[{ref: crew.find}]", more=AGGREGATE),
        document(
            resources=NEEDS_WHO,
            tools="[{name: find, description: Find, ref: crew.find}]",
            more=AGGREGATE,
        ),
        document(resources=NEEDS_WHO, tools="[]", more=AGGREGATE),
    ),
    "V14": Row(
        document("naftiko: 1.0.0-alpha3"),
        document(),
        document(tools="[{name: t, description: other, call: up.o}]"),
    ),
    "V15": Row(
        document(IKANOS),
        document(),
        document(tools="[{name: t, description: other, call: up.o}]"),
    ),
    "V16": Row(
        document(
            IKANOS,
            head="info: {display: Crew}",
            resources="[{name: r, display: R, path: /r, operations:"
            " [{name: o, display: O, method: GET}]}]",
            exposes=PROMPT.replace("who, d", "who, display: W, d").replace(
                "{name: p,", "{name: p, display: P,"
            ),
            tools="[{name: t, display: T, description: d, call: up.o}]",
        ),
        document(
            head="info: {label: Crew}",
            resources="[{name: r, label: R, path: /r, operations:"
            " [{name: o, label: O, method: GET}]}]",
            exposes=PROMPT.replace("who, d", "who, label: W, d").replace(
                "{name: p,", "{name: p, label: P,"
            ),
            tools="[{name: t, label: T, description: d, call: up.o}]",
        ),
        document(exposes=PROMPT),
    ),
    "V17 consumed": Row(
        document(
            IKANOS,
            resources="{r: {path: '/r/{{p}}', operations: {o: {method: GET, inputParameters:"
            " {q: {in: query}, p: {in: path}}, outputParameters: {b: {type: string, value: $.b},"
            " a: {type: string, value: $.a}}}}}}",
        ),
        document(
            resources="[{name: r, path: '/r/{{p}}', operations: [{name: o, method: GET,"
            " inputParameters: [{name: q, in: query}, {name: p, in: path}], outputParameters:"
            " [{name: b, type: string, value: $.b}, {name: a, type: string, value: $.a}]}]}]"
        ),
        document(),
    ),
    "V17 rest": Row(
        document(
            IKANOS,
            exposes=rest(
                "{r: {path: '/r/{{i}}', operations: {o: {method: GET, call: up.o,"
                " inputParameters: {i: {in: path, type: integer}, h: {in: header}}}}}}"
            ),
        ),
        document(
            exposes=rest(
                "[{name: r, path: '/r/{{i}}', operations: [{name: o, method: GET, call: up.o,"
                " inputParameters: [{name: i, in: path, type: integer}, {name: h, in: header}]}]}]"
            )
        ),
        document(exposes=rest(ONE_ROUTE)),
    ),
    "V17 mcp": Row(
        document(
            IKANOS,
            exposes=KEYED_PROMPT,
            tools="{t: {description: d, call: up.o, inputParameters: {a: {type: string}}}}",
        ),
        document(
            exposes=PROMPT,
            tools="[{name: t, description: d, call: up.o, inputParameters:"
            " [{name: a, type: string}]}]",
        ),
        document(),
    ),
    "V17 skills": Row(document(IKANOS, exposes=KEYED_SKILL), document(exposes=SKILL), document()),
    "V17 steps and outputs": Row(
        tool(
            "steps: {s: {type: call, call: up.o}, h: {type: lookup, index: s, match: a,"
            " lookupValue: '1'}}, mappings: [{target: rows, value: $.h}], outputParameters:"
            " {rows: {type: array, items: {a: {type: string}, b: {type: number}}}}",
            IKANOS,
        ),
        tool(
            "steps: [{name: s, type: call, call: up.o}, {name: h, type: lookup, index: s,"
            " match: a, lookupValue: '1'}], mappings: [{targetName: rows, value: $.h}],"
            " outputParameters: [{name: rows, type: array, items:"
            " [{name: a, type: string}, {name: b, type: number}]}]"
        ),
        tool("steps: [{name: s, type: call, call: up.o}]"),
    ),
    "V17 mocks": Row(
        tool(
            "outputParameters: {rows: {type: array, items: {a: {type: string, value: x}}}}", IKANOS
        ),
        tool(
            "outputParameters: [{name: rows, type: array, items:"
            " {type: object, properties: {a: {type: string, value: x}}}}]"
        ),
        tool("outputParameters: [{name: rows, type: array}]"),
    ),
    "V18": Row(
        f"{IKANOS}\nbinds: {{e: {{keys: {{TOKEN: t}}}}}}\ncapability:\n  consumes: {{up:"
        " {type: http, baseUri: 'http://up.test/{{TOKEN}}', resources:"
        " {r: {path: /r, operations: {o: {method: GET}}}}}}\n"
        "  aggregates: {crew: {display: Crew, flows: {find: {description: F, call: up.o}}}}\n"
        "  exposes: {m: {type: mcp, port: 9090, tools: {t: {ref: crew.find}}}}\n",
        f"{ALPHA2}\nbinds: [{{namespace: e, keys: {{TOKEN: t}}}}]\ncapability:\n  consumes: ["
        "{namespace: up, type: http, baseUri: 'http://up.test/{{TOKEN}}', resources:"
        " [{name: r, path: /r, operations: [{name: o, method: GET}]}]}]\n"
        "  aggregates: [{namespace: crew, label: Crew, functions:"
        " [{name: find, description: F, call: up.o}]}]\n"
        "  exposes: [{namespace: m, type: mcp, port: 9090, tools: [{name: t, ref: crew.find}]}]\n",
        document(),
    ),
    "V19": Row(
        document(IKANOS, resources=NEEDS_WHO, tools=BY_REF, more=FLOW),
        document(resources=NEEDS_WHO, tools=BY_REF, more=AGGREGATE),
        document(resources=NEEDS_WHO, tools="[]"),
    ),
    "V19 without a namespace": Row(
        document(
            IKANOS, resources=NEEDS_WHO, tools=BY_REF, more=FLOW.replace(" namespace: crew,", "")
        ),
        document(resources=NEEDS_WHO, tools=BY_REF, more=AGGREGATE),
        document(resources=NEEDS_WHO, tools="[]"),
    ),
    "V20": Row(
        tool(
            "steps: [{name: s, type: call, call: up.o}], mappings: [{target: a.b, value: $.s.c}]",
            IKANOS,
        ),
        tool(
            "steps: [{name: s, type: call, call: up.o}],"
            " mappings: [{targetName: a.b, value: $.s.c}]"
        ),
        tool("steps: [{name: s, type: call, call: up.o}]"),
    ),
    "V21": Row(
        document(IKANOS, consumes="{from: ./lib.yml, import: lib, as: up}"),
        document(),
        document(consumes=""),
        {"lib.yml": f"{IKANOS}\n{KEYED_LIBRARY}"},
    ),
    "V22": Row(
        document(
            IKANOS,
            consumes="{type: http, namespace: up, baseUri: 'http://up.test', tunnel: {type: ziti,"
            " service: s, fallback: direct}, resources: RESOURCES}",
        ),
        document(),
        document(
            IKANOS,
            consumes="{type: http, namespace: up, baseUri: 'http://up.test', tunnel: {type: ziti,"
            " service: s}, resources: RESOURCES}",
        ),
    ),
    "V23": Row(
        document(
            IKANOS,
            resources="{r: {path: /r, tags: [a], operations: {o: {method: GET, tags: [b]}}}}",
            exposes=rest(
                "{r: {path: /r, tags: [c], operations: {o: {method: GET, call: up.o, tags: [d]}}}}"
            ),
        ),
        document(
            resources="[{name: r, path: /r, tags: [a], operations:"
            " [{name: o, method: GET, tags: [b]}]}]",
            exposes=rest(
                "[{name: r, path: /r, tags: [c], operations:"
                " [{name: o, method: GET, call: up.o, tags: [d]}]}]"
            ),
        ),
        document(exposes=rest(ONE_ROUTE)),
    ),
    "V24": Row(
        document(
            IKANOS,
            resources="{r: {path: /r, operations: {o: {method: GET, outputRawFormat: binary,"
            " outputMediaType: image/png, maxBinarySize: 5MiB}}}}",
            exposes=rest(
                "{r: {path: /r, operations: {o: {method: GET, call: up.o,"
                " responseBinary: {status: 200, mediaType: image/png, description: d}}}}}"
            )
            + ", {type: mcp, namespace: m, port: 9090, maxBinarySize: 1.5MiB, resources:"
            " {i: {uri: 'x://i', description: d, binary: true, call: up.o}}}",
        ),
        document(
            resources="[{name: r, path: /r, operations: [{name: o, method: GET,"
            " outputRawFormat: binary, outputMediaType: image/png, maxBinarySize: 5MiB}]}]",
            exposes=rest(
                "[{name: r, path: /r, operations: [{name: o, method: GET, call: up.o, responses:"
                " {'200': {description: d, content: {image/png: {binary: true}}}}}]}]"
            )
            + ", {type: mcp, namespace: m, port: 9090, maxBinarySize: 1.5MiB, resources:"
            " [{name: i, uri: 'x://i', description: d, binary: true, call: up.o}]}",
        ),
        document(exposes=rest(ONE_ROUTE)),
    ),
    "V25": Row(
        document(
            IKANOS,
            head="info: {display: Crew, version: 1.2.3}",
            exposes="{type: mcp, namespace: m, port: 9090, ttlMs: 5000, cacheScope: private,"
            " tools: TOOLS}",
        ),
        document(
            head="info: {label: Crew, version: 1.2.3}",
            exposes="{type: mcp, namespace: m, port: 9090, ttlMs: 5000, cacheScope: private,"
            " tools: TOOLS}",
        ),
        document(head="info: {label: Crew}"),
    ),
}


def compiled(text: str, folder: Path) -> Any:
    return bare(laboratory(text, folder=folder).plan)


@pytest.mark.parametrize("name", ROWS)
def test_an_old_form_and_its_twin_compile_to_equal_plans(name: str, tmp_path: Path) -> None:
    row = ROWS[name]
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "s.py").write_text("result = 1\n")
    for file, text in (row.files or {}).items():
        (tmp_path / file).write_text(text)
    twin = compiled(row.twin, tmp_path)
    assert compiled(row.old, tmp_path) == twin
    assert compiled(row.without, tmp_path) != twin


def test_v6_a_variable_may_be_declared_in_any_case() -> None:
    """There is no twin: a key of a bind is the variable as it is written."""
    lab = laboratory(
        secured("binds: [{namespace: e, keys: {token: T}}]").replace("{{TOKEN}}", "{{token}}"),
        environ={"T": "x"},
    )
    assert [each.variable.name for each in lab.plan.variables] == ["token"]
    assert "template/unknown-variable" not in lab.codes


def test_both_words_for_a_label_are_reported_and_the_newer_one_wins() -> None:
    lab = laboratory(document(head="info: {label: Old, display: New}"))
    assert (lab.plan.label, lab.codes) == ("New", ["document/both-keys"])


def test_an_inner_name_gives_way_to_its_key() -> None:
    lab = laboratory(document(IKANOS, tools="{t: {name: other, description: d, call: up.o}}"))
    assert lab.tool("t").description == "d"
    assert "document/both-keys" in lab.codes


def test_an_aggregate_without_a_namespace_goes_by_its_label_in_imports_too(tmp_path: Path) -> None:
    library = FLOW.replace(" namespace: crew,", "").replace("display: Crew,", "display: CrewList,")
    (tmp_path / "lib.yml").write_text(f"{IKANOS}\n{library}\n".replace("crew.who", "crew-list.who"))
    more = "aggregates: [{from: ./lib.yml, import: crew-list}]"
    ref = "[{name: t, ref: crew-list.find}]"
    lab = laboratory(document(IKANOS, resources=NEEDS_WHO, tools=ref, more=more), folder=tmp_path)
    assert lab.codes == ["aggregate/namespace-missing"]
    assert list(lab.plan.functions) == ["crew-list.find"]
    direct = laboratory(
        document(
            IKANOS,
            resources=NEEDS_WHO,
            tools=ref,
            more=library.replace("crew.who", "crew-list.who"),
        )
    )
    assert bare(direct.plan)[1]["exposures"] == bare(lab.plan)[1]["exposures"]


CREW = f"""
{IKANOS}
info: {{display: Crew, description: Crew roster}}
capability:
  consumes: [{{type: http, namespace: yard, description: Yard, baseUri: http://up.test, resources: {{people: {{path: /people, operations: {{list-people: {{method: GET}}}}}}}}}}]
  aggregates:
    - display: Crew
      namespace: crew
      flows:
        find:
          description: One person by id
          semantics: {{safe: true}}
          inputParameters: {{who: {{type: string, description: Person id}}}}
          steps:
            folk: {{type: call, call: yard.list-people}}
            hit: {{type: lookup, index: folk, match: pid, lookupValue: "{{{{who}}}}", outputParameters: [email]}}
          mappings: [{{target: mail, value: $.hit.email}}]
          outputParameters: {{mail: {{type: string}}}}
  exposes: [{{type: mcp, namespace: crew-mcp, description: Crew tools, port: 3000, tools: {{find-person: {{ref: crew.find}}}}}}]
"""
CREW_TWIN = f"""
{ALPHA2}
info: {{label: Crew, description: Crew roster}}
capability:
  consumes:
    - type: http
      namespace: yard
      description: Yard
      baseUri: http://up.test
      resources: [{{name: people, path: /people, operations: [{{name: list-people, method: GET}}]}}]
  aggregates:
    - label: Crew
      namespace: crew
      functions:
        - name: find
          description: One person by id
          semantics: {{safe: true}}
          inputParameters: [{{name: who, type: string, description: Person id}}]
          steps:
            - {{name: folk, type: call, call: yard.list-people}}
            - name: hit
              type: lookup
              index: folk
              match: pid
              lookupValue: "{{{{who}}}}"
              outputParameters: [email]
          mappings: [{{targetName: mail, value: $.hit.email}}]
          outputParameters: [{{name: mail, type: string}}]
  exposes:
    - type: mcp
      namespace: crew-mcp
      description: Crew tools
      port: 3000
      tools: [{{name: find-person, ref: crew.find}}]
"""
PEOPLE = [{"pid": 1, "email": "a@x"}, {"pid": 2, "email": "b@x", "rank": "CPT"}]


def crew(text: str) -> Laboratory:
    return laboratory(text, answers={"/people": Answer.json(PEOPLE)})


def test_the_worked_twins_compile_to_equal_plans() -> None:
    assert bare(crew(CREW).plan) == bare(crew(CREW_TWIN).plan)


@pytest.mark.parametrize("text", [CREW, CREW_TWIN], ids=["ikanos", "naftiko"])
@pytest.mark.parametrize(("who", "expected"), [("2", {"mail": "b@x"}), ("7", {})])
async def test_the_worked_twins_answer_alike(text: str, who: str, expected: object) -> None:
    outcome = await crew(text).call("find-person", {"who": who})
    assert outcome.value == expected
