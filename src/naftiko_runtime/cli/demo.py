"""``naftiko demo``: something to try within a minute, without an upstream of one's own."""

import argparse
from functools import partial
from typing import Final

from naftiko_runtime.cli.output import Console
from naftiko_runtime.cli.parser import Parser, UsageError
from naftiko_runtime.demo.examples import example_names, run_example
from naftiko_runtime.demo.run import MCP_PORT, REST_PORT, Demo, run_demo
from naftiko_runtime.names import suggestion

_LAST_PORT: Final = 65_535


def configure(parser: Parser) -> None:
    """Add the options."""
    parser.add_argument(
        "example",
        nargs="?",
        metavar="EXAMPLE",
        help=f"one of {', '.join(example_names())}; default: Label Studio",
    )
    free = "or a free one when that is taken"
    parser.add_argument(
        "--rest-port", type=_port, metavar="PORT", help=f"default: {REST_PORT}, {free}"
    )
    parser.add_argument(
        "--mcp-port", type=_port, metavar="PORT", help=f"default: {MCP_PORT}, {free}"
    )


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Serve until a signal: 0; 1 when an address cannot be bound."""
    rest_port = getattr(arguments, "rest_port", None)
    mcp_port = getattr(arguments, "mcp_port", None)
    # flushed, since whoever reads a pipe wants to try at once
    show = partial(print, file=console.out, flush=True)
    demo = Demo(rest_port, mcp_port, console.environ, console.note, show)
    example = getattr(arguments, "example", None)
    if example is None:
        run_demo(demo)
    else:
        run_example(_known(example), demo)
    return 0


def _known(example: str) -> str:
    names = example_names()
    if example in names:
        return example
    message = f"there is no example {example!r}{suggestion(example, names)}"
    raise UsageError(f"{message}; known: {', '.join(names)}")


def _port(text: str) -> int:
    if text.isdigit() and 0 < int(text) <= _LAST_PORT:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no port")
