"""Findings as SARIF 2.1.0, which code hosts show beside the lines (orchestration.md 8.4)."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from naftiko_runtime.codes import CODES
from naftiko_runtime.errors import Diagnostic, Place
from naftiko_runtime.lint.catalogue import RULES

_LEVELS: Final = {"error": "error", "warning": "warning", "info": "note"}
_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_ROOT: Final = "ROOT"


def sarif(diagnostics: Sequence[Diagnostic], version: str, folder: Path) -> dict[str, Any]:
    """Return a log with one result per finding and place; URIs are relative to ``folder``."""
    ids = list(dict.fromkeys(each.code for each in diagnostics))
    driver = {
        "name": "naftiko lint",
        "version": version,
        "rules": [_rule(code) for code in ids],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_ROOT: {"uri": f"{folder.as_uri()}/"}},
        "results": [_result(each, ids, folder) for each in diagnostics],
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(code: str) -> dict[str, Any]:
    rule = RULES.get(code)
    severity = (rule.severity or "info") if rule is not None else CODES[code].severity
    summary = rule.summary if rule is not None else CODES[code].summary
    return {
        "id": code,
        "name": "".join(word.title() for word in code.replace("/", "-").split("-")),
        "shortDescription": {"text": f"{summary[:1].upper()}{summary[1:]}."},
        "defaultConfiguration": {"level": _LEVELS[severity]},
    }


def _result(diagnostic: Diagnostic, ids: Sequence[str], folder: Path) -> dict[str, Any]:
    return {
        "ruleId": diagnostic.code,
        "ruleIndex": ids.index(diagnostic.code),
        "level": _LEVELS[diagnostic.severity],
        "message": {"text": diagnostic.message},
        "locations": [_location(diagnostic.place, folder)],
    }


def _location(place: Place, folder: Path) -> dict[str, Any]:
    uri = relative_uri(place.file, folder)
    location: dict[str, Any] = {"uri": uri}
    if not uri.startswith(("/", "file:", "https:")):
        location["uriBaseId"] = _ROOT
    shown: dict[str, Any] = {
        "artifactLocation": location,
        "region": {"startLine": place.line, "startColumn": place.column},
    }
    logical = [{"fullyQualifiedName": place.pointer, "kind": "member"}] if place.pointer else []
    return {"physicalLocation": shown, **({"logicalLocations": logical} if logical else {})}


def relative_uri(file: str, folder: Path) -> str:
    """Return a file as a URI relative to a folder when it lies in it, else an absolute one."""
    if file.startswith("https:"):
        return file
    path = (folder / file).resolve()
    root = folder.resolve()
    if path.is_relative_to(root):
        return quote(path.relative_to(root).as_posix())
    return path.as_uri()


def counts(diagnostics: Iterable[Diagnostic]) -> dict[str, int]:
    """Return how many places have each severity."""
    found = dict.fromkeys(("error", "warning", "info"), 0)
    for diagnostic in diagnostics:
        found[diagnostic.severity] += diagnostic.count
    return found
