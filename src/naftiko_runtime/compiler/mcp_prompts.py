"""Compiles MCP prompts: arguments, messages with their holes (exposes.md MCP-27)."""

from collections.abc import Iterable
from typing import Any, Literal

from naftiko_runtime.compiler.functions import Exposed, function_of
from naftiko_runtime.compiler.tables import Tables
from naftiko_runtime.expressions.prompt_text import prompt_parts
from naftiko_runtime.plan.exposure import JsonObject
from naftiko_runtime.plan.function import Function
from naftiko_runtime.plan.prompt import Prompt, PromptArgument, PromptText
from naftiko_runtime.spec.consumes import Parameter
from naftiko_runtime.spec.exposes_mcp import McpAdapter, McpPrompt, PromptMessage


def prompts_of(tables: Tables, spec: McpAdapter, namespace: str) -> tuple[Prompt, ...]:
    """Return the prompts of an adapter."""
    return tuple(_prompt(tables, spec, prompt, namespace) for prompt in spec.prompts)


def _prompt(tables: Tables, spec: McpAdapter, prompt: McpPrompt, namespace: str) -> Prompt:
    name = prompt.name or "prompt"
    declared = prompt.arguments or prompt.input_parameters
    function = _function(tables, spec, prompt, f"{namespace}.{name}", declared)
    names = {parameter.name for parameter in declared}
    tags = {"naftiko/tags": list(prompt.tags)} if prompt.tags else {}
    return Prompt(
        name=name,
        title=prompt.label,
        description=prompt.description,
        arguments=tuple(_argument(parameter) for parameter in declared),
        messages=tuple(
            _message(message, names, has_result=function is not None)
            for message in prompt.template or ()
        ),
        file=_file(tables, spec, prompt),
        function=function,
        meta=tags,
    )


def _function(
    tables: Tables, spec: McpAdapter, prompt: McpPrompt, label: str, declared: Iterable[Parameter]
) -> Function | None:
    """Return the function that a prompt runs first: an extension."""
    if not (prompt.call or prompt.steps or prompt.ref):
        return None
    exposed = Exposed("mcp", label, prompt.name or "prompt", list(declared), origin=spec.origin)
    return function_of(tables, prompt, exposed).function


def _argument(parameter: Parameter) -> PromptArgument:
    return PromptArgument(
        name=parameter.name,
        title=parameter.label,
        description=parameter.description,
        required=parameter.required is not False,
        enum=tuple(str(value) for value in parameter.enum or ()),
    )


def _message(message: PromptMessage, names: set[str], *, has_result: bool) -> PromptText:
    role: Literal["user", "assistant"] = "assistant" if message.role == "assistant" else "user"
    if isinstance(message.content, dict):
        return PromptText(role, (), _content(message.content, names, has_result=has_result))
    return PromptText(role, prompt_parts(str(message.content), names, has_result=has_result))


def _content(content: JsonObject, names: set[str], *, has_result: bool) -> JsonObject:
    """Return a content block; its texts with holes become parts."""
    return {key: _member(value, names, has_result=has_result) for key, value in content.items()}


def _member(value: Any, names: set[str], *, has_result: bool) -> Any:
    if isinstance(value, dict):
        return _content(value, names, has_result=has_result)
    if not isinstance(value, str):
        return value
    parts = prompt_parts(value, names, has_result=has_result)
    return value if all(isinstance(part, str) for part in parts) else parts


def _file(tables: Tables, spec: McpAdapter, prompt: McpPrompt) -> str | None:
    """Return the path of a prompt's file; it is read per request."""
    if prompt.location is None:
        return None
    world = tables.world
    return world.files.locate(prompt.location, world.folder_of(spec.origin))
