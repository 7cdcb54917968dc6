"""``naftiko serve`` as a process: exposes.md LST-2, LST-6 to LST-8, orchestration.md 6.6."""

import contextlib
import json
import signal
import socket
import threading
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

FREE = ("--port", "shop-rest=0", "--port", "shop-mcp=0")
TOKEN = {"SHOP_TOKEN": "t0ken"}


def test_both_adapters_are_announced_and_answer(serve: Any, shop: Path) -> None:
    serving = serve("shop.yml", *FREE, environ=TOKEN)
    rest = serving.ready("shop-rest")
    mcp = serving.ready("shop-mcp")
    assert serving.get("shop-rest", "/v1/orders/7") == (200, {"id": "7"})
    answer = serving.call("shop-mcp", "tools/call", name="get-order", arguments={"id": "8"})
    assert answer["result"]["structuredContent"] == {"id": "8"}
    url = f"http://127.0.0.1:{serving.ports['shop-rest']}"
    assert rest == f"naftiko: shop-rest  REST  {url}         1 operation   docs {url}/docs"
    assert (
        mcp
        == f"naftiko: shop-mcp   MCP   http://127.0.0.1:{serving.ports['shop-mcp']}/mcp     1 tool"
    )
    serving.kill()
    assert serving.ended() == 0
    assert serving.process.stdout.read() == ""


def test_one_port_for_both_serves_both(serve: Any, shop: Path) -> None:
    serving = serve("shop.yml", "--port", "0", environ=TOKEN)
    serving.ready("shop-mcp")
    assert serving.ports["shop-rest"] == serving.ports["shop-mcp"]
    assert serving.get("shop-rest", "/v1/orders/7") == (200, {"id": "7"})
    assert serving.call("shop-mcp", "tools/list")["result"]["tools"][0]["name"] == "get-order"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_request_that_began_before_the_signal_gets_its_whole_answer(
    serve: Any, shop: Path, upstream: Any, number: int
) -> None:
    serving = serve("shop.yml", *FREE, environ=TOKEN)
    serving.ready("shop-mcp")
    answers: list[tuple[int, Any]] = []
    caller = threading.Thread(
        target=lambda: answers.append(serving.get("shop-rest", "/v1/orders/slow"))
    )
    caller.start()
    assert upstream.arrived.wait(30)
    serving.kill(number)
    _refused(serving.ports["shop-rest"])
    upstream.release.set()
    caller.join(30)
    assert answers == [(200, {"id": "slow"})]
    assert serving.ended() == 0


def _refused(port: int) -> None:
    """Connect until the listener is closed."""
    with contextlib.suppress(ConnectionError):
        while True:
            socket.create_connection(("127.0.0.1", port), 30).close()


def test_a_second_signal_skips_the_drain(serve: Any, shop: Path, upstream: Any) -> None:
    serving = serve("shop.yml", *FREE, "--drain", "600", environ=TOKEN)
    serving.ready("shop-mcp")
    answers: list[tuple[int, Any]] = []
    caller = threading.Thread(
        target=lambda: answers.append(serving.get("shop-rest", "/v1/orders/slow"))
    )
    caller.start()
    assert upstream.arrived.wait(30)
    serving.kill()
    _refused(serving.ports["shop-rest"])
    serving.kill()
    assert serving.ended() == 0
    caller.join(30)
    assert answers[0][0] == 503
    assert answers[0][1]["type"] == "urn:naftiko:problem:stopping"


def test_an_open_list_stream_does_not_hold_the_stop_up(serve: Any, shop: Path) -> None:
    serving = serve("shop.yml", *FREE, "--drain", "600", environ=TOKEN)
    serving.ready("shop-mcp")
    with contextlib.closing(serving.connection("shop-mcp")) as connection:
        connection.request("GET", "/mcp", headers={"Accept": "text/event-stream"})
        stream = connection.getresponse()
        assert stream.readline() == b": open\n"
        serving.kill()
        assert serving.ended() == 0


