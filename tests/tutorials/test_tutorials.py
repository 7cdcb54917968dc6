"""Every step of the published tutorial, in both families of the specification, end to end.

The upstreams answer with the examples of their OpenAPI files, each document is served by a process
of its own, and every tool, path and skill is called by a client of somebody else's. What has to
come back is computed here from the same examples, by the mapping that the document describes.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from live_process import Live, called, live
from openapi_stand_in import StandIn, stand_in

pytestmark = pytest.mark.anyio

REFERENCE = Path(__file__).parents[2] / ".." / "shared" / "reference"
OPENAPI = REFERENCE / "tutorial-alpha2" / "openapi"
FAMILIES = ("alpha2", "beta5")
STEPS = range(1, 12)
FIRST_SECURED, FIRST_SHAPED, FIRST_WITH_LEGACY, FIRST_WRITING, LITERAL_SECRETS = 3, 4, 5, 6, 11

if not OPENAPI.is_dir():
    pytest.skip("the tutorial is not beside the project", allow_module_level=True)


@dataclass(frozen=True)
class Upstreams:
    """The two APIs of the tutorial."""

    registry: StandIn
    legacy: StandIn


@dataclass(frozen=True)
class Step:
    """One step of the tutorial in one family, being served."""

    number: int
    family: str
    document: Mapping[str, Any]
    served: Live
    upstreams: Upstreams

    def exposed(self, kind: str) -> list[tuple[str, Mapping[str, Any]]]:
        """Return name and contents of what adapters of a kind expose, in either way of writing."""
        key = {"mcp": "tools", "rest": "resources", "skill": "skills"}[kind]
        exposes = self.document["capability"]["exposes"]
        return [entry for each in exposes if each["type"] == kind for entry in named(each[key])]

    @property
    def operations(self) -> list[tuple[str, str, str]]:
        """Name, method and path of each REST operation."""
        return [
            (name, operation["method"], resource["path"])
            for _, resource in self.exposed("rest")
            for name, operation in named(resource["operations"])
        ]


@dataclass(frozen=True)
class Case:
    """Arguments of a function and what it has to answer."""

    arguments: Mapping[str, Any]
    expected: Any


def named(entries: Any) -> list[tuple[str, Mapping[str, Any]]]:
    if isinstance(entries, dict):
        return list(entries.items())
    return [(each["name"], each) for each in entries]


def file_of(family: str, number: int) -> Path:
    (file,) = (REFERENCE / f"tutorial-{family}").glob(f"step-{number}-*.yml")
    return file


@pytest.fixture(scope="module")
def upstreams() -> Iterator[Upstreams]:
    with ExitStack() as stack:
        files = ("maritime-registry", "legacy-dockyard")
        registry, legacy = (
            stack.enter_context(stand_in(OPENAPI / f"naftiko-shipyard-{name}-api.yaml"))
            for name in files
        )
        yield Upstreams(registry, legacy)


@pytest.fixture(scope="module", params=STEPS, ids=lambda number: f"step-{number}")
def both(request: pytest.FixtureRequest, upstreams: Upstreams) -> Iterator[dict[str, Step]]:
    """Serve one step in both families."""
    with ExitStack() as stack:
        yield {
            family: stack.enter_context(serving(family, request.param, upstreams))
            for family in FAMILIES
        }


@pytest.fixture(params=FAMILIES)
def step(request: pytest.FixtureRequest, both: dict[str, Step]) -> Step:
    chosen = both[request.param]
    chosen.upstreams.registry.requests.clear()
    chosen.upstreams.legacy.requests.clear()
    return chosen


@contextmanager
def serving(family: str, number: int, upstreams: Upstreams) -> Iterator[Step]:
    """Serve one step of one family until the block ends."""
    file = file_of(family, number)
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    places = {"registry": upstreams.registry.url} if number > 1 else {}
    if number >= FIRST_WITH_LEGACY:
        places["legacy"] = upstreams.legacy.url
    adapters = len(document["capability"]["exposes"])
    with live(file, adapters=adapters, upstreams=places) as runtime:
        known = Live(runtime.urls, secrets(family)["mcp-server-token"])
        yield Step(number, family, document, known, upstreams)


def secrets(family: str) -> dict[str, str]:
    text = (REFERENCE / f"tutorial-{family}" / "shared" / "secrets.yaml").read_text()
    return yaml.safe_load(text)


# what the functions of the tutorial have to answer, by the examples of the upstreams


def summary(ship: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "imo": ship["imo_number"],
        "name": ship["vessel_name"],
        "type": ship["vessel_type"],
        "flag": ship["flag_code"],
        "status": ship["operational_status"],
    }


def specs(ship: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "yearBuilt": ship["year_built"],
        "tonnage": ship["gross_tonnage"],
        "length": ship["dimensions"]["length_overall"],
    }


def members(ids: list[str], rows: list[Mapping[str, Any]], key: str, *keep: str) -> list[Any]:
    by_id = {row[key]: row for row in rows}
    return [{name: by_id[each][name] for name in keep} for each in ids]


def vessels(text: str) -> list[dict[str, Any]]:
    names = {
        "vesselCode": "vesselCode",
        "name": "vesselName",
        "type": "category",
        "flag": "flagState",
        "status": "operationalStatus",
    }
    rows = ET.fromstring(text)  # noqa: S314 - a file beside the tests
    return [{name: row.findtext(tag) for name, tag in names.items()} for row in rows]


class Expected:
    """The cases of every function that the tutorial exposes."""

    def __init__(self, step: Step, kind: str) -> None:
        self._step, self._kind = step, kind
        self._registry, self._legacy = step.upstreams.registry, step.upstreams.legacy
        success = self._registry.examples("get-ship").success
        self._ships = {each["imo_number"]: each for each in success.values()}
        self._crew = self._only("list-crew")

    def cases(self, function: str) -> list[Case]:
        """Return the cases of a function by its name."""
        if self._step.number == 1:
            return [self._mocked(function)]
        return {
            "list-ships": self._list_ships,
            "get-ship": self._get_ship,
            "list-legacy-vessels": self._list_vessels,
            "create-voyage": self._create_voyage,
            "get-ship-with-crew": self._with_crew,
            "get-voyage-manifest": self._manifest,
        }[function]()

    def _only(self, operation: str) -> list[Any]:
        (value,) = self._registry.examples(operation).success.values()
        return value

    def _mocked(self, function: str) -> Case:
        tool = dict(self._step.exposed("mcp"))[function]
        constants = {name: each["value"] for name, each in named(tool["outputParameters"])}
        echoed = {k: "IMO-7" if v == "{{imo_number}}" else v for k, v in constants.items()}
        return Case({"imo_number": "IMO-7"}, echoed)

    def _list_ships(self) -> list[Case]:
        examples = self._registry.examples("list-ships")
        return [
            Case(examples.picked_by.get(name, {}), [summary(ship) for ship in ships])
            for name, ships in examples.success.items()
        ]

    def _get_ship(self) -> list[Case]:
        detailed = self._step.number >= FIRST_SHAPED
        return [
            Case({"imo": imo}, summary(ship) | ({"specs": specs(ship)} if detailed else {}))
            for imo, ship in self._ships.items()
        ]

    def _list_vessels(self) -> list[Case]:
        examples = self._legacy.examples("list-vessels")
        cases = [
            Case(examples.picked_by.get(name, {}), vessels(text))
            for name, text in examples.success.items()
        ]
        if (self._step.number, self._kind) != (7, "rest"):
            return cases
        # here the tutorial maps the root, which is one element and has none of the members
        nothing = dict.fromkeys(("vesselCode", "name", "type", "flag", "status"))
        return [Case(case.arguments, [nothing]) for case in cases]

    def _create_voyage(self) -> list[Case]:
        (made,) = self._registry.examples("create-voyage").success.values()
        sent = dict(self._registry.examples("get-voyage").success["/voyageId=VOY-2026-042"])
        asked = {name: sent[name] for name in sent if name not in ("voyageId", "status")}
        asked["departurePort"] = 'Port "Å"\n'
        expected = {
            "voyageId": made["voyageId"],
            "shipImo": asked["shipImo"],
            "route": {"from": asked["departurePort"], "to": asked["arrivalPort"]},
            "dates": {"departure": asked["departureDate"], "arrival": asked["arrivalDate"]},
            "crewIds": made["crewIds"],
            "cargoIds": made["cargoIds"],
            "status": made["status"],
        }
        without_cargo = {name: value for name, value in asked.items() if name != "cargoIds"}
        return [Case(asked, expected), Case(without_cargo, expected)]

    def _with_crew(self) -> list[Case]:
        return [
            Case(
                {"imo": imo},
                summary(ship)
                | specs(ship)
                | {"crew": members(ship["assignedCrew"], self._crew, "crewId", "fullName", "role")},
            )
            for imo, ship in self._ships.items()
        ]

    def _manifest(self) -> list[Case]:
        voyage: Any = self._only("get-voyage")
        return [Case({"voyageId": voyage["voyageId"]}, self._manifest_of(voyage))]

    def _manifest_of(self, voyage: Mapping[str, Any]) -> dict[str, Any]:
        ship = summary(self._ships[voyage["shipImo"]])
        about = ("type", "description", "weight", "hazardous")
        rows = {
            "crew": members(voyage["crewIds"], self._crew, "crewId", "fullName", "role"),
            "cargo": members(voyage["cargoIds"], self._only("list-cargo"), "cargoId", *about),
        }
        common = {"voyageId": voyage["voyageId"], "status": voyage["status"]}
        ports = (voyage["departurePort"], voyage["arrivalPort"])
        if self._kind == "mcp":
            route = dict(zip(("from", "to"), ports, strict=True))
            shown = {name: ship[name] for name in ("name", "type", "flag")}
            return {**common, "route": route, "ship": shown, **rows}
        flat = dict(zip(("departurePort", "arrivalPort"), ports, strict=True))
        names = {f"ship{name.capitalize()}": ship[name] for name in ("name", "type", "flag")}
        return {**common, **flat, **names, **rows}


async def test_every_tool_answers_what_the_document_makes_of_the_examples(step: Step) -> None:
    tools = [name for name, _ in step.exposed("mcp")]
    expected = Expected(step, "mcp")
    async with step.served.mcp("shipyard-tools") as client:
        assert [tool.name for tool in (await client.list_tools()).tools] == tools
        for tool in tools:
            for case in expected.cases(tool):
                value = await called(client, tool, case.arguments)
                wrapped = isinstance(case.expected, list)
                assert value == ({"result": case.expected} if wrapped else case.expected)


def test_every_path_answers_what_the_document_makes_of_the_examples(step: Step) -> None:
    expected = Expected(step, "rest")
    for name, method, path in step.operations:
        for case in expected.cases(name):
            with step.served.http("shipyard-api") as client:
                reply = client.request(**request(method, path, case.arguments))
            status = 201 if method == "POST" else 200
            assert (reply.status_code, reply.json()) == (status, case.expected)


def request(method: str, template: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return a request whose arguments stand in the path, else in the query or the body."""
    left = dict(arguments)
    path = re.sub(r"\{+(\w+)\}+", lambda found: left.pop(found[1]), template)
    place = "params" if method == "GET" else "json"
    return {"method": method, "url": path, place: left}


