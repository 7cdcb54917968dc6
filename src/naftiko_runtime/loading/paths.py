"""Paths into a tree: where a validation error points, what part it breaks, trees with edits."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeAlias

from naftiko_runtime.dialect.shape import ADAPTERS, FUNCTIONS, Form, child_of, kind_of
from naftiko_runtime.errors import Place
from naftiko_runtime.tree import Items, Node

Path: TypeAlias = tuple[str | int, ...]

_SINGLE: Final = (Form.ONE, Form.ONE_OR_LIST)
PARTS: Final = frozenset(
    [
        *FUNCTIONS,
        *ADAPTERS,
        *("consumes", "consumed-resource", "consumed-operation"),
        *("rest-resource", "skill-entry", "skill-tool", "aggregate", "bind", "info"),
    ]
)
"""Kinds that are unusable as a whole when something in them is of the wrong kind."""


def located(tree: Any, loc: Iterable[str | int]) -> Path:
    """Return the path of a validation error; labels of alternatives, ``(rest)``, are skipped."""
    path: list[str | int] = []
    for part in loc:
        if isinstance(tree, Node) and part in tree:
            tree = tree[str(part)]
        elif isinstance(tree, Items) and isinstance(part, int) and part < len(tree):
            tree = tree[part]
        elif not isinstance(tree, Node | Items):
            break
        elif isinstance(part, str) and part.startswith("("):
            continue
        else:
            return (*path, part)
        path.append(part)
    return tuple(path)


def kinds(tree: Any, path: Path) -> list[str | None]:
    """Return the kind of what stands at each prefix of a path; None for lists and plain values.

    An element of a list has the kind that it should have.
    """
    found: list[str | None] = ["document"]
    elements: str | None = None
    for part in path:
        kind = found[-1]
        value = _member(tree, part)
        if elements is not None:
            found.append(kind_of(value, elements) if isinstance(value, Node) else elements)
            elements = None
        else:
            child = child_of(kind, str(part)) if kind is not None else None
            one = child is not None and isinstance(value, Node) and child.form in _SINGLE
            found.append(kind_of(value, child.kind) if child is not None and one else None)
            elements = child.kind if child is not None and not one else None
        tree = value
    return found


def _member(tree: Any, part: str | int) -> Any:
    if isinstance(tree, Node):
        return tree.get(str(part))
    inside = isinstance(tree, Items) and isinstance(part, int) and part < len(tree)
    return tree[part] if inside else None


def enclosing(tree: Node, path: Path) -> Path | None:
    """Return the path of the smallest part that a wrong value makes unusable (language.md 1.7).

    None when there is none, or when the value itself stands where a part should and just goes.
    """
    there = kinds(tree, path)
    if there[-1] in PARTS:
        return None
    parts = [length for length, kind in enumerate(there) if kind in PARTS]
    return path[: parts[-1]] if parts else None


def edited(tree: Any, path: Path, change: Callable[[Node], Node]) -> Any:
    """Return a tree whose map at ``path`` is changed."""
    if not path:
        return change(tree)
    head, rest = path[0], path[1:]
    if isinstance(tree, Node):
        key = str(head)
        return tree.replaced({**tree, key: edited(tree[key], rest, change)})
    return tree.replaced(
        edited(item, rest, change) if index == head else item for index, item in enumerate(tree)
    )


def without(tree: Any, gone: Iterable[Path]) -> Any:
    """Return a tree without the members and elements at some paths."""
    below: dict[str | int, set[Path]] = defaultdict(set)
    for path in gone:
        below[path[0]].add(path[1:])
    dropped = {head for head, rests in below.items() if () in rests}
    if isinstance(tree, Node):
        return tree.replaced(
            {
                key: without(value, below[key]) if key in below else value
                for key, value in tree.items()
                if key not in dropped
            }
        )
    inner = tree.replaced(
        without(item, below[index]) if index in below and index not in dropped else item
        for index, item in enumerate(tree)
    )
    return inner.without(*dropped) if dropped else inner


def place_at(tree: Any, path: Path) -> Place:
    """Return the place of the value at a path; of the map around it when it is not there."""
    holder = at(tree, path[:-1]) if path else tree
    if isinstance(holder, Items) and path:
        return holder.at(int(path[-1]))
    if isinstance(holder, Node) and path and path[-1] in holder:
        return holder.at(str(path[-1]))
    return holder.place if isinstance(holder, Node | Items) else Place("")


def at(tree: Any, path: Path) -> Any:
    """Return the value at a path that is there."""
    for part in path:
        tree = tree[part]
    return tree
