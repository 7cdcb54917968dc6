"""Reloading a running process: exposes.md LST-11, CTL-6."""

import contextlib
import json
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

FREE = ("--port", "shop-rest=0", "--port", "shop-mcp=0")
TOKEN = {"SHOP_TOKEN": "t0ken"}
CONTROL = """
    - type: control
      port: 9191
      namespace: ops
      management: {info: true, reload: true, validate: true}
"""
SECOND = """
naftiko: 1.0.0-alpha2
info: {label: Mock}
capability:
  exposes:
    - type: rest
      port: 8080
      namespace: mock-rest
      resources:
        - path: /mock
          operations:
            - name: hello
              method: GET
              outputParameters: [{name: said, type: string, value: hello}]
"""


def renamed(file: Path) -> None:
    file.write_text(file.read_text().replace("/v1/orders", "/v2/orders"))


@pytest.fixture
def controlled(shop: Path) -> Path:
    shop.write_text(shop.read_text() + CONTROL)
    return shop


def test_sighup_serves_the_new_document(serve: Any, shop: Path) -> None:
    serving = serve("shop.yml", *FREE, environ=TOKEN)
    serving.ready("shop-mcp")
    renamed(shop)
    serving.kill(signal.SIGHUP)
    serving.until("reloaded:")
    assert serving.get("shop-rest", "/v2/orders/7") == (200, {"id": "7"})
    assert serving.get("shop-rest", "/v1/orders/7")[0] == 404
    answer = serving.call("shop-mcp", "tools/call", name="get-order", arguments={"id": "8"})
    assert answer["result"]["structuredContent"] == {"id": "8"}


def test_a_watched_file_is_reloaded_when_it_is_replaced(
    serve: Any, shop: Path, tmp_path: Path
) -> None:
    serving = serve("shop.yml", "--watch", *FREE, environ=TOKEN)
    serving.ready("shop-mcp")
    draft = tmp_path / ".shop.yml.tmp"
    draft.write_text(shop.read_text().replace("/v1/orders", "/v2/orders"))
    draft.replace(shop)
    serving.until("reloaded:")
    assert serving.get("shop-rest", "/v2/orders/7")[0] == 200


def test_a_bad_document_keeps_its_old_version(serve: Any, shop: Path) -> None:
    serving = serve("shop.yml", *FREE, environ=TOKEN)
    serving.ready("shop-rest")
    shop.write_text("naftiko: [")
    serving.kill(signal.SIGHUP)
    serving.until("shop.yml is not valid; the old version goes on serving")
    assert serving.get("shop-rest", "/v1/orders/7") == (200, {"id": "7"})


def test_identical_content_changes_nothing(serve: Any, controlled: Path) -> None:
    serving = serve("shop.yml", *FREE, "--port", "ops=0", environ=TOKEN)
    serving.ready("ops")
    controlled.write_text(controlled.read_text())
    assert post(serving, "/config/reload") == (200, {"status": "unchanged"})


def post(serving: Any, path: str, body: bytes = b"{}", kind: str = "application/json") -> Any:
    with contextlib.closing(serving.connection("ops")) as connection:
        connection.request("POST", path, body, {"Content-Type": kind})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


def test_the_control_port_reloads_and_says_what_changed(serve: Any, controlled: Path) -> None:
    serving = serve("shop.yml", *FREE, "--port", "ops=0", environ=TOKEN)
    serving.ready("shop-mcp")
    renamed(controlled)
    status, outcome = post(serving, "/config/reload")
    assert (status, outcome["status"]) == (200, "applied")
    assert outcome["changes"] == [
        {"file": "shop.yml", "adapter": "shop-rest", "name": "get-order", "change": "modified"}
    ]
    controlled.write_text("naftiko: [")
    status, outcome = post(serving, "/config/reload")
    assert (status, outcome["status"]) == (422, "rejected")
    assert outcome["reason"] == "shop.yml is not valid"
    assert outcome["diagnostics"][0]["code"] == "document/not-yaml"
    status, ready = serving.get("ops", "/health/ready")
    assert (status, [each["file"] for each in ready["reload"]["failed"]]) == (200, ["shop.yml"])