def test_an_address_in_use_is_1_and_named(serve: Any, shop: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        serving = serve("shop.yml", "--port", f"shop-rest={port}", environ=TOKEN)
        assert serving.ended() == 1
    expected = f"naftiko: 127.0.0.1:{port}: address already in use (shop.yml: shop-rest)"
    assert serving.lines[-1] == expected


def test_no_document_here_is_2(serve: Any) -> None:
    serving = serve()
    assert serving.ended() == 2
    assert "no FILE" in serving.lines[-1]


def test_a_file_that_is_not_there_is_2(serve: Any) -> None:
    serving = serve("none.yml")
    assert serving.ended() == 2
    assert serving.lines[-1].lower() == "naftiko: none.yml: no such file or directory"


def test_a_document_that_exposes_nothing_is_2(serve: Any, tmp_path: Path) -> None:
    (tmp_path / "library.yml").write_text("naftiko: 1.0.0-alpha2\nbinds: []\nconsumes: []\n")
    serving = serve("library.yml")
    assert serving.ended() == 2
    assert serving.lines[-1] == "naftiko: nothing to serve: no document exposes an adapter"


def test_a_refused_document_alone_is_2_with_its_place(serve: Any, tmp_path: Path) -> None:
    (tmp_path / "bad.yml").write_text("naftiko: 1.0.0-alpha2\ncapability: [\n")
    serving = serve("bad.yml")
    assert serving.ended() == 2
    assert serving.lines[0].startswith("bad.yml:")
    assert "error document/not-yaml" in serving.lines[0]


def test_a_refused_document_does_not_stop_the_others(
    serve: Any, shop: Path, tmp_path: Path
) -> None:
    (tmp_path / "bad.yml").write_text("naftiko: 1.0.0-alpha2\n")
    serving = serve("bad.yml", "shop.yml", *FREE, environ=TOKEN)
    serving.until("bad.yml:")
    serving.ready("shop-rest")
    assert serving.get("shop-rest", "/v1/orders/7") == (200, {"id": "7"})


def test_with_strict_a_refused_document_stops_the_others(
    serve: Any, shop: Path, tmp_path: Path
) -> None:
    (tmp_path / "bad.yml").write_text("naftiko: 1.0.0-alpha2\n")
    assert serve("bad.yml", "shop.yml", "--strict", *FREE, environ=TOKEN).ended() == 2


def test_a_missing_variable_warns_and_serves(serve: Any, shop: Path, upstream: Any) -> None:
    serving = serve("shop.yml", *FREE)
    warning = serving.until("config/missing-variable")
    assert warning.startswith("shop.yml:")
    assert "SHOP_TOKEN" in warning
    serving.ready("shop-rest")
    status, problem = serving.get("shop-rest", "/v1/orders/7")
    assert (status, problem["variables"]) == (500, ["SHOP_TOKEN"])
    assert upstream.requests == []


def test_an_env_file_gives_variables(serve: Any, shop: Path, tmp_path: Path) -> None:
    (tmp_path / "shop.env").write_text("SHOP_TOKEN=t0ken\n")
    serving = serve("shop.yml", *FREE, "--env-file", "shop.env")
    serving.ready("shop-rest")
    assert serving.get("shop-rest", "/v1/orders/7")[0] == 200


def test_check_opens_nothing(serve: Any, shop: Path) -> None:
    serving = serve("shop.yml", "--check", environ=TOKEN)
    assert serving.ended() == 0
    shown = [line for line in serving.lines if line.startswith("naftiko: ")]
    assert [line.split()[3] for line in shown] == [
        "http://127.0.0.1:8080",
        "http://127.0.0.1:9090/mcp",
    ]


def test_an_unknown_namespace_of_port_is_2(serve: Any, shop: Path) -> None:
    serving = serve("shop.yml", "--port", "shop-rset=1", environ=TOKEN)
    assert serving.ended() == 2
    assert serving.lines[-1].endswith('no adapter has that namespace; did you mean "shop-rest"?')


def test_logs_are_json_with_the_access_line(serve: Any, shop: Path) -> None:
    serving = serve("shop.yml", *FREE, "--log-format", "json", environ=TOKEN)
    serving.ready("shop-rest")
    serving.get("shop-rest", "/v1/orders/7?secret=x")
    line = json.loads(serving.until('"route"'))
    assert (line["status"], line["route"], line["namespace"]) == (
        200,
        "/v1/orders/{id}",
        "shop-rest",
    )
    assert "secret" not in json.dumps(line)


def test_quiet_prints_errors_only(serve: Any, shop: Path) -> None:
    port = _free_port()
    serving = serve("shop.yml", "-q", "--port", str(port))
    serving.ports["shop-rest"] = port
    _accepted(port)
    assert serving.get("shop-rest", "/nothing")[0] == 404
    serving.kill()
    assert serving.ended() == 0
    assert serving.lines == []


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _accepted(port: int) -> None:
    """Connect until the listener is open."""
    for _ in range(3000):
        with contextlib.suppress(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), 30).close()
            return
        threading.Event().wait(0.01)
    raise AssertionError(f"nobody listens on {port}")


