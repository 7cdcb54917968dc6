"""Writes docs/document-reference.md from the schema of documents: ``scripts/reference_page.py [--check]``.

The schema comes from the spec models, so the page has every key that the runtime knows.
"""

import argparse
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
HEAD: Final = """# Document reference

<!-- made by scripts/reference_page.py; do not edit -->

Every key of a document, by the object it stands in. `label` and `description` may stand on every object and are left
out below; a key that is not here is ignored, and a warning names the nearest one that is. Where a text is
expected, a number or boolean is read as it is written. What makes callers' values into requests is in
[Requests](requests.md), what makes answers into results in [Values](values.md). `naftiko schema` prints the same
for editors.

A list of named things may also be a map by name: `tools: {get-order: {…}}`.

"""
EXTENSIONS: Final = """
## Keys of this runtime

These keys are this runtime's own. Other engines do not know them, and a document with one of them does not satisfy the
official schema, which `--strict` checks where it is at hand.

| key | on | does |
| --- | --- | --- |
| `confirm` | [MCP tool](#mcp-tool) | asks the user before the tool runs; a client that cannot ask is refused |
| `contentBlocks` | [MCP tool](#mcp-tool) | the value is a list of MCP content blocks, sent as they are |
| `call`, `steps`, `ref` | [MCP prompt](#mcp-prompt) | the prompt shows what a function gives |
| `enum` | arguments of an [MCP prompt](#mcp-prompt), inputs of an [MCP resource](#mcp-resource) | values offered for completion |
| `cors` | every HTTP adapter | lets pages of other origins call |
| `onError` | [Step](#step) | `continue` passes over the step's failure |
| `type`, `required`, `default`, `enum`, `pattern`, `minimum`, `maximum` | [Consumed parameter](#consumed-parameter) | checks and tool schemas |
| `type: token-refresh` | [Authentication](#authentication) | trades a long-lived token for short-lived ones |
"""


def page() -> str:
    """Return the whole page."""
    schema = document_schema()
    sections = "".join(_section(kind, each) for kind, each in schema["$defs"].items())
    root = f"## Document\n\n{_table(schema['properties'])}\n"
    return f"{HEAD}{root}{sections}{EXTENSIONS.lstrip()}"


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
