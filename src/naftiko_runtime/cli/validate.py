"""``naftiko validate``: every problem of documents, and what they would serve (6.7)."""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from naftiko_runtime.cli.documents import loaded
from naftiko_runtime.cli.options import add_document_options, runtime_options
from naftiko_runtime.cli.output import Console
from naftiko_runtime.cli.parser import Parser, UsageError
from naftiko_runtime.cli.settings import environment
from naftiko_runtime.engine.variables import Variables
from naftiko_runtime.errors import Severity
from naftiko_runtime.expressions.reference import Environment, FileEntry, NoSource, Setting
from naftiko_runtime.loading.versions import KNOWN
from naftiko_runtime.names import suggestion
from naftiko_runtime.options import RuntimeOptions
from naftiko_runtime.plan.capability import Capability, DeclaredVariable
from naftiko_runtime.runtime.counts import Counts, counts_of
from naftiko_runtime.runtime.documents import Document
from naftiko_runtime.values import Json

_VERSIONS: Final = tuple(version for family in KNOWN.values() for version in family)
_BAD: Final[Mapping[bool, tuple[Severity, ...]]] = {
    False: ("error",),
    True: ("error", "warning"),
}
"""With ``--strict`` or without → the severities that make a document invalid."""


def configure(parser: Parser) -> None:
    """Add the arguments and options."""
    parser.add_argument("files", nargs="*", metavar="FILE", help="documents, folders, or - (stdin)")
    parser.add_argument(
        "--schema", metavar="VERSION|PATH", help="check this official schema, not the declared one"
    )
    parser.add_argument("--env", action="store_true", help="tell which variables have a value")
    parser.add_argument("--json", action="store_true", help="print one JSON value")
    add_document_options(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print all diagnostics, then a line per document; 1 when one is invalid."""
    paths, version = _split(getattr(arguments, "files", ()))
    options = _checked_against(runtime_options(arguments), version)
    environ = environment(getattr(arguments, "env_file", ()), console.environ)
    documents = loaded(paths, options, stdin=True)
    wants_variables = getattr(arguments, "env", False)
    if console.json:
        shown = [
            _as_json(each, environ if wants_variables else None, strict=options.strict)
            for each in documents
        ]
        console.value({"files": shown})
    else:
        for document in documents:
            _print(document, environ if wants_variables else None, console)
    is_valid = all(valid(document, strict=options.strict) for document in documents)
    complete = not wants_variables or not any(_missing(each, environ) for each in documents)
    return 0 if is_valid and complete else 1


def _split(words: Sequence[str]) -> tuple[Sequence[str], str | None]:
    """Return the files, and the last word when it is a known version and no file."""
    if len(words) > 1 and words[-1] in _VERSIONS and not Path(words[-1]).exists():
        return words[:-1], words[-1]
    return words, None


def _checked_against(options: RuntimeOptions, version: str | None) -> RuntimeOptions:
    """Return options that check a schema: a version's from ``--schemas``, or a file's."""
    wanted = version or options.schema
    if wanted is None or wanted in _VERSIONS:
        return replace(options, schema=wanted)
    if Path(wanted).exists():
        return replace(options, schemas=wanted)
    hint = suggestion(wanted, _VERSIONS)
    raise UsageError(f"--schema {wanted!r} is neither a known version nor a file{hint}")


def valid(document: Document, *, strict: bool) -> bool:
    """Return whether nothing is wrong with a document; with ``strict`` no warning either."""
    bad = _BAD[strict]
    return document.capability is not None and not any(
        diagnostic.severity in bad for diagnostic in document.diagnostics
    )


def _print(document: Document, environ: Mapping[str, str] | None, console: Console) -> None:
    for diagnostic in console.wanted(document.diagnostics):
        console.diagnostic(diagnostic, console.out)
    if environ is not None and document.capability is not None:
        for line in _variable_lines(document.capability, environ):
            console.result(line)
    console.result(_summary(document))


def _summary(document: Document) -> str:
    """``FILE: 3 REST operations, 1 tool, 1 unavailable; 1 error, 0 warnings``."""
    problems = ", ".join(
        _counted(_severity_count(document, severity), severity) for severity in ("error", "warning")
    )
    if document.capability is None:
        return f"{document.file}: refused; {problems}"
    counts = counts_of(document.capability)
    parts = [_counted(counts.operations, "REST operation"), _counted(counts.tools, "tool")]
    if counts.unavailable:
        parts.append(f"{counts.unavailable} unavailable")
    return f"{document.file}: {', '.join(parts)}; {problems}"


def _severity_count(document: Document, severity: str) -> int:
    return sum(each.count for each in document.diagnostics if each.severity == severity)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _as_json(
    document: Document, environ: Mapping[str, str] | None, *, strict: bool
) -> dict[str, Json]:
    counts = Counts() if document.capability is None else counts_of(document.capability)
    members: dict[str, Json] = {
        "file": document.file,
        "valid": valid(document, strict=strict),
        "refused": document.capability is None,
        "restOperations": counts.operations,
        "tools": counts.tools,
        "unavailable": counts.unavailable,
        "diagnostics": [diagnostic.as_json() for diagnostic in document.diagnostics],
    }
    if environ is not None and document.capability is not None:
        variables = Variables(environ)
        members["variables"] = [
            {
                "name": each.variable.name,
                "bind": each.bind,
                "source": each.source_name,
                "set": variables.presence(each.variable),
            }
            for each in document.capability.variables
        ]
    return members


def _missing(document: Document, environ: Mapping[str, str]) -> list[DeclaredVariable]:
    if document.capability is None:
        return []
    variables = Variables(environ)
    return [each for each in document.capability.variables if not variables.presence(each.variable)]


def _variable_lines(capability: Capability, environ: Mapping[str, str]) -> Iterator[str]:
    variables = Variables(environ)
    for each in capability.variables:
        bind = f"bind {each.bind}, " if each.bind else ""
        state = "set" if variables.presence(each.variable) else "missing"
        yield f"variable {each.variable.name}: {state} ({bind}{_origin(each)})"


def _origin(declared: DeclaredVariable) -> str:
    """Return where a variable is read first, never what it is."""
    for source in declared.variable.sources:
        match source:
            case Setting():
                return f"--set vars.{declared.variable.name}"
            case Environment(name=name):
                return f"environment {name}"
            case FileEntry(path=path, key=key):
                return f"{key} in {Path(path).name}"
            case NoSource(reason=reason):
                return reason
    return declared.source_name
