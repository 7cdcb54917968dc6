"""Entries of other files in place of the imports that name them (orchestration.md 4).

What a copied entry refers to in its own file travels along unseen, as a library.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Final, TypeAlias

from naftiko_runtime.diagnostics import Found
from naftiko_runtime.errors import Diagnostic, Place
from naftiko_runtime.loading.import_entries import (
    Entry,
    is_import,
    name_of,
    named,
    report_keys,
)
from naftiko_runtime.loading.import_files import MOST_FILES, Allowed, ImportFailed, Source
from naftiko_runtime.loading.versions import SECTIONS
from naftiko_runtime.names import suggestion
from naftiko_runtime.tree import Items, Node

_DEEPEST: Final = 8
_UNSEEN: Final = ("binds", "consumes", "aggregates")
_BY_WEIGHT: Final = ("exposes", "binds", "aggregates", "consumes")
"""The later one's alias counts when one original name was imported in several sections."""

Chain: TypeAlias = tuple[tuple[str, str], ...]
"""Files and names that led to an entry."""


@dataclass(frozen=True, slots=True)
class Library:
    """What travels along with the entries that came from one file."""

    tree: Node
    failed: dict[str, Diagnostic] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Imported:
    """What the imports of a document brought, and what they did not."""

    root: Node
    libraries: tuple[Library, ...]
    failed: dict[str, Diagnostic]
    digests: dict[str, str]
    """Origins of the files that were read → SHA-256 of their bytes."""


def with_imports(root: Node, home: str, allowed: Allowed, found: Found) -> Imported:
    """Return the root with its imports replaced; never raises for a document's faults.

    ``home`` is the folder of the document as its path names it.
    """
    walk = _Walk(allowed)
    failed: dict[str, Diagnostic] = {}
    names: list[tuple[str, str, str]] = []
    new = {}
    for section in SECTIONS:
        items = root.get(section)
        if isinstance(items, Items) and any(is_import(item, section) for item in items):
            entries = _resolved(walk, section, items, home, found)
            new[section] = Items(entries.items, place=items.place)
            failed |= entries.failed
            names += entries.names
    aliases = _aliases(names)
    libraries = tuple(
        replace(library, tree=library.tree.having(aliases=Node(aliases, place=library.tree.place)))
        for library in walk.libraries.values()
        if library is not None
    )
    return Imported(root.replaced({**root, **new}), libraries, failed, walk.digests)


@dataclass(slots=True)
class _Resolved:
    items: list[object] = field(default_factory=list)
    failed: dict[str, Diagnostic] = field(default_factory=dict)
    names: list[tuple[str, str, str]] = field(default_factory=list)


def _resolved(walk: "_Walk", section: str, items: Items, home: str, found: Found) -> _Resolved:
    resolved = _Resolved()
    for index, item in enumerate(items):
        if not is_import(item, section):
            resolved.items.append(item)
            continue
        entry = Entry(section, item, home)
        report_keys(entry, items.at(index), found)
        try:
            copies = walk.copies(entry, (), found)
        except ImportFailed as failure:
            resolved.failed |= _failures(entry, failure, found)
            continue
        resolved.items += copies
        resolved.names += [(section, entry.name or name_of(c), name_of(c)) for c in copies]
    return resolved


def _failures(entry: Entry, failure: ImportFailed, found: Found) -> dict[str, Diagnostic]:
    """Report why an import failed; return it under the names that are missing now."""
    diagnostic = _diagnostic(failure, entry.place(failure.key))
    found.extend((diagnostic,))
    return {name: diagnostic for name in (entry.name, entry.alias) if name is not None}


def _diagnostic(failure: ImportFailed, place: Place) -> Diagnostic:
    """Make an error of it, whatever the code is elsewhere: nothing was imported (4.1)."""
    return Diagnostic(failure.code, "error", "unavailable", place, str(failure))


def _aliases(names: Iterable[tuple[str, str, str]]) -> dict[str, str]:
    """Original names → the one name that each has in the importing document (4.7)."""
    chosen: dict[str, str] = {}
    for section in _BY_WEIGHT:
        given: dict[str, set[str]] = {}
        for of, original, alias in names:
            if of == section:
                given.setdefault(original, set()).add(alias)
        chosen |= {name: next(iter(each)) for name, each in given.items() if len(each) == 1}
    return chosen


