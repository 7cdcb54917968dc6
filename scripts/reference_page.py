"""Writes the tables of docs/document-reference.md: ``scripts/reference_page.py [--check]``.

They come from the schema of documents, so from the spec models: the page has every key that the
runtime knows. What stands outside of ``<!-- keys -->`` and ``<!-- end -->`` is written by hand.
"""

import argparse
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from naftiko_runtime.loading.document_schema import document_schema

PAGE: Final = Path(__file__).parents[1] / "docs" / "document-reference.md"
EVERYWHERE: Final = ("label", "description")
TITLES: Final[Mapping[str, str]] = {
    "info": "info", "stakeholder": "Stakeholder", "bind": "Bind", "consumes": "Consumed API",
    "consumed-resource": "Consumed resource", "consumed-operation": "Consumed operation",
    "consumed-output": "Consumed output", "parameter": "Consumed parameter", "input": "Input",
    "output": "Output", "authentication": "Authentication", "named-value": "Named value",
    "body": "Body", "tunnel": "Tunnel", "aggregate": "Aggregate", "function": "Function",
    "step": "Step", "mapping": "Mapping", "semantics": "Semantics", "hints": "Hints",
    "adapter": "Exposed adapter", "rest": "REST adapter", "rest-resource": "REST resource",
    "rest-operation": "REST operation", "response-binary": "Binary response", "forward": "Forward",
    "cors": "CORS", "mcp": "MCP adapter", "tool": "MCP tool", "mcp-resource": "MCP resource",
    "prompt": "MCP prompt", "message": "Prompt message", "skill": "Skill adapter",
    "skill-entry": "Skill", "skill-tool": "Skill tool", "skill-source": "Skill source",
    "control": "Control adapter", "management": "Management", "log-settings": "Log settings",
    "scripting": "Scripting", "observability": "Observability", "metrics": "Metrics",
    "local-metrics": "Local metrics", "traces": "Traces", "local-traces": "Local traces",
    "exporters": "Exporters", "otlp": "OTLP",
}  # fmt: skip
PLACE: Final = re.compile(r"<!-- keys -->\n.*?<!-- end -->\n", re.DOTALL)


def page() -> str:
    """Return the whole page with the tables of today."""
    schema = document_schema()
    sections = "".join(_section(kind, each) for kind, each in schema["$defs"].items())
    made = (
        f"<!-- keys -->\n\n## Document\n\n{_table(schema['properties'])}\n{sections}<!-- end -->\n"
    )
    return PLACE.sub(lambda _: made, PAGE.read_text(encoding="utf-8"))


def _section(kind: str, schema: Mapping[str, Any]) -> str:
    return f"## {TITLES[kind]}\n\n{_table(schema['properties'])}\n"


def _table(properties: Mapping[str, Any]) -> str:
    rows = "".join(
        f"| `{key}` | {value_of(schema)} | {schema['description'].replace('|', '/')} |\n"
        for key, schema in properties.items()
        if key not in EVERYWHERE
    )
    return f"| key | value | meaning |\n| --- | --- | --- |\n{rows}"


def value_of(schema: Mapping[str, Any]) -> str:
    """Return in a few words what a key takes, with links to the objects."""
    words = dict.fromkeys(_words(schema))
    shown = [word for word in words if word != "text"] if _has_choices(words) else list(words)
    return " or ".join(shown) or "any value"


def _has_choices(words: Mapping[str, None]) -> bool:
    return any(word.startswith("`") for word in words)


def _words(schema: Mapping[str, Any]) -> Iterator[str]:
    if "$ref" in schema:
        kind = schema["$ref"].rpartition("/")[2]
        title = TITLES[kind]
        yield f"[{title}](#{title.lower().replace(' ', '-')})"
    for each in schema.get("anyOf", ()):
        yield from _words(each)
    if "enum" in schema:
        yield ", ".join(f"`{each}`" for each in schema["enum"])
    kinds = schema.get("type", ())
    kinds = [kinds] if isinstance(kinds, str) else list(kinds)
    if "string" in kinds:
        yield "text"
    elif "array" in kinds:
        yield from (f"list of {word}" for word in _inner(schema.get("items", {}), "values"))
    elif "object" in kinds:
        yield from _map(schema)
    else:
        yield from (kind for kind in kinds if kind != "null")


def _map(schema: Mapping[str, Any]) -> Iterator[str]:
    """Return nothing for a map by name: the page says once that every list may be one."""
    inner = schema.get("additionalProperties")
    if not isinstance(inner, dict):
        yield "map"


def _inner(schema: Mapping[str, Any], otherwise: str) -> list[str]:
    return list(dict.fromkeys(_words(schema))) or [otherwise]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when the page is not up to date")
    if parser.parse_args().check:
        return int(PAGE.read_text(encoding="utf-8") != page())
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
