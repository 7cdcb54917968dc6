"""The document tree: parsed text with places, before validation.

Maps are ``Node``, lists are ``Items``, text is ``str``; every other scalar is a ``Scalar``, which
keeps its source text because a key that expects text takes it as written (language.md 1.2).
Trees are values: whoever changes one makes a new one, since parsed files are shared.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from naftiko_runtime.errors import Diagnostic, Place
from naftiko_runtime.values import Json, compact

Marks: TypeAlias = tuple[int, int, int, int]
"""Line and column of a key, then of its value, 1-based."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A null, boolean or number and how it was written."""

    value: bool | int | float | None
    text: str


class Node(dict[str, Any]):
    """A map with its place.

    ``marks`` holds where its members stand, ``written`` the name that a renamed member has in the
    document, ``broken`` the problem that makes this part unusable, ``origin`` the real path of the
    file that an import took this from.
    """

    __slots__ = ("broken", "marks", "origin", "place", "written")

    def __init__(
        self,
        members: Mapping[str, Any] | Iterable[tuple[str, Any]] = (),
        *,
        place: Place,
        marks: Mapping[str, Marks] | None = None,
        written: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(members)
        self.place = place
        self.marks: Mapping[str, Marks] = {} if marks is None else marks
        self.written = written
        self.broken: Diagnostic | None = None
        self.origin: str | None = None

    def at(self, key: str) -> Place:
        """Return the place of the value of ``key``; the node's own line when it has none."""
        marks = self.marks.get(key)
        return self._place(key, marks[2:] if marks else None)

    def key_at(self, key: str) -> Place:
        """Return the place of ``key`` itself."""
        marks = self.marks.get(key)
        return self._place(key, marks[:2] if marks else None)

    def _place(self, key: str, mark: tuple[int, ...] | None) -> Place:
        line, column = mark or (self.place.line, self.place.column)
        name = self.written.get(key, key) if self.written else key
        place = self.place
        return Place(place.file, line, column, f"{place.pointer}/{escaped(name)}")

    def replaced(self, members: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> "Node":
        """Return a node with other members at the same place."""
        node = Node(members, place=self.place, marks=self.marks, written=self.written)
        node.broken = self.broken
        node.origin = self.origin
        return node

    def having(self, **members: Any) -> "Node":
        """Return a node with some members added or replaced."""
        return self.replaced({**self, **members})

    def without(self, *keys: str) -> "Node":
        """Return a node without some members."""
        return self.replaced({key: value for key, value in self.items() if key not in keys})

    def renamed(self, names: Mapping[str, str]) -> "Node":
        """Return a node whose members ``old`` are called ``new``; their places stay."""
        marks = dict(self.marks)
        written = dict(self.written or {})
        for old, new in names.items():
            if old in self.marks:
                marks[new] = self.marks[old]
            written[new] = written.get(old, old)
        node = self.replaced({names.get(key, key): value for key, value in self.items()})
        node.marks = marks
        node.written = written
        return node

    def breaking(self, diagnostic: Diagnostic) -> "Node":
        """Return a node that is unusable because of ``diagnostic``; the first one stays."""
        node = self.replaced(self)
        node.broken = self.broken or diagnostic
        return node

    def coming_from(self, origin: str) -> "Node":
        """Return a node that an import took from a file."""
        node = self.replaced(self)
        node.origin = origin
        return node


class Items(list[Any]):
    """A list with its place; ``keys`` are the keys of its elements when a map was written."""

    __slots__ = ("keys", "marks", "place")

    def __init__(
        self,
        items: Iterable[Any] = (),
        *,
        place: Place,
        marks: list[tuple[int, int]] | None = None,
        keys: list[str] | None = None,
    ) -> None:
        super().__init__(items)
        self.place = place
        self.marks = marks if marks is not None else []
        self.keys = keys

    def at(self, index: int) -> Place:
        """Return the place of one element."""
        if isinstance(self[index], Node | Items):
            place: Place = self[index].place
            return place
        line, column = (
            self.marks[index] if index < len(self.marks) else (self.place.line, self.place.column)
        )
        name = escaped(self.keys[index]) if self.keys else index
        return Place(self.place.file, line, column, f"{self.place.pointer}/{name}")

    def replaced(self, items: Iterable[Any]) -> "Items":
        """Return a list with as many other elements at the same places."""
        return Items(items, place=self.place, marks=self.marks, keys=self.keys)

    def without(self, *indexes: int) -> "Items":
        """Return a list without some of the elements; the others keep their places."""
        kept = [index for index in range(len(self)) if index not in indexes]
        marks = [self.marks[index] for index in kept if index < len(self.marks)]
        keys = [self.keys[index] for index in kept] if self.keys else None
        return Items([self[index] for index in kept], place=self.place, marks=marks, keys=keys)


Tree: TypeAlias = Node | Items | str | Scalar


def is_null(tree: Any) -> bool:
    """Tell whether a part of a tree is the null scalar, which counts as absent."""
    return isinstance(tree, Scalar) and tree.value is None


def text_of(tree: Any) -> str | None:
    """Return the text of a scalar as it was written; None for null, maps and lists."""
    if isinstance(tree, str):
        return tree
    return tree.text if isinstance(tree, Scalar) and tree.value is not None else None


def escaped(key: str) -> str:
    """Return a key as a JSON pointer segment (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1") if "/" in key or "~" in key else key


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


def grown(value: Json, place: Place) -> Any:
    """Return the tree of a JSON value that was written elsewhere, all of it at one place."""
    if isinstance(value, dict):
        return Node(((str(key), grown(each, place)) for key, each in value.items()), place=place)
    if isinstance(value, list):
        return Items((grown(each, place) for each in value), place=place)
    if isinstance(value, str):
        return value
    return Scalar(value, compact(value))
