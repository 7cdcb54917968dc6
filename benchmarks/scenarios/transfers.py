"""Bodies larger than memory may hold: they pass through, and curl tells how fast."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import bodies
from load import ratio
from report import Outcome, Row, Target
from servers import (
    SETUPS,
    NotMeasured,
    Place,
    Server,
    free_port,
    naftiko_rest,
    nginx,
)
from settings import Effort

_LEAST_GROWTH = 30.0
_MB = 1e6
_OCTETS = ("-H", "Content-Type: application/octet-stream")


def download(place: Place, effort: Effort) -> Outcome:
    """A file of nginx, straight and through a relayed operation."""
    upstream = nginx(place).upstream
    with (place.folder / "html" / "large").open("wb") as file:
        file.truncate(effort.large)
    server = _relay(place, upstream.url)

    def straight() -> float:
        return _curl(f"{upstream.url}/large", effort.large)

    def through() -> float:
        return _curl(f"{server.url}/large", effort.large)

    return _compared(f"Download of {_size(effort.large)}", straight, through, (server, effort))


def upload(place: Place, effort: Effort) -> Outcome:
    """A body streamed to a server that counts it, straight and through a forwarded route."""
    port = free_port()
    sink = f"http://127.0.0.1:{port}"
    command = [sys.executable, SETUPS / "sink.py", str(port)]
    place.launch("sink", command, sink)
    size = effort.large // 3
    server = _relay(place, sink)
    file = place.folder / "upload"
    with file.open("wb") as opened:
        opened.truncate(size)

    def straight() -> float:
        return _curl(f"{sink}/large", size, file)

    def through() -> float:
        return _curl(f"{server.url}/large", size, file)

    return _compared(f"Upload of {_size(size)}", straight, through, (server, effort))


def _relay(place: Place, upstream: str) -> Server:
    document = place.write("transfers.yaml", bodies.transfers_document())
    return naftiko_rest(place, document, upstream, "/nothing")


def _compared(
    title: str,
    straight: Callable[[], float],
    through: Callable[[], float],
    measured: tuple[Server, Effort],
) -> Outcome:
    server, effort = measured
    before = server.memory()
    speeds = [(straight(), through()) for _ in range(min(effort.rounds, 3))]
    growth = server.memory("VmHWM") - before
    direct, relayed = [each for each, _ in speeds], [each for _, each in speeds]
    rows = [
        Row("curl to the upstream", direct, "MB/s"),
        Row("curl through naftiko", relayed, "MB/s"),
        Row("memory before", [before], "MB"),
    ]
    targets = [
        Target("through / straight", ratio(relayed, direct), 0.6),
        Target("growth of memory at its peak, MB", growth, _LEAST_GROWTH, "at most"),
    ]
    return Outcome(title, rows, targets)


def _curl(url: str, size: int, file: Path | None = None) -> float:
    """Transfer once; return MB in a second."""
    if shutil.which("curl") is None:
        raise NotMeasured("curl is not installed")
    told = "%{json}"
    command = ["curl", "-sS", "-o", "/dev/null", "-w", told, "--max-time", "300", "-H", "Expect:"]
    command += [] if file is None else ["-X", "POST", "-T", str(file), *_OCTETS]
    done = subprocess.run([*command, url], capture_output=True, text=True, timeout=330, check=True)
    found = json.loads(done.stdout)
    moved = found["size_download" if file is None else "size_upload"]
    if found["http_code"] != 200 or moved != size:
        raise NotMeasured(f"{url}: {found['http_code']}, {moved} of {size} bytes")
    return moved / found["time_total"] / _MB


def _size(count: int) -> str:
    return f"{count / 1024**3:.0f} GB" if count >= 1024**3 else f"{count / 1024**2:.0f} MB"
