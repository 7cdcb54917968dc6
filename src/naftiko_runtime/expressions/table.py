"""Lists of records: mappings that pick members out of each element of a list (language.md 9.4).

Most mapped answers are such lists, and most of what they hold is left behind. Instead of making a
value of everything in the JSON text, only what is picked is made, by a decoder for just that.
"""

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec
from msgspec.structs import asdict

from naftiko_runtime.expressions.mapper import ArrayShape, Mapper, ObjectShape, Select
from naftiko_runtime.values import Json

_Names: TypeAlias = tuple[str, ...]
_Tree: TypeAlias = "dict[str, _Tree]"
"""Members that are picked and what is picked from them: nothing, when they are as they are."""
_Column: TypeAlias = tuple[Callable[[Any], Json], tuple[str, ...]]
"""What gets a picked value from an element, and the attributes that lead there."""
_UNWRITABLE: Final = frozenset('"\\')


class _Reading(NamedTuple):
    """What is made for a table once: types with just its members, and the ways through them."""

    decode: Callable[[bytes], Any]
    rows: Callable[[Any], Sequence[Any]]
    columns: Sequence[_Column]
    made: Callable[..., Any]


class Table:
    """What a mapping picks: ``base`` leads to the list, ``members`` from an element to values.

    Its types are made when it is first used: not every operation of a document is ever called.
    """

    __slots__ = ("_base", "_members", "_reading")

    def __init__(self, base: _Names, members: Sequence[tuple[str, _Names]]) -> None:
        self._base = base
        self._members = members
        self._reading: _Reading | None = None

    def read(self, text: bytes) -> list[Json] | None:
        """Return what the mapping makes of a text, which must be UTF-8.

        None when the text must be read as a whole: it is not JSON, or there is no list of objects.
        Numbers beyond doubles that nobody picks go unnoticed.
        """
        reading = self._reading
        if reading is None:
            reading = self._reading = _reading(self._base, self._members)
        try:
            rows = reading.rows(reading.decode(text))
        except (ValueError, RecursionError):
            return None
        columns = [_picked(rows, column) for column in reading.columns]
        return [*map(asdict, map(reading.made, *columns))]


def table_of(mapper: Mapper) -> Table | None:
    """Return a mapping as a table when it is one: names alone lead to all that it picks."""
    if not isinstance(mapper, ArrayShape) or mapper.single:
        return None
    base = () if mapper.base is None else _names(mapper.base)
    each = mapper.each
    if base is None or not isinstance(each, ObjectShape) or each.base is not None or each.sparse:
        return None
    members: list[tuple[str, _Names]] = []
    for name, member in each.members:
        names = _names(member)
        if not names or not name.isidentifier() or name.startswith("__"):
            return None
        members.append((name, names))
    return Table(base, members) if _is_tree([names for _, names in members]) else None


def _names(mapper: Mapper) -> _Names | None:
    """Return the way to what a mapper finds, when that is names alone and it adds nothing."""
    if not isinstance(mapper, Select) or mapper.fallback is not None:
        return None
    if mapper.wrap or mapper.cut is not None or mapper.path.members is None:
        return None
    names = tuple(name for name in mapper.path.members if isinstance(name, str))
    is_writable = all(name.isprintable() and not _UNWRITABLE & set(name) for name in names)
    return names if is_writable and len(names) == len(mapper.path.members) else None


def _is_tree(paths: Sequence[_Names]) -> bool:
    """Tell whether no value is picked from another one that is picked as a whole."""
    return bool(paths) and not any(
        one != other and one == other[: len(one)] for one in paths for other in paths
    )


def _reading(base: _Names, members: Sequence[tuple[str, _Names]]) -> _Reading:
    tree: _Tree = {}
    for _, names in members:
        node = tree
        for name in names:
            node = node.setdefault(name, {})
    kind: Any = list[_record(tree)]  # type: ignore[misc] # a type that is made here
    for name in reversed(base):
        kind = msgspec.defstruct("Around", [("m0", kind, msgspec.field(name=name))])
    return _Reading(
        msgspec.json.Decoder(kind).decode,
        attrgetter(".".join("m0" for _ in base)) if base else _itself,
        [_column(tree, names) for _, names in members],
        msgspec.defstruct("Made", [name for name, _ in members], gc=False),
    )


def _record(tree: _Tree) -> Any:
    """Return a type with members that may all be missing, and be null where others are within."""
    fields = []
    for index, (name, below) in enumerate(tree.items()):
        kind = _record(below) | None if below else Any
        fields.append((f"m{index}", kind, msgspec.field(default=None, name=name)))
    # the garbage collector need not look at records: they are gone before it comes
    return msgspec.defstruct("Record", fields, gc=False)


def _column(tree: _Tree, names: _Names) -> _Column:
    attributes = []
    for name in names:
        attributes.append(f"m{list(tree).index(name)}")
        tree = tree[name]
    return attrgetter(".".join(attributes)), tuple(attributes)


def _picked(rows: Sequence[Any], column: _Column) -> Sequence[Json]:
    getter, attributes = column
    try:
        return [*map(getter, rows)]
    except AttributeError:  # something on the way is null or missing
        return [_followed(row, attributes) for row in rows]


def _followed(record: Any, attributes: Iterable[str]) -> Json:
    for attribute in attributes:
        record = getattr(record, attribute, None)
    return record


def _itself(value: Json) -> Json:
    return value
