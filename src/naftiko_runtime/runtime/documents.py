"""Finds, loads and compiles the documents of a process, each on its own (exposes.md LST-6)."""

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from naftiko_runtime.compiler.link import compile_capability, finished
from naftiko_runtime.engine.formats.extras import missing_extras
from naftiko_runtime.errors import Diagnostic
from naftiko_runtime.expressions.reference import FileEntry
from naftiko_runtime.loading.files import DiskFiles
from naftiko_runtime.loading.import_files import SourceCache
from naftiko_runtime.loading.load import Reading, load_document
from naftiko_runtime.options import RuntimeOptions
from naftiko_runtime.plan.capability import Capability
from naftiko_runtime.runtime.remote import fetched
from naftiko_runtime.tree import Node

DEFAULT_FILES: Final = (
    "naftiko.yaml",
    "naftiko.yml",
    "ikanos.yaml",
    "ikanos.yml",
    "capability.yaml",
    "capability.yml",
)
_SUFFIXES: Final = {".yaml", ".yml"}


@dataclass(frozen=True, slots=True)
class Document:
    """One document after an attempt to load it; ``capability`` is None when it was refused."""

    file: str
    capability: Capability | None
    diagnostics: tuple[Diagnostic, ...]
    loaded_at: datetime
    files: tuple[str, ...] = ()
    """Every file that was read for it, and files of binds that will be."""
    digest: str = ""
    tree: Node | None = field(default=None, repr=False, compare=False)
    """The document after imports and normalisation."""


def document_files(paths: Iterable[str], folder: Path) -> list[str]:
    """Return the files that the arguments mean, in their order (LST-6, orchestration.md 6.5).

    A folder stands for its YAML files by name, without hidden ones; no argument for the first
    usual name in ``folder``.
    """
    named = list(paths)
    if not named:
        usual = (name for name in DEFAULT_FILES if (folder / name).is_file())
        return list(usual)[:1]
    return [file for path in named for file in _files_of(path)]


def _files_of(path: str) -> list[str]:
    place = Path(path)
    if not place.is_dir():
        return [path]
    names = (each for each in place.iterdir() if each.suffix in _SUFFIXES)
    shown = sorted(each for each in names if not each.name.startswith(".") and each.is_file())
    return [str(each) for each in shown]


def load_all(files: Iterable[str], options: RuntimeOptions) -> list[Document]:
    """Load and compile each file; a refused one does not stop the others (LST-6).

    Raises ``StartError`` for a file that cannot be read.
    """
    with uncollected():
        return [load(file, options) for file in files]


def load(file: str, options: RuntimeOptions, *, text: bytes | None = None) -> Document:
    """Load and compile one file, or ``text`` in its place; its problems are in the result.

    Raises ``StartError`` when the file cannot be read.
    """
    with uncollected():
        return _loaded(file, options, text)


@contextmanager
def uncollected() -> Iterator[None]:
    """Keep the garbage collector away: what a load makes stays, so a search finds nothing.

    In the load of a thousand documents its searches took a third of the time.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _loaded(file: str, options: RuntimeOptions, text: bytes | None) -> Document:
    now = datetime.now(UTC)
    hosts = options.settings.import_hosts
    reading = Reading(SourceCache(), fetched) if hosts else None
    loaded = load_document(file, options.settings, text=text, reading=reading)
    found = loaded.found
    if options.strict or options.schema is not None:
        # the validator is only needed for this
        from naftiko_runtime.runtime.official import check  # noqa: PLC0415 - see above

        check(loaded.source, options, found)
    if loaded.document is None:
        return Document(file, None, found.merged(), now, loaded.files, loaded.digest, loaded.tree)
    files = DiskFiles(options.settings, str(Path(file).resolve().parent))
    compiled = compile_capability(loaded.document, options.settings, found, files, missing_extras())
    capability = finished(compiled, found, loaded.files, loaded.digest)
    diagnostics = capability.diagnostics
    refused = found.refused or (options.strict and _has_faults(diagnostics))
    kept = None if refused else capability
    read = (*loaded.files, *_bind_files(capability))
    return Document(file, kept, diagnostics, now, read, loaded.digest, loaded.tree)


def _bind_files(capability: Capability) -> Iterator[str]:
    """Yield the files that variables are read from; a change of one is a reload (LST-11)."""
    for declared in capability.variables:
        for source in declared.variable.sources:
            if isinstance(source, FileEntry):
                path = Path(source.path)
                yield str(path / source.key) if path.is_dir() else source.path


def _has_faults(diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether ``--strict`` refuses the document (language.md 1.10)."""
    return any(diagnostic.severity != "info" for diagnostic in diagnostics)


def capabilities(documents: Sequence[Document]) -> list[Capability]:
    """Return the plans of the documents that loaded."""
    return [each.capability for each in documents if each.capability is not None]
