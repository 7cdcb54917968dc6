"""Writes the option tables of docs/cli.md from the parsers: ``scripts/cli_page.py [--check]``.

Everything between ``<!-- options NAME -->`` and ``<!-- end -->`` is made here; the rest of the page
is written by hand. A command without such a place gets one at the end of the page.
"""

import argparse
import importlib
import re
import sys
from pathlib import Path
from typing import Final

from naftiko_runtime.cli.commands import COMMANDS, Command
from naftiko_runtime.cli.parser import Parser

PAGE: Final = Path(__file__).parents[1] / "docs" / "cli.md"
PLACE: Final = re.compile(r"<!-- options (.+?) -->\n.*?<!-- end -->\n", re.DOTALL)
SHARED: Final = {"documents": "Options of documents", "control port": "Options of the control port"}
"""Argument groups that several commands have: shown once, under their own name."""


def actions(command: Command) -> dict[str, list[argparse.Action]]:
    """Return the arguments of a command by the title of their group."""
    parser = Parser(f"naftiko {command.name}", command.summary)
    importlib.import_module(command.module).configure(parser)
    groups = parser._action_groups  # noqa: SLF001 - argparse tells its groups in no other way
    return {str(each.title): each._group_actions for each in groups if each._group_actions}  # noqa: SLF001


def rows(found: list[argparse.Action]) -> str:
    return "".join(f"| {spelling(each)} | {_safe(each.help or '')} |\n" for each in found)


def spelling(action: argparse.Action) -> str:
    """Return how an argument is written, as code."""
    value = action.metavar if isinstance(action.metavar, str) else ""
    if action.choices is not None:
        value = "{" + ",".join(map(str, action.choices)) + "}"
    if not action.option_strings:
        return f"`{_safe(value or action.dest)}`"
    value = "" if action.nargs == 0 else f" {_safe(value)}"
    names = [f"`{name}{value}`" for name in action.option_strings]
    return ", ".join(names)


def _safe(text: str) -> str:
    return text.replace("|", " or ").replace("<", "&lt;")


def table(command: Command) -> str:
    """Return what stands between the marks of a command."""
    groups = actions(command)
    own = [each for title, found in groups.items() if title not in SHARED for each in found]
    more = [f"[{name.lower()}](#{_anchor(name)})" for key, name in SHARED.items() if key in groups]
    text = f"\n{_also(command)}"
    text += f"| argument | |\n| --- | --- |\n{rows(own)}\n" if own else "No arguments.\n\n"
    return text + (f"And the {' and the '.join(more)}.\n\n" if more else "")


def _also(command: Command) -> str:
    return f"Also {' and '.join(f'`{each}`' for each in command.aliases)}.\n\n" * bool(
        command.aliases
    )


def shared_table(title: str) -> str:
    found = next(groups[title] for each in COMMANDS if title in (groups := actions(each)))
    return f"\n| option | |\n| --- | --- |\n{rows(found)}\n"


def _anchor(heading: str) -> str:
    return heading.lower().replace(" ", "-")


def filled(page: str) -> str:
    """Return the page with every table as the parsers have it."""
    made = {each.name: table(each) for each in COMMANDS}
    made |= {title: shared_table(title) for title in SHARED}
    for command in COMMANDS:
        if command.name not in {found[1] for found in PLACE.finditer(page)}:
            page += f"\n## {command.name}\n\n{_sentence(command)}\n\n"
            page += f"<!-- options {command.name} -->\n<!-- end -->\n"
    return PLACE.sub(lambda m: f"<!-- options {m[1]} -->\n{made[m[1]]}<!-- end -->\n", page)


def _sentence(command: Command) -> str:
    return f"{command.summary[:1].upper()}{command.summary[1:]}."


def main() -> int:
    """Write the page; with ``--check`` only tell whether it is as it should be."""
    written = PAGE.read_text(encoding="utf-8")
    wanted = filled(written)
    if "--check" in sys.argv[1:]:
        return int(written != wanted)
    PAGE.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
