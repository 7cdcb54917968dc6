"""``prompts/list`` and ``prompts/get`` (exposes.md MCP-27)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import anyio.to_thread
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    GetPromptRequestParams,
    PaginatedRequestParams,
)

from naftiko_runtime.adapters.mcp.context import Context
from naftiko_runtime.adapters.mcp.paging import list_result
from naftiko_runtime.adapters.mcp.results import LOGGER
from naftiko_runtime.adapters.mcp.serving import Served, Serving
from naftiko_runtime.adapters.mcp.upstream_errors import status_line
from naftiko_runtime.engine.inputs import check_arguments
from naftiko_runtime.engine.invoke import invoke
from naftiko_runtime.engine.result import Binary, Relayed, Want
from naftiko_runtime.errors import InvocationError
from naftiko_runtime.expressions.prompt_text import PromptHole, prompt_parts, rendered
from naftiko_runtime.plan.function import Function
from naftiko_runtime.plan.prompt import Prompt, PromptText
from naftiko_runtime.values import ABSENT, Absent, Json


async def list_prompts(
    serving: Serving, ctx: Context, params: PaginatedRequestParams | None
) -> dict[str, Json]:
    """Answer ``prompts/list`` in document order."""
    with serving.lease() as served:
        entries = [prompt.listed for prompt in served.view.prompts]
        return list_result("prompts", entries, params, serving.limits.mcp_page, served.view)


async def get_prompt(
    serving: Serving, ctx: Context, params: GetPromptRequestParams
) -> dict[str, Json]:
    """Answer ``prompts/get``: arguments are put into the texts in one pass."""
    with serving.lease() as served:
        found = served.view.prompt_names.get(params.name)
        if found is None:
            raise MCPError(INVALID_PARAMS, f"Unknown prompt: {params.name}")
        prompt, arguments = found.prompt, params.arguments or {}
        _require(prompt, arguments)
        declared = {a.name: arguments[a.name] for a in prompt.arguments if a.name in arguments}
        result = await _result(serving, served, prompt, declared)
        messages = await _messages(prompt)
    shown = [_message(message, declared, result) for message in messages]
    answer: dict[str, Json] = {"messages": shown, "resultType": "complete"}
    return answer if prompt.description is None else {"description": prompt.description} | answer


def _require(prompt: Prompt, arguments: Mapping[str, str]) -> None:
    missing = [a.name for a in prompt.arguments if a.required and a.name not in arguments]
    if missing:
        raise MCPError(INVALID_PARAMS, f"Missing prompt argument: {', '.join(missing)}")


async def _messages(prompt: Prompt) -> Sequence[PromptText]:
    """Return the messages; those of a file are read now."""
    if prompt.file is None:
        return prompt.messages
    try:
        text = await anyio.to_thread.run_sync(Path(prompt.file).read_text, "utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        LOGGER.warning("prompt %s cannot be read: %s", prompt.name, type(exc).__name__)
        raise MCPError(INTERNAL_ERROR, f"Prompt not readable: {prompt.name}") from None
    names = frozenset(argument.name for argument in prompt.arguments)
    return (PromptText("user", prompt_parts(text, names, has_result=prompt.function is not None)),)


async def _result(
    serving: Serving, served: Served, prompt: Prompt, arguments: Mapping[str, str]
) -> Json | Absent:
    """Run the function of a prompt that has one (an extension) and return its value."""
    if prompt.function is None:
        return ABSENT
    try:
        return await _value(prompt.function, served, arguments)
    except InvocationError as problem:
        detail = serving.scrub(problem.detail)
        raise MCPError(INTERNAL_ERROR, f"{problem.title}: {detail}") from problem


async def _value(function: Function, served: Served, arguments: Mapping[str, str]) -> Json:
    inputs = check_arguments(function, arguments)
    async with invoke(function, inputs, served.engine, Want.VALUE) as result:
        if isinstance(result, Relayed):
            raise MCPError(INTERNAL_ERROR, status_line(result.status))
        value = result.value
        return value.described() if isinstance(value, Binary) else value


def _message(
    message: PromptText, arguments: Mapping[str, str], result: Json | Absent
) -> dict[str, Json]:
    def fill(part: str | PromptHole) -> str:
        return rendered(part, arguments, result)

    if message.content is None:
        content: Json = {"text": "".join(map(fill, message.parts)), "type": "text"}
    else:
        content = _filled(message.content, fill)
    return {"content": content, "role": message.role}


def _filled(value: Any, fill: Any) -> Json:
    """Return a content block with its texts rendered; a tuple is a text with holes."""
    if isinstance(value, tuple):
        return "".join(map(fill, value))
    if isinstance(value, Mapping):
        return {name: _filled(member, fill) for name, member in value.items()}
    if isinstance(value, list):
        return [_filled(element, fill) for element in value]
    return value
