"""Functions with steps: orchestration.md sections 1 and 2."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from laboratory import Answer, Laboratory, laboratory

from naftiko_runtime.plan.function import Steps
from naftiko_runtime.values import Json

pytestmark = pytest.mark.anyio

ROWS: Json = [
    {"pid": 1, "email": "a@x"},
    {"pid": 2, "email": "b@x", "rank": "CPT"},
]
CREW = """
naftiko: 1.0.0-alpha2
info: {label: Crew, description: Crew roster with contact details}
capability:
  consumes:
    - type: http
      namespace: yard
      description: Yard API
      baseUri: http://up.test
      resources:
        - {name: ship, path: "/ships/{{imo}}", operations: [{name: get-ship, method: GET, inputParameters: [{name: imo, in: path}],
            outputParameters: [{name: title, type: string, value: $.name}, {name: crew-ids, type: array, value: $.crew}]}]}
        - {name: people, path: /people, operations: [{name: list-people, method: GET}]}
  exposes:
    - type: mcp
      namespace: crew-mcp
      description: Crew tools
      port: 3000
      tools:
        - name: ship-crew
          description: Ship with crew contacts
          inputParameters: [{name: ship, type: string, description: IMO number}]
          steps:
            - {type: call, name: ship-info, call: yard.get-ship, with: {imo: "{{ship}}"}}
            - {type: call, name: folk, call: yard.list-people}
            - {type: lookup, name: contacts, index: folk, match: pid, lookupValue: $.ship-info.crew-ids, outputParameters: [email, rank]}
          mappings:
            - {targetName: vessel.name, value: $.ship-info.title}
            - {targetName: crew, value: $.contacts}
            - {targetName: flag, value: $.ship-info.flag}
    - type: rest
      namespace: crew-rest
      port: 8080
      resources:
        - path: /crew
          operations:
            - method: GET
              name: ship-crew
              inputParameters: [{name: ship, in: query, type: string}]
              steps:
                - {type: call, name: ship-info, call: yard.get-ship, with: {imo: "{{ship}}"}}
                - {type: call, name: folk, call: yard.list-people}
                - {type: lookup, name: contacts, index: folk, match: pid, lookupValue: $.ship-info.crew-ids, outputParameters: [email, rank]}
              mappings:
                - {targetName: vessel.name, value: $.ship-info.title}
                - {targetName: crew, value: $.contacts}
                - {targetName: flag, value: $.ship-info.flag}
