"""Real processes for tests: a runtime that serves a document, and ports that are free."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "capabilities" / "label-studio-exports.yaml"
NAMESPACE = "label-studio-subpackage-projects-subpackage-projects-exports"
READY = re.compile(r"^naftiko: \S+ +(REST|MCP) +(http://\S+)")


@dataclass(frozen=True)
class Serving:
    """A running `naftiko serve`: base URL of its REST adapter, URL of its MCP adapter."""

    rest: str
    mcp: str
    process: subprocess.Popen[str]

    @property
    def exports(self) -> str:
        """The URL of the snapshots of project 1."""
        return f"{self.rest}/v1/api/projects/1/exports"

    def resident(self) -> int:
        """Return the bytes of memory that the process holds now."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


@contextmanager
def serving(
    upstream: str, *options: str, environ: Mapping[str, str] | None = None
) -> Iterator[Serving]:
    """Serve the seed document in front of `upstream` in a process of its own."""
    command = [
        *(sys.executable, "-m", "naftiko_runtime", "serve", str(DOCUMENT)),
        *("--host", "127.0.0.1", "--port", f"{NAMESPACE}-rest={free_port()}"),
        *("--port", f"{NAMESPACE}-mcp={free_port()}"),
        *("--set", f"baseUri.{NAMESPACE}={upstream}", *options),
    ]
    surroundings = {"PATH": os.defpath, "NO_PROXY": "*", **(environ or {})}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=surroundings) as process:
        try:
            urls = _ready(process)
            # somebody has to read on, or the process blocks when the pipe is full
            threading.Thread(target=process.stderr.read, daemon=True).start()
            yield Serving(urls["REST"], urls["MCP"], process)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(40)


def _ready(process: subprocess.Popen[str]) -> dict[str, str]:
    urls: dict[str, str] = {}
    said = []
    for line in process.stderr:
        said.append(line)
        if found := READY.match(line):
            urls[found[1]] = found[2]
        if len(urls) == 2:
            return urls
    raise AssertionError(f"ended with {process.wait()}: {''.join(said)}")
