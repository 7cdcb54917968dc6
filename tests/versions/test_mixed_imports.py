"""Documents of one version that import from files of others: orchestration.md 4.5 and 5."""

import itertools
from pathlib import Path

import pytest
from laboratory import Answer, Laboratory, laboratory

pytestmark = pytest.mark.anyio

VERSIONS = (
    "naftiko: 0.5",
    "naftiko: 1.0.0-alpha1",
    "naftiko: 1.0.0-alpha2",
    "naftiko: 1.0.0-alpha3",
    "ikanos: 1.0.0-alpha4",
    "ikanos: 1.0.0-beta5",
)
LISTS, MAPS = VERSIONS[:4], VERSIONS[4:]

CRM = {
    "lists": """
binds: [{namespace: crm-env, location: 'file:///./crm.env', keys: {CRM_TOKEN: TOKEN}}]
consumes:
  - type: http
    namespace: crm
    baseUri: http://up.test
    authentication: {type: bearer, token: "{{CRM_TOKEN}}"}
    resources:
      - name: people
        path: /people
        operations: [{name: list-people, method: GET}]
""",
    "maps": """
binds: [{namespace: crm-env, location: 'file:///./crm.env', keys: {CRM_TOKEN: TOKEN}}]
consumes:
  - type: http
    namespace: crm
    baseUri: http://up.test
    authentication: {type: bearer, token: "{{CRM_TOKEN}}"}
    resources: {people: {path: /people, operations: {list-people: {method: GET}}}}
""",
}
FLOWS = {
    "lists": """
aggregates:
  - label: People
    namespace: people
    functions:
      - name: find
        description: Find one
        inputParameters: [{name: who, type: string, description: Id}]
        steps:
          - {name: all, type: call, call: crm.list-people}
          - {name: hit, type: lookup, index: all, match: id, lookupValue: "{{who}}"}
        mappings: [{targetName: name, value: $.hit.name}]
""",
    "maps": """
aggregates:
  - display: People
    namespace: people
    flows:
      find:
        description: Find one
        inputParameters: {who: {type: string, description: Id}}
        steps:
          all: {type: call, call: crm.list-people}
          hit: {type: lookup, index: all, match: id, lookupValue: "{{who}}"}
        mappings: [{target: name, value: $.hit.name}]
""",
}
MAIN = {
    "lists": """
capability:
  consumes: [{location: ./crm.yml, import: crm, as: eu}]
  aggregates: [{location: ./flows.yml, import: people}]
  exposes:
    - {type: mcp, namespace: m, port: 9090, tools: [{name: find, ref: people.find}]}
    - {type: rest, namespace: r, port: 8080, resources: [{name: p, path: "/p", operations: [
        {name: all, method: GET, call: eu.list-people}]}]}
""",
    "maps": """
capability:
  consumes: [{from: ./crm.yml, import: crm, as: eu}]
  aggregates: [{from: ./flows.yml, import: people}]
  exposes:
    - {type: mcp, namespace: m, port: 9090, tools: {find: {ref: people.find}}}
    - {type: rest, namespace: r, port: 8080, resources: {p: {path: "/p", operations: {
        all: {method: GET, call: eu.list-people}}}}}
""",
}
PEOPLE = [{"id": 1, "name": "Ann"}, {"id": 2, "name": "Ben"}]


def written(texts: dict[str, str], version: str) -> str:
    return f"{version}\n{texts['lists' if version in LISTS else 'maps']}"


def mixed(folder: Path, main: str, crm: str, flows: str) -> Laboratory:
    (folder / "crm.env").write_text("TOKEN=secret\n")
    (folder / "crm.yml").write_text(written(CRM, crm))
    (folder / "flows.yml").write_text(written(FLOWS, flows))
    return laboratory(written(MAIN, main), folder=folder, answers=Answer.json(PEOPLE))


PAIRS = list(itertools.product(VERSIONS, VERSIONS))


@pytest.mark.parametrize(("main", "library"), PAIRS, ids=[f"{a} from {b}" for a, b in PAIRS])
async def test_a_document_imports_from_every_version(
    main: str, library: str, tmp_path: Path
) -> None:
    other = VERSIONS[(VERSIONS.index(library) + 3) % len(VERSIONS)]
    lab = mixed(tmp_path, main, library, other)
    assert set(lab.codes) <= {"document/older-version"}
    found = await lab.call("find", {"who": "2"})
    assert (found.value, found.only.line) == ({"name": "Ben"}, "GET /people")
    assert found.only.own["authorization"] == "Bearer secret"
    relayed = await lab.rest("GET", "/p")
    assert (relayed.value, relayed.only.own["authorization"]) == (PEOPLE, "Bearer secret")


async def test_a_chain_of_imports_may_change_the_version_at_every_link(tmp_path: Path) -> None:
    (tmp_path / "crm.env").write_text("TOKEN=secret\n")
    (tmp_path / "0.yml").write_text(written(CRM, VERSIONS[0]))
    for number, version in enumerate(VERSIONS[1:], 1):
        word = "location" if version in LISTS else "from"
        entry = f"consumes: [{{{word}: ./{number - 1}.yml, import: crm}}]\n"
        (tmp_path / f"{number}.yml").write_text(f"{version}\n{entry}")
    (tmp_path / "flows.yml").write_text(written(FLOWS, VERSIONS[0]))
    text = written(MAIN, VERSIONS[-1]).replace("crm.yml", f"{len(VERSIONS) - 1}.yml")
    lab = laboratory(text, folder=tmp_path, answers=Answer.json(PEOPLE))
    relayed = await lab.rest("GET", "/p")
    assert (relayed.value, relayed.only.own["authorization"]) == (PEOPLE, "Bearer secret")


async def test_a_library_without_a_version_is_read_as_well(tmp_path: Path) -> None:
    lab = mixed(tmp_path, "ikanos: 1.0.0-beta5", "x-note: none", "naftiko: 9.9")
    assert (await lab.call("find", {"who": "1"})).value == {"name": "Ann"}
