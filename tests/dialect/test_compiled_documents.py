"""Each deviation of dialect.md that only compiling sees: what is said, and what a call then sends.

A document of ``compiled/`` begins with comments ``# CALL -> OUTCOME``; beside it stand its diagnostics.
"""

import json
import re
from pathlib import Path

import pytest
from laboratory import Answer, Laboratory, Outcome, laboratory

pytestmark = pytest.mark.anyio

DOCUMENTS = Path(__file__).parent / "compiled"
NAMES = sorted(path.stem for path in DOCUMENTS.glob("*.yml"))
CALL = re.compile(r"^# (.+) -> (.+)$", re.MULTILINE)
CALLS = [
    pytest.param(name, *found, id=f"{name}: {found[0]}")
    for name in NAMES
    for found in CALL.findall((DOCUMENTS / f"{name}.yml").read_text())
]
LENGTHS = {"content-type", "content-length"}


def compiled(name: str) -> Laboratory:
    text = (DOCUMENTS / f"{name}.yml").read_text()
    answer = Answer.json({"rows": [1], "name": "x"})
    return laboratory(text, environ={"KEY": "key"}, answers=answer)


async def outcome(lab: Laboratory, call: str) -> Outcome:
    """Run ``TOOL {arguments}`` or ``METHOD TARGET [Header=value] [{body}]``."""
    first, _, rest = call.partition(" ")
    if not first.isupper():
        return await lab.call(first, json.loads(rest))
    target, *more = rest.split(" ", 1)
    given = more[0] if more else ""
    if given.startswith("{"):
        headers = {"content-type": "application/json"}
        return await lab.rest(first, target, content=given.encode(), headers=headers)
    return await lab.rest(first, target, headers=dict([given.split("=")]) if given else {})


def told(result: Outcome) -> str:
    """Say in one line what went upstream, or why nothing did."""
    if result.problem is not None:
        assert result.sent == []
        return f"{result.problem} {result.members.get('code') or result.detail}"
    sent = result.only
    headers = (f"{key}: {value}" for key, value in sent.own.items() if key not in LENGTHS)
    return " ".join([sent.line, *headers, *([sent.body.decode()] if sent.body else [])])


@pytest.mark.parametrize("name", NAMES)
async def test_a_deviation_is_said_once_with_its_place(name: str) -> None:
    texts = [each.text() for each in compiled(name).plan.diagnostics]
    shown = [text.replace("t.yml:", f"{name}.yml:", 1) for text in texts]
    assert shown == (DOCUMENTS / f"{name}.txt").read_text().splitlines()


@pytest.mark.parametrize(("name", "call", "expected"), CALLS)
async def test_a_deviation_does_what_its_author_meant(name: str, call: str, expected: str) -> None:
    result = await outcome(compiled(name), call)
    request, _, value = expected.partition(" => ")
    assert told(result) == request
    if value:
        assert result.value == json.loads(value)


def test_every_row_of_the_dialect_says_nothing_or_its_own_code() -> None:
    silent = [name for name in NAMES if not (DOCUMENTS / f"{name}.txt").read_text()]
    assert {name.split("-")[0] for name in silent} == SILENT


SILENT = {"t3", "t5a", "t6", "t7b", "t9", "t10", "t13c", "t13d", "t16", "t19a", "t20b", "t21"}
"""Rows whose form is official or unambiguous, and the control of ``t7b``."""
