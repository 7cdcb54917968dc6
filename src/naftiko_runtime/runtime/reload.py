"""Reads the documents of a process again and says what is to be served from now on (LST-11).

Nothing here touches a socket: the result is data that ``run`` puts into effect.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal, TypeAlias

from naftiko_runtime.compiler.listeners import merge
from naftiko_runtime.diagnostics import Found
from naftiko_runtime.errors import Diagnostic, Place, StartError
from naftiko_runtime.options import RuntimeOptions
from naftiko_runtime.plan.capability import Capability
from naftiko_runtime.plan.exposure import ControlExposure, Exposure, McpExposure
from naftiko_runtime.plan.listener import Merged
from naftiko_runtime.runtime.documents import Document, capabilities, document_files, load
from naftiko_runtime.runtime.watch import Watched

Change: TypeAlias = Literal["new", "changed", "gone"]

_SAID: Final[Mapping[Change, str]] = {
    "new": "is new; it is served",
    "changed": "changed; it is served anew",
    "gone": "is gone; it is served as before, and no more",
}


@dataclass(frozen=True, slots=True)
class Failure:
    """A document that is bad at the moment; its old version goes on serving."""

    document: Document
    at: datetime


@dataclass(frozen=True, slots=True)
class Library:
    """The documents of a process as they are served, and what was found on the disk last."""

    paths: tuple[str, ...]
    options: RuntimeOptions
    documents: tuple[Document, ...]
    """What is served; a bad document stands here in its last good version."""
    prints: Mapping[str, str] = field(default_factory=dict)
    """File → digest of everything that was read for it."""
    failures: Mapping[str, Failure] = field(default_factory=dict)

    @property
    def watched(self) -> Watched:
        """What a change of makes a reload worth while."""
        files = {file for each in self.known for file in (each.file, *each.files)}
        return Watched(
            frozenset(files), frozenset(path for path in self.paths if Path(path).is_dir())
        )

    @property
    def known(self) -> tuple[Document, ...]:
        """The last versions that were read, bad ones before the good ones they stand for."""
        return (*(failure.document for failure in self.failures.values()), *self.documents)


@dataclass(frozen=True, slots=True)
class Reading:
    """A library after it was read again; ``library`` is the same object when nothing changed."""

    library: Library
    rejected: tuple[Document, ...] = ()


def library_of(
    paths: Sequence[str], options: RuntimeOptions, documents: Sequence[Document]
) -> Library:
    """Return the library that a process starts with."""
    good = tuple(each for each in documents if each.capability is not None)
    now = datetime.now(UTC)
    bad = {each.file: Failure(each, now) for each in documents if each.capability is None}
    prints = {each.file: print_of(each) for each in documents}
    return Library(tuple(paths), options, good, prints, bad)


def print_of(document: Document) -> str:
    """Return a digest of everything that was read for a document, as it is on the disk now."""
    digest = hashlib.sha256()
    for file in dict.fromkeys((document.file, *document.files)):
        digest.update(file.encode() + b"\0")
        try:
            digest.update(hashlib.sha256(Path(file).read_bytes()).digest())
        except OSError:
            digest.update(b"-")
    return digest.hexdigest()


def read_again(library: Library) -> Reading:
    """Load what changed; a bad document keeps its old version (exposes.md LST-11)."""
    attempts = [_attempt(library, file) for file in document_files(library.paths, Path.cwd())]
    served = {each.file: each for each in library.documents}
    failures = {
        each.document.file: _failure(library, each.document)
        for each in attempts
        if each.document.capability is None
    }
    documents = tuple(
        each
        for attempt in attempts
        if (each := attempt.good or served.get(attempt.document.file)) is not None
    )
    rejected = tuple(failure.document for failure in failures.values())
    if documents == library.documents and failures == library.failures:
        return Reading(library, rejected)
    prints = {each.document.file: each.print for each in attempts}
    again = replace(library, documents=documents, prints=prints, failures=failures)
    return Reading(again, rejected)


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One file as it is now; the same ``document`` as before when nothing changed."""

    document: Document
    print: str

    @property
    def good(self) -> Document | None:
        return self.document if self.document.capability is not None else None


