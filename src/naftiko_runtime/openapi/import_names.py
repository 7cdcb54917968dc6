"""Names of an imported API: unique, at most 64 characters (orchestration.md 7.3)."""

import hashlib
from typing import Final

from naftiko_runtime.names import kebab
from naftiko_runtime.openapi.import_warnings import Warnings

_LONGEST: Final = 64
_KEPT: Final = 55


def upper_snake(text: str) -> str:
    """Return a name for environment variables, which begin with a letter."""
    name = kebab(text).replace("-", "_").upper()
    return name if name[:1].isalpha() else f"API_{name}"


class Names:
    """The names of one list, each given once."""

    def __init__(self, warnings: Warnings) -> None:
        self._warnings = warnings
        self._taken: set[str] = set()

    def given(self, name: str, pointer: str) -> str:
        """Return ``name``, shortened and numbered where it must be."""
        short = name if len(name) <= _LONGEST else _shortened(name)
        unique, number = short, 1
        while unique in self._taken:
            number += 1
            unique = f"{short[: _LONGEST - len(str(number)) - 1]}-{number}"
        self._taken.add(unique)
        if unique != name:
            self._warnings.add("renamed", pointer, f"{name} is called {unique}")
        return unique


def _shortened(name: str) -> str:
    return f"{name[:_KEPT]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
