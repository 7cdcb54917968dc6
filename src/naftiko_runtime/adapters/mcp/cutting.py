"""Makes a large result small enough for a model to read (exposes.md MCP-22)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from naftiko_runtime.values import Json, compact

_LONG_TEXT: Final = 1000
_ROUNDS: Final = 8
"""Arrays that are cut before texts are."""
_IDENTIFIER: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")

Way = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Cut:
    """A reduced value with its text, and what the caller is told about it."""

    value: Json
    text: str
    note: str
    meta: dict[str, Json]


def cut_text(text: str, limit: int) -> Cut:
    """Return the text cut at a character, at most ``limit`` bytes of UTF-8."""
    encoded = text.encode()
    kept = encoded[:limit].decode(errors="ignore")
    note = f"[cut: {len(kept.encode())} of {len(encoded)} bytes]"
    return Cut(kept, kept, note, {"bytes": len(encoded)})


def cut_value(value: Json, size: int, limit: int) -> Cut:
    """Return a JSON value whose compact text has at most ``limit`` bytes.

    Whole items go from the end of the largest array, then texts over 1,000 characters are cut;
    what is still too large is cut as a text. ``size`` is the number of bytes of the whole.
    """
    reduced, first = value, None
    for _ in range(_ROUNDS):
        if (shortened := _shortened(reduced, limit)) is None:
            break
        reduced, cut = shortened
        first = first or cut
        if _size(reduced) <= limit:
            return _told(reduced, first, size)
    reduced = _short_texts(reduced)
    if _size(reduced) <= limit:
        return _told(reduced, first, size)
    plain = cut_text(compact(value), limit)
    return Cut({}, plain.text, plain.note, plain.meta)


def _told(value: Json, cut: "_Items | None", size: int) -> Cut:
    text = compact(value)
    kept = f"{len(text.encode())} of {size} bytes"
    if cut is None:
        return Cut(
            value,
            text,
            f"[cut: texts have at most {_LONG_TEXT} characters; {kept}]",
            {"bytes": size},
        )
    path = _path(cut.way)
    note = f"[cut: {path} has {cut.kept} of {cut.of} items; {kept}]"
    return Cut(value, text, note, {"path": path, "kept": cut.kept, "of": cut.of, "bytes": size})


@dataclass(frozen=True, slots=True)
class _Items:
    way: Way
    kept: int
    of: int


def _shortened(value: Json, limit: int) -> tuple[Json, _Items] | None:
    """Return the value with fewer items in its largest array, None when no array is left."""
    arrays = sorted(_arrays(value, ()), key=lambda found: found[0], reverse=True)
    chosen = next((found for found in arrays if _helps(found[2], limit)), None)
    if chosen is None:
        return None
    size, way, items = chosen
    room = limit - (_size(value) - size)
    kept = _fitting(items, room)
    return _with(value, way, items[:kept]), _Items(way, kept, len(items))


def _helps(items: list[Json], limit: int) -> bool:
    """Return whether dropping items is enough: no single one of them is over the limit itself.

    Otherwise an array inside that item is the one to cut.
    """
    return bool(items) and (_size(items[0]) <= limit or not _holds_arrays(items[0]))


def _holds_arrays(value: Json) -> bool:
    return any(items for _, _, items in _arrays(value, ()))


def _arrays(value: Json, way: Way) -> Iterator[tuple[int, Way, list[Json]]]:
    """Yield every array with its size in bytes and the way to it."""
    if isinstance(value, list):
        yield _size(value), way, value
    members = value.items() if isinstance(value, dict) else ()
    elements = enumerate(value) if isinstance(value, list) else ()
    for key, below in (*members, *elements):
        if isinstance(below, dict | list):
            yield from _arrays(below, (*way, key))


def _fitting(items: list[Json], room: int) -> int:
    """Return how many items from the beginning have at most ``room`` bytes as an array."""
    used = len("[]")
    for index, item in enumerate(items):
        used += _size(item) + (1 if index else 0)
        if used > room:
            return index
    return len(items)


def _with(value: Json, way: Way, items: list[Json]) -> Json:
    """Return the value with other items at the end of the way."""
    if not way:
        return items
    key, rest = way[0], way[1:]
    if isinstance(value, dict):
        return {
            name: _with(each, rest, items) if name == key else each for name, each in value.items()
        }
    return [_with(each, rest, items) if index == key else each for index, each in enumerate(value)]


def _short_texts(value: Json) -> Json:
    if isinstance(value, str):
        return value if len(value) <= _LONG_TEXT else value[:_LONG_TEXT] + "…"
    if isinstance(value, list):
        return [_short_texts(each) for each in value]
    if isinstance(value, dict):
        return {name: _short_texts(each) for name, each in value.items()}
    return value


def _size(value: Json) -> int:
    return len(compact(value).encode())


def _path(way: Way) -> str:
    """Return the JSONPath of a way."""
    return "$" + "".join(_step(key) for key in way)


def _step(key: str | int) -> str:
    if isinstance(key, int):
        return f"[{key}]"
    return f".{key}" if key and set(key) <= _IDENTIFIER else f"[{compact(key)}]"
