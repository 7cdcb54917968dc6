"""The own namespace of an imported entry, where its alias has to follow (orchestration.md 4.7)."""

import re
from typing import Any, Final

from naftiko_runtime.tree import Items, Node

_REFERRING: Final = frozenset(["with", "value", "lookupValue", "ref", "data", "mapping"])
_PROSE: Final = frozenset(["description", "label", "display", "title"])


def following(entry: Node, old: str, new: str) -> Node:
    """Return a copy of an entry in which references to ``old`` mean ``new``.

    ``OLD.x`` and ``$this.OLD.x`` as a whole value, and both in templates.
    """
    return _Renaming(old, new).node(entry)


class _Renaming:
    def __init__(self, old: str, new: str) -> None:
        name = re.escape(old)
        self._whole = re.compile(rf"(\s*(?:\$this\.)?){name}(?=\.[^\s{{}}]+\s*$)")
        self._hole = re.compile(rf"((?:\{{\{{[&{{]?|<<)\s*(?:\$this\.)?){name}(?=\.)")
        self._new = new

    def node(self, node: Node, *, refers: bool = False) -> Node:
        members = {
            key: value if key in _PROSE else self._value(value, refers or key in _REFERRING)
            for key, value in node.items()
        }
        return node.replaced(members)

    def _value(self, value: Any, refers: bool) -> Any:  # noqa: FBT001  # one of two callers' words
        if isinstance(value, Node):
            return self.node(value, refers=refers)
        if isinstance(value, Items):
            return value.replaced(self._value(item, refers) for item in value)
        if not isinstance(value, str):
            return value
        text = self._hole.sub(self._followed, value)
        return self._whole.sub(self._followed, text, count=1) if refers else text

    def _followed(self, match: re.Match[str]) -> str:
        return f"{match.group(1)}{self._new}"
