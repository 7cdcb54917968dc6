"""Scripts run in their sandboxes: results, limits, and what they cannot reach."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from naftiko_runtime.engine.scripting.governance import Governance
from naftiko_runtime.engine.scripting.scripts import Scripts
from naftiko_runtime.errors import FunctionUnavailable, ScriptFailed
from naftiko_runtime.plan.exposure import Scripting
from naftiko_runtime.plan.function import Script
from naftiko_runtime.values import ABSENT, Json

pytestmark = pytest.mark.anyio

ROWS: Json = {"all-scores": [{"s": 3}, {"s": 8}], "low": 5}
EXTENSIONS = {"javascript": "js", "python": "py"}


@pytest.fixture(scope="module")
async def scripts() -> AsyncIterator[Scripts]:
    pool = Scripts()
    yield pool
    await pool.close()


def script(folder: Path, language: Any, *texts: str, timeout: float = 5.0) -> Script:
    files = []
    for number, text in enumerate(texts):
        name = "best" if number == len(texts) - 1 else f"part{number}"
        file = folder / f"{name}.{EXTENSIONS[language]}"
        file.write_text(text)
        files.append(str(file))
    return Script(language, tuple(files), timeout)


BEST = {
    "python": "rows = [r for r in context['all-scores'] if r['s'] >= context['low']]\n"
    "result = {'value': max(r['s'] for r in rows)}",
    "javascript": "var rows = context['all-scores'].filter(r => r.s >= context.low);\n"
    "var result = {value: Math.max(...rows.map(r => r.s))}",
}


@pytest.mark.parametrize("language", ["python", "javascript"])
async def test_the_worked_example_gives_the_same_in_both_languages(
    scripts: Scripts, tmp_path: Path, language: str
) -> None:
    assert await scripts.run(script(tmp_path, language, BEST[language]), ROWS) == {"value": 8}


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("python", "x = 1"),
        ("javascript", "var x = 1"),
        ("javascript", "var result = undefined"),
    ],
)
async def test_a_result_that_is_not_set_is_absent(
    scripts: Scripts, tmp_path: Path, language: str, text: str
) -> None:
    assert await scripts.run(script(tmp_path, language, text), {}) is ABSENT


@pytest.mark.parametrize(
    ("language", "text", "value"),
    [
        ("python", "result = None", None),
        ("javascript", "const result = null", None),
        ("python", "result = (1, 2.5, True)", [1, 2.5, True]),
        ("python", "result = {2: 'a', None: 'b'}", {"2": "a", "null": "b"}),
        ("python", "result = {True: 'c'}", {"true": "c"}),
        ("javascript", "let result = {a: 1.0, b: undefined, c: () => 1}", {"a": 1}),
        ("python", "import json, re, math\nresult = json.dumps({'a': 1})", '{"a": 1}'),
    ],
)
async def test_results_are_json(
    scripts: Scripts, tmp_path: Path, language: str, text: str, value: Json
) -> None:
    assert await scripts.run(script(tmp_path, language, text), {}) == value


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("python", "result = {1, 2}"),
        ("python", "result = b'x'"),
        ("python", "result = float('nan')"),
        ("python", "a = []\na.append(a)\nresult = a"),
        ("javascript", "var result = NaN"),
        ("javascript", "var result = [1/0]"),
        ("javascript", "var result = () => 1"),
        ("javascript", "var a = {}; a.a = a; var result = a"),
        ("javascript", "var result = 'x'.repeat(9 * 1024 * 1024)"),
    ],
)
async def test_a_result_that_is_no_json_is_a_problem(
    scripts: Scripts, tmp_path: Path, language: str, text: str
) -> None:
    with pytest.raises(ScriptFailed):
        await scripts.run(script(tmp_path, language, text), {})


@pytest.mark.parametrize(
    ("language", "text", "message"),
    [
        ("python", "raise ValueError('boom')", "ValueError: boom (best.py:1)"),
        ("javascript", "\nthrow new Error('boom')", "Error: boom (best.js:2)"),
    ],
)
async def test_an_exception_names_the_file_and_line(
    scripts: Scripts, tmp_path: Path, language: str, text: str, message: str
) -> None:
    with pytest.raises(ScriptFailed) as caught:
        await scripts.run(script(tmp_path, language, text), {})
    assert caught.value.detail == message


@pytest.mark.parametrize(
    ("language", "text"), [("python", "while True: pass"), ("javascript", "while (true) {}")]
)
async def test_an_endless_loop_ends_while_the_event_loop_goes_on(
    scripts: Scripts, tmp_path: Path, language: str, text: str
) -> None:
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.02)
            ticks += 1

    ticking = asyncio.ensure_future(tick())
    began = time.monotonic()
    with pytest.raises(ScriptFailed, match="time limit of 500 ms reached"):
        await scripts.run(script(tmp_path, language, text, timeout=0.5), {})
    ticking.cancel()
    assert ticks > 5
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("python", "result = 'a' * 10**9"),
        ("javascript", "var a = []; while (true) a.push(new Array(1e6).fill(1))"),
        ("python", "def f(): return f()\nf()"),
        ("javascript", "var f = () => f(); f()"),
    ],
)
async def test_memory_and_depth_are_limited(
    scripts: Scripts, tmp_path: Path, language: str, text: str
) -> None:
    with pytest.raises(ScriptFailed):
        await scripts.run(script(tmp_path, language, text), {})


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("python", "result = open('/etc/passwd').read()"),
        ("python", "import os\nresult = dict(os.environ)"),
        ("python", "import os\nresult = os.listdir('/')"),
        ("python", "import socket"),
        ("python", "import subprocess"),
        ("python", "import time\ntime.sleep(1)"),
        ("python", "from pathlib import Path\nresult = Path('/etc/passwd').read_text()"),
        ("javascript", "var result = require('fs')"),
        ("javascript", "var result = fetch('http://127.0.0.1/')"),
        ("javascript", "var result = std.open('/etc/passwd', 'r')"),
        ("javascript", "var result = os.getenv('HOME')"),
        ("javascript", "import fs from 'fs'"),
    ],
)
async def test_a_script_reaches_no_file_network_or_environment(
    scripts: Scripts, tmp_path: Path, language: str, text: str
) -> None:
    with pytest.raises(ScriptFailed):
        await scripts.run(script(tmp_path, language, text), {})


@pytest.mark.parametrize("language", ["python", "javascript"])
async def test_dependencies_run_first_in_the_same_interpreter(
    scripts: Scripts, tmp_path: Path, language: str
) -> None:
    texts = {
        "python": ("def double(n): return n * 2", "result = double(context['n'])"),
        "javascript": ("const double = (n) => n * 2", "var result = double(context.n)"),
    }
    assert await scripts.run(script(tmp_path, language, *texts[language]), {"n": 4}) == 8


async def test_changes_to_the_context_stay_inside(scripts: Scripts, tmp_path: Path) -> None:
    context: dict[str, Json] = {"list": [1]}
    text = "context['list'].append(2)\nresult = context['list']"
    assert await scripts.run(script(tmp_path, "python", text), context) == [1, 2]
    assert context == {"list": [1]}


async def test_a_changed_file_is_read_again(scripts: Scripts, tmp_path: Path) -> None:
    plan = script(tmp_path, "javascript", "var result = 1")
    assert await scripts.run(plan, {}) == 1
    (tmp_path / "best.js").write_text("var result = 'other'")
    assert await scripts.run(plan, {}) == "other"


async def test_governance_switches_scripts_off_and_counts(tmp_path: Path) -> None:
    pool = Scripts(governance=Governance())
    plan = script(tmp_path, "javascript", "var result = 1")
    try:
        await pool.run(plan, {})
        pool.governance.change(Scripting(allowed_languages=("python",)))
        with pytest.raises(FunctionUnavailable) as caught:
            await pool.run(plan, {})
        assert caught.value.code == "script/disabled"
        pool.governance.change(Scripting(enabled=False))
        with pytest.raises(FunctionUnavailable):
            await pool.run(plan, {})
        assert pool.governance.stats()["totalExecutions"] == 1
    finally:
        await pool.close()


ALONE = """
import asyncio
import sys
from naftiko_runtime.engine.scripting.scripts import Scripts
from naftiko_runtime.errors import ScriptFailed
from naftiko_runtime.plan.function import Script
try:
    asyncio.run(Scripts().run(Script("python", (sys.argv[1],), 5.0), {}))
except ScriptFailed as error:
    print(error)
"""


def test_a_sandbox_that_does_not_start_is_a_problem(tmp_path: Path) -> None:
    file = script(tmp_path, "python", "result = 1").files[0]
    # a process of its own: where the sandbox's program stands is found once in each
    done = subprocess.run(
        [sys.executable, "-c", ALONE, file],
        env={"MONTY_BIN": str(tmp_path / "absent")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.startswith("the Python sandbox did not start"), done.stderr
