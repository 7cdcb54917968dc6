"""How names of a document are compared: exactly, by spelling, and to suggest the nearest."""

import hashlib
import re
from collections.abc import Collection, Iterable
from typing import Final

_NOT_IN_TOOL_NAMES: Final = re.compile(r"[^A-Za-z0-9_-]")
_WORD_END: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NO_WORD: Final = re.compile(r"[^A-Za-z0-9]+")
_LONGEST_TOOL_NAME: Final = 64
_SPELLING: Final = str.maketrans("", "", "-_.[]")
_FAR: Final = 3


def folded(name: str) -> str:
    """Return a name without case and without ``- _ . [ ]`` (language.md 3.8)."""
    return name.translate(_SPELLING).casefold()


def kebab(text: str) -> str:
    """Return ``crew-list-2`` for ``CrewList 2`` (orchestration.md 7.3)."""
    parted = _WORD_END.sub("-", text)
    return _NO_WORD.sub("-", parted).strip("-").lower()


def tool_name(name: str) -> str:
    """Return the listed form of a tool's name: ``[A-Za-z0-9_-]{1,64}`` (exposes.md MCP-10)."""
    safe = _NOT_IN_TOOL_NAMES.sub("-", name) or "tool"
    if len(safe) <= _LONGEST_TOOL_NAME:
        return safe
    return f"{safe[:55]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def free_tool_name(name: str, taken: Collection[str]) -> str:
    """Return a listed name, or ``NAME-2``, ``NAME-3`` while it is taken (exposes.md MCP-10)."""
    free, number = name, 1
    while free in taken:
        number += 1
        suffix = f"-{number}"
        free = f"{name[: _LONGEST_TOOL_NAME - len(suffix)]}{suffix}"
    return free


def matching(name: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate that is the name, else the only one that differs in spelling.

    None when nothing or more than one remains (language.md 3.8).
    """
    known = list(candidates)
    if name in known:
        return name
    wanted = folded(name)
    spelled = {candidate for candidate in known if folded(candidate) == wanted}
    return spelled.pop() if len(spelled) == 1 else None


def nearest(name: str, candidates: Iterable[str], within: int = 2) -> str | None:
    """Return the candidate fewest edits away, at most ``within``; the first of equals."""
    best: tuple[int, str] | None = None
    for candidate in candidates:
        if abs(len(candidate) - len(name)) > within:
            continue
        distance = edits(name, candidate)
        if distance <= within and (best is None or distance < best[0]):
            best = (distance, candidate)
    return best[1] if best else None


def edits(one: str, other: str) -> int:
    """Return the Levenshtein distance of two texts."""
    row = list(range(len(other) + 1))
    for i, left in enumerate(one, 1):
        previous, row[0] = row[0], i
        for j, right in enumerate(other, 1):
            previous, row[j] = (
                row[j],
                min(row[j] + 1, row[j - 1] + 1, previous + (left != right)),
            )
    return row[-1]


def suggestion(name: str, candidates: Iterable[str]) -> str:
    """Return ``; did you mean "X"?`` for the nearest candidate, or nothing."""
    known = list(candidates)
    found = matching(name, known) or nearest(name, known, max(2, min(_FAR, len(name) // 4)))
    return f'; did you mean "{found}"?' if found else ""
