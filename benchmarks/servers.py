"""Starts the servers that are measured, on free ports of the loopback; stops them by pid."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bodies import NAMESPACE, write_upstream

ROOT: Final = Path(__file__).resolve().parents[1]
SETUPS: Final = ROOT / "benchmarks" / "setups"
PEERS: Final = ROOT / ".cache" / "bench"
SEED: Final = ROOT / "capabilities" / "label-studio-exports.yaml"
NAFTIKO: Final = Path(sys.executable).with_name("naftiko")
LIST: Final = "/v1/api/projects/7/exports"
_READY_SECONDS: Final = 120.0
_STOP_SECONDS: Final = 30.0
_TICKS: Final = os.sysconf("SC_CLK_TCK")


class NotMeasured(Exception):
    """A scenario that cannot run here, and why."""


@dataclass(frozen=True)
class Server:
    """A running process and its address."""

    name: str
    url: str
    process: subprocess.Popen[bytes]
    output: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def cpu_seconds(self) -> float:
        """CPU time of the process and of its children that still run."""
        return sum(_cpu_seconds(pid) for pid in (self.pid, *children(self.pid)))

    def memory(self, field: str = "VmRSS") -> float:
        """A size of /proc/PID/status in MB: ``VmRSS`` now, ``VmHWM`` at its peak."""
        pids = (self.pid, *children(self.pid))
        return sum(_status_kb(pid, field) for pid in pids) / 1024


def children(pid: int) -> list[int]:
    """Return the direct children of a process."""
    found = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(each) for each in found.read_text().split()] if found.exists() else []


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _status_kb(pid: int, field: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1])
    raise NotMeasured(f"/proc does not tell {field}")


def free_port() -> int:
    """Return a port of the loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Place:
    """A folder for one run's files; every server started through it is stopped at its end."""

    folder: Path
    stack: contextlib.ExitStack

    def start(
        self,
        name: str,
        command: Sequence[str],
        url: str,
        environ: Mapping[str, str] | None = None,
        *,
        probe: str | None = None,
    ) -> Server:
        """Start a server; wait until ``probe`` (else ``url``) answers anything at all."""
        server = self.launch(name, command, url, environ)
        wait_until_answering(server, probe or url)
        return server

    def launch(
        self, name: str, command: Sequence[str], url: str, environ: Mapping[str, str] | None = None
    ) -> Server:
        """Start a server without waiting for it."""
        return self.stack.enter_context(
            _running(name, command, url, self.folder / f"{name}.log", environ)
        )

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path


@contextlib.contextmanager
def _running(
    name: str,
    command: Sequence[str],
    url: str,
    output: Path,
    environ: Mapping[str, str] | None,
) -> Iterator[Server]:
    inherited = {"PATH": os.defpath, "HOME": str(output.parent)}
    with output.open("wb") as log:
        process = subprocess.Popen(
            [str(each) for each in command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**inherited, **(environ or {})},
            cwd=output.parent,
        )
    try:
        yield Server(name, url, process, output)
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End one process, at once when it does not end in time."""
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_until_answering(server: Server, url: str) -> None:
    """Poll an address until there is an HTTP answer of any status."""
    end = time.monotonic() + _READY_SECONDS
    while time.monotonic() < end:
        if server.process.poll() is not None:
            break
        try:
            urllib.request.urlopen(url, timeout=5).close()  # noqa: S310 - our own addresses
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.02)
        else:
            return
    tail = server.output.read_text(errors="replace")[-2000:]
    raise NotMeasured(f"{server.name} does not answer at {url}\n{tail}")


@dataclass(frozen=True)
class Nginx:
    """nginx as upstream (``upstream``: 809 bytes of JSON, big files, uploads) and as a proxy."""

    upstream: Server
    proxy: Server


def nginx(place: Place) -> Nginx:
    """Start both, each as one process of its own, so that their CPU time can be told apart."""
    binary = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if binary is None:
        raise NotMeasured("nginx is not installed (scripts/bench does it as root)")
    write_upstream(place.folder)
    ports = free_port(), free_port()
    started = []
    for name, port in zip(("upstream", "proxy"), ports, strict=True):
        text = (SETUPS / f"{name}.conf").read_text()
        text = text.replace("@FOLDER@", str(place.folder)).replace("@PORT@", str(port))
        config = place.write(f"{name}.conf", text.replace("@UPSTREAM@", str(ports[0])))
        command = [binary, "-c", str(config), "-e", str(place.folder / f"{name}.errors")]
        url = f"http://127.0.0.1:{port}"
        started.append(place.start(name, command, url))
    return Nginx(*started)


def naftiko(
    place: Place,
    name: str,
    upstream: str,
    *more: str,
    environ: Mapping[str, str] | None = None,
    program: Sequence[str] = (str(NAFTIKO),),
) -> "Served":
    """Serve the seed as ``naftiko serve`` does by itself, only on free ports."""
    rest, mcp = free_port(), free_port()
    command = [*program, "serve", str(SEED)]
    command += ["--port", f"{NAMESPACE}-rest={rest}", "--port", f"{NAMESPACE}-mcp={mcp}"]
    command += ["--set", f"baseUri.*={upstream}", *more]
    secrets = {"LABEL_STUDIO_API_KEY": "benchmark", **(environ or {})}
    url = f"http://127.0.0.1:{rest}"
    return Served(place.launch(name, command, url, secrets), f"http://127.0.0.1:{mcp}/mcp")


@dataclass(frozen=True)
class Served:
    """A running ``naftiko serve``."""

    server: Server
    mcp: str

    def ready(self) -> "Served":
        """Wait until both adapters answer: what MCP imports would disturb what is measured."""
        wait_until_answering(self.server, f"{self.server.url}{LIST}")
        wait_until_answering(self.server, self.mcp)
        return self


def naftiko_rest(place: Place, document: Path, upstream: str, probe: str, *more: str) -> Server:
    """Serve documents that have only REST adapters, all on one free port."""
    port = free_port()
    command = [str(NAFTIKO), "serve", str(document), "--port", str(port), "--no-watch"]
    command += ["--set", f"baseUri.*={upstream}"] if upstream else []
    command += more
    url = f"http://127.0.0.1:{port}"
    return place.start(document.stem, command, url, probe=f"{url}{probe}")
