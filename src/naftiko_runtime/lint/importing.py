"""Rules about imports, which only the document as written shows (orchestration.md 8.2)."""

from collections.abc import Iterator
from os.path import normpath
from pathlib import Path
from typing import Final

from naftiko_runtime.lint.subject import Finding, Subject
from naftiko_runtime.tree import Items, Node, text_of

_SECTIONS: Final = ("consumes", "aggregates", "exposes", "binds")
_OWN_KEYS: Final = ("baseUri", "functions", "flows", "keys", "openapi")
_FILES: Final = ("from", "location")


def imports(subject: Subject) -> Iterator[Finding]:
    """All rules of imports."""
    source = subject.source
    if not isinstance(source, Node):
        return
    entries = list(_imports(source))
    yield from _complete(entries)
    yield from _aliases(entries)
    yield from _own(entries, subject.file)
    if entries and "capability" not in source and "exposes" not in source:
        message = (
            "a library that imports from others is followed here, but other engines skip it; "
            "import in the document that uses it"
        )
        yield Finding("standalone-no-imports", entries[0][1].place, message)


def _imports(source: Node) -> Iterator[tuple[str, Node]]:
    capability = source.get("capability")
    for part in (source, capability):
        for section in _SECTIONS if isinstance(part, Node) else ():
            entries = part.get(section) if isinstance(part, Node) else None
            for entry in entries if isinstance(entries, Items) else ():
                if isinstance(entry, Node) and _is_import(section, entry):
                    yield section, entry


def _is_import(section: str, entry: Node) -> bool:
    if any(key in entry for key in _OWN_KEYS):
        return False
    if "import" in entry or "from" in entry or "as" in entry:
        return True
    return "location" in entry and not (section == "binds" and "namespace" in entry)


def _complete(entries: list[tuple[str, Node]]) -> Iterator[Finding]:
    for _, entry in entries:
        if not any(text_of(entry.get(key)) for key in _FILES):
            message = "the import names no file; add from: ./FILE"
            yield Finding("import-from-required", entry.place, message)
        if not text_of(entry.get("import")):
            message = "the import does not say what; add import: NAMESPACE"
            yield Finding("import-import-required", entry.place, message)


def _aliases(entries: list[tuple[str, Node]]) -> Iterator[Finding]:
    seen: dict[tuple[str, str], int] = {}
    for section, entry in entries:
        key = "as" if text_of(entry.get("as")) else "import"
        name = text_of(entry.get(key))
        if name is None:
            continue
        line = seen.get((section, name))
        if line is None:
            seen[section, name] = entry.at(key).line
        else:
            message = f"{name!r} is imported on line {line} already; give this one another as"
            yield Finding("import-unique-alias", entry.at(key), message)


def _own(entries: list[tuple[str, Node]], file: str) -> Iterator[Finding]:
    for _, entry in entries:
        key = next((key for key in _FILES if text_of(entry.get(key))), None)
        location = (text_of(entry.get(key)) or "").removeprefix("file:///./") if key else ""
        if key is None or "://" in location:
            continue
        target = normpath(Path(file).parent / location)
        if location in (".", "./") or target == normpath(file):
            message = f"{location!r} is this document itself; refer to its entries directly"
            yield Finding("import-from-not-self", entry.at(key), message)
