"""Faults on real sockets: each has its status, and afterwards nothing is left.

Tasks, descriptors and memory of the served process are counted before and after.
"""

import asyncio
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

import httpx
import pytest
from hostile_upstream import Hostile, hostile_upstream
from processes import free_port

pytestmark = pytest.mark.real
MANY = 2000
READY = re.compile(r"naftiko: faults +REST +(http://\S+)")
# what a user runs, and a signal that makes it count its tasks
COUNTING = """
import asyncio, gc, signal, sys, threading
from naftiko_runtime.cli.main import main
def unfinished():
    tasks = [each for each in gc.get_objects() if issubclass(type(each), asyncio.Task)]
    # the server's own clock is a task on some Pythons
    names = [each.get_coro().__qualname__ for each in tasks if not each.done()]
    return len(names) - names.count("Event.wait")
def count():
    while signal.sigwait([signal.SIGUSR1]):
        gc.collect()
        # objects are in no list while the other thread collects: a single look may miss some
        print("tasks", max(unfinished() for _ in range(3)), file=sys.stderr, flush=True)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
threading.Thread(target=count, daemon=True).start()
main()
"""
DOCUMENT = """
naftiko: 1.0.0-alpha2
info: {label: Faults, description: In front of a hostile upstream}
capability:
  consumes:
    - type: http
      namespace: hostile
      baseUri: HOSTILE
      resources: [{name: it, path: "/do/{what}", operations: [{name: do-it, method: GET, inputParameters: [{name: what, in: path}]}]}]
    - type: http
      namespace: patient
      baseUri: HOSTILE
      resources: [{name: it, path: "/do/slow", operations: [{name: wait, method: GET}]}]
    - type: http
      namespace: nobody
      baseUri: NOBODY
      resources: [{name: it, path: /it, operations: [{name: get-it, method: GET}]}]
  exposes:
    - type: rest
      port: 8080
      namespace: faults
      resources:
        - {name: relayed, path: "/relayed/{what}", operations: [{name: relayed, method: GET, call: hostile.do-it, with: {what: rest.what}}]}
        - {name: mapped, path: "/mapped/{what}", operations: [{name: mapped, method: GET, call: hostile.do-it, with: {what: rest.what}, outputParameters: [{type: object, properties: {number: {type: integer, mapping: $.id}}}]}]}
        - {name: slow, path: /slow, operations: [{name: slow, method: GET, call: patient.wait}]}
        - {name: refused, path: /refused, operations: [{name: refused, method: GET, call: nobody.get-it}]}
"""


@dataclass(frozen=True)
class Left:
    """What a process holds: unfinished tasks, descriptors, bytes of memory."""

    tasks: int
    descriptors: int
    memory: int


class Runtime:
    """The served process and its upstream."""

    def __init__(self, process: subprocess.Popen[str], upstream: Hostile) -> None:
        self.process = process
        self.upstream = upstream
        self._lines: Queue[str] = Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self.url = READY.match(self._until("naftiko: faults "))[1]
        self.address = ("127.0.0.1", int(self.url.rpartition(":")[2]))

    def _read(self) -> None:
        for line in self.process.stderr:
            self._lines.put(line)

    def _until(self, text: str) -> str:
        while True:
            line = self._lines.get(timeout=60)
            if text in line:
                return line

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"{self.url}{path}", timeout=60, trust_env=False)

    def left(self) -> Left:
        self.process.send_signal(signal.SIGUSR1)
        tasks = int(self._until("tasks ").split()[1])
        folder = Path(f"/proc/{self.process.pid}")
        resident = re.search(r"VmRSS:\s+(\d+) kB", (folder / "status").read_text())[1]
        return Left(tasks, len(list((folder / "fd").iterdir())), int(resident) * 1024)

    @contextmanager
    def nothing_left(self, kept: int = 0) -> Iterator[None]:
        """Afterwards there must be no task more, and no descriptor but ``kept`` idle connections."""
        # now there is one idle connection to the upstream, which is none of a fault's
        assert self.get("/relayed/good").status_code == 200
        before = self.left()
        yield
        deadline = time.monotonic() + 30
        while (after := self.left()).tasks > before.tasks or (
            after.descriptors > before.descriptors + kept
        ):
            assert time.monotonic() < deadline, (before, after)
            time.sleep(0.05)


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    document = tmp_path_factory.mktemp("faults") / "faults.yml"
    with hostile_upstream() as upstream:
        nobody = f"http://127.0.0.1:{free_port()}"
        document.write_text(DOCUMENT.replace("HOSTILE", upstream.url).replace("NOBODY", nobody))
        command = [
            *(sys.executable, "-c", COUNTING, "serve", str(document), "--host", "127.0.0.1"),
            *("--port", "0", "--set", "timeout.hostile=2", "--log-level", "ERROR"),
            *("--max-concurrency", str(MANY)),
        ]
        with subprocess.Popen(
            command,
            stderr=subprocess.PIPE,
            text=True,
            env={"PATH": os.defpath, "NO_PROXY": "*"},
        ) as process:
            try:
                made = Runtime(process, upstream)
                assert made.get("/relayed/good").status_code == 200
                assert made.get("/mapped/good").json() == {"number": 7}
                yield made
            finally:
                process.terminate()
                process.wait(40)


