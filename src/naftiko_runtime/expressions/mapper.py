"""Output shapes (language.md 9)."""

from typing import TypeAlias

Mapper: TypeAlias = object