async def test_credentials_and_the_version_of_the_upstream_come_from_the_bind(step: Step) -> None:
    tools = {"list-ships", "list-legacy-vessels"} & dict(step.exposed("mcp")).keys()
    async with step.served.mcp("shipyard-tools") as client:
        for tool in tools:
            await called(client, tool, {})
    known = secrets(step.family)
    token, version = f"Bearer {known['registry-bearer-token']}", known["registry-api-version"]
    if step.number < FIRST_SECURED:
        token = version = None
    if step.number == LITERAL_SECRETS:
        # the last step writes the names of its variables without braces: those are texts
        token, version = "Bearer REGISTRY_TOKEN", "REGISTRY_VERSION"
    sent = [each["headers"] for each in step.upstreams.registry.requests]
    found = [(each.get("authorization"), each.get("registry-version")) for each in sent]
    assert found == [(token, version)] * (step.number > 1)
    keys = [each["headers"]["x-dock-key"] for each in step.upstreams.legacy.requests]
    assert keys == [known["dockyard-api-key"]] * (step.number >= FIRST_WITH_LEGACY)


async def test_the_body_of_a_new_voyage_is_what_was_asked(step: Step) -> None:
    if step.number < FIRST_WRITING:
        assert "create-voyage" not in dict(step.exposed("mcp"))
        return
    full, without_cargo = Expected(step, "mcp").cases("create-voyage")
    async with step.served.mcp("shipyard-tools") as client:
        await called(client, "create-voyage", full.arguments)
        await called(client, "create-voyage", without_cargo.arguments)
    sent = [each["body"] for each in step.upstreams.registry.requests]
    assert sent == [full.arguments, {**without_cargo.arguments, "cargoIds": None}]


