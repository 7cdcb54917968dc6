"""Real processes of ``naftiko serve``, and an upstream for them to call."""

import contextlib
import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import pytest

PATIENCE = 30.0
READY = re.compile(r"naftiko: (\S+)\s+([A-Z]+)\s+(?:http://([\d.]+):(\d+)|stdio)")

SHOP = """
naftiko: 1.0.0-alpha2
info: {label: Shop, description: Orders of a small shop}
binds: [{namespace: env, keys: {SHOP_TOKEN: SHOP_TOKEN}}]
capability:
  consumes:
    - type: http
      namespace: shop-api
      baseUri: UPSTREAM
      authentication: {type: bearer, token: "{{SHOP_TOKEN}}"}
      resources:
        - name: order
          path: "/orders/{id}"
          operations:
            - {name: get-order, method: GET, inputParameters: [{name: id, in: path}]}
  exposes:
    - type: rest
      port: 8080
      namespace: shop-rest
      resources:
        - name: order
          path: "/v1/orders/{id}"
          operations:
            - {name: get-order, method: GET, call: shop-api.get-order, with: {id: rest.id}}
    - type: mcp
      port: 9090
      namespace: shop-mcp
      description: Orders of the shop
      tools:
        - {name: get-order, description: One order, call: shop-api.get-order, with: {id: tools.id}}
"""


@dataclass
class Upstream:
    """Answers ``GET /orders/ID`` with ``{"id": ID}``; ``slow`` waits until ``release`` is set."""

    port: int = 0
    requests: list[str] = field(default_factory=list)
    arrived: threading.Event = field(default_factory=threading.Event)
    release: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    fake = Upstream()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            fake.requests.append(self.path)
            if self.path.endswith("/slow"):
                fake.arrived.set()
                fake.release.wait(PATIENCE)
            body = json.dumps({"id": self.path.rpartition("/")[2]}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        fake.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield fake
        fake.release.set()
        server.shutdown()
        thread.join(PATIENCE)


class Serving:
    """A process of ``naftiko``; its stderr is read as it comes."""

    def __init__(self, words: list[str], environ: dict[str, str], folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "naftiko_runtime", *words],
            cwd=folder,
            env={"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(sys.path), **environ},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: list[str] = []
        self.ports: dict[str, int] = {}
        self._queue: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        stream = self.process.stderr
        assert stream is not None
        for line in stream:
            self._queue.put(line.rstrip("\n"))
        self._queue.put(None)

    def until(self, text: str) -> str:
        """Return the first further line of stderr that holds ``text``."""
        while True:
            line = self._queue.get(timeout=PATIENCE)
            if line is None:
                raise AssertionError(f"the process ended without {text!r}: {self.lines}")
            self.lines.append(line)
            found = READY.match(line)
            if found and found[4]:
                self.ports[found[1]] = int(found[4])
            if text in line:
                return line

    def ready(self, namespace: str) -> str:
        """Return the ready line of an adapter."""
        return self.until(f"naftiko: {namespace} ")

    def ended(self) -> int:
        """Wait for the end of the process and return its exit code; read stderr to its end."""
        code = self.process.wait(PATIENCE)
        while (line := self._queue.get(timeout=PATIENCE)) is not None:
            self.lines.append(line)
        return code

    def kill(self, number: int = signal.SIGTERM) -> None:
        self.process.send_signal(number)

    def get(self, namespace: str, path: str) -> tuple[int, Any]:
        """Return status and JSON of a GET on the listener of an adapter."""
        with contextlib.closing(self.connection(namespace)) as connection:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"null")

    def call(self, namespace: str, method: str, **params: Any) -> Any:
        """Return the JSON-RPC answer of an MCP adapter."""
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        with contextlib.closing(self.connection(namespace)) as connection:
            headers = {
                "Content-Type": "application/json",
                "Accept": "application/json, text/event-stream",
            }
            connection.request("POST", "/mcp", json.dumps(message), headers)
            return json.loads(connection.getresponse().read())

    def connection(self, namespace: str) -> HTTPConnection:
        return HTTPConnection("127.0.0.1", self.ports[namespace], timeout=PATIENCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


Serve = Callable[..., Serving]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start ``naftiko serve`` with the given words in a folder of its own; killed at the end."""
    with contextlib.ExitStack() as stack:

        def start(*words: str, environ: dict[str, str] | None = None) -> Serving:
            serving = Serving(["serve", *words], environ or {}, tmp_path)
            return stack.enter_context(serving)

        yield start


@pytest.fixture
def shop(tmp_path: Path, upstream: Upstream) -> Path:
    """The example document of exposes.md, its upstream being the fake one."""
    file = tmp_path / "shop.yml"
    file.write_text(SHOP.replace("UPSTREAM", upstream.url))
    return file
