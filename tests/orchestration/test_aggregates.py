"""Aggregates and imports: orchestration.md sections 3 and 4."""

import asyncio
from pathlib import Path

import pytest
from laboratory import Answer, Laboratory, laboratory

from naftiko_runtime.options import Settings

pytestmark = pytest.mark.anyio

FORECAST = """
naftiko: 1.0.0-alpha2
capability:
  consumes: [{namespace: met, baseUri: http://up.test, resources: [{path: "/fc/{city}", operations: [{name: read, inputParameters: [{name: n, in: query, type: integer}]}]}]}]
  aggregates:
    - label: Forecast
      namespace: forecast
      functions:
        - name: get
          description: Forecast for one city
          semantics: {safe: true, idempotent: true}
          inputParameters: [{name: place, type: string, description: City name}, {name: days, type: integer, description: Days ahead, required: false}]
          call: met.read
          with: {city: forecast.place, n: forecast.days}
          outputParameters: [{type: number, mapping: $.t}]
  exposes:
    - {type: mcp, namespace: fc-mcp, port: 3001, description: Forecast tools, tools: [{ref: forecast.get},
        {name: oslo, ref: forecast.get, with: {place: Oslo}, hints: {readOnly: false, openWorld: true}}, {name: bad, description: d, ref: forecast.nope}]}
    - {type: rest, namespace: fc-rest, port: 8081, resources: [{path: "/w/{place}", operations: [{method: GET, ref: forecast.get}]}]}
"""


def forecast(answer: Answer | None = None) -> Laboratory:
    return laboratory(FORECAST, answers=answer or Answer.json({"t": 4}))


async def test_tools_inherit_what_they_do_not_say() -> None:
    lab = forecast()
    get = lab.tool("get")
    assert (get.title, get.description) == (None, "Forecast for one city")
    assert get.input_schema["required"] == ["place"]
    assert list(get.input_schema["properties"]) == ["place", "days"]
    assert get.annotations == {
        "readOnlyHint": True,
        "destructiveHint": False,
        "idempotentHint": True,
    }
    oslo = lab.tool("oslo")
    assert list(oslo.input_schema["properties"]) == ["days"]
    assert oslo.annotations == {
        "readOnlyHint": False,
        "destructiveHint": False,
        "idempotentHint": True,
        "openWorldHint": True,
    }


def test_inputs_that_a_function_declares_are_inherited_and_not_derived() -> None:
    derived = [code for code in forecast().codes if "derived" in code]
    assert derived == []


async def test_the_function_runs_in_its_own_scope() -> None:
    lab = forecast()
    outcome = await lab.call("get", {"place": "Oslo", "days": 2})
    assert (outcome.only.line, outcome.value) == ("GET /fc/Oslo?n=2", 4)
    assert (await lab.call("oslo")).only.line == "GET /fc/Oslo"
    reply = await lab.rest("GET", "/w/Oslo?days=2")
    assert (reply.only.line, reply.status, reply.body) == ("GET /fc/Oslo?n=2", 200, b"4")


async def test_an_unknown_ref_takes_down_only_its_tool() -> None:
    outcome = await forecast().call("bad")
    assert outcome.members["code"] == "ref/unknown"
    assert "forecast.get" in outcome.detail


async def test_an_error_of_the_upstream_stays_an_error() -> None:
    lab = forecast(Answer.json({"t": 9}, 500))
    assert (await lab.call("get", {"place": "Oslo"})).status == 500
    reply = await lab.rest("GET", "/w/Oslo")
    assert (reply.status, reply.value) == (500, {"t": 9})


async def test_calls_through_two_adapters_never_mix() -> None:
    lab = forecast()
    outcomes = await asyncio.gather(
        *(lab.call("get", {"place": f"p{number}"}) for number in range(50)),
        *(lab.rest("GET", f"/w/r{number}") for number in range(50)),
    )
    assert {outcome.status for outcome in outcomes} == {200}
    lines = {sent.line for sent in lab.upstream.sent}
    assert lines <= {f"GET /fc/{side}{number}" for side in "pr" for number in range(50)}


