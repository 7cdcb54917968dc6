"""``naftiko completion``: scripts that complete commands and options in a shell."""

import argparse
import importlib
from collections.abc import Mapping
from typing import Final

from naftiko_runtime.cli.commands import BY_WORD, COMMANDS, Command
from naftiko_runtime.cli.output import Console
from naftiko_runtime.cli.parser import Parser

_BASH: Final = """\
_naftiko() {{
  local word="${{COMP_WORDS[COMP_CWORD]}}" words=""
  if [ "$COMP_CWORD" -eq 1 ]; then words="{commands}"; else
    case "${{COMP_WORDS[1]}}" in
{cases}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$word") $(compgen -f -- "$word"))
}}
complete -o filenames -F _naftiko naftiko
"""
_ZSH: Final = "autoload -U +X bashcompinit && bashcompinit\n"
_FISH: Final = "complete -c naftiko -n '__fish_use_subcommand' -a '{word}' -d '{summary}'"
_FISH_OPTION: Final = "complete -c naftiko -n '__fish_seen_subcommand_from {words}' -l {option}"


def configure(parser: Parser) -> None:
    """Add the argument."""
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="the shell to print for")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print the script; ``source <(naftiko completion bash)`` loads it."""
    options = {command: _options(command) for command in COMMANDS}
    match arguments.shell:
        case "bash":
            console.result(_bash(options).rstrip())
        case "zsh":
            console.result((_ZSH + _bash(options)).rstrip())
        case _:
            console.result(_fish(options))
    return 0


def _options(command: Command) -> list[str]:
    parser = Parser("naftiko", "")
    importlib.import_module(command.module).configure(parser)
    return [option for option in parser.option_names if option.startswith("--")]


def _bash(options: Mapping[Command, list[str]]) -> str:
    cases = []
    for word, commands in BY_WORD.items():
        words = [name for each in commands for name in (*_second(each), *options[each])]
        cases.append(f'      {word}) words="{" ".join(words)}";;')
    return _BASH.format(commands=" ".join(BY_WORD), cases="\n".join(cases))


def _second(command: Command) -> tuple[str, ...]:
    return command.names[1] if len(command.names) > 1 else ()


def _fish(options: Mapping[Command, list[str]]) -> str:
    lines = []
    for command, names in options.items():
        summary = command.summary.replace("'", "")
        lines += [_FISH.format(word=command.names[0][0], summary=summary)]
        words = " ".join(command.names[0])
        lines += [_FISH_OPTION.format(words=words, option=name[2:]) for name in names]
    return "\n".join(lines)