"""
CONTACTS = [{"email": "a@x", "rank": None}, {"email": "b@x", "rank": "CPT"}]
SHIP = {"name": "Ann", "crew": ["1", 2, "7"]}


def crew(*changes: tuple[str, str], people: Answer | None = None, ship: Json = None) -> Laboratory:
    text = CREW
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    answers = {
        "/ships/9": Answer.json(ship or SHIP),
        "/people": people or Answer.json(ROWS),
    }
    return laboratory(text, answers=answers)


async def test_the_worked_example_on_both_adapters() -> None:
    lab = crew()
    expected = {"vessel": {"name": "Ann"}, "crew": CONTACTS}
    assert (await lab.call("ship-crew", {"ship": "9"})).value == expected
    reply = await lab.rest("GET", "/crew?ship=9")
    assert (reply.status, reply.value) == (200, expected)


@pytest.mark.parametrize("reference", ["crew-mcp.ship", "tools.ship", "rest.ship", "$.ship"])
async def test_every_reference_to_an_input_is_the_same(reference: str) -> None:
    lab = crew(('imo: "{{ship}}"', f"imo: {reference}"))
    assert (await lab.call("ship-crew", {"ship": "9"})).value["crew"] == CONTACTS


async def test_a_bare_word_is_text() -> None:
    lab = crew(('imo: "{{ship}}"', "imo: ship"))
    outcome = await lab.call("ship-crew", {"ship": "9"})
    assert outcome.sent[0].line == "GET /ships/ship"


@pytest.mark.parametrize("index", ["folk", "$.folk.items"])
async def test_rows_inside_an_object_are_found(index: str) -> None:
    lab = crew(("index: folk", f"index: {index}"), people=Answer.json({"items": ROWS}))
    assert (await lab.call("ship-crew", {"ship": "9"})).value["crew"] == CONTACTS


async def test_a_failed_step_ends_the_function_and_never_reports_success() -> None:
    lab = crew(people=Answer.json({"e": 1}, 500))
    outcome = await lab.call("ship-crew", {"ship": "9"})
    assert (outcome.status, outcome.body) == (500, b'{"e": 1}')
    reply = await lab.rest("GET", "/crew?ship=9")
    assert (reply.status, reply.value) == (500, {"e": 1})
    assert reply.headers["x-upstream-status"] == "500"


async def test_on_error_continue_stores_nothing_and_goes_on() -> None:
    lab = crew(
        ("call: yard.list-people}", "call: yard.list-people, onError: continue}"),
        people=Answer.json({"e": 1}, 500),
    )
    outcome = await lab.call("ship-crew", {"ship": "9"})
    assert outcome.value == {"vessel": {"name": "Ann"}, "crew": []}


async def test_a_member_of_the_raw_answer_is_reachable() -> None:
    lab = crew(ship={**SHIP, "flag": "NO"})
    assert (await lab.call("ship-crew", {"ship": "9"})).value["flag"] == "NO"


async def test_without_mappings_the_last_value_is_the_result() -> None:
    text = CREW[: CREW.index("          mappings:")]
    answers = {"/ships/9": Answer.json(SHIP), "/people": Answer.json(ROWS)}
    assert (await laboratory(text, answers=answers).call("ship-crew", {"ship": "9"})).value == (
        CONTACTS
    )
    no_lookup = "\n".join(line for line in text.splitlines() if "type: lookup" not in line)
    lab = laboratory(no_lookup, answers=answers)
    assert (await lab.call("ship-crew", {"ship": "9"})).value == ROWS


@pytest.mark.parametrize(
    ("change", "code", "hint"),
    [
        (("index: folk", "index: ghost"), "steps/unknown-step", "ghost"),
        (("yard.get-ship,", "yard.get.ship,"), "call/unknown-operation", "yard.get-ship"),
        (("$.ship-info.flag", "$.ghost.x"), "steps/unknown-step", "ghost"),
        (("type: lookup", "type: loop"), "steps/unknown-type", "loop"),
        (("match: pid, ", ""), "lookup/incomplete", "match"),
    ],
)
async def test_what_cannot_resolve_is_said_at_load_and_loading_goes_on(
    change: tuple[str, str], code: str, hint: str
) -> None:
    lab = crew(change)
    assert code in lab.codes
    outcome = await lab.call("ship-crew", {"ship": "9"})
    assert (outcome.problem, outcome.members["code"], outcome.sent) == ("unavailable", code, [])
    assert hint in outcome.detail


async def test_a_step_that_runs_later_cannot_be_looked_up() -> None:
    lines = CREW.splitlines()
    place = next(i for i, line in enumerate(lines) if "type: lookup" in line)
    lines[place - 1], lines[place] = lines[place], lines[place - 1]
    lab = laboratory("\n".join(lines))
    assert "later" in (await lab.call("ship-crew", {"ship": "9"})).detail


def steps(*lines: str, tail: str = "", answers: dict[str, Answer] | None = None) -> Laboratory:
    listed = "".join(f"\n            - {line}" for line in lines)
    return laboratory(
        f"""
