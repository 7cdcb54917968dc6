"""What a script leaves: its result as JSON, its prints, or how it failed."""

import json
from dataclasses import dataclass
from typing import Final

from naftiko_runtime.errors import ScriptFailed
from naftiko_runtime.values import Absent, Json

LARGEST: Final = 8 * 1024 * 1024
"""Bytes of a result as JSON (orchestration.md 2.20)."""


@dataclass(frozen=True, slots=True)
class Source:
    """One file of a script, read."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result, ABSENT when the script set none, and the lines it printed."""

    value: Json | Absent
    lines: tuple[str, ...] = ()


def parsed(text: str) -> Json:
    """Return a result that its sandbox wrote as JSON; raise ``ScriptFailed`` when it is too big."""
    if len(text.encode()) > LARGEST:
        raise ScriptFailed(f"result is larger than {LARGEST // 2**20} MiB")
    return json.loads(text)


def limit_reached(timeout: float) -> ScriptFailed:
    """Return the failure of a script that took too long (orchestration.md 2.21)."""
    return ScriptFailed(f"time limit of {round(timeout * 1000)} ms reached")
