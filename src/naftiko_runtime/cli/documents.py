"""Loads the documents that a command was given (orchestration.md 6.4, 6.5)."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from naftiko_runtime.cli.parser import UsageError
from naftiko_runtime.errors import StartError
from naftiko_runtime.options import RuntimeOptions
from naftiko_runtime.runtime.documents import (
    DEFAULT_FILES,
    Document,
    document_files,
    load,
    uncollected,
)

STDIN: Final = "-"


def loaded(paths: Sequence[str], options: RuntimeOptions, *, stdin: bool = False) -> list[Document]:
    """Load the files that ``paths`` mean; ``-`` is stdin for commands that allow it.

    Raises ``UsageError`` when there is none or one cannot be read.
    """
    files = document_files(paths, Path.cwd())
    if not files and not paths:
        raise UsageError(f"no FILE, and none of {', '.join(DEFAULT_FILES)} is here")
    try:
        with uncollected():
            return [
                load(file, options, text=sys.stdin.buffer.read())
                if stdin and file == STDIN
                else load(file, options)
                for file in files
            ]
    except StartError as exc:
        raise UsageError(str(exc)) from exc
