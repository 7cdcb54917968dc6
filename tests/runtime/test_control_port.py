"""What the control port of a real process shows: exposes.md CTL-2 to CTL-5, CTL-9 to CTL-12."""

import contextlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

FREE = ("--port", "shop-rest=0", "--port", "shop-mcp=0", "--port", "ops=0")
TOKEN = {"SHOP_TOKEN": "t0ps3cret"}
CONTROL = """
    - type: control
      port: 9191
      namespace: ops
      management: {info: true, logs: true, scripting: {timeout: 5000}}
"""


@pytest.fixture
def controlled(shop: Path) -> Path:
    text = shop.read_text() + CONTROL
    shop.write_text(text.replace('token: "{{SHOP_TOKEN}}"', 'token: "{{SHOP_TOKEN}}"'))
    return shop


@pytest.fixture
def serving(serve: Any, controlled: Path) -> Any:
    started = serve("shop.yml", *FREE, "--log-level", "error", environ=TOKEN)
    started.ready("shop-mcp")
    return started


def asked(serving: Any, method: str, path: str, body: Any = None, **headers: str) -> Any:
    with contextlib.closing(serving.connection("ops")) as connection:
        content = None if body is None else json.dumps(body).encode()
        kind = {} if body is None else {"Content-Type": "application/json"}
        connection.request(method, path, content, {**kind, **headers})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def test_ready_lists_the_adapters(serving: Any) -> None:
    ports = serving.ports
    status, text = asked(serving, "GET", "/health/ready?upstreams=true")
    body = json.loads(text)
    (upstream,) = body.pop("upstreams")
    assert (status, body) == (
        200,
        {
            "status": "UP",
            "adapters": [
                {
                    "type": "rest",
                    "namespace": "shop-rest",
                    "document": "shop.yml",
                    "port": ports["shop-rest"],
                    "state": "started",
                },
                {
                    "type": "mcp",
                    "namespace": "shop-mcp",
                    "document": "shop.yml",
                    "port": ports["shop-mcp"],
                    "state": "started",
                },
            ],
            "variables": {"missing": []},
            "reload": {"failed": []},
        },
    )
    assert (upstream["namespace"], upstream["reachable"]) == ("shop-api", True)


def test_a_missing_variable_degrades_only_with_strict(serve: Any, controlled: Path) -> None:
    serving = serve("shop.yml", *FREE)
    serving.ready("shop-mcp")
    status, text = asked(serving, "GET", "/health/ready")
    assert (status, json.loads(text)["variables"]) == (200, {"missing": ["SHOP_TOKEN"]})


def test_status_describes_the_process(serving: Any) -> None:
    body = json.loads(asked(serving, "GET", "/status")[1])
    assert body["capability"] == {"label": "Shop", "specVersion": "1.0.0-alpha2"}
    assert body["engine"]["name"] == "naftiko-runtime"
    assert re.fullmatch(r"PT(\d+H)?(\d+M)?[\d.]+S", body["uptime"])
    assert body["otel"] == {"status": "active"}
    assert [each["namespace"] for each in body["adapters"]] == ["shop-rest", "shop-mcp", "ops"]
    (document,) = body["documents"]
    assert (document["file"], document["operations"], document["tools"]) == ("shop.yml", 1, 1)
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", document["digest"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", document["loadedAt"])


def test_config_shows_the_document_without_secrets(serve: Any, controlled: Path) -> None:
    controlled.write_text(controlled.read_text().replace('"{{SHOP_TOKEN}}"', "literal-secret"))
    serving = serve("shop.yml", *FREE, environ=TOKEN)
    serving.ready("shop-mcp")
    serving.get("shop-rest", "/v1/orders/7")
    status, text = asked(serving, "GET", "/config")
    (shown,) = json.loads(text)["documents"]
    consumes = shown["document"]["capability"]["consumes"][0]
    assert (status, consumes["authentication"]) == (200, {"type": "bearer", "token": "***"})
    assert "literal-secret" not in text
    yaml_text = asked(serving, "GET", "/config", Accept="application/yaml")[1]
    assert "token: '***'" in yaml_text


def test_diagnostics_are_those_of_the_documents(serving: Any) -> None:
    found = json.loads(asked(serving, "GET", "/diagnostics")[1])["diagnostics"]
    assert {each["file"] for each in found} == {"shop.yml"}
    assert "dialect/derived-tool-inputs" in [each["code"] for each in found]


def test_metrics_and_traces_count_what_was_served(serving: Any) -> None:
    serving.get("shop-rest", "/v1/orders/7")
    serving.call("shop-mcp", "tools/call", name="get-order", arguments={"id": "8"})
    metrics = asked(serving, "GET", "/metrics")[1]
    rest = (
        'naftiko_namespace="shop-rest",naftiko_operation_id="/v1/orders/{id} GET",status="200"} 1'
    )
    assert any(line.endswith(rest) for line in metrics.splitlines())
    assert 'naftiko_operation_id="get-order",status="OK"} 1' in metrics
    assert 'naftiko_capability_active{naftiko_capability="Shop"} 1' in metrics
    traces = json.loads(asked(serving, "GET", "/traces?operation=orders")[1])["traces"]
    spans = json.loads(asked(serving, "GET", f"/traces/{traces[-1]['traceId']}")[1])["spans"]
    assert "GET /orders/{id}" in [span["name"] for span in spans]
    assert asked(serving, "GET", "/traces/unknown")[0] == 404


def test_scripting_begins_with_the_documents_settings(serving: Any) -> None:
    shown = json.loads(asked(serving, "GET", "/scripting")[1])
    assert (shown["timeout"], shown["stats"]["totalExecutions"]) == (5000, 0)
    assert asked(serving, "PUT", "/scripting", {"timeout": 7})[0] == 200
    assert json.loads(asked(serving, "GET", "/scripting")[1])["timeout"] == 7


def test_no_secret_is_shown_anywhere(serving: Any) -> None:
    serving.get("shop-rest", "/v1/orders/7")
    paths = ("/health/ready", "/status", "/config", "/diagnostics", "/metrics", "/traces", "/logs")
    shown = "".join(asked(serving, "GET", path)[1] for path in paths)
    assert "t0ps3cret" not in shown


LEFT_OUT = """
naftiko: 1.0.0-alpha2
info: {label: Left out}
capability:
  exposes:
    - {type: mcp, transport: stdio, namespace: spoken, description: On standard streams, tools: []}
    - {type: mcp, transport: stdio, namespace: unheard, description: One too many, tools: []}
"""


def test_the_console_shows_the_addresses_that_are_bound(serve: Any, controlled: Path) -> None:
    controlled.with_name("left-out.yml").write_text(LEFT_OUT)
    words = ("shop.yml", "left-out.yml", "--host", "127.0.0.1", *FREE)
    serving = serve(*words, environ=TOKEN)
    serving.ready("shop-mcp")
    found = json.loads(asked(serving, "GET", "/console/data")[1])["documents"]
    shown = {each["namespace"]: each["address"] for one in found for each in one["adapters"]}
    bound = {name: f"127.0.0.1:{serving.ports[name]}" for name in ("shop-rest", "shop-mcp", "ops")}
    assert shown == {**bound, "spoken": "stdio", "unheard": None}


def test_control_is_added_by_an_option(serve: Any, shop: Path) -> None:
    serving = serve("shop.yml", "--port", "0", "--control", "0", environ=TOKEN)
    serving.ready("control")
    serving.ports["ops"] = serving.ports["control"]
    assert asked(serving, "GET", "/status")[0] == 200
    assert asked(serving, "GET", "/console")[0] == 200
