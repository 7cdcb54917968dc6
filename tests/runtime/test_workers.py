"""Several worker processes: exposes.md LST-12."""

import contextlib
import json
import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

FREE = ("--port", "shop-rest=0", "--port", "shop-mcp=0")
TOKEN = {"SHOP_TOKEN": "t0ken"}
CONTROL = """
    - type: control
      port: 9191
      namespace: ops
      management: {info: true, reload: true, logs: true, scripting: {timeout: 5000}}
"""


def children(serving: Any) -> list[int]:
    listed = Path(f"/proc/{serving.process.pid}/task/{serving.process.pid}/children")
    if not listed.exists():
        pytest.skip("children are found by /proc")
    return [int(pid) for pid in listed.read_text().split()]


def wait_until(condition: Any) -> None:
    for _ in range(3000):
        if condition():
            return
        threading.Event().wait(0.01)
    raise AssertionError("it never happened")


@pytest.fixture
def serving(serve: Any, shop: Path) -> Any:
    shop.write_text(shop.read_text() + CONTROL)
    words = ("shop.yml", *FREE, "--port", "ops=0", "--workers", "2", "--log-level", "error")
    started = serve(*words, environ=TOKEN)
    started.ready("shop-mcp")
    return started


def post(serving: Any, path: str) -> Any:
    with contextlib.closing(serving.connection("ops")) as connection:
        connection.request("POST", path, b"{}", {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


def metric(serving: Any, name: str) -> float:
    with contextlib.closing(serving.connection("ops")) as connection:
        connection.request("GET", "/metrics")
        lines = connection.getresponse().read().decode().splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))


def test_workers_serve_both_adapters_and_stop_in_order(serving: Any) -> None:
    assert len(children(serving)) == 2
    assert serving.get("shop-rest", "/v1/orders/7") == (200, {"id": "7"})
    assert serving.call("shop-mcp", "tools/list")["result"]["tools"][0]["name"] == "get-order"
    serving.kill()
    assert serving.ended() == 0
    assert [line for line in serving.lines if "Traceback" in line] == []


def test_a_request_that_began_before_the_signal_gets_its_whole_answer(
    serving: Any, upstream: Any
) -> None:
    answers: list[tuple[int, Any]] = []
    caller = threading.Thread(
        target=lambda: answers.append(serving.get("shop-rest", "/v1/orders/slow"))
    )
    caller.start()
    assert upstream.arrived.wait(30)
    serving.kill(signal.SIGINT)
    with contextlib.suppress(ConnectionError):
        while True:
            serving.get("shop-rest", "/nothing")
    upstream.release.set()
    caller.join(30)
    assert answers == [(200, {"id": "slow"})]
    assert serving.ended() == 0


def test_a_dead_worker_is_replaced(serving: Any) -> None:
    before = children(serving)
    os.kill(before[0], signal.SIGKILL)
    wait_until(lambda: len(children(serving)) == 2 and children(serving) != before)
    for _ in range(10):
        assert serving.get("shop-rest", "/v1/orders/7")[0] == 200


def test_a_reload_reaches_every_worker(serving: Any, shop: Path) -> None:
    shop.write_text(shop.read_text().replace("/v1/orders", "/v2/orders"))
    status, outcome = post(serving, "/config/reload")
    assert (status, outcome["status"]) == (200, "applied")
    assert [serving.get("shop-rest", "/v2/orders/7")[0] for _ in range(20)] == [200] * 20
    shop.write_text(shop.read_text().replace("/v2/orders", "/v3/orders"))
    serving.kill(signal.SIGHUP)
    wait_until(lambda: serving.get("shop-rest", "/v3/orders/7")[0] == 200)
    before = children(serving)
    os.kill(before[0], signal.SIGKILL)
    wait_until(lambda: len(children(serving)) == 2 and children(serving) != before)
    assert [serving.get("shop-rest", "/v3/orders/7")[0] for _ in range(20)] == [200] * 20


