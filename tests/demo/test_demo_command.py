import json
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

import httpx
import mcp
import pytest

from naftiko_runtime.demo.run import capability_file

pytestmark = pytest.mark.anyio
LAST_LINE = "Ctrl-C stops everything."


@dataclass(frozen=True)
class Running:
    process: subprocess.Popen[str]
    text: str

    @property
    def commands(self) -> list[str]:
        return re.findall(r"^  (curl .*)$", self.text, re.MULTILINE)

    @property
    def docs(self) -> str:
        return re.search(r"^  (http\S+/docs)$", self.text, re.MULTILINE)[1]

    @property
    def configuration(self) -> dict[str, dict[str, dict[str, str]]]:
        block = re.search(r"^  \{.*?^  \}", self.text, re.MULTILINE | re.DOTALL)
        return json.loads(block.group())


def free_ports(count: int) -> list[int]:
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


@contextmanager
def demo(*options: str) -> Iterator[Running]:
    command = [sys.executable, "-m", "naftiko_runtime", "demo", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Running(process, read_guide(process))
        finally:
            process.kill()


def read_guide(process: subprocess.Popen[str]) -> str:
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith(LAST_LINE):
            return "".join(lines)
    raise AssertionError(f"ended early with {process.wait()}: {lines}")


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    rest, tools = free_ports(2)
    with demo("--rest-port", str(rest), "--mcp-port", str(tools)) as running:
        yield running


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_every_command_that_the_demo_prints_works(running: Running) -> None:
    assert len(running.commands) >= 9
    for command in running.commands:
        words = ["bash", "-c", command.replace("curl -s", "curl -sf -m 10")]
        shown = subprocess.run(words, capture_output=True, text=True, check=False)
        assert shown.returncode == 0, (command, shown)
        assert shown.stdout or "-X DELETE" in command


def test_the_docs_page_is_where_the_demo_says(running: Running) -> None:
    reply = httpx.get(running.docs)
    assert (reply.status_code, reply.headers["content-type"][:9]) == (200, "text/html")


async def test_an_mcp_client_finds_the_tools_by_the_printed_configuration(running: Running) -> None:
    (server,) = running.configuration["mcpServers"].values()
    async with mcp.Client(server["url"]) as client:
        assert len((await client.list_tools()).tools) == 8
        called = await client.call_tool("list-all-export-snapshots", {"id": 2})
    assert called.structured_content == {"result": []}


def test_an_interrupt_stops_everything() -> None:
    ports = free_ports(2)
    with demo("--rest-port", str(ports[0]), "--mcp-port", str(ports[1])) as running:
        stand_in = int(re.search(r"127\.0\.0\.1:(\d+)/api/", running.text)[1])
        running.process.send_signal(signal.SIGINT)
        assert running.process.wait(20) == 0
    for port in (*ports, stand_in):
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_taken_ports_give_way_to_free_ones() -> None:
    with ExitStack() as taken:
        for port in (8080, 9090):
            # somebody else may hold the port already, which is as good
            with suppress(OSError):
                taken.enter_context(socket.create_server(("127.0.0.1", port)))
        with demo() as running:
            assert ":8080" not in running.text
            assert ":9090" not in running.text
            assert httpx.get(running.docs).status_code == 200


def test_a_port_that_is_asked_for_and_taken_ends_the_demo() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "naftiko_runtime", "demo", "--rest-port", port]
        ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 1
    assert port in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_bundled_document_is_the_published_one() -> None:
    assert capability_file().name == "label-studio-exports.yaml"
    assert "naftiko: 1.0.0-alpha2" in capability_file().read_text(encoding="utf-8")