CRM = """
naftiko: 1.0.0-alpha2
binds: [{namespace: crm-env, location: file:///./crm.env, keys: {CRM_TOKEN: TOKEN}}]
consumes:
  - {type: http, namespace: crm, description: CRM, baseUri: http://up.test, authentication: {type: bearer, token: "{{CRM_TOKEN}}"},
     resources: [{name: c, path: /c, operations: [{name: list, method: GET}]}]}
"""
FLOWS = """
ikanos: 1.0.0-beta5
aggregates: [{namespace: people, display: People, flows: {all: {description: All, call: crm.list}}}]
"""
MAIN = """
ikanos: 1.0.0-beta5
capability:
  consumes: [{from: ./lib/crm.yml, import: crm, as: eu}]
  aggregates: [{from: ./lib/flows.yml, import: people}]
  exposes: [{type: rest, namespace: api, port: 8080, resources: {c: {path: /c, operations: {list: {method: GET, call: eu.list}}}, p: {path: /p, operations: {all: {method: GET, ref: people.all}}}}}]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "crm.yml").write_text(CRM)
    (tmp_path / "lib" / "flows.yml").write_text(FLOWS)
    (tmp_path / "lib" / "crm.env").write_text("TOKEN=lib-token\n")
    return tmp_path


@pytest.mark.parametrize("key", ["from", "location"])
async def test_imported_entries_bring_their_binds_along(folder: Path, key: str) -> None:
    lab = laboratory(MAIN.replace("from:", f"{key}:"), folder=folder, environ={"CRM_TOKEN": "env"})
    for path in ("/c", "/p"):
        sent = (await lab.rest("GET", path)).only
        assert (sent.line, sent.own) == ("GET /c", {"authorization": "Bearer lib-token"})


async def test_a_bind_of_the_importing_document_wins(folder: Path) -> None:
    text = MAIN.replace(
        "capability:", "binds: [{namespace: e, keys: {CRM_TOKEN: MINE}}]\ncapability:"
    )
    lab = laboratory(text, folder=folder, environ={"MINE": "main-token"})
    assert (await lab.rest("GET", "/c")).only.own == {"authorization": "Bearer main-token"}


async def test_an_alias_is_the_only_name_in_its_own_document(folder: Path) -> None:
    lab = laboratory(MAIN.replace("call: eu.list", "call: crm.list"), folder=folder)
    reply = await lab.rest("GET", "/c")
    assert (reply.status, reply.members["code"]) == (501, "call/unknown-namespace")


@pytest.mark.parametrize(
    ("change", "code", "still"),
    [
        (("import: crm,", "import: crmm,"), "import/unknown-namespace", 501),
        (("./lib/crm.yml", "./lib/gone.yml"), "import/not-found", 501),
        (("./lib/crm.yml", "https://host.test/crm.yml"), "import/remote", 501),
        (("./lib/crm.yml", "~/crm.yml"), "import/scheme", 501),
    ],
)
async def test_a_failed_import_fails_what_needs_it(
    folder: Path, change: tuple[str, str], code: str, still: int
) -> None:
    lab = laboratory(MAIN.replace(*change), folder=folder)
    assert code in lab.codes
    for path in ("/c", "/p"):
        reply = await lab.rest("GET", path)
        assert (reply.status, reply.problem) == (still, "unavailable")


async def test_imports_are_confined_to_the_folder(folder: Path) -> None:
    inner = folder / "inner"
    inner.mkdir()
    text = MAIN.replace("./lib/", "../lib/")
    lab = laboratory(text, folder=inner)
    assert "import/outside-folder" in lab.codes
    assert (await lab.rest("GET", "/c")).status == 501
    settings = Settings(import_roots=(str(folder),), bind_roots=(str(folder),))
    allowed = laboratory(text, folder=inner, settings=settings)
    assert (await allowed.rest("GET", "/c")).only.line == "GET /c"


async def test_a_link_does_not_lead_outside(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "crm.yml"
    elsewhere.write_text(CRM)
    (folder / "lib" / "crm.yml").unlink()
    (folder / "lib" / "crm.yml").symlink_to(elsewhere)
    assert "import/outside-folder" in laboratory(MAIN, folder=folder).codes


async def test_imports_follow_imports_and_refuse_cycles(folder: Path) -> None:
    (folder / "lib" / "crm.yml").rename(folder / "lib" / "real.yml")
    (folder / "lib" / "crm.yml").write_text(
        "naftiko: 1.0.0-alpha2\nconsumes: [{location: ./real.yml, import: crm}]\n"
    )
    lab = laboratory(MAIN, folder=folder)
    assert (await lab.rest("GET", "/c")).only.own == {"authorization": "Bearer lib-token"}
    (folder / "lib" / "real.yml").write_text(
        "naftiko: 1.0.0-alpha2\nconsumes: [{location: ./crm.yml, import: crm}]\n"
    )
    lab = laboratory(MAIN, folder=folder)
    assert "import/cycle" in lab.codes
    assert "crm.yml" in lab.message("import/cycle")


TWIN_NEW = """
ikanos: 1.0.0-beta5
info: {display: Crew, description: Crew roster}
capability:
  consumes: [{type: http, namespace: yard, description: Yard, baseUri: http://up.test, resources: {people: {path: /people, operations: {list-people: {method: GET}}}}}]
  aggregates:
    - display: Crew
      namespace: crew
      flows:
        find:
          description: One person by id
          semantics: {safe: true}
          inputParameters: {who: {type: string, description: Person id}}
          steps:
            folk: {type: call, call: yard.list-people}
            hit: {type: lookup, index: folk, match: pid, lookupValue: "{{who}}", outputParameters: [email]}
          mappings: [{target: mail, value: $.hit.email}]
          outputParameters: {mail: {type: string}}
  exposes: [{type: mcp, namespace: crew-mcp, description: Crew tools, port: 3000, tools: {find-person: {ref: crew.find}}}]
"""
TWIN_OLD = """
naftiko: 1.0.0-alpha2
info: {label: Crew, description: Crew roster}
capability:
  consumes: [{type: http, namespace: yard, description: Yard, baseUri: http://up.test, resources: [{name: people, path: /people, operations: [{name: list-people, method: GET}]}]}]
  aggregates:
    - label: Crew
      namespace: crew
      functions:
        - name: find
          description: One person by id
          semantics: {safe: true}
          inputParameters: [{name: who, type: string, description: Person id}]
          steps:
            - {name: folk, type: call, call: yard.list-people}
            - {name: hit, type: lookup, index: folk, match: pid, lookupValue: "{{who}}", outputParameters: [email]}
          mappings: [{targetName: mail, value: $.hit.email}]
          outputParameters: [{name: mail, type: string}]
  exposes: [{type: mcp, namespace: crew-mcp, description: Crew tools, port: 3000, tools: [{name: find-person, ref: crew.find}]}]
"""


async def test_twins_of_two_families_answer_alike_and_compile_to_equal_functions() -> None:
    rows = [{"pid": 1, "email": "a@x"}, {"pid": 2, "email": "b@x"}]
    new, old = (laboratory(text, answers=Answer.json(rows)) for text in (TWIN_NEW, TWIN_OLD))
    for lab in (new, old):
        assert (await lab.call("find-person", {"who": "2"})).value == {"mail": "b@x"}
        assert (await lab.call("find-person", {"who": "7"})).value == {}
    assert new.plan.functions == old.plan.functions
    assert new.tool("find-person").input_schema == old.tool("find-person").input_schema
