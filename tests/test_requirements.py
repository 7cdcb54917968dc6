"""``requirements.yml`` in both directions: every rule has tests or a reason, every test named exists."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest
import yaml

TESTS = Path(__file__).parent
SPECIFICATION = TESTS.parent.parent / "shared" / "spec"
MANIFEST: dict[str, dict[str, list[str] | str]] = yaml.safe_load(
    (TESTS / "requirements.yml").read_text(encoding="utf-8")
)
RULES = [
    pytest.param(held, id=f"{part} {rule}")
    for part, rules in MANIFEST.items()
    for rule, held in rules.items()
]
CODE = re.compile(r"`([a-z0-9]+/[a-z0-9-]+)`")
THERE = pytest.mark.skipif(not SPECIFICATION.is_dir(), reason="../shared/spec is not there")


@cache
def functions(file: str) -> frozenset[str]:
    """Return the names of the test functions of a file under ``tests``."""
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(each.name for each in ast.walk(tree) if isinstance(each, kinds))


def is_there(named: str) -> bool:
    """Tell whether a test exists, or a document with tests that run its folder."""
    file, _, function = named.partition("::")
    path = TESTS / file
    if not path.is_file():
        return False
    return function in functions(file) if function else path.with_suffix(".txt").is_file()


@pytest.mark.parametrize("held", RULES)
def test_a_rule_has_tests_that_exist_or_a_reason(held: list[str] | str) -> None:
    if isinstance(held, str):
        assert held.endswith(".")
        assert len(held.split()) > 5, "too short for a reason"
    else:
        assert held
        assert [each for each in held if not is_there(each)] == []
        assert len(held) == len(set(held))


def section(name: str, number: int) -> str:
    """Return a numbered section of a file of the specification."""
    text = (SPECIFICATION / name).read_text(encoding="utf-8")
    return re.split(r"^## \d+ ", text, flags=re.MULTILINE)[number]


def bold(name: str, pattern: str) -> list[str]:
    text = (SPECIFICATION / name).read_text(encoding="utf-8")
    return re.findall(rf"^(?:\*\*|\| )({pattern})\b", text, re.MULTILINE)


def listed(part: str) -> list[str]:
    return list(MANIFEST[part])


@THERE
def test_every_rule_of_the_language_is_listed() -> None:
    assert sorted(listed("language")) == sorted(bold("language.md", r"\d+\.\d+"))


@THERE
def test_every_row_of_the_dialect_is_listed() -> None:
    assert listed("dialect rows") == bold("dialect.md", r"[TE]\d+[a-z]?")


@THERE
def test_every_decision_and_code_of_the_dialect_is_listed() -> None:
    decisions = re.findall(r"^\| (?!question|---)", section("dialect.md", 3), re.MULTILINE)
    assert listed("dialect decisions") == [str(number + 1) for number in range(len(decisions))]
    rows = re.findall(r"^\| (`[^|]+) \|", section("dialect.md", 4), re.MULTILINE)
    assert listed("dialect codes") == [code for row in rows for code in CODE.findall(row)]


@THERE
def test_every_rule_of_orchestration_up_to_versions_is_listed() -> None:
    assert sorted(listed("orchestration")) == sorted(bold("orchestration.md", r"[1-5]\.\d+"))


@THERE
def test_every_rule_of_what_is_exposed_is_listed() -> None:
    assert listed("exposes") == bold("exposes.md", r"[A-Z]{3,4}-\d+")