def test_a_changed_control_adapter_waits_for_a_restart(serve: Any, controlled: Path) -> None:
    serving = serve("shop.yml", *FREE, "--port", "ops=0", environ=TOKEN)
    serving.ready("ops")
    text = controlled.read_text().replace("validate: true", "validate: false")
    controlled.write_text(text.replace("/v1/orders", "/v2/orders"))
    status, outcome = post(serving, "/config/reload")
    assert (status, outcome["status"]) == (200, "applied")
    assert "reload/restart-needed" in [each["code"] for each in outcome["diagnostics"]]
    assert serving.get("shop-rest", "/v2/orders/7")[0] == 200
    assert post(serving, "/config/validate", b"naftiko: [", "text/yaml")[0] == 200


def held(outcome: Any) -> list[str]:
    code = "reload/restart-needed"
    return [each["message"] for each in outcome["diagnostics"] if each["code"] == code]


def status(serving: Any) -> list[str]:
    body = serving.get("ops", "/status")[1]
    return [each["message"] for each in body["reload"]["restartNeeded"]]


STDIO = """
    - type: mcp
      transport: stdio
      namespace: shop-stdio
      description: Orders of the shop
      tools:
        - {name: get-order, description: One order, call: shop-api.get-order, with: {id: tools.id}}
"""
GONE = '"ops" is gone; it is served as before, and no more after a restart'
NEW = '"shop-stdio" is new; it is served after a restart'


def test_adapters_that_come_and_go_only_with_a_restart_are_told(
    serve: Any, controlled: Path
) -> None:
    before = controlled.read_text()
    serving = serve("shop.yml", *FREE, "--port", "ops=0", environ=TOKEN)
    serving.ready("ops")
    assert status(serving) == []
    controlled.write_text(before.replace(CONTROL, STDIO).replace("/v1/orders", "/v2/orders"))
    assert sorted(held(post(serving, "/config/reload")[1])) == [GONE, NEW]
    assert NEW in serving.until("reload/restart-needed")
    assert GONE in serving.until("reload/restart-needed")
    assert serving.get("shop-rest", "/v2/orders/7")[0] == 200
    assert sorted(status(serving)) == [GONE, NEW]
    shown = serving.get("ops", "/diagnostics")[1]
    assert sorted(held(shown)) == [GONE, NEW]
    controlled.write_text(before)
    assert held(post(serving, "/config/reload")[1]) == []
    assert status(serving) == []


def test_a_control_adapter_of_a_document_that_goes_or_comes_is_told(
    serve: Any, controlled: Path
) -> None:
    second = controlled.with_name("second.yml")
    second.write_text(SECOND.replace("8080", str(free_port())) + CONTROL.replace("ops", "more"))
    text = second.read_text()
    serving = serve(".", "--no-watch", *FREE, "--port", "ops=0", "--port", "more=0", environ=TOKEN)
    serving.ready("ops")
    second.unlink()
    assert held(post(serving, "/config/reload")[1]) == [GONE.replace("ops", "more")]
    second.write_text(text)
    assert held(post(serving, "/config/reload")[1]) == []
    third = controlled.with_name("third.yml")
    third.write_text(text.replace("more", "third").replace("9191", str(free_port())))
    assert held(post(serving, "/config/reload")[1]) == [NEW.replace("shop-stdio", "third")]


def test_what_speaks_on_stdio_changes_only_with_a_restart(serve: Any, shop: Path) -> None:
    serving = serve("shop.yml", "--stdio", environ=TOKEN)
    serving.until("stdio")
    shop.write_text(shop.read_text().replace("One order", "An order") + STDIO)
    serving.kill(signal.SIGHUP)
    said = [serving.until("reload/restart-needed") for _ in range(2)]
    assert '"shop-mcp" changed; it is served anew after a restart' in said[0]
    assert NEW in said[1]


