"""What commands print: results on stdout, everything else on stderr (orchestration.md 6.3)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, TextIO

from naftiko_runtime.errors import Diagnostic, Severity
from naftiko_runtime.values import Json, compact

_COLOURS: Final = {"error": "31", "warning": "33", "info": "36", "good": "32", "faint": "2"}
_RANKS: Final[Mapping[Severity, int]] = {"error": 2, "warning": 1, "info": 0}


@dataclass(frozen=True, slots=True)
class Console:
    """The two streams of a command and how much is said on them."""

    out: TextIO
    err: TextIO
    environ: Mapping[str, str] = field(repr=False)
    quiet: bool = False
    verbose: bool = False
    json: bool = False

    def result(self, text: str) -> None:
        """Print a line of the result."""
        print(text, file=self.out)

    def bytes(self, body: bytes) -> None:
        """Print a body as it is; a terminal gets a newline after it."""
        self.out.flush()
        raw = getattr(self.out, "buffer", None)
        if raw is None:
            self.out.write(body.decode(errors="replace"))
        else:
            raw.write(body)
            raw.flush()
        if self.out.isatty():
            self.out.write("\n")

    def value(self, value: Json) -> None:
        """Print the one JSON value of ``--json``."""
        print(compact(value), file=self.out)

    def note(self, text: str) -> None:
        """Print a line beside the result; ``-q`` drops it."""
        if not self.quiet:
            print(text, file=self.err, flush=True)

    def failure(self, text: str) -> None:
        """Print why the command failed."""
        print(f"naftiko: {text}", file=self.err, flush=True)

    def wanted(self, diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
        """Return the diagnostics to print: ``-q`` errors only, ``-v`` info too."""
        least = 2 if self.quiet else 0 if self.verbose else 1
        return [each for each in diagnostics if _RANKS[each.severity] >= least]

    def diagnostic(self, diagnostic: Diagnostic, stream: TextIO) -> None:
        """Print one diagnostic, its severity in colour."""
        word = f": {diagnostic.severity} "
        painted = f": {self.painted(diagnostic.severity, diagnostic.severity, stream)} "
        print(diagnostic.text().replace(word, painted, 1), file=stream, flush=True)

    def painted(self, text: str, colour: str, stream: TextIO) -> str:
        """Return text in colour when the stream is a terminal and ``NO_COLOR`` is not set."""
        if self.environ.get("NO_COLOR") or not stream.isatty():
            return text
        return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m"


def table(rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Return rows as lines whose columns stand under each other."""
    lines = [tuple(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
