"""A random function graph gives one result, whichever adapter calls it and in whatever order.

Calls, lookups, references and mappings are drawn at random. The same function stands behind an MCP
tool and a REST operation of its own, and behind both once more as an aggregate function; what all
of them answer is compared with each other and with a model of orchestration.md 2 that runs the
steps one after another.
"""

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

import anyio
import anyio.lowlevel
from hypothesis import given
from hypothesis import strategies as st
from laboratory import Answer, FakeUpstream, Laboratory, Outcome, laboratory

from naftiko_runtime.engine.exchange import Outbound
from naftiko_runtime.values import Json

ROWS = [
    {"id": 1, "name": "Ann", "tag": "x"},
    {"id": "2", "name": "Ben"},
    {"id": 3, "name": "Cy", "tag": None, "ids": [3, 1]},
]
WRAPPED = {"items": ROWS, "total": 3, "ids": [1, "2", 9, 1]}
BROKEN = {"error": "down"}
NOTHING: Any = object()
OPERATIONS = {
    "rows": "/rows",
    "wrapped": "/wrapped",
    "broken": "/broken",
    "one": "/one/{{id}}",
    "find": "/find",
}
PATHS = ("", "[0].id", "[1].name", "items[2].ids", "total", "ids", "asked", "name", "tag", "zz")
WORD = re.compile(r"\w+")


class Upstream(dict[str, Answer]):
    """Answers by path; ``/one/ID`` says which one was asked for."""

    def get(self, path: str, default: Any = None) -> Any:
        if path.startswith("/one/"):
            asked = path.removeprefix("/one/")
            return Answer.json({"asked": asked, "name": f"n-{asked}", "ids": ["2", 3]})
        return super().get(path, default)


ANSWERS = Upstream(
    {
        "/rows": Answer.json(ROWS),
        "/wrapped": Answer.json(WRAPPED),
        "/broken": Answer.json(BROKEN, 503),
        "/find": Answer.json({"name": "found", "tag": "f", "ids": []}),
    }
)


@dataclass(frozen=True)
class Reference:
    """A value that a step or mapping takes; ``step`` and ``path``, an input, or a literal."""

    written: Json
    step: str | None = None
    path: str = ""
    input: str | None = None


@dataclass
class Model:
    """The steps run one after another on plain values."""

    arguments: Mapping[str, Json]
    stored: dict[str, Json] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    failure: tuple[int, str | None] | None = None

    def value(self, reference: Reference) -> Any:
        if reference.input is not None:
            return self.arguments[reference.input]
        if reference.step is None:
            return reference.written
        return walked(self.stored.get(reference.step, NOTHING), reference.path)

    def run(self, steps: list[tuple[dict[str, Any], list[Reference]]]) -> None:
        for step, references in steps:
            outcome = self._outcome(step, [self.value(each) for each in references])
            if isinstance(outcome, tuple):
                if step.get("onError") != "continue":
                    self.failure = outcome
                    return
            elif outcome is not NOTHING:
                self.stored[step["name"]] = outcome

    def _outcome(self, step: Mapping[str, Any], values: list[Any]) -> Any:
        if step["type"] == "lookup":
            return looked_up(
                self.stored.get(step["index"], NOTHING), values[0], step["outputParameters"]
            )
        return self._called(step["call"].removeprefix("up."), values)

    def _called(self, operation: str, values: list[Any]) -> Any:
        path = OPERATIONS[operation]
        if operation == "one":
            if values[0] is NOTHING or isinstance(values[0], list | dict | None):
                return 400, "invalid-input"
            path = f"/one/{quote(str(values[0]))}"
        self.lines.append(f"GET {path}{query_of(values) if operation == 'find' else ''}")
        answer = ANSWERS.get(path)
        return (answer.status, None) if answer.status >= 400 else json.loads(answer.body)


def query_of(values: list[Any]) -> str:
    value = values[0]
    items = value if isinstance(value, list) else [value]
    shown = [
        json.dumps(item, separators=(",", ":")) if isinstance(item, dict) else str(item)
        for item in items
        if item is not None and item is not NOTHING
    ]
    return "?" + "&".join(f"q={quote(each)}" for each in shown) if shown else ""


def walked(value: Any, path: str) -> Any:
    for word in WORD.findall(path):
        if isinstance(value, list) and word.isdigit():
            value = value[int(word)] if int(word) < len(value) else NOTHING
        else:
            value = value.get(word, NOTHING) if isinstance(value, dict) else NOTHING
    return value