naftiko: 1.0.0-alpha2
capability:
  consumes:
    - namespace: up
      baseUri: http://up.test
      resources:
        - {{path: /a, operations: [{{name: a}}, {{name: make, method: POST, body: {{type: json, data: {{x: "{{{{x}}}}"}}}}}}]}}
        - {{path: /b, operations: [{{name: b, inputParameters: [{{name: id, in: query}}]}}]}}
        - {{path: /c, operations: [{{name: c, outputParameters: [{{name: id, type: string, value: $.k}}]}}]}}
        - {{path: "/d/{{id}}", operations: [{{name: d}}]}}
  exposes:
    - type: mcp
      namespace: m
      port: 9090
      tools:
        - name: t
          description: d
          steps:{listed}
{tail}""",
        answers=answers or {},
    )


@pytest.mark.parametrize(
    ("mapping", "member"),
    [
        ("value: $.a.x", {"v": 1}),
        ("value: a.x", {"v": 1}),
        ('value: "{{a.x}}"', {"v": 1}),
        ('value: "n={{a.x}}"', {"v": "n=1"}),
        ("value: '$.b[0]'", {"v": 2}),
        ("value: $.b", {"v": [2]}),
        ("value: '{{b}}'", {"v": [2]}),
        ("value: $.a.n", {"v": None}),
        ("value: $.a.zz", {}),
        ("value: EUR", {"v": "EUR"}),
        ("value: 5", {"v": 5}),
        ("value: $.q", {"v": "t"}),
        ("value: tools.q", {"v": "t"}),
        ('value: "{{q}}"', {"v": "t"}),
        ("value: $", {"v": [2]}),
        ("value: a", {"v": "a"}),
    ],
)
async def test_mappings(mapping: str, member: Json) -> None:
    lab = steps(
        "{type: call, name: a, call: up.a, with: {q: tools.q}}",
        "{type: call, name: b, call: up.b}",
        tail=f"          mappings:\n            - {{targetName: v, {mapping}}}\n",
        answers={"/a": Answer.json({"x": 1, "n": None}), "/b": Answer.json([2])},
    )
    assert (await lab.call("t", {"q": "t"})).value == member


async def test_dotted_targets_nest_and_later_ones_win() -> None:
    lab = steps(
        "{type: call, name: a, call: up.a}",
        tail="          mappings:\n"
        "            - {targetName: r.from, value: 1}\n"
        "            - {targetName: r.to, value: [2]}\n"
        "            - {targetName: s, value: 1}\n"
        "            - {targetName: s.deep, value: 2}\n",
    )
    assert (await lab.call("t")).value == {"r": {"from": 1, "to": [2]}, "s": {"deep": 2}}


@pytest.mark.parametrize(
    ("raw", "value", "found"),
    [
        ({"k": 7, "z": 1}, "$.s", {"id": 7}),
        ({"k": 7, "z": 1}, "$.s.z", 1),
        ([{"k": 1, "n": "a"}, 5], "$.s", [{"k": 1, "n": "a", "id": 1}, {"id": None}]),
    ],
)
async def test_what_a_step_stores(raw: Json, value: str, found: Json) -> None:
    lab = steps(
        "{type: call, name: s, call: up.c}",
        tail=f"          mappings:\n            - {{targetName: v, value: '{value}'}}\n",
        answers={"/c": Answer.json(raw)},
    )
    assert (await lab.call("t")).value == {"v": found}


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ('"2"', {"email": "b@x", "rank": "CPT"}),
        ("2", {"email": "b@x", "rank": "CPT"}),
        ("2.0", {"email": "b@x", "rank": "CPT"}),
        (
            '["1", 2, "7", 1]',
            [
                {"email": "a@x", "rank": None},
                {"email": "b@x", "rank": "CPT"},
                {"email": "a@x", "rank": None},
            ],
        ),
        ('"7"', "nothing"),
        ('["7"]', []),
        ("[]", []),
    ],
)
async def test_lookups(value: str, stored: Json) -> None:
    lab = steps(
        "{type: call, name: a, call: up.a}",
        f"{{type: lookup, name: l, index: a, match: pid, lookupValue: {value}, "
        "outputParameters: [email, rank]}",
        tail="          mappings:\n            - {targetName: v, value: $.l}\n",
        answers={"/a": Answer.json(ROWS)},
    )
    assert (await lab.call("t")).value == ({} if stored == "nothing" else {"v": stored})


async def test_ten_thousand_values_are_looked_up_at_once() -> None:
    rows = [{"pid": number, "name": str(number)} for number in range(10_000)]
    lab = steps(
        "{type: call, name: a, call: up.a}",
        "{type: lookup, name: l, index: a, match: pid, lookupValue: tools.ids}",
        tail="          mappings:\n            - {targetName: v, value: $.l}\n",
        answers={"/a": Answer.json(rows)},
    )
    value = (await lab.call("t", {"ids": [str(number) for number in range(10_000)]})).value
    assert value["v"] == rows


async def test_a_missing_value_names_the_step() -> None:
    lab = steps(
        "{type: call, name: a, call: up.a}", "{type: call, name: s, call: up.d, with: {id: a.id}}"
    )
    outcome = await lab.call("t")
    assert (outcome.problem, outcome.members["step"]) == ("invalid-input", "s")
    assert outcome.detail == 'step "s": id has no value'


async def test_the_input_keeps_its_name_beside_a_step() -> None:
    lab = steps(
        "{type: call, name: x, call: up.a}",
        "{type: call, name: b, call: up.b, with: {id: '{{x}}'}}",
        tail="          inputParameters: [{name: x, type: string, description: d}]\n",
        answers={"/a": Answer.json({"y": 1}), "/b": Answer.json(1)},
    )
    assert "steps/name-hides-input" in lab.codes
    assert (await lab.call("t", {"x": "in"})).sent[1].line == "GET /b?id=in"


@pytest.mark.parametrize(
    ("lines", "waits"),
    [
        (("{name: a, call: up.a}", "{name: b, call: up.b}"), [(), ()]),
        (("{name: a, call: up.a}", "{name: b, call: up.b, with: {id: a.id}}"), [(), (0,)]),
        (("{name: a, call: up.a}", "{name: m, call: up.make, with: {x: 1}}"), [(), (0,)]),
        (("{name: m, call: up.make, with: {x: 1}}", "{name: a, call: up.a}"), [(), (0,)]),
        (("{name: a, call: up.a}", "{name: a, call: up.b}"), [(), (0,)]),
    ],
)
async def test_overlap_is_decided_at_load(lines: tuple[str, ...], waits: list[Any]) -> None:
    action = steps(*lines).tool("t").function.action
    assert isinstance(action, Steps)
    assert [step.waits_for for step in action.steps] == waits


async def test_independent_reads_overlap_and_the_first_failure_in_writing_is_the_answer() -> None:
    lab = steps(
        "{name: a, call: up.a}",
        "{name: b, call: up.b}",
        "{name: c, call: up.c}",
        answers={"/a": Answer.json({"who": "a"}, 500), "/b": Answer.json({"who": "b"}, 500)},
    )
    outcome = await lab.call("t")
    assert (outcome.status, outcome.body) == (500, b'{"who": "a"}')


async def test_a_script_step_reads_steps_and_inputs(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "best.py").write_text(
        "rows = [r for r in context['all-scores'] if r['s'] >= context['low']]\n"
        "result = {'value': max(r['s'] for r in rows)}"
    )
    text = """
