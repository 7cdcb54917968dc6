"""From a path to a validated document with everything that is to be said about it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os.path import realpath
from pathlib import Path

from naftiko_runtime.diagnostics import Found
from naftiko_runtime.dialect.rules import DEVIATIONS
from naftiko_runtime.dialect.shape import Report, Rule, rewritten
from naftiko_runtime.errors import StartError
from naftiko_runtime.loading.import_files import Allowed, Fetch, SourceCache
from naftiko_runtime.loading.imports import Imported, Library, with_imports
from naftiko_runtime.loading.refusals import check_namespaces, check_ports
from naftiko_runtime.loading.source import parse
from naftiko_runtime.loading.spellings import SPELLINGS
from naftiko_runtime.loading.validate import validated
from naftiko_runtime.loading.versions import framed
from naftiko_runtime.options import Settings
from naftiko_runtime.spec import document as spec
from naftiko_runtime.tree import Node, Tree


@dataclass(frozen=True, slots=True)
class Loaded:
    """One document after loading.

    ``document`` is None when it was refused. ``found`` goes on to the compiler, so that one list
    comes of it. ``tree`` is the normalised document after imports, for people to read; ``source``
    is what was written. ``files`` are all files that were read, the document first, and
    ``digest`` is the SHA-256 of their bytes.
    """

    file: str
    document: spec.Document | None
    found: Found
    tree: Node
    source: Tree | None
    files: tuple[str, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What several documents of one load share: parsed imports, and how to fetch remote ones."""

    cache: SourceCache
    fetch: Fetch | None = None


def load_document(
    path: str, settings: Settings, *, text: bytes | None = None, reading: Reading | None = None
) -> Loaded:
    """Read, normalise and validate a document; every problem of it ends up in ``found``.

    ``text`` stands for the file's content when it is there. Raises ``StartError`` when the file
    cannot be read, and nothing for what is wrong in it.
    """
    found = Found()
    content = _content(path) if text is None else text
    source = parse(content, path, found)
    home = str(Path(path).parent)
    shared = reading or Reading(SourceCache())
    allowed = Allowed(realpath(home), settings, shared.fetch, shared.cache)
    imported = with_imports(framed(source, path, found), home, allowed, found)
    document, tree = _document(imported, path, found)
    folder = {"folder": allowed.folder}
    kept = None if found.refused else document.model_copy(update=folder)
    digest = _digest(content, imported.digests)
    return Loaded(path, kept, found, tree, source, (path, *imported.digests), digest)


def _document(imported: Imported, path: str, found: Found) -> tuple[spec.Document, Node]:
    family = str(imported.root.get("family", "naftiko"))
    normalised = rewritten(imported.root, "document", _RULES, Report(found, family))
    document, tree = validated(spec.Document, check_ports(normalised, found), path, found)
    check_namespaces(document, found)
    libraries = [_library(library) for library in imported.libraries]
    more = {"libraries": libraries, "failed_imports": imported.failed}
    return document.model_copy(update=more), tree


def _library(library: Library) -> spec.Library:
    """Normalise what travels along unseen, in silence: only what is used is judged."""
    silent = Found()
    tree = rewritten(library.tree, "library", _RULES, Report(silent))
    return validated(spec.Library, tree, "", silent)[0].model_copy(
        update={"failed_imports": library.failed}
    )


def _both() -> Mapping[str, Sequence[Rule]]:
    kinds = {**SPELLINGS, **DEVIATIONS}
    return {kind: (*SPELLINGS.get(kind, ()), *DEVIATIONS.get(kind, ())) for kind in kinds}


_RULES = _both()


def _digest(content: bytes, imported: Mapping[str, str]) -> str:
    digest = hashlib.sha256(content)
    for origin, each in sorted(imported.items()):
        digest.update(f"{origin}\0{each}".encode())
    return digest.hexdigest()


def _content(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise StartError(f"{path}: {error.strerror or error}") from error
