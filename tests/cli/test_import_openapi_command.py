"""``naftiko import openapi`` as a command: targets, sources, exit codes (orchestration.md 7.1)."""

import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from naftiko_runtime.cli.main import main

API = """\
openapi: 3.0.3
info: {title: Up API}
servers: [{url: 'http://up.test'}, {url: 'http://two.test'}]
paths: {/a: {get: {responses: {}}}, /b: {get: {responses: {}}}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "api.yaml").write_text(API)
    return tmp_path


def run(*words: str) -> int:
    return main(["import", *words], {})


@contextmanager
def web(pages: dict[str, tuple[int, dict[str, str], bytes]]) -> Iterator[str]:
    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = pages.get(self.path, (404, {}, b""))
            self.send_response(status)
            for name, value in {"content-length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def test_it_writes_beside_itself_and_says_what_it_did(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("openapi", "api.yaml") == 0
    shown = capsys.readouterr()
    assert shown.out == "imported 2 operations into up-api-consumes.yml\n"
    assert shown.err == (
        "warning openapi/server: /servers/1: only the first server is used; others: http://two.test\n"
    )
    assert (folder / "up-api-consumes.yml").read_text().startswith("# @naftiko\nnaftiko: ")


def test_an_existing_file_stays_without_force(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "up-api-consumes.yml").write_text("mine")
    assert run("oas", "api.yaml") == 1
    assert "up-api-consumes.yml exists" in capsys.readouterr().err
    assert (folder / "up-api-consumes.yml").read_text() == "mine"
    assert run("oas", "api.yaml", "--force") == 0
    assert (folder / "up-api-consumes.yml").read_text() != "mine"


@pytest.mark.parametrize(
    ("words", "file"),
    [
        (["-f", "json"], "up-api-consumes.json"),
        (["-n", "My NS"], "my-ns-consumes.yml"),
        (["--capability"], "up-api.naftiko.yml"),
        (["-o", "x.yml"], "x.yml"),
    ],
)
def test_the_file_is_named_after_what_is_in_it(folder: Path, words: list[str], file: str) -> None:
    assert run("openapi", "api.yaml", *words) == 0
    assert (folder / file).is_file()


def test_stdout_gets_the_document_alone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("openapi", "api.yaml", "-o", "-", "-f", "json") == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out)["naftiko"] == "1.0.0-alpha2"
    assert shown.err.endswith("imported 2 operations\n")
    assert sorted(each.name for each in folder.iterdir()) == ["api.yaml"]


def test_json_says_what_was_done(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("openapi", "api.yaml", "--json") == 0
    done = json.loads(capsys.readouterr().out)
    assert (done["file"], done["operations"]) == ("up-api-consumes.yml", 2)
    assert [each["code"] for each in done["warnings"]] == ["openapi/server"]


def test_stdin_is_a_source(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(API.encode())))
    assert run("openapi", "-") == 0
    assert (folder / "up-api-consumes.yml").is_file()


def test_a_capability_validates_and_is_served(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("openapi", "api.yaml", "--capability") == 0
    assert main(["validate", "up-api.naftiko.yml"], {}) == 0
    assert "2 REST operations, 2 tools; 0 errors" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"asyncapi: 3.0.0", "found AsyncAPI 3.0.0"),
        (b"\xff\xfe", "not UTF-8"),
        (b" " * (20 * 1024 * 1024 + 1), "more than 20 MiB"),
    ],
    ids=["another format", "another encoding", "too large"],
)
def test_what_cannot_be_imported_is_exit_2(
    folder: Path, content: bytes, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "bad.yaml").write_bytes(content)
    assert run("openapi", "bad.yaml") == 2
    assert message in capsys.readouterr().err
    assert run("openapi", "nowhere.yaml") == 2


def test_a_url_is_read_and_relative_servers_count_from_it(folder: Path) -> None:
    relative = API.replace("http://up.test", "/v1").encode()
    pages = {
        "/old": (302, {"location": "/docs/api.yaml"}, b""),
        "/docs/api.yaml": (200, {}, relative),
    }
    with web(pages) as origin:
        assert run("openapi", f"{origin}/old") == 0
    assert f"baseUri: {origin}/v1\n" in (folder / "up-api-consumes.yml").read_text()


def test_a_url_that_fails_is_exit_2(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with web({"/loop": (302, {"location": "/loop"}, b"")}) as origin:
        assert run("openapi", f"{origin}/nowhere") == 2
        assert "answered 404" in capsys.readouterr().err
        assert run("openapi", f"{origin}/loop") == 2
        assert "redirect" in capsys.readouterr().err
    assert run("openapi", f"{origin}/gone") == 2
