"""``naftiko health``: whether a running process lives and is ready (orchestration.md 6.14)."""

import argparse
from collections.abc import Iterator
from typing import Any

from naftiko_runtime.cli.control_client import add_control_options, control_port
from naftiko_runtime.cli.output import Console
from naftiko_runtime.cli.parser import Parser


def configure(parser: Parser) -> None:
    """Add the options."""
    add_control_options(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print liveness and readiness; 0 only when ready."""
    port = control_port(arguments, console)
    live = port.ask("/health/live").json
    ready = port.ask("/health/ready", 200, 503)
    readiness = ready.json
    if console.json:
        console.value({"live": live, "ready": readiness})
    else:
        for line in _lines(live, readiness):
            console.result(line)
    return 0 if ready.status == 200 else 1  # noqa: PLR2004 - OK


def _lines(live: Any, readiness: Any) -> Iterator[str]:
    adapters = readiness.get("adapters", [])
    waiting = [each for each in adapters if each["state"] != "started"]
    started = f" ({len(adapters) - len(waiting)}/{len(adapters)} adapters started)"
    yield f"Liveness:  {live['status']}"
    yield f"Readiness: {readiness['status']}{started if adapters else ''}"
    for each in waiting:
        yield f"  {each['namespace']} ({each['type']}): {each['state']}"
    for name in readiness.get("variables", {}).get("missing", []):
        yield f"  variable {name}: missing"
