"""How messages call the parts of a document."""

from typing import Final

_NAMES: Final = {
    "info": "info",
    "document": "a document",
    "bind": "a bind",
    "consumes": "a consumes entry",
    "parameter": "a consumed parameter",
    "input": "an input parameter",
    "output": "an output parameter",
    "authentication": "an authentication block",
    "aggregate": "an aggregate",
    "function": "an aggregate function",
    "rest": "a REST adapter",
    "rest-resource": "a REST resource",
    "rest-operation": "a REST operation",
    "mcp": "an MCP adapter",
    "mcp-resource": "an MCP resource",
    "skill": "a skill adapter",
    "skill-entry": "a skill",
    "control": "a control adapter",
    "otlp": "an OTLP exporter",
}


def article(kind: str | None) -> str:
    """Return the name of a kind with its article, as ``a REST operation``."""
    if kind is None:
        return "this map"
    return _NAMES.get(kind) or f"a {kind.replace('-', ' ')}"