class _Walk:
    """Follows imports from file to file; remembers files and what travels along."""

    def __init__(self, allowed: Allowed) -> None:
        self._allowed = allowed
        self.libraries: dict[str, Library | None] = {}
        self.digests: dict[str, str] = {}

    def copies(self, entry: Entry, chain: Chain, found: Found) -> list[Node]:
        """Return the entries that an import stands for, under their new name."""
        source = self._source(entry)
        name = entry.name or _guessed(entry, source, found)
        matches = [each for each in source.entries(entry.section) if name_of(each) == name]
        if not matches:
            raise _unknown(entry, source, name)
        here = (source.origin, f"{entry.section} {name}")
        self._check_chain(here, chain)
        copied = [
            copy
            for match in matches
            for copy in self._one(entry.section, match, source, (*chain, here))
        ]
        self._library(source)
        alias = entry.alias or name
        return [named(copy, alias, entry, found if not chain else Found()) for copy in copied]

    def _one(self, section: str, match: Node, source: Source, chain: Chain) -> list[Node]:
        if is_import(match, section):
            return self.copies(Entry(section, match, source.home), chain, Found())
        return [match.coming_from(source.origin)]

    def _source(self, entry: Entry) -> Source:
        source = self._allowed.source(entry.location, entry.home)
        if source.origin not in self.digests and len(self.digests) >= MOST_FILES:
            raise ImportFailed("import/unreadable", f"more than {MOST_FILES} files are imported")
        self.digests[source.origin] = source.digest
        if source.is_openapi:
            message = f"{entry.location} is an OpenAPI file; import it with naftiko import openapi"
            raise ImportFailed("import/openapi", message)
        return source

    def _check_chain(self, here: tuple[str, str], chain: Chain) -> None:
        if here not in chain and len(chain) < _DEEPEST:
            return
        way = " → ".join(PurePath(origin).name for origin, _ in (*chain, here))
        what = "leads back to itself" if here in chain else f"is more than {_DEEPEST} files deep"
        raise ImportFailed("import/cycle", f"the import {what}: {way}")

    def _library(self, source: Source) -> None:
        """Keep what is in a file, for what its entries refer to beyond themselves."""
        if source.origin in self.libraries:
            return
        self.libraries[source.origin] = None
        failed: dict[str, Diagnostic] = {}
        members: dict[str, object] = {"folder": source.folder}
        for section in _UNSEEN:
            entries: list[Node] = []
            for each in source.entries(section):
                entries += self._travelling(section, each, source, failed)
            members[section] = Items(entries, place=Place(source.origin))
        tree = Node(members, place=Place(source.origin)).coming_from(source.origin)
        self.libraries[source.origin] = Library(tree, failed)

    def _travelling(
        self, section: str, each: Node, source: Source, failed: dict[str, Diagnostic]
    ) -> list[Node]:
        try:
            return self._one(section, each, source, ())
        except ImportFailed as failure:
            entry = Entry(section, each, source.home)
            diagnostic = _diagnostic(failure, entry.place(failure.key))
            names = (name for name in (entry.name, entry.alias) if name is not None)
            failed.update(dict.fromkeys(names, diagnostic))
            return []


def _guessed(entry: Entry, source: Source, found: Found) -> str:
    entries = source.entries(entry.section)
    if len(entries) == 1:
        name = name_of(entries[0])
        message = f"{entry.location} has one entry of {entry.section}: import: {name} is meant"
        found.add("import/name-missing", entry.place("import"), message)
        return name
    known = ", ".join(map(name_of, entries)) or "none"
    message = f"{entry.location} has {len(entries)} entries of {entry.section} ({known}); name one"
    raise ImportFailed("import/name-missing", message, "import")


def _unknown(entry: Entry, source: Source, name: str) -> ImportFailed:
    known = [name_of(each) for each in source.entries(entry.section)]
    there = ", ".join(known) or "none"
    message = (
        f'{entry.location} has no "{name}" among its {entry.section} ({there})'
        f"{suggestion(name, known)}"
    )
    return ImportFailed("import/unknown-namespace", message, "import")
