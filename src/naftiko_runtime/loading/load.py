"""From a path to a validated document with everything that is to be said about it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from naftiko_runtime.diagnostics import Found
from naftiko_runtime.dialect.rules import DEVIATIONS
from naftiko_runtime.dialect.shape import Report, Rule, rewritten
from naftiko_runtime.errors import StartError
from naftiko_runtime.loading.source import parse
from naftiko_runtime.loading.spellings import SPELLINGS
from naftiko_runtime.loading.validate import validated
from naftiko_runtime.loading.versions import framed
from naftiko_runtime.options import Settings
from naftiko_runtime.spec.document import Document
from naftiko_runtime.tree import Node, Tree


@dataclass(frozen=True, slots=True)
class Loaded:
    """One document after loading; ``document`` is None when it was refused."""

    file: str
    document: Document | None
    found: Found
    tree: Node
    source: Tree | None
    files: tuple[str, ...]
    digest: str


def _both() -> Mapping[str, Sequence[Rule]]:
    kinds = {**SPELLINGS, **DEVIATIONS}
    return {kind: (*SPELLINGS.get(kind, ()), *DEVIATIONS.get(kind, ())) for kind in kinds}


_RULES = _both()


def load_document(path: str, settings: Settings, *, text: bytes | None = None) -> Loaded:
    """Read, normalise and validate a document; every problem of it ends up in ``found``.

    ``text`` stands for the file's content when it is there. Raises ``StartError`` when the file
    cannot be read, and nothing for what is wrong in it.
    """
    found = Found()
    content = _content(path) if text is None else text
    source = parse(content, path, found)
    folder = str(Path(path).resolve().parent)
    root = framed(source, path, found).having(folder=folder)
    family = str(root.get("family", "naftiko"))
    normalised = rewritten(root, "document", _RULES, Report(found, family))
    document, tree = validated(normalised, path, found)
    digest = hashlib.sha256(content).hexdigest()
    kept = None if found.refused else document
    return Loaded(path, kept, found, tree, source, (path,), digest)


def _content(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise StartError(f"{path}: {error.strerror or error}") from error
