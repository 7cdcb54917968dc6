"""Watches the files of documents and says when something settled (exposes.md LST-11).

Folders are watched, not files: editors and mounted configuration replace a file or a link on the
way to it, which a watch on the file itself would not survive.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

QUIET: Final = 300
"""Milliseconds without a change before a change counts."""
_AT_MOST: Final = 3000
_LOOK: Final = 5000
_MOST_LINKS: Final = 40
_SUFFIXES: Final = {".yaml", ".yml"}


@dataclass(frozen=True, slots=True)
class Watched:
    """What is looked at: every file that was read, and folders that stand for their documents."""

    files: frozenset[str]
    folders: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Marks:
    """Watched as the system reports it: folders, names in them that matter."""

    folders: frozenset[str]
    names: frozenset[str]
    open_folders: frozenset[str]

    def matter(self, _change: object, path: str) -> bool:
        place = Path(path)
        is_document = str(place.parent) in self.open_folders and place.suffix in _SUFFIXES
        return path in self.names or is_document


async def changes(watched: Callable[[], Watched], stopped: asyncio.Event) -> AsyncIterator[None]:
    """Yield each time something changed and then rested, until ``stopped`` is set.

    ``watched`` is asked again after each time, because a reload may read other files. Every few
    seconds the files are looked at as well: network file systems report nothing, and neither is
    what happened before the watch began.
    """
    while not stopped.is_set():
        marks = _marks(watched())
        state: frozenset[tuple[str, int, int, int]] | None = None
        async for noticed in _noticed(marks, stopped):
            before, state = state, _state(marks)
            if noticed or before != state:
                yield
            if _marks(watched()) != marks:
                break


def _noticed(marks: _Marks, stopped: asyncio.Event) -> AsyncIterator[object]:
    # a process that watches nothing does not need it
    from watchfiles import awatch  # noqa: PLC0415 - see above

    return awatch(
        *marks.folders,
        watch_filter=marks.matter,
        step=QUIET,
        debounce=_AT_MOST,
        rust_timeout=_LOOK,
        yield_on_timeout=True,
        recursive=False,
        stop_event=stopped,
    )


def _state(marks: _Marks) -> frozenset[tuple[str, int, int, int]]:
    """Return what tells versions of the files apart without reading them."""
    inside = (each for folder in marks.open_folders for each in Path(folder).glob("*.y*ml"))
    states = (_state_of(path) for path in (*map(Path, marks.names), *inside))
    return frozenset(state for state in states if state is not None)


def _state_of(path: Path) -> tuple[str, int, int, int] | None:
    try:
        stat = path.lstat()
    except OSError:
        return None
    return str(path), stat.st_ino, stat.st_size, stat.st_mtime_ns


def _marks(watched: Watched) -> _Marks:
    files = [list(_on_the_way(file)) for file in watched.files]
    opened = [list(_on_the_way(folder)) for folder in watched.folders]
    # of a folder the links that lead to it matter, and everything in the real one
    links = [name for ways in opened for name in ways[:-1]]
    names = frozenset(str(name) for name in [*links, *(name for ways in files for name in ways)])
    inside = frozenset(str(ways[-1]) for ways in opened)
    folders = {str(Path(name).parent) for name in names} | inside
    existing = frozenset(folder for folder in folders if Path(folder).is_dir())
    return _Marks(existing, names, inside)


def _on_the_way(file: str) -> Iterator[Path]:
    """Yield every link that leads to a file, and the file itself, in their real folders."""
    anchor, *rest = Path(file).absolute().parts
    place, links = Path(anchor), 0
    while rest:
        part = rest.pop(0)
        step = place.parent if part == ".." else place / part
        if step.is_symlink() and links < _MOST_LINKS:
            links += 1
            yield step
            target = place / step.readlink()
            place, rest = Path(target.anchor), [*target.parts[1:], *rest]
        else:
            place = step
    yield place