naftiko: 1.0.0-alpha2
capability:
  consumes: [{namespace: src, baseUri: http://up.test, resources: [{path: /s, operations: [{name: list}]}]}]
  exposes:
    - type: mcp
      namespace: m
      port: 9090
      tools:
        - name: t
          description: d
          steps:
            - {type: call, name: all-scores, call: src.list}
            - {type: script, name: best, language: python, location: file:///./scripts, file: best.py, with: {low: tools.floor}}
          mappings: [{targetName: best, value: $.best.value}]
"""
    lab = laboratory(text, folder=tmp_path, answers={"/s": Answer.json([{"s": 3}, {"s": 8}])})
    assert (await lab.call("t", {"floor": 5})).value == {"best": 8}
    failed = await lab.call("t", {"floor": 9})
    assert failed.problem == "script"
    assert failed.detail.startswith('step "best": ValueError')
    unsafe = laboratory(text.replace("file: best.py", "file: ../best.py"), folder=tmp_path)
    assert (await unsafe.call("t", {"floor": 1})).members["code"] == "script/unsafe-path"
    groovy = laboratory(text.replace("language: python", "language: groovy"), folder=tmp_path)
    assert (await groovy.call("t", {"floor": 1})).members["code"] == "script/unsupported-language"


MODES = """
naftiko: 1.0.0-alpha2
capability:
  consumes: [{namespace: up, baseUri: http://up.test, resources: [{path: /one, operations: [{name: one}]}, {path: /two, operations: [{name: two}]}]}]
  exposes:
    - type: mcp
      namespace: m
      port: 9090
      tools:
        - {name: a, description: d, steps: [{type: call, name: s, call: up.one}], call: up.two}
        - {name: b, description: d, outputParameters: [{name: ok, type: boolean, value: "true"}]}
        - {name: c, description: d, outputParameters: [{name: ok, type: boolean}]}
        - {name: d, description: d, steps: [], call: up.two}
        - {name: e, description: d, ref: up.one}
        - {name: f, description: d, call: up.two, mappings: [{targetName: x, value: 1}]}
"""


async def test_one_order_of_modes() -> None:
    lab = laboratory(MODES)
    assert [sent.line for sent in (await lab.call("a")).sent] == ["GET /one"]
    b = await lab.call("b")
    assert (b.value, b.sent) == ({"ok": True}, [])
    assert (await lab.call("c")).members["code"] == "call/nothing-to-run"
    assert (await lab.call("d")).only.line == "GET /two"
    assert (await lab.call("e")).only.line == "GET /one"
    assert (await lab.call("f")).only.line == "GET /two"
    for code in ("steps/call-ignored", "ref/is-call", "mapping/without-steps"):
        assert code in lab.codes


async def test_concurrent_calls_do_not_mix() -> None:
    lab = steps(
        "{type: call, name: b, call: up.b, with: {id: tools.q}}",
        tail="          mappings:\n            - {targetName: q, value: tools.q}\n",
    )
    outcomes = await asyncio.gather(*(lab.call("t", {"q": number}) for number in range(50)))
    assert [outcome.value for outcome in outcomes] == [{"q": number} for number in range(50)]