async def test_what_the_upstream_does_not_have_is_an_error(step: Step) -> None:
    missing = step.upstreams.registry.examples("get-ship").failures[404]
    tools = {"get-ship", "get-ship-with-crew"} & dict(step.exposed("mcp")).keys()
    async with step.served.mcp("shipyard-tools") as client:
        for tool in tools if step.number > 1 else ():
            result = await client.call_tool(tool, {"imo": "IMO-0"})
            assert result.is_error
            assert result.content[0].text.startswith("HTTP 404")
            assert missing["message"] in result.content[0].text
    for name, method, path in step.operations:
        if name in tools:
            with step.served.http("shipyard-api") as client:
                reply = client.request(**request(method, path, {"imo": "IMO-0"}))
            assert (reply.status_code, reply.json()) == (404, missing)


async def test_every_skill_names_tools_that_can_be_called(step: Step) -> None:
    tools = dict(step.exposed("mcp"))
    skills = step.exposed("skill")
    for name, skill in skills:
        with step.served.http("shipyard-skills") as client:
            assert [each["name"] for each in client.get("").json()["skills"]] == [
                name for name, _ in skills
            ]
            shown = client.get(f"/{name}").json()
            card = client.get(f"/{name}/SKILL.md").text
        assert shown["description"] == skill["description"]
        assert [each["name"] for each in shown["tools"]] == [n for n, _ in named(skill["tools"])]
        for tool in shown["tools"]:
            target = {"targetNamespace": "shipyard-tools", "mode": "mcp"}
            assert tool["invocationRef"] == {**target, "action": tool["name"]}
            assert tool["name"] in tools
            assert tool["name"] in card


