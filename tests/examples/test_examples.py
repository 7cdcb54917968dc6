"""Every example is served by `naftiko demo NAME`, and does what its guide shows."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from live_process import Live, called
from processes import free_port

from naftiko_runtime.demo.examples import DOCUMENT, example_folder, example_names
from naftiko_runtime.options import RuntimeOptions
from naftiko_runtime.runtime.documents import load

pytestmark = pytest.mark.anyio

NAMES = (
    "join-two-apis",
    "mock-first",
    "one-function-three-adapters",
    "script-step",
    "shape-a-response",
    "wrap-an-api",
)
SHOWN = re.compile(r"^```console\n\$ (curl (?:.*\\\n)*.*)\n(.*)\n```$", re.MULTILINE)
READY = re.compile(r"^naftiko: (\S+) +(?:REST|MCP|SKILL) +(http://\S+)")


@dataclass(frozen=True)
class Running:
    """An example that is being served, and what its demo printed."""

    name: str
    live: Live
    ports: Mapping[str, int]
    printed: str

    def here(self, text: str) -> str:
        """Return a text of the guide with the ports in use."""
        for usual, actual in self.ports.items():
            text = text.replace(f"127.0.0.1:{usual}", f"127.0.0.1:{actual}")
        return text


@pytest.fixture(scope="module", params=NAMES)
def example(request: pytest.FixtureRequest) -> Iterator[Running]:
    name: str = request.param
    ports = {"8080": free_port(), "9090": free_port()}
    options = ("--rest-port", str(ports["8080"]), "--mcp-port", str(ports["9090"]))
    command = [sys.executable, "-m", "naftiko_runtime", "demo", name, *options]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            printed = _until_ready(process)
            urls = {found[1]: found[2] for found in map(READY.match, printed) if found}
            yield Running(name, Live(urls), ports, "".join(printed))
        finally:
            process.terminate()
            process.wait(40)


def _until_ready(process: subprocess.Popen[str]) -> list[str]:
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith("Ctrl-C"):
            return lines
    raise AssertionError(f"ended with {process.wait()}: {lines}")


def guide(name: str) -> str:
    return (example_folder(name) / "README.md").read_text(encoding="utf-8")


def test_there_are_six_examples() -> None:
    assert example_names() == list(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_written_without_any_liberty(name: str) -> None:
    document = load(str(example_folder(name) / DOCUMENT), RuntimeOptions())
    assert document.capability is not None
    assert [each.text() for each in document.diagnostics] == []


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_every_command_of_the_guide_answers_what_the_guide_shows(example: Running) -> None:
    shown = SHOWN.findall(guide(example.name))
    assert shown
    for command, output in shown:
        assert example.here(command) in example.printed
        words = ["bash", "-c", example.here(command).replace("curl -s", "curl -s -m 20")]
        ran = subprocess.run(words, capture_output=True, text=True, check=False)
        wanted = ".*".join(re.escape(part) for part in output.split("…"))
        assert re.fullmatch(wanted, ran.stdout.strip(), re.DOTALL), (command, ran)


REST: dict[str, dict[str, Any]] = {
    "join-two-apis": {
        "/orders/7": {
            "order": 7,
            "customer": {"name": "Ida Holm", "city": "Aarhus"},
            "items": [{"name": "Table", "price": 310}, {"name": "Lamp", "price": 19.9}],
        }
    },
    "mock-first": {
        "/parcels/PK-1": {
            "number": "PK-1",
            "delivered": False,
            "position": {"lat": 55.67, "lon": 12.56},
            "stops": [{"place": "Copenhagen", "note": "sorted (en)"}],
        }
    },
    "one-function-three-adapters": {
        "/garages/station": {"garage": "station", "free": 12, "total": 240},
        "/garages/harbour": {"garage": "harbour", "free": 0, "total": 80},
    },
    "script-step": {
        "/gauges/mill/today": {"gauge": "mill", "median": 212, "warning": False},
        "/gauges/bridge/today": {"gauge": "bridge", "median": 337.5, "warning": True},
    },
    "shape-a-response": {
        "/observations": [
            {
                "station": "06180",
                "place": "Copenhagen",
                "celsius": 11.4,
                "wind": {"knots": 14, "from": "SW"},
                "source": "meteo",
            },
            {
                "station": "01492",
                "place": "Oslo",
                "celsius": 7.9,
                "wind": {"knots": 6, "from": "N"},
                "source": "meteo",
            },
        ],
        "/stations": {
            "stations": [{"id": "06180", "height": "5"}, {"id": "01492", "height": "94"}]
        },
    },
    "wrap-an-api": {},
}
MONTE_CRISTO = {
    "isbn": "9780140449266",
    "title": "The Count of Monte Cristo",
    "author": "Dumas",
    "price": 12.5,
}
TOOLS: dict[str, list[tuple[str, dict[str, Any], Any]]] = {
    "join-two-apis": [("order-details", {"number": 7}, REST["join-two-apis"]["/orders/7"])],
    "mock-first": [("get-parcel", {"number": "PK-2"}, {"number": "PK-2", "delivered": False})],
    "one-function-three-adapters": [
        (
            "free-spaces",
            {"garage": "harbour"},
            REST["one-function-three-adapters"]["/garages/harbour"],
        ),
        ("free-at-the-station", {}, REST["one-function-three-adapters"]["/garages/station"]),
    ],
    "script-step": [
        (
            "level-today",
            {"gauge": "mill", "warn-at": 200},
            {"gauge": "mill", "median": 212, "warning": True},
        )
    ],
    "shape-a-response": [("temperatures", {}, {"celsius": [11.4, 7.9], "count": 2})],
    "wrap-an-api": [
        ("list-books", {"author": "Dumas"}, {"result": [MONTE_CRISTO]}),
        ("get-book", {"isbn": "978-0-14-044926-6"}, {**MONTE_CRISTO, "copiesLeft": 3}),
        (
            "order-book",
            {"isbn": "9780141439600", "copies": 2},
            {"order": 1001, "isbn": "9780141439600", "copies": 2, "total": 16},
        ),
    ],
}


def test_every_path_answers(example: Running) -> None:
    origin = f"http://127.0.0.1:{example.ports['8080']}"
    answers = REST[example.name]
    served = [name for name, url in example.live.urls.items() if url == origin]
    assert bool(served) == bool(answers)
    for name in served:
        with example.live.http(name) as client:
            described = client.get("/openapi.json").json()["paths"]
            got = {path: client.get(path).json() for path in answers}
        assert got == answers
        patterns = [re.sub(r"\{.*?\}", "[^/]+", path) for path in described]
        assert all(any(re.fullmatch(each, path) for path in answers) for each in patterns)


async def test_every_tool_answers(example: Running) -> None:
    (namespace,) = [name for name, url in example.live.urls.items() if url.endswith("/mcp")]
    cases = TOOLS[example.name]
    async with example.live.mcp(namespace) as client:
        assert {tool.name for tool in (await client.list_tools()).tools} == {
            name for name, _, _ in cases
        }
        for name, arguments, expected in cases:
            assert await called(client, name, arguments) == expected


def test_an_unknown_example_is_named_with_those_there_are() -> None:
    command = [sys.executable, "-m", "naftiko_runtime", "demo", "mock-frist"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    assert 'did you mean "mock-first"?' in ran.stderr
    assert all(name in ran.stderr for name in NAMES)


def test_no_example_needs_more_than_its_folder() -> None:
    for name in NAMES:
        there = {path.name for path in example_folder(name).iterdir()} - {"__pycache__"}
        assert {"README.md", DOCUMENT} <= there
