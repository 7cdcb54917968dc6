"""The deviations of published documents that are settled on the tree, in their order."""

from typing import Final

from naftiko_runtime.dialect.shape import Rules

DEVIATIONS: Final[Rules] = {}