def test_no_tool_is_called_without_the_token(step: Step) -> None:
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    reply = httpx.post(step.served.urls["shipyard-tools"], json=message, trust_env=False)
    assert (reply.status_code == 401) == (step.number >= FIRST_SECURED)


async def test_both_families_describe_the_same(both: dict[str, Step]) -> None:
    described = []
    for step in both.values():
        async with step.served.mcp("shipyard-tools") as client:
            tools = (await client.list_tools()).tools
        seen: list[Any] = [tool.model_dump(exclude_none=True) for tool in tools]
        if step.operations:
            with step.served.http("shipyard-api") as client:
                shown = client.get("/openapi.json").json()
            seen += [shown["paths"], shown["info"]]
        for name, _ in step.exposed("skill"):
            with step.served.http("shipyard-skills") as client:
                seen.append(client.get(f"/{name}").json())
        described.append(seen)
    assert described[0] == described[1]


@pytest.mark.parametrize("family", FAMILIES)
def test_nothing_of_the_tutorial_is_left_out(family: str, upstreams: Upstreams) -> None:
    documents = [yaml.safe_load(file_of(family, number).read_text()) for number in STEPS]
    steps = [
        Step(number, family, document, Live({}), upstreams)
        for number, document in zip(STEPS, documents, strict=True)
    ]
    counts = [
        (len(step.exposed("mcp")), len(step.operations), len(step.exposed("skill")))
        for step in steps
    ]
    assert [sum(column) for column in zip(*counts, strict=True)] == [40, 16, 10]