def _attempt(library: Library, file: str) -> _Attempt:
    known = next((each for each in library.known if each.file == file), None)
    before = library.prints.get(file)
    is_remote = known is not None and any("://" in each for each in known.files)
    if known is not None and not is_remote and before is not None and print_of(known) == before:
        return _Attempt(known, before)
    fresh = _loaded(file, library.options)
    if known is not None and _is_unread(known, fresh):
        # what an earlier load read from another machine cannot be read now
        fresh = replace(fresh, capability=None)
    elif known is not None and fresh.digest == known.digest and print_of(fresh) == before:
        fresh = known
    return _Attempt(fresh, print_of(fresh))


def _is_unread(known: Document, fresh: Document) -> bool:
    """Whether a remote import is missing now that was there (orchestration.md 4.4)."""
    lost = {file for file in known.files if "://" in file} - set(fresh.files)
    return bool(lost) and any(each.code.startswith("import/") for each in fresh.diagnostics)


def _loaded(file: str, options: RuntimeOptions) -> Document:
    try:
        return load(file, options)
    except StartError as exc:
        # a named file that is away for a moment is a bad one, not one to stop serving for
        reason = str(exc).removeprefix(f"{file}: ")
        gone = Diagnostic("import/unreadable", "error", "refused", Place(file), reason)
        return Document(file, None, (gone,), datetime.now(UTC))


def _failure(library: Library, document: Document) -> Failure:
    known = library.failures.get(document.file)
    if known is not None and known.document is document:
        return known
    return Failure(document, datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class Replanned:
    """The listeners after a reload; ``held`` says what waits for a restart."""

    merged: Merged
    held: tuple[Diagnostic, ...] = ()


def replanned(before: Merged, documents: Sequence[Document], options: RuntimeOptions) -> Replanned:
    """Return the new listeners; stdio and control adapters stay as they were (LST-11)."""
    plans = capabilities(documents)
    moving = [_without_fixed(plan, options.stdio) for plan in plans]
    merged = merge(moving, replace(options, control=None))
    fixed = tuple(listener for listener in before.listeners if listener.control)
    again = replace(merged, listeners=(*merged.listeners, *fixed), stdio=before.stdio)
    return Replanned(again, _held(before, merge(plans, options), options.stdio))


def _held(before: Merged, wanted: Merged, stdio: bool) -> tuple[Diagnostic, ...]:  # noqa: FBT001 - an option's name
    """Say which fixed adapters a start would serve otherwise than they are served."""
    files = dict.fromkeys(placed.file for placed in (*before.placed, *wanted.placed))
    return tuple(
        _waiting(exposure, what, file)
        for file in files
        for exposure, what in fixed_changes(_of(before, file), _of(wanted, file), stdio=stdio)
    )


def _waiting(exposure: Exposure, what: Change, file: str) -> Diagnostic:
    # each adapter for itself: diagnostics of one code are otherwise one with a count
    place = exposure.place if exposure.place.file else Place(file)
    message = f'"{exposure.namespace}" {_SAID[what]} after a restart'
    return Found().add("reload/restart-needed", place, message)


def _of(merged: Merged, file: str) -> list[Exposure]:
    return [placed.exposure for placed in merged.placed if placed.file == file]


def fixed_changes(
    before: Iterable[Exposure], after: Iterable[Exposure], *, stdio: bool
) -> Iterator[tuple[Exposure, Change]]:
    """Yield the stdio and control adapters of a document that are not as they were, and how.

    ``stdio``: MCP adapters all speak on stdio (MCP-33).
    """
    old = {_identity(each): each for each in before if _is_fixed(each, stdio)}
    new = {_identity(each): each for each in after if _is_fixed(each, stdio)}
    was, becomes = ({_name(each) for each in side.values()} for side in (old, new))
    for identity, exposure in new.items():
        if identity not in old:
            yield exposure, "changed" if _name(exposure) in was else "new"
    for exposure in old.values():
        if _name(exposure) not in becomes:
            yield exposure, "gone"


def _without_fixed(plan: Capability, stdio: bool) -> Capability:  # noqa: FBT001 - an option's name
    moving = tuple(each for each in plan.exposures if not _is_fixed(each, stdio))
    return replace(plan, exposures=moving)


def _is_fixed(exposure: Exposure, stdio: bool) -> bool:  # noqa: FBT001 - an option's name
    if isinstance(exposure, McpExposure):
        return stdio or exposure.address is None
    return isinstance(exposure, ControlExposure)


def _name(exposure: Exposure) -> tuple[type[Exposure], str]:
    return type(exposure), exposure.namespace


def _identity(exposure: Exposure) -> str:
    """Return what is equal for equal adapters wherever they stand in the document."""
    return repr(replace(exposure, place=Place("")))
