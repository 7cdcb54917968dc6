"""Comments that silence a rule where they stand: ``# naftiko: ignore lint/ID`` (8.2)."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from naftiko_runtime.errors import Place
from naftiko_runtime.lint.catalogue import UnknownRule, rule_id

_COMMENT: Final = re.compile(r"(?:^|\s)#\s*naftiko:\s*ignore\s+(?P<rules>.+)$")


class Ignores:
    """The comments of all files that findings stand in; each file is read once."""

    def __init__(self, texts: Mapping[str, str], read: Callable[[str], str] | None = None) -> None:
        self._read = read or _content
        self._files = {file: comments(text) for file, text in texts.items()}

    def silence(self, rule: str, place: Place) -> bool:
        """Tell whether a comment on the line or the line above names ``rule``."""
        if place.file not in self._files:
            self._files[place.file] = comments(self._read(place.file))
        lines = self._files[place.file]
        return any(rule in lines.get(line, ()) for line in (place.line, place.line - 1))


def _content(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def comments(text: str) -> dict[int, frozenset[str]]:
    """Return the rules that comments of a text name, by line from 1.

    Names that are no rule are passed over: the rest of a comment is words for people.
    """
    found: dict[int, frozenset[str]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        match = _COMMENT.search(line)
        if match is not None:
            found[number] = frozenset(_known(match["rules"]))
    return found


def _known(text: str) -> list[str]:
    rules = []
    for written in re.split(r"[\s,]+", text.strip()):
        try:
            rules.append(rule_id(written))
        except UnknownRule:
            continue
    return rules