def rows_of(index: Any) -> list[Any]:
    if isinstance(index, list):
        return [row for row in index if isinstance(row, dict)]
    if not isinstance(index, dict):
        return []
    if "id" in index:
        return [index]
    tables = [
        value
        for value in index.values()
        if isinstance(value, list) and value and all(isinstance(row, dict) for row in value)
    ]
    return tables[0] if len(tables) == 1 else []


def looked_up(index: Any, wanted: Any, outputs: list[str]) -> Any:
    if isinstance(wanted, list):
        hits = [looked_up(index, each, outputs) for each in wanted]
        return [hit for hit in hits if hit is not NOTHING]
    if wanted is NOTHING or wanted is None or isinstance(wanted, dict):
        return NOTHING
    for row in rows_of(index):
        if row.get("id") is not None and str(row["id"]) == str(wanted):
            return {name: row.get(name) for name in outputs} if outputs else row
    return NOTHING


@dataclass(frozen=True)
class Graph:
    """A function: its steps with what they refer to, and its mappings."""

    steps: list[tuple[dict[str, Any], list[Reference]]]
    mappings: list[tuple[str, Reference]]

    @property
    def document(self) -> str:
        function: dict[str, Any] = {
            "inputParameters": [
                {"name": "who", "type": "string", "description": "Text"},
                {"name": "number", "type": "integer", "description": "Number"},
            ],
            "steps": [step for step, _ in self.steps],
        }
        if self.mappings:
            function["mappings"] = [
                {"targetName": target, "value": each.written} for target, each in self.mappings
            ]
        return json.dumps(
            {
                "naftiko": "1.0.0-alpha2",
                "capability": {
                    "consumes": [CONSUMED],
                    "aggregates": [
                        {
                            "label": "Shared",
                            "namespace": "shared",
                            "functions": [{"name": "f", "description": "d", **function}],
                        }
                    ],
                    "exposes": [_mcp(function), _rest(function)],
                },
            }
        )

    def expected(self, arguments: Mapping[str, Json]) -> tuple[Model, Any]:
        model = Model(arguments)
        model.run(self.steps)
        if not self.mappings:
            return model, next(reversed(model.stored.values()), None)
        result: dict[str, Any] = {}
        for target, reference in self.mappings:
            value = model.value(reference)
            if value is not NOTHING:
                *outer, name = target.split(".")
                inner = result
                for word in outer:
                    inner = inner.setdefault(word, {})
                inner[name] = value
        return model, result


CONSUMED = {
    "type": "http",
    "namespace": "up",
    "baseUri": "http://up.test",
    "resources": [
        {
            "name": name,
            "path": path,
            "operations": [
                {
                    "name": name,
                    "method": "GET",
                    "inputParameters": {
                        "one": [{"name": "id", "in": "path"}],
                        "find": [{"name": "q", "in": "query"}],
                    }.get(name, []),
                }
            ],
        }
        for name, path in OPERATIONS.items()
    ],
}


def _mcp(function: Mapping[str, Any]) -> dict[str, Any]:
    own = {"name": "own", "description": "d", **function}
    return {
        "type": "mcp",
        "namespace": "m",
        "port": 9090,
        "tools": [own, {"name": "by-ref", "ref": "shared.f"}],
    }


def _rest(function: Mapping[str, Any]) -> dict[str, Any]:
    placed = [{**each, "in": "query"} for each in function["inputParameters"]]
    own = {"name": "own", "method": "GET", **function, "inputParameters": placed}
    by_ref = {"name": "by-ref", "method": "GET", "ref": "shared.f"}
    return {
        "type": "rest",
        "namespace": "r",
        "port": 8080,
        "resources": [
            {"name": "own", "path": "/own", "operations": [own]},
            {"name": "by-ref", "path": "/by-ref", "operations": [by_ref]},
        ],
    }


@st.composite
def references(draw: st.DrawFn, earlier: list[str]) -> Reference:
    kind = draw(st.sampled_from(["step", "step", "input", "literal"] if earlier else ["input"]))
    if kind == "literal":
        return Reference(draw(st.sampled_from([1, "2", "Q", 7])))
    if kind == "input":
        name = draw(st.sampled_from(["who", "number"]))
        return Reference(draw(st.sampled_from([f"{{{{{name}}}}}", f"$.{name}"])), input=name)
    step, path = draw(st.sampled_from(earlier)), draw(st.sampled_from(PATHS))
    whole = f"{step}{path}" if path.startswith("[") else f"{step}.{path}".rstrip(".")
    written = draw(st.sampled_from([f"$.{whole}", f"{{{{{whole}}}}}", f"{{{{$.{whole}}}}}"]))
    return Reference(written, step, path)


