"""The argument parser: usage errors with the nearest name, options from the environment."""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NoReturn

from naftiko_runtime.names import suggestion

_SWITCHES: Final = {"true": True, "1": True, "false": False, "0": False, "": False}


class UsageError(Exception):
    """The command line is wrong: exit 2 (orchestration.md 6.2)."""

    def __init__(self, message: str, usage: str = "") -> None:
        self.usage = usage
        super().__init__(message)


class Parser(argparse.ArgumentParser):
    """Raises ``UsageError`` where argparse would exit, and never accepts half an option."""

    def __init__(self, prog: str, description: str, epilog: str | None = None) -> None:
        super().__init__(
            prog=prog,
            description=description,
            epilog=epilog,
            allow_abbrev=False,
            add_help=False,
            argument_default=argparse.SUPPRESS,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        self._command_line_only: set[str] = set()

    @property
    def option_names(self) -> list[str]:
        """Every spelling of every option."""
        return [option for action in self._actions for option in action.option_strings]

    def without_environment(self, action: argparse.Action) -> None:
        """Read an option from the command line only, where its variable means something else."""
        self._command_line_only.add(action.dest)

    def error(self, message: str) -> NoReturn:
        raise UsageError(message.removeprefix("argument "), self.format_usage().strip())

    def understood(self, words: Sequence[str], environ: Mapping[str, str]) -> argparse.Namespace:
        """Parse the command line; what it leaves out comes from ``NAFTIKO_…`` (6.4).

        Raises ``UsageError``.
        """
        given = self._parsed(words)
        from_environment = [
            word
            for action in self._actions
            if action.dest not in given and action.dest not in self._command_line_only
            for word in self._words_of(action, environ)
        ]
        return self._parsed([*from_environment, *words]) if from_environment else given

    def _parsed(self, words: Sequence[str]) -> argparse.Namespace:
        arguments, unknown = self.parse_known_intermixed_args(words)
        if unknown:
            self.error(self._unknown(unknown[0]))
        return arguments

    def _unknown(self, word: str) -> str:
        if not word.startswith("-"):
            return f"unexpected argument {word!r}"
        name = word.partition("=")[0]
        return f"unknown option {name}{suggestion(name, self.option_names)}"

    def _words_of(self, action: argparse.Action, environ: Mapping[str, str]) -> Iterator[str]:
        option = next((each for each in action.option_strings if each.startswith("--")), None)
        if option is None or option in {"--help", "--version"}:
            return
        name = environment_name(option)
        if name not in environ:
            return
        if action.nargs == 0:
            if self._switch(name, environ[name]):
                yield option
            elif isinstance(action, argparse.BooleanOptionalAction):
                yield f"--no-{option[2:]}"
            return
        for value in _values(action, environ[name]):
            yield f"{option}={value}"

    def _switch(self, name: str, text: str) -> bool:
        value = _SWITCHES.get(text.strip().casefold())
        if value is None:
            self.error(f"{name} is {text!r}; it can be true or false")
        return value


def _values(action: argparse.Action, text: str) -> list[str]:
    if not isinstance(action, argparse._AppendAction):  # noqa: SLF001 - argparse offers no other test
        return [text]
    # a setting may hold commas, so these stand one on a line
    separator = "\n" if action.dest == "set" else ","
    return [value.strip() for value in text.split(separator) if value.strip()]


def environment_name(option: str) -> str:
    """Return ``NAFTIKO_A_B`` for ``--a-b``."""
    return f"NAFTIKO_{option.removeprefix('--').replace('-', '_').upper()}"
