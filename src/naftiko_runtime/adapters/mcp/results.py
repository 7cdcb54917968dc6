"""Turns what an invocation yields into a tool's result, the same in all revisions (MCP-14, MCP-21).

The order of members is that in which the SDK writes them, so that both lanes give equal bytes.
"""

import base64
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from naftiko_runtime.adapters.mcp.blocks import is_block
from naftiko_runtime.adapters.mcp.cutting import Cut, cut_text, cut_value
from naftiko_runtime.adapters.mcp.promise import kept
from naftiko_runtime.adapters.mcp.view import ServedTool
from naftiko_runtime.engine.result import Binary, Value
from naftiko_runtime.errors import InvocationError
from naftiko_runtime.values import Json, compact

LOGGER: Final = logging.getLogger("naftiko_runtime.adapters.mcp")
Notice = tuple[str, Mapping[str, Json]]
"""A level and the members of a log message to the caller (MCP-31)."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A result as it goes out, its error for telemetry, and what is logged to the caller."""

    result: dict[str, Json]
    error: str | None = None
    notices: tuple[Notice, ...] = ()


def written(
    content: Sequence[Json],
    structured: Json | None = None,
    *,
    is_error: bool = False,
    meta: Mapping[str, Json] | None = None,
) -> dict[str, Json]:
    """Return a tool's result on the wire; ``isError: false`` is written out."""
    result: dict[str, Json] = {"_meta": dict(meta)} if meta else {}
    result |= {"content": list(content), "isError": is_error, "resultType": "complete"}
    if structured is not None:
        result["structuredContent"] = structured
    return result


def text_block(text: str) -> dict[str, Json]:
    """Return a text content block."""
    return {"text": text, "type": "text"}


def value_outcome(served: ServedTool, value: Value, limit: int) -> Outcome:
    """Return the result of a decoded answer (MCP-14); texts are cut at ``limit`` bytes (MCP-22)."""
    content = value.value
    if isinstance(content, Binary):
        return _binary_outcome(served.tool.name, content)
    if served.tool.blocks and isinstance(content, list) and all(map(is_block, content)):
        return Outcome(written(content))
    return _json_outcome(served, content, limit)


def _json_outcome(served: ServedTool, content: Json, limit: int) -> Outcome:
    text = content if isinstance(content, str) else compact(content)
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        # half of a surrogate pair, which JSON escapes can spell and UTF-8 cannot
        return _json_outcome(served, _clean(content), limit)
    if not limit or size <= limit:
        structured = content if isinstance(content, dict) else {"result": content}
        return _promised(served, [text_block(text)], structured, {})
    if isinstance(content, str):
        return _shown(served, cut_text(text, limit))
    return _shown(served, cut_value(content, size, limit))


def _clean(value: Json) -> Json:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_clean(each) for each in value]
    if isinstance(value, dict):
        return {_clean(name): _clean(each) for name, each in value.items()}
    return value


def _shown(served: ServedTool, cut: Cut) -> Outcome:
    content = [text_block(cut.text), text_block(cut.note)]
    structured = cut.value if isinstance(cut.value, dict) else {"result": cut.value}
    outcome = _promised(served, content, structured, {"naftiko/cut": cut.meta})
    notice: Notice = ("warning", {"message": cut.note.strip("[]")})
    return Outcome(outcome.result, None, (notice, *outcome.notices))


def _promised(
    served: ServedTool, content: Sequence[Json], structured: Json, meta: Mapping[str, Json]
) -> Outcome:
    """Keep the promise of the output schema (MCP-15); the text keeps the real value."""
    if served.shape is None:
        return Outcome(written(content, structured, meta=meta))
    if served.wrapped and structured.keys() != {"result"}:
        structured = {"result": structured}
    promised, mismatches = kept(structured, served.shape)
    if not mismatches:
        return Outcome(written(content, promised, meta=meta))
    pointers = ", ".join(mismatches)
    LOGGER.warning(
        "tool %s: the result does not match its schema at %s", served.tool.name, pointers
    )
    meta = {**meta, "naftiko/mismatch": list(mismatches)}
    notice: Notice = ("warning", {"message": f"the result does not match its schema at {pointers}"})
    return Outcome(written(content, promised, meta=meta), None, (notice,))


def _binary_outcome(tool: str, binary: Binary) -> Outcome:
    """Describe the bytes, then embed them (language.md 7.17)."""
    described = binary.described()
    return Outcome(written([text_block(compact(described)), binary_block(tool, binary)], described))


def binary_block(tool: str, binary: Binary) -> dict[str, Json]:
    """Return an image or audio block, or an embedded resource for other types."""
    data = base64.b64encode(binary.data).decode()
    kind, _, _ = binary.content_type.partition("/")
    media_type = binary.content_type
    if kind.lower() in ("image", "audio"):
        return {"data": data, "mimeType": media_type, "type": kind.lower()}
    uri = f"naftiko://{tool}/{quote(binary.filename or 'content', safe='')}"
    return {"resource": {"blob": data, "mimeType": media_type, "uri": uri}, "type": "resource"}


def problem_outcome(
    problem: InvocationError, request_id: str, scrub: Callable[[str], str]
) -> Outcome:
    """Return the result of a runtime problem (MCP-16, MCP-19)."""
    members = {
        "type": f"urn:naftiko:problem:{problem.problem}",
        "title": problem.title,
        "status": problem.status,
        "detail": scrub(problem.detail),
        "requestId": request_id,
        **problem.members,
    }
    text = f"{problem.title}: {members['detail']}"
    return _failure(text, problem.problem, {"naftiko/problem": members})


def bug_outcome(request_id: str) -> Outcome:
    """Return the result of an unexpected exception, which is in the log only (MCP-16)."""
    members = {
        "type": "urn:naftiko:problem:internal",
        "title": "Internal error",
        "status": 500,
        "detail": f"request {request_id}",
        "requestId": request_id,
    }
    return _failure(
        f"Internal error: request {request_id}", "internal", {"naftiko/problem": members}
    )


def refused_outcome(text: str) -> Outcome:
    """Return the result of a call that was not confirmed (MCP-23)."""
    return _failure(text, "not-confirmed", {})


def _failure(text: str, error: str, meta: Mapping[str, Json]) -> Outcome:
    result = written([text_block(text)], is_error=True, meta=meta)
    return Outcome(result, error, (("error", {"message": text.partition("\n")[0]}),))
