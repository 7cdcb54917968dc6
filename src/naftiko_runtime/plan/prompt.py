"""Prompts of an MCP adapter (exposes.md MCP-27)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from naftiko_runtime.expressions.prompt_text import PromptParts
from naftiko_runtime.plan.function import Function
from naftiko_runtime.values import Json


@dataclass(frozen=True, slots=True)
class PromptArgument:
    name: str
    title: str | None
    description: str | None
    required: bool
    enum: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PromptText:
    """One message; holes are ``PromptHole``s, everything else is text (MCP-27)."""

    role: Literal["user", "assistant"]
    parts: PromptParts
    content: Mapping[str, Any] | None = None
    """A content block given as it is (image, resource) instead of text: an extension.

    A text with holes inside it is a tuple of parts.
    """


@dataclass(frozen=True, slots=True)
class Prompt:
    name: str
    title: str | None
    description: str | None
    arguments: tuple[PromptArgument, ...]
    messages: tuple[PromptText, ...]
    file: str | None = None
    function: Function | None = None
    meta: Mapping[str, Json] = field(default_factory=dict)
