"""``naftiko traces``: the latest traces of a running process (orchestration.md 6.14)."""

import argparse
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

from naftiko_runtime.cli.control_client import add_control_options, control_port
from naftiko_runtime.cli.output import Console, table
from naftiko_runtime.cli.parser import Parser


def configure(parser: Parser) -> None:
    """Add the arguments and options."""
    parser.add_argument("id", nargs="?", metavar="ID", help="show the spans of one trace")
    parser.add_argument("--operation", metavar="TEXT", help="only traces of such an operation")
    parser.add_argument("--status", type=str.upper, choices=("OK", "ERROR"), help="only these")
    add_control_options(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print the table of traces, newest first, or the tree of one."""
    given = vars(arguments)
    port = control_port(arguments, console)
    if given.get("id"):
        found = port.ask(f"/traces/{quote(given['id'], safe='')}").json
        lines = _tree(found["spans"], None, 0)
    else:
        wanted: dict[str, str] = {
            name: given[name].lower() if name == "status" else given[name]
            for name in ("operation", "status")
            if name in given
        }
        found = port.ask(f"/traces?{urlencode(wanted)}" if wanted else "/traces").json
        lines = _table(found["traces"])
    if console.json:
        console.value(found)
        return 0
    for line in lines:
        console.result(line)
    return 0


def _table(traces: list[Any]) -> Iterator[str]:
    if not traces:
        yield "No traces found."
        return
    rows = [
        (
            each["timestamp"],
            each["traceId"],
            each["status"],
            f"{each['durationMs']:g} ms",
            str(each["spanCount"]),
            each["operation"],
        )
        for each in traces
    ]
    yield from table([("TIME", "TRACE", "STATUS", "DURATION", "SPANS", "OPERATION"), *rows])


def _tree(spans: list[Any], parent: str | None, depth: int) -> Iterator[str]:
    """Yield the spans under a parent; a parent outside the trace (a remote one) is none."""
    known = {span["spanId"] for span in spans}
    for span in spans:
        above = span.get("parentSpanId")
        if (above if above in known else None) == parent:
            yield f"{'  ' * depth}{span['name']}  {span['durationMs']:g} ms  {span['status']}"
            yield from _tree(spans, span["spanId"], depth + 1)
