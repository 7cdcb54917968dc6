"""The texts of prompts: ``{{name}}`` and ``{name}`` of declared arguments, and nothing else.

Texts of a document are parsed at load, those of a prompt's file when it is read (MCP-27).
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from naftiko_runtime.values import ABSENT, Absent, Json, text_of

_HOLE: Final = re.compile(r"\{\{\s*([^{}]+?)\s*\}\}|\{([^{}\s][^{}]*)\}")
_RESULT: Final = "result"


@dataclass(frozen=True, slots=True)
class PromptHole:
    """An argument, or (``result``) a member of the function's value.

    With ``result``, ``name`` is the dotted path under the value, empty for the whole value.
    """

    name: str
    result: bool = False


PromptParts = tuple[str | PromptHole, ...]


def prompt_parts(text: str, names: Collection[str], *, has_result: bool = False) -> PromptParts:
    """Return texts and holes; braces around anything else stay text (exposes.md MCP-27)."""
    return tuple(_parts(text, names, has_result=has_result))


def _parts(text: str, names: Collection[str], *, has_result: bool) -> Iterator[str | PromptHole]:
    end = 0
    for found in _HOLE.finditer(text):
        hole = _hole(found, names, has_result=has_result)
        if hole is None:
            continue
        if found.start() > end:
            yield text[end : found.start()]
        yield hole
        end = found.end()
    if end < len(text):
        yield text[end:]


def _hole(found: re.Match[str], names: Collection[str], *, has_result: bool) -> PromptHole | None:
    name = (found[1] or found[2]).strip()
    if name in names:
        return PromptHole(name)
    first, _, path = name.partition(".")
    if has_result and found[1] is not None and first == _RESULT:
        return PromptHole(path, result=True)
    return None


def rendered(part: str | PromptHole, arguments: Mapping[str, str], result: Json | Absent) -> str:
    """Return the text of one part; what is absent is empty, values are not expanded again."""
    if isinstance(part, str):
        return part
    value = _member(result, part.name) if part.result else arguments.get(part.name, ABSENT)
    return "" if value is ABSENT or value is None else text_of(value)


def _member(value: Json | Absent, path: str) -> Json | Absent:
    for step in path.split(".") if path else ():
        value = _below(value, step)
    return value


def _below(value: Json | Absent, step: str) -> Json | Absent:
    if isinstance(value, dict):
        return value.get(step, ABSENT)
    if isinstance(value, list) and step.isdecimal() and int(step) < len(value):
        return value[int(step)]
    return ABSENT