def test_adapters_on_stdio_and_over_http_get_ready_beside_each_other(
    serve: Any, shop: Path
) -> None:
    text = shop.read_text()
    adapter = text.partition("    - type: mcp\n")[2].replace("shop-mcp", "shop-stdio")
    spoken = adapter.replace("port: 9090", "transport: stdio")
    shop.write_text(f"{text}    - type: mcp\n{spoken}")
    serving = serve("shop.yml", "--port", "shop-rest=0", "--port", "shop-mcp=0", environ=TOKEN)
    waited = {"shop-mcp", "shop-stdio"}
    while waited:
        line = serving.until("  MCP  ")
        waited.discard(line.split()[1])
    assert not [line for line in serving.lines if "Traceback" in line]


def test_stdio_speaks_the_protocol_and_nothing_else(serve: Any, shop: Path) -> None:
    serving = serve("shop.yml", "--stdio", environ=TOKEN)
    serving.until("stdio")
    stdin, stdout = serving.process.stdin, serving.process.stdout
    message = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "t", "version": "1"},
        },
    }
    stdin.write(json.dumps(message) + "\n")
    stdin.flush()
    assert json.loads(stdout.readline())["result"]["serverInfo"]["name"] == "shop-mcp"
    stdin.close()
    assert serving.ended() == 0
    assert stdout.read() == ""


@dataclass
class Callers:
    """Threads that call until they are refused; a request that got no answer is lost."""

    serving: Any
    answered: list[int] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    def call_on(self, *, fresh: bool) -> None:
        connection = self.serving.connection("shop-rest")
        while self._is_connected(connection):
            try:
                connection.request("GET", "/v1/orders/7")
                answer = connection.getresponse()
                answer.read()
            except OSError as exc:
                self.lost.append(repr(exc))
                return
            self.answered.append(answer.status)
            if fresh:
                connection.close()

    def _is_connected(self, connection: HTTPConnection) -> bool:
        try:
            if connection.sock is None:
                connection.connect()
        except ConnectionError:
            return False
        return True


def test_a_stop_under_load_loses_no_reply(serve: Any, shop: Path) -> None:
    serving = serve("shop.yml", *FREE, "--log-level", "error", environ=TOKEN)
    serving.ready("shop-mcp")
    callers = Callers(serving)
    threads = [
        threading.Thread(target=callers.call_on, kwargs={"fresh": number % 2 == 0})
        for number in range(8)
    ]
    for thread in threads:
        thread.start()
    while len(callers.answered) < 200:
        threading.Event().wait(0.01)
    serving.kill()
    for thread in threads:
        thread.join(30)
    assert callers.lost == []
    assert set(callers.answered) == {200}
    assert serving.ended() == 0