def test_counters_are_summed(serving: Any) -> None:
    for _ in range(30):
        assert serving.get("shop-rest", "/v1/orders/7")[0] == 200
    assert metric(serving, 'naftiko_request_total{naftiko_adapter_type="rest"') == 30


def test_traces_are_merged(serving: Any) -> None:
    for _ in range(30):
        serving.get("shop-rest", "/v1/orders/7")
    traces = serving.get("ops", "/traces")[1]
    assert traces["bufferUsed"] == 30
    assert len(traces["traces"]) == 30
    ids = {each["traceId"] for each in traces["traces"]}
    found = [serving.get("ops", f"/traces/{each}")[0] for each in sorted(ids)]
    assert found == [200] * 30


def test_levels_apply_everywhere(serving: Any) -> None:
    with contextlib.closing(serving.connection("ops")) as connection:
        body = json.dumps({"level": "INFO"}).encode()
        path = "/logs/naftiko_runtime.access"
        connection.request("PUT", path, body, {"Content-Type": "application/json"})
        assert connection.getresponse().status == 200
    for _ in range(10):
        levels = serving.get("ops", "/logs")[1]["loggers"]
        assert levels["naftiko_runtime.access"]["configuredLevel"] == "INFO"


def put(serving: Any, path: str, body: dict[str, Any]) -> None:
    with contextlib.closing(serving.connection("ops")) as connection:
        connection.request("PUT", path, json.dumps(body), {"Content-Type": "application/json"})
        assert connection.getresponse().status == 200


def replace_all(serving: Any) -> None:
    """Kill the workers one after the other, so that there is always one that answers."""
    for pid in children(serving):
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda pid=pid: len(children(serving)) == 2 and pid not in children(serving))


def test_what_was_changed_is_changed_in_workers_that_come_later(serving: Any) -> None:
    put(serving, "/logs/naftiko_runtime.access", {"level": "DEBUG"})
    put(serving, "/logs/naftiko_runtime.access", {"level": "INFO"})
    put(serving, "/logs/naftiko_runtime.engine", {"level": "DEBUG"})
    put(serving, "/scripting", {"timeout": 4321})
    replace_all(serving)
    for _ in range(20):
        levels = serving.get("ops", "/logs")[1]["loggers"]
        assert levels["naftiko_runtime.access"]["configuredLevel"] == "INFO"
        assert levels["naftiko_runtime.engine"]["configuredLevel"] == "DEBUG"
        assert serving.get("ops", "/scripting")[1]["timeout"] == 4321


def test_the_log_stream_has_the_records_of_all(serving: Any) -> None:
    with contextlib.closing(serving.connection("ops")) as stream:
        stream.request("GET", "/logs/stream?level=INFO")
        answer = stream.getresponse()
        assert answer.status == 200
        with contextlib.closing(serving.connection("ops")) as connection:
            body = json.dumps({"level": "INFO"}).encode()
            kind = {"Content-Type": "application/json"}
            connection.request("PUT", "/logs/naftiko_runtime.access", body, kind)
            connection.getresponse().read()
        # which worker accepts is up to the system, so there are many calls
        for _ in range(30):
            serving.get("shop-rest", "/v1/orders/7")
        seen = 0
        while seen < 30:
            seen += b'"route"' in answer.readline()


def test_workers_end_when_their_parent_is_killed(serving: Any) -> None:
    pids = children(serving)
    serving.kill(signal.SIGKILL)
    serving.process.wait(30)

    def are_gone() -> bool:
        return not any(is_alive(pid) for pid in pids)

    wait_until(are_gone)


def is_alive(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    try:
        return status.read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_stdio_and_workers_exclude_each_other(serve: Any, shop: Path) -> None:
    serving = serve("shop.yml", "--stdio", "--workers", "2", environ=TOKEN)
    assert serving.ended() == 1
    assert "exclude each other" in serving.lines[-1]
