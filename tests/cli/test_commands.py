"""``validate``, ``inspect``, ``call``, ``export openapi``, ``create``: orchestration.md 6.7 to 6.12."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from naftiko_runtime.cli.main import main

SHOP = """
naftiko: 1.0.0-alpha2
info: {label: Shop, version: 1.2.0}
binds: [{namespace: env, keys: {SHOP_TOKEN: SHOP_API_TOKEN}}]
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
            - name: get-order
              method: GET
              inputParameters: [{name: id, in: path, type: integer, required: true}]
            - {name: put-order, method: PUT}
        - name: away
          path: /away
          operations: [{name: away, method: GET}]
  exposes:
    - type: rest
      port: 8080
      namespace: shop-rest
      resources:
        - name: order
          path: "/v1/orders/{order-id}"
          operations:
            - {name: read-order, method: GET, call: shop-api.get-order, with: {id: rest.order_id}}
    - type: mcp
      port: 9090
      namespace: shop-mcp
      tools:
        - name: get-order
          description: One order of the shop
          call: shop-api.get-order
          with: {id: tools.id}
        - {name: broken, description: Cannot work, call: shop-api.get-ordr}
"""
ENVIRON = {"SHOP_API_TOKEN": "t0ps3cret"}


@dataclass
class Upstream:
    requests: list[tuple[str, str, str | None]] = field(default_factory=list)


@pytest.fixture
def upstream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Upstream]:
    """Serve orders, and write the document that consumes them to ``shop.yml``."""
    fake = Upstream()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            fake.requests.append((self.command, self.path, self.headers["Authorization"]))
            found = not self.path.endswith("/404")
            body = json.dumps({"path": self.path}).encode()
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    monkeypatch.chdir(tmp_path)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        Path("shop.yml").write_text(SHOP.replace("UPSTREAM", url))
        yield fake
        server.shutdown()
        thread.join(5)


def test_validate_prints_diagnostics_and_a_line_per_file(
    upstream: Upstream, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["validate", "shop.yml"], {}) == 1
    lines = capsys.readouterr().out.splitlines()
    broken = next(line for line in lines if "call/unknown-operation" in line)
    assert broken.startswith("shop.yml:")
    assert 'did you mean "shop-api.get-order"' in broken
    assert lines[-1].startswith("shop.yml: 1 REST operation, 2 tools, 1 unavailable; 1 error, ")


def test_validate_as_json(upstream: Upstream, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "shop.yml", "--json"], {}) == 1
    (file,) = json.loads(capsys.readouterr().out)["files"]
    assert {name: file[name] for name in file if name != "diagnostics"} == {
        "file": "shop.yml",
        "valid": False,
        "refused": False,
        "restOperations": 1,
        "tools": 2,
        "unavailable": 1,
    }
    assert "call/unknown-operation" in [each["code"] for each in file["diagnostics"]]


@pytest.mark.parametrize(
    ("environ", "line"),
    [
        (ENVIRON, "variable SHOP_TOKEN: set (bind env, environment SHOP_API_TOKEN)"),
        ({}, "variable SHOP_TOKEN: missing (bind env, environment SHOP_API_TOKEN)"),
    ],
)
def test_validate_tells_which_variables_are_set(
    environ: dict[str, str], line: str, upstream: Upstream, capsys: pytest.CaptureFixture[str]
) -> None:
    text = Path("shop.yml").read_text().replace("shop-api.get-ordr", "shop-api.get-order")
    Path("shop.yml").write_text(text)
    assert main(["validate", "shop.yml", "--env"], environ) == (0 if environ else 1)
    output = capsys.readouterr().out
    assert line in output.splitlines()
    assert "t0ps3cret" not in output


def test_validate_of_a_refused_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bad.yml").write_text("naftiko: [")
    assert main(["validate", "bad.yml"], {}) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "bad.yml: refused; 1 error, 0 warnings"


def test_strict_makes_a_warning_invalid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.yml").write_text("naftiko: 1.0.0-alpha2\nunknown: 1\ncapability: {exposes: []}\n")
    assert main(["validate", "a.yml"], {}) == 0
    assert main(["validate", "a.yml", "--strict"], {}) == 1
    assert "dialect/unknown-key" in capsys.readouterr().out


SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "properties": {"naftiko": {"const": "VERSION"}, "info": {"required": ["owner"]}},
}


@pytest.mark.parametrize(
    ("words", "environ", "checked"),
    [
        (["--strict", "--schemas", "schemas"], {}, "1.0.0-alpha2"),
        (["--strict"], {"NAFTIKO_SCHEMAS": "schemas"}, "1.0.0-alpha2"),
        (["--schema", "1.0.0-alpha3", "--schemas", "schemas"], {}, "1.0.0-alpha3"),
        (["1.0.0-alpha3", "--schemas", "schemas"], {}, "1.0.0-alpha3"),
        (["--schema", "schemas/1.0.0-alpha2.json"], {}, "1.0.0-alpha2"),
        ([], {"NAFTIKO_SCHEMAS": "schemas"}, None),
    ],
)
def test_validate_checks_an_official_schema_that_is_at_hand(
    words: list[str],
    environ: dict[str, str],
    checked: str | None,
    upstream: Upstream,
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("schemas").mkdir()
    for version in ("1.0.0-alpha2", "1.0.0-alpha3"):
        text = json.dumps(SCHEMA).replace("VERSION", version)
        Path("schemas", f"{version}.json").write_text(text)
    main(["validate", "shop.yml", *words], environ)
    found = [line for line in capsys.readouterr().out.splitlines() if "schema/invalid" in line]
    assert len(found) == (checked is not None)
    if checked is not None:
        assert found[0].startswith("shop.yml:3:")
        assert "/info: owner is missing" in found[0]


def test_a_schema_that_is_not_at_hand_is_said_with_v(
    upstream: Upstream, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["validate", "shop.yml", "--schema", "1.0.0-alpha3", "-v"], {})
    assert "info schema/missing" in capsys.readouterr().out


def test_a_schema_that_cannot_be_meant_is_2(
    upstream: Upstream, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["validate", "shop.yml", "--schema", "1.0.0-alpha22"], {}) == 2
    assert 'did you mean "1.0.0-alpha2"?' in capsys.readouterr().err


@pytest.mark.parametrize("name", ["get-order", "shop-mcp.get-order", "shop-api.get-order"])
def test_call_runs_a_function(
    name: str, upstream: Upstream, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["call", "shop.yml", name, "id=7"], ENVIRON) == 0
    assert capsys.readouterr().out == '{"path": "/orders/7"}'
    assert upstream.requests == [("GET", "/orders/7", "Bearer t0ps3cret")]


def test_call_takes_a_rest_request(upstream: Upstream, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["call", "shop.yml", "GET /v1/orders/7?x=1", "-i"], ENVIRON) == 0
    head, _, body = capsys.readouterr().out.partition("\n\n")
    assert head.splitlines()[0] == "HTTP 200 OK"
    assert "content-type: application/json" in head.splitlines()
    assert body == '{"path": "/orders/7"}'


@pytest.mark.parametrize(
    "words",
    [
        ["id:=7"],
        ["--input", '{"id": 7}'],
        ["--input", '{"id": 8}', "id=7"],
        ["--input", "@in.json"],
    ],
)
def test_call_takes_inputs_as_text_json_and_files(
    words: list[str], upstream: Upstream, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("in.json").write_text('{"id": 7}')
    assert main(["call", "shop.yml", "get-order", *words, "--json"], ENVIRON) == 0
    output = json.loads(capsys.readouterr().out)
    assert output == {"status": 200, "value": {"path": "/orders/7"}}


def test_call_that_is_refused_prints_the_problem(
    upstream: Upstream, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["call", "shop.yml", "get-order", "id=x"], ENVIRON) == 1
    problem = json.loads(capsys.readouterr().out)
    assert (problem["type"], problem["detail"]) == (
        "urn:naftiko:problem:invalid-input",
        "id: must be an integer",
    )
    assert upstream.requests == []


def test_call_that_the_upstream_refuses_prints_its_body(
    upstream: Upstream, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["call", "shop.yml", "get-order", "id=404"], ENVIRON) == 1
    assert capsys.readouterr().out == '{"path": "/orders/404"}'


def test_call_writes_a_file(upstream: Upstream, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["call", "shop.yml", "get-order", "id=7", "-o", "out.json"], ENVIRON) == 0
    assert Path("out.json").read_text() == '{"path": "/orders/7"}'
    assert capsys.readouterr().out == ""


def test_a_dry_run_sends_nothing_and_masks_secrets(
    upstream: Upstream, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["call", "shop.yml", "get-order", "id=7", "--dry-run"], ENVIRON) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("GET http://127.0.0.1:")
    assert lines[0].endswith("/orders/7")
    assert "Authorization: Bearer ***" in lines
    assert upstream.requests == []


def test_trace_shows_what_was_sent(upstream: Upstream, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["call", "shop.yml", "get-order", "id=7", "--trace"], ENVIRON) == 0
    output = capsys.readouterr()
    assert output.out == '{"path": "/orders/7"}'
    assert "Authorization: Bearer ***" in output.err
    assert "t0ps3cret" not in output.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["get-ordr"], "no function 'get-ordr'; did you mean \"get-order\"?"),
        (["zzzzzzzz"], "no function 'zzzzzzzz'; there are read-order, get-order, broken"),
        (["get-order", "id"], "'id' is neither KEY=VALUE nor KEY:=JSON"),
        (["get-order", "--input", "[1]"], "--input must be a JSON object of inputs"),
        (["GET /v1/orders/7", "a=1"], "inputs of a REST call stand in its path, query and --input"),
    ],
)
def test_a_call_that_cannot_be_meant_is_2(
    words: list[str], message: str, upstream: Upstream, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["call", "shop.yml", *words], ENVIRON) == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith(f"naftiko: {message}")


def test_a_name_of_several_tools_is_2_with_the_candidates(
    upstream: Upstream, capsys: pytest.CaptureFixture[str]
) -> None:
    more = "    - {type: mcp, port: 9091, namespace: more, tools: [{name: get-order, description: d, call: shop-api.away}]}\n"
    Path("shop.yml").write_text(Path("shop.yml").read_text() + more)
    assert main(["call", "shop.yml", "get-order", "id=1"], ENVIRON) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error == "naftiko: 'get-order' fits several: shop-mcp.get-order, more.get-order"


def test_inspect_prints_everything(upstream: Upstream, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", "shop.yml"], ENVIRON) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "shop.yml: Shop 1.2.0 (naftiko 1.0.0-alpha2)"
    assert "  shop-rest (rest) http://localhost:8080" in lines
    assert "  shop-mcp (mcp) http://localhost:9090/mcp" in lines
    assert "    id (integer, argument, required)" in lines
    assert any("unavailable: call/unknown-operation" in line for line in lines)
    assert "  SHOP_TOKEN: set (used in shop-api.*)" in lines
    assert not any("t0ps3cret" in line for line in lines)


@pytest.mark.parametrize("name", ["get-order", "shop-mcp.get-order", "GET /v1/orders/{order-id}"])
def test_inspect_of_one_function_adds_its_schemas(
    name: str, upstream: Upstream, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", "shop.yml", name, "--json"], {}) == 0
    (document,) = json.loads(capsys.readouterr().out)["documents"]
    schema = document["functions"][0]["inputSchema"]
    assert next(iter(schema["properties"].values()))["type"] == "integer"


def test_inspect_of_an_unknown_function_is_1(
    upstream: Upstream, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", "shop.yml", "get-ordr"], {}) == 1
    assert 'did you mean "get-order"?' in capsys.readouterr().err


def test_a_normalised_document_is_equal_when_read_again(
    upstream: Upstream, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", "shop.yml", "--normalised"], {}) == 0
    first = capsys.readouterr().out
    Path("again.yml").write_text(first)
    assert main(["inspect", "again.yml", "--normalised"], {}) == 0
    assert yaml.safe_load(capsys.readouterr().out) == yaml.safe_load(first)


def test_a_normalised_document_shows_no_secret(
    upstream: Upstream, capsys: pytest.CaptureFixture[str]
) -> None:
    text = Path("shop.yml").read_text().replace('"{{SHOP_TOKEN}}"', "literal-secret")
    Path("shop.yml").write_text(text)
    assert main(["inspect", "shop.yml", "--normalised"], {}) == 0
    output = capsys.readouterr().out
    assert "literal-secret" not in output
    consumes = yaml.safe_load(output)["capability"]["consumes"][0]
    assert consumes["authentication"] == {"type": "bearer", "token": "***"}


def test_export_writes_openapi(upstream: Upstream, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "openapi", "shop.yml"], {}) == 0
    document = yaml.safe_load(Path("openapi.yaml").read_text())
    assert document["openapi"].startswith("3.1")
    assert document["servers"] == [{"url": "http://localhost:8080"}]
    assert list(document["paths"]) == ["/v1/orders/{order-id}"]


def test_export_to_stdout_as_json_of_3_0(
    upstream: Upstream, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["export", "oas", "shop.yml", "-o", "-", "-f", "json", "--spec-version", "3.0"]
    assert main(words, {}) == 0
    assert json.loads(capsys.readouterr().out)["openapi"].startswith("3.0")


@pytest.mark.parametrize(
    ("words", "code"), [(["-a", "shop-mcp"], 1), (["--spec-version", "2.0"], 2)]
)
def test_export_of_what_is_not_there(words: list[str], code: int, upstream: Upstream) -> None:
    assert main(["export", "openapi", "shop.yml", *words], {}) == code
    assert not Path("openapi.yaml").exists()


def test_create_writes_a_document_that_is_strictly_valid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["create", "capability", "--name", 'Pet "Store"', "--base-uri", "https://pets.example/"]
    assert main(words, {}) == 0
    assert capsys.readouterr().out == "created pet-store.naftiko.yaml\n"
    assert main(["validate", "--strict", "pet-store.naftiko.yaml"], {}) == 0
    assert main(words, {}) == 1
    assert main([*words, "--force"], {}) == 0


def test_a_created_document_answers_what_the_upstream_answers(
    upstream: Upstream, capsys: pytest.CaptureFixture[str]
) -> None:
    base = yaml.safe_load(Path("shop.yml").read_text())["capability"]["consumes"][0]["baseUri"]
    assert main(["create", "cap", "--name", "pets", "--base-uri", base, "-o", "p.yml"], {}) == 0
    capsys.readouterr()
    assert main(["call", "p.yml", "GET /v1/pets"], {"PETS_TOKEN": "t"}) == 0
    assert capsys.readouterr().out == '{"path": "/"}'
    assert upstream.requests == [("GET", "/", "Bearer t")]


@pytest.mark.parametrize(
    "words",
    [
        ["--base-uri", "https://a.example"],
        ["--name", "a"],
        ["--name", "!", "--base-uri", "https://a.example"],
        ["--name", "a", "--base-uri", "a.example"],
        ["--name", "a", "--base-uri", "https://a.example", "--port", "0"],
    ],
)
def test_create_without_what_it_needs_is_2(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["create", "capability", *words], {}) == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["Pet Store", "petStore", "PET_STORE", "pet-store", "PetStore"])
def test_created_and_imported_documents_are_named_alike(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    described = {"openapi": "3.1.0", "info": {"title": name, "version": "1"}, "paths": {}}
    Path("api.json").write_text(json.dumps(described))
    words = ["create", "capability", "--name", name, "--base-uri", "https://a.example"]
    assert main(words, {}) == 0
    assert main(["import", "openapi", "api.json"], {}) == 0
    written = {each.name for each in tmp_path.iterdir()} - {"api.json"}
    assert written == {"pet-store.naftiko.yaml", "pet-store-consumes.yml"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_commands_and_options(
    shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["completion", shell], {}) == 0
    output = capsys.readouterr().out
    assert "validate" in output
    assert "default-host" in output
