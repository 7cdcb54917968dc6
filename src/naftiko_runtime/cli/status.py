"""``naftiko status``: what a running process serves (orchestration.md 6.14)."""

import argparse
from collections.abc import Iterator
from typing import Any

from naftiko_runtime.cli.control_client import add_control_options, control_port
from naftiko_runtime.cli.output import Console, table
from naftiko_runtime.cli.parser import Parser


def configure(parser: Parser) -> None:
    """Add the options."""
    add_control_options(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print the state of the process, its adapters and documents."""
    status = control_port(arguments, console).ask("/status").json
    if console.json:
        console.value(status)
    else:
        for line in _lines(status):
            console.result(line)
    return 0


def _lines(status: Any) -> Iterator[str]:
    capability, engine = status["capability"], status["engine"]
    adapters, documents = status["adapters"], status.get("documents", [])
    up = all(each["state"] == "started" for each in adapters)
    label = capability.get("label") or capability.get("display") or "naftiko"
    yield f"{label}: {'UP' if up else 'DEGRADED'}"
    yield f"Engine:  {engine['name']} {engine['version']} (Python {engine['python']})"
    yield f"Uptime:  {status['uptime']}"
    yield f"OTel:    {status['otel']['status']}"
    yield ""
    rows = [
        (each["namespace"], each["type"], str(each.get("port", "")), each["state"])
        for each in adapters
    ]
    yield from table([("ADAPTER", "TYPE", "PORT", "STATE"), *rows])
    yield ""
    counts = ("operations", "tools", "unavailable", "warnings")
    rows_of_documents = [
        (each["file"], each["specVersion"], *(str(each.get(name, 0)) for name in counts))
        for each in documents
    ]
    heads = ("DOCUMENT", "VERSION", *(name.upper() for name in counts))
    yield from table([heads, *rows_of_documents])
    held = status.get("reload", {}).get("restartNeeded", [])
    if held:
        yield ""
    for each in held:
        yield f"Restart: {each['file']}: {each['message']}"
