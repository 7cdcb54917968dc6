"""The commands by name: where each lives and what it is for (orchestration.md 6.B).

Only names stand here, so that ``naftiko --help`` imports no command.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Command:
    """One command; ``names`` are its words, each with its aliases after the name itself."""

    names: tuple[tuple[str, ...], ...]
    module: str
    summary: str
    is_lasting: bool = False
    """Runs until a signal."""

    @property
    def name(self) -> str:
        return " ".join(words[0] for words in self.names)

    @property
    def aliases(self) -> tuple[str, ...]:
        return self.names[0][1:]


def _nested(first: str, second: str, module: str, summary: str, *aliases: str) -> Command:
    """Return a command of two words; ``aliases`` are those of the first."""
    seconds = {"openapi": ("openapi", "oas"), "capability": ("capability", "cap")}[second]
    return Command(((first, *aliases), seconds), f"naftiko_runtime.cli.{module}", summary)


def _command(name: str, summary: str, *aliases: str, is_lasting: bool = False) -> Command:
    return Command(((name, *aliases),), f"naftiko_runtime.cli.{name}", summary, is_lasting)


COMMANDS: Final = (
    _command("serve", "serve documents until a signal", "s", "run", is_lasting=True),
    _command(
        "demo", "try it: a bundled capability in front of a bundled upstream", is_lasting=True
    ),
    _command("validate", "report every problem of documents", "v", "val"),
    _command("lint", "check documents for good form and security"),
    _command("inspect", "show what documents hold", "show"),
    _command("call", "run one function and print its answer"),
    _nested("import", "openapi", "import_openapi", "write a document from an OpenAPI description"),
    _nested("export", "openapi", "export_openapi", "write a REST adapter as OpenAPI"),
    _command("schema", "print the JSON Schema of documents, for editors"),
    _nested("create", "capability", "create", "write a document to begin with", "c", "cr"),
    _command("completion", "print a completion script for a shell"),
    _command("health", "ask a running process whether it is ready"),
    _command("status", "show what a running process serves"),
    _command("metrics", "print the metrics of a running process"),
    _command("traces", "show the latest traces of a running process"),
    _command("scripting", "show or change how a running process runs scripts"),
)

BY_WORD: Final = {
    word: [command for command in COMMANDS if word in command.names[0]]
    for word in dict.fromkeys(word for command in COMMANDS for word in command.names[0])
}
"""First word, names and aliases alike → the commands that begin with it."""
