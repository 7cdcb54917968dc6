"""Names that tools of YAML 1.1 turned into booleans (language.md 1.2)."""

from typing import Final

_NAMES: Final = {"true": ("on", "yes", "y"), "false": ("off", "no", "n")}
BOOLEANS: Final = frozenset(
    spelled for word in _NAMES for spelled in (word, word.capitalize(), word.upper())
)


def boolean_key(key: str, value: str) -> str | None:
    """Return the name that one of ``BOOLEANS`` stands for, when its value refers to that input."""
    reference = value.strip()
    braced = reference.startswith("{{") and reference.endswith("}}")
    scope, _, name = reference.strip("{}& ").rpartition(".")
    return name if name in _NAMES[key.lower()] and (braced or scope) else None
