"""A client of MCP servers on standard streams, just good enough to load them."""

import itertools
import json
import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Final

from load import Sample
from servers import NAFTIKO, NotMeasured, Place, Server

NAFTIKO_STDIO: Final = (str(NAFTIKO), "serve", "--stdio")
_UNDER_WAY: Final = 8
_VERSION: Final = "2025-06-18"


@dataclass(frozen=True)
class Speaker:
    """A running server that was initialised; ``numbers`` gives ids."""

    server: Server
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    @classmethod
    def start(cls, place: Place, name: str, command: Sequence[str]) -> "Speaker":
        output = place.folder / f"{name}.log"
        with output.open("wb") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={
                    "PATH": os.defpath,
                    "HOME": str(place.folder),
                    "LABEL_STUDIO_API_KEY": "bench",
                },
                cwd=place.folder,
            )
        place.stack.callback(_end, process)
        speaker = cls(Server(name, "", process, output))
        client = {"name": "bench", "version": "1"}
        params = {"protocolVersion": _VERSION, "capabilities": {}, "clientInfo": client}
        speaker.tell({"method": "initialize", "params": params, "id": next(speaker.numbers)})
        speaker.hear()
        speaker.tell({"method": "notifications/initialized"})
        return speaker

    def tell(self, message: dict[str, Any]) -> None:
        stream = self.server.process.stdin
        if stream is None:
            raise NotMeasured(f"{self.server.name} has no input")
        stream.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
        stream.flush()

    def hear(self) -> dict[str, Any]:
        """Return the next answer; notifications are passed over."""
        stream = self.server.process.stdout
        while stream is not None and (line := stream.readline()):
            found: dict[str, Any] = json.loads(line)
            if "id" in found:
                return found
        raise NotMeasured(f"{self.server.name} ended: {self.server.output.read_text()[-1000:]}")


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()
    process.wait(30)


def per_second(speaker: Speaker, tool: str, seconds: float) -> Sample:
    """Call a tool for some seconds, several calls under way at a time."""
    began: dict[int, float] = {}
    times: list[float] = []

    def call() -> None:
        number = next(speaker.numbers)
        began[number] = time.perf_counter()
        params = {"name": tool, "arguments": {"id": 7}}
        speaker.tell({"method": "tools/call", "params": params, "id": number})

    spent, start = speaker.server.cpu_seconds(), time.perf_counter()
    for _ in range(_UNDER_WAY):
        call()
    while began:
        answer = speaker.hear()
        if answer.get("result", {}).get("isError", True):
            raise NotMeasured(f"{speaker.server.name}: {json.dumps(answer)[:300]}")
        times.append(time.perf_counter() - began.pop(answer["id"]))
        if time.perf_counter() - start < seconds:
            call()
    passed = time.perf_counter() - start
    spent = speaker.server.cpu_seconds() - spent
    times.sort()
    late = times[int(len(times) * 0.99)]
    return Sample(len(times) / passed, spent / len(times) * 1e6, median(times) * 1e3, late * 1e3)
