"""The MCP adapter as written."""

from typing import Literal

from pydantic import Field

from naftiko_runtime.spec.consumes import Parameter
from naftiko_runtime.spec.exposes_rest import Adapter
from naftiko_runtime.spec.functions import FunctionSpec, Hints
from naftiko_runtime.spec.model import Flag, JsonValue, SpecModel, Text, Whole


class McpTool(FunctionSpec):
    """One tool."""

    hints: Hints | None = None
    confirm: Text | None = Field(None, description="Question put before the tool runs.")
    content_blocks: Flag | None = Field(
        None, description="The value is a list of MCP content blocks, sent as they are."
    )


class McpResource(FunctionSpec):
    """One resource or resource template (exposes.md MCP-25, MCP-26)."""

    uri: Text
    mime_type: Text | None = None
    binary: Flag | None = None
    location: Text | None = None


class PromptMessage(SpecModel):
    """One message of a prompt's template."""

    role: Text = "user"
    content: JsonValue = ""


class McpPrompt(FunctionSpec):
    """One prompt (exposes.md MCP-27)."""

    arguments: list[Parameter] = Field(default_factory=list)
    template: list[PromptMessage] | None = None
    location: Text | None = None


class McpAdapter(Adapter):
    """An MCP server."""

    type: Literal["mcp"]
    transport: Text | None = None
    tools: list[McpTool] = Field(default_factory=list)
    resources: list[McpResource] = Field(default_factory=list)
    prompts: list[McpPrompt] = Field(default_factory=list)
    ttl_ms: Whole | None = None
    cache_scope: Text | None = None
    max_binary_size: Text | None = None
