"""``naftiko metrics``: the metrics of a running process (orchestration.md 6.14)."""

import argparse
import re
from typing import Final

from naftiko_runtime.cli.control_client import add_control_options, control_port
from naftiko_runtime.cli.output import Console
from naftiko_runtime.cli.parser import Parser, UsageError

_NAME: Final = re.compile(r"(?:# (?:HELP|TYPE|UNIT) )?([A-Za-z_:][\w:]*)")


def configure(parser: Parser) -> None:
    """Add the options."""
    parser.add_argument("--filter", metavar="REGEX", help="only metrics whose name matches")
    add_control_options(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print the Prometheus lines whose metric name matches, in any case."""
    try:
        wanted = re.compile(getattr(arguments, "filter", ""), re.IGNORECASE)
    except re.error as exc:
        raise UsageError(f"--filter: {exc}") from exc
    text = control_port(arguments, console).ask("/metrics").text
    lines = [line for line in text.splitlines() if _matches(line, wanted)]
    if console.json:
        console.value({"lines": lines})
    else:
        for line in lines:
            console.result(line)
    return 0


def _matches(line: str, wanted: re.Pattern[str]) -> bool:
    found = _NAME.match(line)
    return found is not None and wanted.search(found[1]) is not None
