"""The document tree: parsed text with places, before validation.

Maps are ``Node``, lists are ``Items``, text is ``str``; every other scalar is a ``Scalar``, which
keeps its source text because a key that expects text takes it as written (language.md 1.2).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from naftiko_runtime.errors import Place
from naftiko_runtime.values import Json

Mark: TypeAlias = tuple[int, int]
"""Line and column, 1-based."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A null, boolean or number and how it was written."""

    value: None | bool | int | float
    text: str


class Node(dict[str, Any]):
    """A map with its place; ``keys_at`` and ``values_at`` hold the marks of its members."""

    __slots__ = ("keys_at", "place", "values_at")

    def __init__(
        self,
        members: Mapping[str, Any] | Iterable[tuple[str, Any]] = (),
        *,
        place: Place,
        keys_at: dict[str, Mark] | None = None,
        values_at: dict[str, Mark] | None = None,
    ) -> None:
        super().__init__(members)
        self.place = place
        self.keys_at = keys_at if keys_at is not None else {}
        self.values_at = values_at if values_at is not None else {}

    def at(self, key: str) -> Place:
        """Return the place of the value of ``key``; the node's own place when it has none."""
        return self._place(key, self.values_at.get(key))

    def key_at(self, key: str) -> Place:
        """Return the place of ``key`` itself."""
        return self._place(key, self.keys_at.get(key))

    def _place(self, key: str, mark: Mark | None) -> Place:
        line, column = mark or (self.place.line, self.place.column)
        return Place(self.place.file, line, column, f"{self.place.pointer}/{escaped(key)}")

    def replaced(self, members: Mapping[str, Any]) -> "Node":
        """Return a node with other members at the same place, keeping known marks."""
        return Node(members, place=self.place, keys_at=self.keys_at, values_at=self.values_at)


class Items(list[Any]):
    """A list with its place."""

    __slots__ = ("marks", "place")

    def __init__(
        self, items: Iterable[Any] = (), *, place: Place, marks: list[Mark] | None = None
    ) -> None:
        super().__init__(items)
        self.place = place
        self.marks = marks if marks is not None else []

    def at(self, index: int) -> Place:
        """Return the place of one element."""
        line, column = (
            self.marks[index]
            if index < len(self.marks)
            else (self.place.line, self.place.column)
        )
        return Place(self.place.file, line, column, f"{self.place.pointer}/{index}")


Tree: TypeAlias = Node | Items | str | Scalar


def escaped(key: str) -> str:
    """Return a key as a JSON pointer segment (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")


def plain(tree: Any) -> Json:
    """Return the JSON value of a tree, without places."""
    match tree:
        case Scalar():
            return tree.value
        case dict():
            return {key: plain(value) for key, value in tree.items()}
        case list():
            return [plain(value) for value in tree]
        case _:
            return tree