@st.composite
def steps(draw: st.DrawFn, number: int, earlier: list[str]) -> tuple[dict[str, Any], Any]:
    name = f"s{number}"
    if earlier and draw(st.integers(0, 2)) == 0:
        wanted = draw(references(earlier))
        outputs = draw(st.lists(st.sampled_from(["name", "tag", "zz"]), unique=True))
        return {
            "name": name,
            "type": "lookup",
            "index": draw(st.sampled_from(earlier)),
            "match": "id",
            "lookupValue": wanted.written,
            "outputParameters": outputs,
        }, [wanted]
    operation = draw(st.sampled_from(["rows", "wrapped", "one", "one", "find", "broken"]))
    step: dict[str, Any] = {"name": name, "type": "call", "call": f"up.{operation}"}
    if operation == "broken" or draw(st.booleans()):
        step["onError"] = draw(st.sampled_from(["continue", "continue", "stop"]))
    parameter = {"one": "id", "find": "q"}.get(operation)
    if parameter is None:
        return step, []
    value = draw(references(earlier))
    return {**step, "with": {parameter: value.written}}, [value]


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    made: list[tuple[dict[str, Any], list[Reference]]] = []
    names: list[str] = []
    for number in range(draw(st.integers(1, 6))):
        made.append(draw(steps(number, names)))
        names.append(f"s{number}")
    targets = draw(st.lists(st.sampled_from(["a", "b", "r.c", "r.d"]), unique=True))
    return Graph(made, [(target, draw(references(names))) for target in targets])


arguments = st.fixed_dictionaries(
    {
        "who": st.text("abcXYZ019", min_size=1, max_size=4),
        "number": st.integers(0, 12),
    }
)


async def outcomes(lab: Laboratory, given_: Mapping[str, Json]) -> list[Outcome]:
    """Call the function in the four ways it can be called."""
    return [
        await lab.call("own", given_),
        await lab.call("by-ref", given_),
        await lab.rest("GET", "/own", params=given_),
        await lab.rest("GET", "/by-ref", params=given_),
    ]


@given(graphs(), arguments)
def test_a_graph_gives_one_result_whoever_calls_it(graph: Graph, given_: dict[str, Json]) -> None:
    lab = replace(laboratory(graph.document), upstream=FakeUpstream(ANSWERS))
    model, expected = graph.expected(given_)
    for outcome in anyio.run(outcomes, lab, given_):
        if model.failure is not None:
            assert (outcome.status, outcome.problem) == model.failure
            # what overlaps with a failing step may have been sent already
            assert set(model.lines) <= {sent.line for sent in outcome.sent}
            continue
        assert outcome.status == 200
        shown = json.loads(outcome.body) if outcome.body else outcome.value
        assert shown == expected
        assert sorted(sent.line for sent in outcome.sent) == sorted(model.lines)


def test_a_last_call_that_may_fail_leaves_the_value_before_it() -> None:
    """orchestration.md 2.24: its failure stores nothing, so it is not the answer (2.27)."""
    first = ({"name": "s0", "type": "call", "call": "up.rows"}, [])
    last = ({"name": "s1", "type": "call", "call": "up.broken", "onError": "continue"}, [])
    lab = replace(laboratory(Graph([first, last], []).document), upstream=FakeUpstream(ANSWERS))
    for outcome in anyio.run(outcomes, lab, {"who": "a", "number": 1}):
        assert (outcome.status, outcome.value) == (200, ROWS)
        assert [sent.line for sent in outcome.sent] == ["GET /rows", "GET /broken"]


def test_the_last_call_overlaps_the_others_also_when_it_is_relayed() -> None:
    """orchestration.md 2.7 knows no exception for the last step."""
    calls = [({"name": f"s{i}", "type": "call", "call": "up.rows"}, []) for i in range(3)]
    together = Together(3)
    lab = replace(laboratory(Graph(calls, []).document), upstream=together)
    for outcome in anyio.run(outcomes, lab, {"who": "a", "number": 1}):
        assert (outcome.status, outcome.value) == (200, ROWS)


class Together(FakeUpstream):
    """Answers nobody before the given number of requests is there."""

    def __init__(self, number: int) -> None:
        super().__init__(ANSWERS)
        self._number = number

    @asynccontextmanager
    async def send(self, request: Outbound) -> AsyncIterator[Answer]:
        async with super().send(request) as answer:
            with anyio.fail_after(5):
                while len(self.sent) < self._number:
                    await anyio.lowlevel.checkpoint()
            yield answer
