"""From the command to the first answers, and what an idle process holds in memory."""

import subprocess
import sys
import time
from statistics import median
from typing import Final

from report import Outcome, Row, Target
from servers import LIST, NAFTIKO, Place, naftiko, nginx, stop, wait_until_answering
from settings import Effort

_STAGES: Final = {
    "Python alone": "pass",
    "the server: asyncio, uvloop, uvicorn, httptools": (
        "import asyncio, uvloop, uvicorn.protocols.http.httptools_impl"
    ),
    "pydantic and yaml": "import pydantic, yaml",
    "loading and compiling": "import naftiko_runtime.runtime.documents",
    "the runtime and REST": (
        "import naftiko_runtime.runtime.process, naftiko_runtime.adapters.rest.app"
    ),
    "the MCP adapter and the mcp package": "import naftiko_runtime.adapters.mcp.endpoint",
}


def start(place: Place, effort: Effort) -> Outcome:
    """Each start is a process of its own, with its files in the system's cache."""
    upstream = nginx(place).upstream.url
    rest, mcp, shown = [], [], []
    naftiko(place, "warm", upstream).ready()
    for number in range(effort.starts):
        began = time.perf_counter()
        served = naftiko(place, f"start-{number}", upstream)
        wait_until_answering(served.server, f"{served.server.url}{LIST}")
        rest.append(time.perf_counter() - began)
        wait_until_answering(served.server, served.mcp)
        mcp.append(time.perf_counter() - began)
        stop(served.server.process)
        began = time.perf_counter()
        subprocess.run([NAFTIKO, "--help"], stdout=subprocess.DEVNULL, check=True, timeout=60)
        shown.append(time.perf_counter() - began)
    rows = [
        Row("first REST answer", rest, "s"),
        Row("MCP answers", mcp, "s"),
        Row("--help", shown, "s"),
    ]
    targets = [
        Target("first REST answer, s", median(rest), 1.0, "at most"),
        Target("MCP answers, s", median(mcp), 2.0, "at most"),
        Target("naftiko --help, s", median(shown), 0.3, "at most"),
    ]
    return Outcome("Cold start of the seed", rows, targets)


def memory(place: Place, effort: Effort) -> Outcome:
    """What the idle process holds, and by how much each group of imports grows a process."""
    server = naftiko(place, "naftiko", nginx(place).upstream.url).ready().server
    time.sleep(1)  # what started it is still being freed
    rows, before, code = [], 0.0, ""
    for name, statement in _STAGES.items():
        code += f"{statement}\n"
        now = _memory_after(code)
        rows.append(Row(name, [now - before], "MB"))
        before = now
    rows.append(Row("idle, REST and MCP ready", [server.memory()], "MB"))
    rows.append(Row("of that not shared with files", [server.memory("RssAnon")], "MB"))
    targets = [Target("idle memory, MB", server.memory(), 110, "at most")]
    return Outcome("Memory while serving the seed idle", rows, targets)


def _memory_after(code: str) -> float:
    told = "import re; print(re.search(r'VmRSS:\\s+(\\d+)', open('/proc/self/status').read())[1])"
    command = [sys.executable, "-c", f"{code}{told}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return int(done.stdout) / 1024
