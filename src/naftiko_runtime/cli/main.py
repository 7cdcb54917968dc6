"""The command ``naftiko``: finds the command and turns what happens into an exit code.

Only the standard library and small modules are imported here; the chosen command is imported
afterwards, so that help is immediate (architecture.md 3).
"""

import importlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, NoReturn, Protocol

from naftiko_runtime import __version__
from naftiko_runtime.cli.commands import BY_WORD, COMMANDS, Command
from naftiko_runtime.cli.output import Console
from naftiko_runtime.cli.parser import Parser, UsageError
from naftiko_runtime.errors import DocumentError, NaftikoError
from naftiko_runtime.names import suggestion
from naftiko_runtime.values import Json

EXIT_FAILED: Final = 1
EXIT_USAGE: Final = 2
EXIT_INTERRUPTED: Final = 130
_DOCUMENT: Final = (".yaml", ".yml", ".json")


class CommandModule(Protocol):
    """What a module of ``naftiko_runtime.cli`` offers."""

    def configure(self, parser: Parser) -> None: ...

    def run(self, arguments: object, console: Console) -> int: ...


def main(words: Sequence[str] | None = None, environ: Mapping[str, str] | None = None) -> int:
    """Run a command and return its exit code (orchestration.md 6.1, 6.2)."""
    # the one place that reads the process's environment; everybody else is given it
    surroundings = os.environ if environ is None else environ  # noqa: TID251
    console = Console(sys.stdout, sys.stderr, surroundings)
    try:
        code = _run(list(sys.argv[1:] if words is None else words), console)
        sys.stdout.flush()
    except BrokenPipeError:
        # nobody reads any more; the interpreter must not complain when it flushes at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    return code


def _run(words: list[str], console: Console) -> int:
    if not words or words[0] in {"-h", "--help"}:
        console.result(_overview())
        return 0
    if words[0] in {"-V", "--version"}:
        console.result(f"naftiko {__version__}")
        return 0
    try:
        command, rest = _found(words)
        return _command(command, rest, console)
    except UsageError as exc:
        return _usage_error(exc, words, console)


def _found(words: list[str]) -> tuple[Command, list[str]]:
    first = words[0]
    commands = BY_WORD.get(first)
    if commands is None:
        if first.endswith(_DOCUMENT) or (not first.startswith("-") and Path(first).exists()):
            return BY_WORD["serve"][0], words
        kind = "option" if first.startswith("-") else "command"
        raise UsageError(f"unknown {kind} {first!r}{suggestion(first, BY_WORD)}", _USAGE)
    if len(commands[0].names) == 1:
        return commands[0], words[1:]
    return _second_word(commands, words), words[2:]


def _second_word(commands: list[Command], words: list[str]) -> Command:
    second = words[1] if len(words) > 1 else ""
    known = {name: command for command in commands for name in command.names[1]}
    if second in known:
        return known[second]
    usage = f"usage: naftiko {commands[0].names[0][0]} {'|'.join(known)} …"
    if second in {"-h", "--help"}:
        # the group has no options of its own: its one member's help says all
        words.insert(1, next(iter(known)))
        return commands[0]
    what = f"unknown {words[0]} {second!r}{suggestion(second, known)}"
    if not second:
        what = f"{words[0]} needs one of {', '.join(known)}"
    raise UsageError(what, usage)


def _command(command: Command, words: Sequence[str], console: Console) -> int:
    if command.is_lasting:
        # process 1 of a container ignores a signal that has no handler, also while importing
        signal.signal(signal.SIGTERM, _leave)
    module = importlib.import_module(command.module)
    parser = Parser(
        f"naftiko {command.name}", f"{command.summary[:1].upper()}{command.summary[1:]}."
    )
    _add_common(parser)
    module.configure(parser)
    if "-h" in words or "--help" in words:
        console.result(parser.format_help().rstrip())
        return 0
    if "-V" in words or "--version" in words:
        console.result(f"naftiko {__version__}")
        return 0
    arguments = parser.understood(words, console.environ)
    told = replace(
        console,
        quiet=getattr(arguments, "quiet", False),
        verbose=getattr(arguments, "verbose", False),
        json=getattr(arguments, "json", False),
    )
    try:
        return int(module.run(arguments, told))
    except DocumentError as exc:
        return _refused(exc, told)
    except NaftikoError as exc:
        _fail(str(exc), "failed", "Failed", told)
        return EXIT_FAILED


def _leave(_number: int, _frame: object) -> NoReturn:
    """End before anything is served: nothing has to be drained."""
    raise SystemExit(0)


def _refused(exc: DocumentError, console: Console) -> int:
    for diagnostic in exc.diagnostics:
        console.diagnostic(diagnostic, console.err)
    if console.json:
        found = [diagnostic.as_json() for diagnostic in exc.diagnostics]
        problem = _problem("document", "Document refused", "the document cannot be used")
        console.value({"error": problem | {"diagnostics": found}})
    return EXIT_USAGE


def _usage_error(exc: UsageError, words: Sequence[str], console: Console) -> int:
    if exc.usage:
        print(exc.usage, file=console.err)
    _fail(str(exc), "usage", "Wrong usage", replace(console, json="--json" in words))
    return EXIT_USAGE


def _fail(detail: str, name: str, title: str, console: Console) -> None:
    """Say why on stderr and, with ``--json``, as a problem on stdout (orchestration.md 6.3)."""
    console.failure(detail)
    if console.json:
        console.value({"error": _problem(name, title, detail)})


def _problem(name: str, title: str, detail: str) -> dict[str, Json]:
    return {"type": f"urn:naftiko:problem:{name}", "title": title, "status": 400, "detail": detail}


def _add_common(parser: Parser) -> None:
    common = parser.add_argument_group("common options")
    common.add_argument("-h", "--help", action="store_true", help="print this help and exit")
    common.add_argument("-V", "--version", action="store_true", help="print the version and exit")
    common.add_argument("-q", "--quiet", action="store_true", help="print nothing but errors")
    common.add_argument("-v", "--verbose", action="store_true", help="print info diagnostics too")


_USAGE: Final = "usage: naftiko COMMAND …   or   naftiko PATH…"


def _overview() -> str:
    shown = [(f"{each.name}{_also(each)}", each.summary) for each in COMMANDS]
    width = max(len(name) for name, _ in shown)
    commands = "\n".join(f"  {name.ljust(width)}  {summary}" for name, summary in shown)
    return f"""{_USAGE}

Serves capability documents over REST, MCP, Agent Skills and a control port.
A PATH in place of a command is "naftiko serve PATH".

commands:
{commands}

options:
  -h, --help     print this help, or that of a command, and exit
  -V, --version  print the version and exit

"naftiko COMMAND --help" lists the options of a command. Each option --a-b can
be given as the environment variable NAFTIKO_A_B; the command line wins."""


def _also(command: Command) -> str:
    return f" ({', '.join(command.aliases)})" if command.aliases else ""
