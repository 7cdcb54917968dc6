"""Modules and functions stay small (style.md 1.5); there is no list of exceptions."""

import ast
from pathlib import Path

SOURCES = Path(__file__).parents[1] / "src" / "naftiko_runtime"
LONGEST_MODULE, LONGEST_FUNCTION = 300, 40


def modules() -> list[Path]:
    return sorted(SOURCES.rglob("*.py"))


def test_no_module_is_longer_than_300_lines() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in modules()}
    assert lengths
    long = {str(p.relative_to(SOURCES)): n for p, n in lengths.items() if n > LONGEST_MODULE}
    assert not long


def test_no_function_is_longer_than_40_lines() -> None:
    long = {
        f"{path.relative_to(SOURCES)}:{node.lineno} {node.name}": length
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if (length := node.end_lineno - node.lineno + 1) > LONGEST_FUNCTION
    }
    assert not long
