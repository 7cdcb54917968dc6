"""A document served by a process of its own, and real clients for each of its adapters."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import httpx2
import mcp
from mcp.client.streamable_http import streamable_http_client

READY = re.compile(r"^naftiko: (\S+) +(?:REST|MCP|SKILL|CONTROL) +(http://\S+)")


@dataclass(frozen=True)
class Live:
    """A running ``naftiko``: the URL of each adapter by its namespace."""

    urls: Mapping[str, str]
    token: str | None = None
    """What the MCP adapter asks for."""

    def http(self, namespace: str) -> httpx.Client:
        """Return a client of a REST, skill or control adapter."""
        return httpx.Client(base_url=self.urls[namespace], timeout=20, trust_env=False)

    @asynccontextmanager
    async def mcp(self, namespace: str) -> AsyncIterator[mcp.Client]:
        """Yield the official client, connected to an MCP adapter."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        async with httpx2.AsyncClient(headers=headers, timeout=20, trust_env=False) as http:
            transport = streamable_http_client(self.urls[namespace], http_client=http)
            async with mcp.Client(transport) as client:
                yield client


async def called(client: mcp.Client, tool: str, arguments: Mapping[str, Any]) -> Any:
    """Return the structured result of a tool; its text has to say the same."""
    result = await client.call_tool(tool, dict(arguments))
    assert not result.is_error, result.content
    value = result.structured_content
    assert json.loads(result.content[0].text) in (value, value.get("result")), result.content
    return value


@contextmanager
def live(
    document: Path,
    *options: str,
    adapters: int,
    upstreams: Mapping[str, str] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Iterator[Live]:
    """Serve a document on a free port until the block ends; ``upstreams`` by namespace."""
    places = [f"baseUri.{name}={url}" for name, url in (upstreams or {}).items()]
    words = ["serve", str(document), "--host", "127.0.0.1", "--port", "0", *options]
    words += [word for place in places for word in ("--set", place)]
    with running(words, adapters, environ) as urls:
        yield Live(urls)


@contextmanager
def running(
    words: Sequence[str], adapters: int, environ: Mapping[str, str] | None = None
) -> Iterator[dict[str, str]]:
    """Run ``naftiko WORDS`` and yield the URLs of that many adapters once they are ready."""
    surroundings = {"PATH": os.defpath, "NO_PROXY": "*", **(environ or {})}
    command = [sys.executable, "-m", "naftiko_runtime", *words]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=surroundings
    ) as process:
        try:
            urls = _ready(process, adapters)
            # somebody has to read on, or the process blocks when the pipe is full
            threading.Thread(target=process.stderr.read, daemon=True).start()
            yield urls
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(40)


def _ready(process: subprocess.Popen[str], adapters: int) -> dict[str, str]:
    urls: dict[str, str] = {}
    said = []
    for line in process.stderr:
        said.append(line)
        if found := READY.match(line):
            urls[found[1]] = found[2]
        if len(urls) == adapters:
            return urls
    raise AssertionError(f"ended with {process.wait()}: {''.join(said)}")