def test_a_text_without_the_running_control_adapter_is_not_reloadable(
    serve: Any, controlled: Path
) -> None:
    serving = serve("shop.yml", *FREE, "--port", "ops=0", environ=TOKEN)
    serving.ready("ops")
    text = controlled.read_text().replace(CONTROL, STDIO).encode()
    verdict = post(serving, "/config/validate", text, "text/yaml")[1]
    assert (verdict["valid"], verdict["reloadable"]) == (True, False)
    assert sorted(verdict["structuralChanges"]) == ["ops", "shop-stdio"]


def test_a_text_is_validated_without_a_change(serve: Any, controlled: Path) -> None:
    serving = serve("shop.yml", *FREE, "--port", "ops=0", environ=TOKEN)
    serving.ready("ops")
    status, verdict = post(serving, "/config/validate", controlled.read_bytes(), "text/yaml")
    assert (status, verdict["valid"], verdict["reloadable"]) == (200, True, True)
    assert verdict["structuralChanges"] == []
    status, verdict = post(serving, "/config/validate", b"naftiko: [", "text/yaml")
    assert (status, verdict["valid"], verdict["reloadable"]) == (200, False, False)


def test_a_new_document_in_a_watched_folder_is_served_and_a_removed_one_is_not(
    serve: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    serving = serve("docs")
    first, second = folder / "a.yml", folder / "b.yml"
    first.write_text(SECOND.replace("8080", str(free_port())))
    serving.ready("mock-rest")
    assert serving.get("mock-rest", "/mock") == (200, {"said": "hello"})
    second.write_text(SECOND.replace("8080", str(free_port())).replace("mock-rest", "other-rest"))
    serving.ready("other-rest")
    assert serving.get("other-rest", "/mock")[0] == 200
    assert serving.get("mock-rest", "/mock")[0] == 200
    first.unlink()
    serving.until("reloaded:")
    refused(serving, "mock-rest")
    assert serving.get("other-rest", "/mock")[0] == 200


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def refused(serving: Any, namespace: str) -> None:
    """Call until the listener is closed."""
    with contextlib.suppress(ConnectionError):
        while True:
            serving.get(namespace, "/mock")


def test_an_address_in_use_leaves_out_the_new_adapters_only(serve: Any, controlled: Path) -> None:
    serving = serve("shop.yml", *FREE, "--port", "ops=0", environ=TOKEN)
    serving.ready("ops")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        extra = SECOND.partition("exposes:\n")[2].replace("8080", str(port))
        controlled.write_text(controlled.read_text() + extra)
        assert post(serving, "/config/reload")[0] == 200
    status, ready = serving.get("ops", "/health/ready")
    failed = [each for each in ready["adapters"] if each["state"] == "failed"]
    assert status == 503
    assert [(each["namespace"], each["port"]) for each in failed] == [("mock-rest", port)]
    assert serving.get("shop-rest", "/v1/orders/7")[0] == 200


@contextlib.contextmanager
def callers(serving: Any, count: int) -> Iterator[list[int]]:
    """Call without pause from several threads; give the statuses and whatever went wrong."""
    statuses: list[int] = []
    enough = threading.Event()

    def call() -> None:
        connection = serving.connection("shop-rest")
        while not enough.is_set():
            connection.request("GET", "/v1/orders/7")
            answer = connection.getresponse()
            answer.read()
            statuses.append(answer.status)
        connection.close()

    threads = [threading.Thread(target=call) for _ in range(count)]
    for thread in threads:
        thread.start()
    yield statuses
    enough.set()
    for thread in threads:
        thread.join(30)


def test_reloads_under_load_lose_no_request(serve: Any, controlled: Path) -> None:
    serving = serve("shop.yml", *FREE, "--port", "ops=0", "--log-level", "error", environ=TOKEN)
    serving.ready("shop-mcp")
    text = controlled.read_text()
    with callers(serving, 4) as statuses:
        for number in range(20):
            controlled.write_text(text.replace("One order", f"One order, version {number}"))
            status, outcome = post(serving, "/config/reload")
            assert (status, outcome["status"]) == (200, "applied")
        while len(statuses) < 100:
            threading.Event().wait(0.01)
    assert set(statuses) == {200}


def test_clients_hear_of_changed_lists(serve: Any, controlled: Path) -> None:
    serving = serve("shop.yml", *FREE, "--port", "ops=0", environ=TOKEN)
    serving.ready("shop-mcp")
    with contextlib.closing(serving.connection("shop-mcp")) as connection:
        connection.request("GET", "/mcp", headers={"Accept": "text/event-stream"})
        stream = connection.getresponse()
        assert stream.readline() == b": open\n"
        text = controlled.read_text().replace("One order", "One order of the shop")
        controlled.write_text(text)
        assert post(serving, "/config/reload")[0] == 200
        lines = iter(stream.readline, b"")
        data = next(line for line in lines if line.startswith(b"data:"))
        assert json.loads(data[5:])["method"] == "notifications/tools/list_changed"


SIBLING = """
naftiko: 1.0.0-alpha2
info: {label: Sibling}
capability:
  exposes:
    - type: mcp
      port: 9090
      namespace: sibling-mcp
      description: Beside the shop
      tools:
        - {name: hello, description: Greets, outputParameters: [{name: said, type: string, value: hello}]}
"""


@pytest.fixture
def both(shop: Path) -> Path:
    """Two documents on one MCP port, so that there is one endpoint for both; the second file."""
    port = f"port: {free_port()}"
    shop.write_text((shop.read_text() + CONTROL).replace("port: 9090", port))
    sibling = shop.with_name("sibling.yml")
    sibling.write_text(SIBLING.replace("port: 9090", port))
    return sibling


def test_a_call_whose_endpoint_goes_while_it_is_sent_is_answered(serve: Any, both: Path) -> None:
    words = ("--port", "shop-rest=0", "--port", "ops=0")
    serving = serve(".", "--no-watch", *words, environ=TOKEN)
    serving.ready("sibling-mcp")
    assert serving.call("sibling-mcp", "tools/call", name="hello")["result"]["isError"] is False
    with contextlib.closing(serving.connection("sibling-mcp")) as connection:
        params = {"name": "get-order", "arguments": {"id": "7"}}
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
        connection.putrequest("POST", "/mcp")
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(len(body)))
        connection.putheader("Expect", "100-continue")
        connection.endheaders()
        # the endpoint asks for the body, so it was chosen
        assert connection.sock.recv(100).startswith(b"HTTP/1.1 100 ")
        both.unlink()
        assert post(serving, "/config/reload")[1]["status"] == "applied"
        connection.send(body.encode())
        answer = connection.getresponse()
        assert answer.status == 200
        assert json.loads(answer.read())["result"]["structuredContent"] == {"id": "7"}


def test_an_endpoint_that_comes_back_while_a_call_holds_it_goes_on_serving(
    serve: Any, both: Path, upstream: Any
) -> None:
    words = ("--port", "shop-rest=0", "--port", "ops=0")
    serving = serve(".", "--no-watch", *words, environ=TOKEN)
    serving.ready("sibling-mcp")
    answers: list[Any] = []
    slow = threading.Thread(
        target=lambda: answers.append(
            serving.call("sibling-mcp", "tools/call", name="get-order", arguments={"id": "slow"})
        )
    )
    slow.start()
    assert upstream.arrived.wait(30)
    text = both.read_text()
    both.unlink()
    assert post(serving, "/config/reload")[1]["status"] == "applied"
    both.write_text(text)
    assert post(serving, "/config/reload")[1]["status"] == "applied"
    upstream.release.set()
    slow.join(30)
    assert answers[0]["result"]["structuredContent"] == {"id": "slow"}
    # the first version is closed now, and its endpoint serves the third
    assert serving.call("sibling-mcp", "ping")["result"] == {}
