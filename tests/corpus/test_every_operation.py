"""Published documents: every exposed operation sends what its author meant, or says why not.

What is meant is worked out from the text of the document alone, by ``oracle``, which shares no
code with the runtime. Each operation is called over its own adapter with made-up values, with all
inputs and with those that it needs, with its variables and without.
"""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from oracle.calls import RestCall
from oracle.reading import Document, read_document
from proof import Finding, examine, foreseen
from served import asgi, compiled, serving

from naftiko_runtime.codes import CODES
from naftiko_runtime.openapi.describe import describe, info_of
from naftiko_runtime.plan.capability import Capability
from naftiko_runtime.plan.exposure import RestExposure

pytestmark = pytest.mark.anyio

FOLDER = Path(__file__).parents[3] / "shared" / "corpus" / "dev"
DOCUMENTS = sorted(FOLDER.glob("*.yaml"))
PAGE = Path(__file__).parents[2] / "docs" / "corpus.md"
ROW = re.compile(r"^\| ([^|]+) \| (\d+) \| (\d+) \|", re.MULTILINE)
NAMES = {
    "sent exactly as meant": "sent",
    "nothing": "neither",
    "variables": "variables",
    "variables and a setting": "setting",
}
"""What the page calls an outcome that is no diagnostic."""
SAMPLE = 20
"""One document of so many is taken where a test needs its time."""

each_of_some = pytest.mark.parametrize("some", DOCUMENTS[::SAMPLE], ids=lambda path: path.stem)


# for the module, so that the tests of one document follow each other and share its plan
@pytest.fixture(scope="module", params=DOCUMENTS, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    found = request.param
    assert isinstance(found, Path)
    return found


@pytest.fixture(scope="module")
def plan(path: Path) -> Capability:
    return compiled(path)


@pytest.fixture(scope="module")
def read(path: Path) -> Document:
    return read_document(path)


def test_the_corpus_is_at_hand() -> None:
    if not DOCUMENTS:
        pytest.skip("../shared is not there, so no published document is tested")
    assert len(DOCUMENTS) == 971


async def test_every_operation_sends_what_is_meant_or_says_why_not(
    path: Path, read: Document
) -> None:
    findings = await examine(path)
    assert [str(each) for each in findings if each.verdict == "mismatch"] == []
    assert len(findings) == len(read.exposed)


def test_every_diagnostic_has_a_known_code_and_a_place(plan: Capability) -> None:
    for diagnostic in plan.diagnostics:
        assert diagnostic.code in CODES
        assert diagnostic.place.line > 0
        assert diagnostic.message


async def test_every_tool_is_listed_with_a_sound_schema(plan: Capability, read: Document) -> None:
    async with serving(plan, {}) as served:
        listed = [tool.listed for view in served.views.values() for tool in view.tools]
    for tool in listed:
        Draft202012Validator.check_schema(tool["inputSchema"])
        Draft202012Validator.check_schema(tool.get("outputSchema", {}))
    exposed = [each.listed for each in read.exposed if each.kind == "mcp"]
    assert [tool["name"] for tool in listed] == exposed


def test_every_route_has_an_openapi_description(plan: Capability, read: Document) -> None:
    paths = _described(plan)["paths"].values()
    methods = [method for item in paths for method in item if method != "parameters"]
    routes = {(each.method, each.path) for each in read.exposed if each.kind == "rest"}
    assert bool(methods) == bool(routes)
    assert len(methods) <= len(routes)


@each_of_some
async def test_the_sdk_answers_tool_calls_as_the_short_way_does(some: Path) -> None:
    findings = await examine(some, lane=False)
    assert [str(each) for each in findings if each.verdict == "mismatch"] == []


@each_of_some
def test_an_openapi_description_is_valid(some: Path) -> None:
    # half a second that no other test here needs
    from openapi_spec_validator import OpenAPIV31SpecValidator  # noqa: PLC0415

    errors = OpenAPIV31SpecValidator(_described(compiled(some))).iter_errors()
    assert [error.message for error in errors] == []


def _described(plan: Capability) -> Any:
    rest = [each for each in plan.exposures if isinstance(each, RestExposure)]
    return describe(rest, info_of([plan]))


@each_of_some
async def test_a_listener_serves_its_openapi_description(some: Path) -> None:
    async with serving(compiled(some), {}) as served:
        ports = {each.port for each in read_document(some).exposed if each.kind == "rest"}
        for port in ports:
            status, body = await asgi(served.rest[port], RestCall("GET", "/openapi.json"))
            assert status == 200
            assert body.startswith(b'{"openapi":"3.1')


def test_the_page_tells_what_becomes_of_the_operations() -> None:
    if not DOCUMENTS:
        pytest.skip("../shared is not there, so the figures cannot be counted")
    findings = [each for path in DOCUMENTS for each in foreseen(path)]
    counted = Counter((each.verdict, each.exposed.kind) for each in findings)
    for each in findings:
        if each.verdict == "sent":
            counted[_need(each), each.exposed.kind] += 1
    shown = PAGE.read_text(encoding="utf-8")
    rows = {name: (int(rest), int(mcp)) for name, rest, mcp in ROW.findall(shown)}
    known = {NAMES.get(name, name.strip("`")): pair for name, pair in rows.items()}
    verdicts = {verdict for verdict, _ in counted}
    assert known == {each: (counted[each, "rest"], counted[each, "mcp"]) for each in verdicts}
    assert f"{len(findings):,} in all" in shown


def _need(found: Finding) -> str:
    if found.setting:
        return "setting"
    return "variables" if found.variables else "neither"