@pytest.mark.parametrize(
    ("path", "status", "problem"),
    [
        ("/refused", 502, "upstream-unreachable"),
        ("/relayed/garbage", 502, "upstream-unreachable"),
        ("/mapped/garbage", 502, "upstream-unreachable"),
        ("/relayed/hang", 504, "upstream-timeout"),
        ("/relayed/drip", 504, "upstream-timeout"),
        ("/mapped/reset", 502, "upstream-unreachable"),
        ("/mapped/no-json", 502, "upstream-undecodable"),
    ],
)
def test_each_fault_has_its_status(runtime: Runtime, path: str, status: int, problem: str) -> None:
    with runtime.nothing_left():
        reply = runtime.get(path)
    assert reply.status_code == status
    assert reply.json()["type"] == f"urn:naftiko:problem:{problem}"


def test_an_error_of_the_upstream_passes_as_it_came(runtime: Runtime) -> None:
    with runtime.nothing_left():
        for path in ("/relayed/failed", "/mapped/failed"):
            reply = runtime.get(path)
            assert (reply.status_code, reply.text) == (503, "busy")
            assert reply.headers["x-upstream-status"] == "503"


def test_a_reset_in_mid_body_breaks_the_transfer(runtime: Runtime) -> None:
    with runtime.nothing_left(), pytest.raises(httpx.RemoteProtocolError):
        runtime.get("/relayed/reset")


def test_an_unread_answer_to_head_is_closed(runtime: Runtime) -> None:
    open_before = runtime.upstream.open
    with runtime.nothing_left():
        for kind in ("relayed", "mapped"):
            reply = httpx.head(f"{runtime.url}/{kind}/pour", timeout=60, trust_env=False)
            assert (reply.status_code, reply.content) == (200, b"")
        runtime.upstream.until(lambda: runtime.upstream.open <= open_before)


@contextmanager
def asking(runtime: Runtime, path: str) -> Iterator[socket.socket]:
    with socket.create_connection(runtime.address, timeout=60) as caller:
        caller.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        yield caller


def test_a_caller_that_leaves_in_mid_download_ends_it(runtime: Runtime) -> None:
    open_before = runtime.upstream.open
    with runtime.nothing_left():
        with asking(runtime, "/relayed/pour") as caller:
            received = 0
            while received < 1_000_000:
                received += len(caller.recv(65536))
        runtime.upstream.until(lambda: runtime.upstream.open <= open_before)


@pytest.mark.parametrize("kind", ["relayed", "mapped"])
def test_a_caller_that_leaves_before_the_head_ends_the_upstream_request(
    runtime: Runtime, kind: str
) -> None:
    asked, open_before = runtime.upstream.requests["hang"], runtime.upstream.open
    with runtime.nothing_left():
        with asking(runtime, f"/{kind}/hang"):
            runtime.upstream.until(lambda: runtime.upstream.requests["hang"] > asked)
        # long before the time limit would do it
        runtime.upstream.until(lambda: runtime.upstream.open <= open_before)


def test_callers_that_never_finish_their_heads_hinder_nobody(runtime: Runtime) -> None:
    with runtime.nothing_left():
        slow = [socket.create_connection(runtime.address, timeout=60) for _ in range(500)]
        for each in slow:
            each.sendall(b"GET /relayed/good HTTP/1.1\r\nHost: loc")
        assert runtime.get("/relayed/good").status_code == 200
        for each in slow:
            each.close()


async def ask(address: tuple[str, int], path: str) -> int:
    """Return the status of one request on a connection of its own."""
    reader, writer = await asyncio.open_connection(*address)
    try:
        writer.write(
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
        )
        return int((await reader.read()).split(b" ", 2)[1])
    finally:
        writer.close()


def wave(runtime: Runtime, count: int) -> Counter[int]:
    """Ask for slow answers at the same time; return how often each status came."""

    async def ask_all() -> list[int]:
        async with asyncio.timeout(120), asyncio.TaskGroup() as group:
            tasks = [group.create_task(ask(runtime.address, "/slow")) for _ in range(count)]
        return [task.result() for task in tasks]

    return Counter(asyncio.run(ask_all()))


def test_two_thousand_slow_requests_at_once(
    runtime: Runtime, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = 200  # idle connections to the upstream, at most
    held = []
    with runtime.nothing_left(kept):
        for _ in range(4):
            assert wave(runtime, MANY) == {200: MANY}
            held.append(runtime.left().memory / 2**20)
    with capsys.disabled():
        print(f"\n{MANY} requests at once, again and again: MiB held", *map(round, held))  # noqa: T201 - a measurement
    # 4,000 requests later; a kept task, buffer or connection each would be far more
    assert held[-1] - held[1] < 10


def test_more_than_the_limit_are_refused_at_once(runtime: Runtime) -> None:
    with runtime.nothing_left(200):
        statuses = wave(runtime, MANY + 500)
    assert statuses[200] + statuses[503] == MANY + 500
    assert statuses[200] >= MANY
    assert statuses[503] > 0


def test_a_thousand_broken_answers_leave_no_memory(runtime: Runtime) -> None:
    def break_off(count: int) -> None:
        with httpx.Client(base_url=runtime.url, timeout=60, trust_env=False) as client:
            for _ in range(count):
                assert client.get("/mapped/garbage").status_code == 502
                assert client.get("/refused").status_code == 502

    with runtime.nothing_left():
        break_off(200)
        before = runtime.left().memory
        break_off(500)
        grown = (runtime.left().memory - before) / 2**20
    assert grown < 5
