"""``naftiko scripting``: settings and counts of scripts of a running process (6.14)."""

import argparse
import json
from collections.abc import Iterator
from typing import Any

from naftiko_runtime.cli.control_client import add_control_options, control_port
from naftiko_runtime.cli.output import Console, table
from naftiko_runtime.cli.parser import Parser, UsageError
from naftiko_runtime.values import Json, text_of


def configure(parser: Parser) -> None:
    """Add the options."""
    setting = parser.add_argument(
        "--set", action="append", metavar="KEY=VALUE", help="change a setting (repeatable)"
    )
    # NAFTIKO_SET holds settings of documents
    parser.without_environment(setting)
    add_control_options(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print the settings, after changing those that are given."""
    port = control_port(arguments, console)
    wanted = dict(_setting(pair) for pair in getattr(arguments, "set", ()))
    answer = port.ask("/scripting", method="PUT", body=wanted) if wanted else port.ask("/scripting")
    settings = answer.json
    if console.json:
        console.value(settings)
    else:
        for line in _lines(settings):
            console.result(line)
    return 0


def _setting(pair: str) -> tuple[str, Json]:
    """Read ``KEY=VALUE``; a value that is JSON is that, a list may be given with commas."""
    key, separator, text = pair.partition("=")
    if not separator:
        raise UsageError(f"--set {pair!r} is not KEY=VALUE")
    try:
        return key, json.loads(text)
    except ValueError:
        return key, text.split(",") if key == "allowedLanguages" else text


def _lines(settings: Any) -> Iterator[str]:
    stats = settings.get("stats", {})
    shown = {name: value for name, value in settings.items() if name != "stats"} | stats
    yield from table([(f"{name}:", text_of(value)) for name, value in shown.items()])
