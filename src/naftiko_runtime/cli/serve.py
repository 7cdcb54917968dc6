"""``naftiko serve``: documents in, a running process until a signal (orchestration.md 6.6)."""

import argparse
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from naftiko_runtime.cli.documents import loaded
from naftiko_runtime.cli.options import (
    add_document_options,
    add_serve_options,
    add_upstream_options,
    runtime_options,
)
from naftiko_runtime.cli.output import Console
from naftiko_runtime.cli.parser import Parser, UsageError
from naftiko_runtime.cli.settings import environment
from naftiko_runtime.compiler.listeners import merge
from naftiko_runtime.errors import Diagnostic
from naftiko_runtime.names import suggestion
from naftiko_runtime.options import RuntimeOptions
from naftiko_runtime.plan.listener import Merged
from naftiko_runtime.runtime.documents import Document, capabilities
from naftiko_runtime.runtime.missing import report_missing
from naftiko_runtime.runtime.process import Process, planned_lines, run_process

_EXIT_NO_DOCUMENT: Final = 2


def configure(parser: Parser) -> None:
    """Add the arguments and options."""
    parser.add_argument(
        "files", nargs="*", metavar="FILE", help="documents or folders (default: the one here)"
    )
    add_serve_options(parser)
    add_upstream_options(parser)
    add_document_options(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Serve until a signal: 0; 1 when an address cannot be bound, 2 when no document loads."""
    options = _quieter(runtime_options(arguments), arguments, console)
    environ = environment(getattr(arguments, "env_file", ()), console.environ)
    paths = tuple(getattr(arguments, "files", ()))
    documents = loaded(paths, options)
    plans = capabilities(documents)
    merged = merge(plans, options)
    _report(documents, (*merged.diagnostics, *report_missing(plans, environ)), console)
    process = Process(tuple(documents), merged, options, environ, console.note, paths)
    refused = len(plans) < len(documents)
    if (not plans and not process.watches) or (refused and options.strict):
        return _EXIT_NO_DOCUMENT
    _check_ports(options, merged)
    if getattr(arguments, "check", False):
        planned_lines(process).announce_all()
        return 0
    if not merged.placed and not process.watches:
        console.failure("nothing to serve: no document exposes an adapter")
        return _EXIT_NO_DOCUMENT
    if options.workers > 1:
        # the one mode that forks
        from naftiko_runtime.runtime.workers import run_workers  # noqa: PLC0415 - see above

        run_workers(process)
    else:
        run_process(process)
    return 0


def _quieter(
    options: RuntimeOptions, arguments: argparse.Namespace, console: Console
) -> RuntimeOptions:
    """``-q`` means the log too, unless a level is given."""
    if console.quiet and not hasattr(arguments, "log_level"):
        return replace(options, log_level="ERROR")
    return options


def _report(documents: Iterable[Document], more: Iterable[Diagnostic], console: Console) -> None:
    """Print what is to be said about the documents, once (orchestration.md 6.6)."""
    found = [diagnostic for document in documents for diagnostic in document.diagnostics]
    for diagnostic in console.wanted([*found, *more]):
        console.diagnostic(diagnostic, console.err)


def _check_ports(options: RuntimeOptions, merged: Merged) -> None:
    """Refuse a ``--port NAMESPACE=PORT`` that no adapter has."""
    known = [placed.exposure.namespace for placed in merged.placed]
    for namespace in options.ports:
        if namespace not in known and not options.stdio:
            hint = suggestion(namespace, known)
            raise UsageError(f"--port {namespace}=…: no adapter has that namespace{hint}")
