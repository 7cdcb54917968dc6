"""``--proxy``, ``--ca-file`` and ``--client-certificate`` of ``serve`` and ``call``."""

import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme

from naftiko_runtime.cli.main import main
from naftiko_runtime.options import RuntimeOptions

DOCUMENT = """
naftiko: 1.0.0-alpha2
info: {label: Far, description: An API that is reached in a special way}
capability:
  consumes:
    - type: http
      namespace: up
      baseUri: http://up.example
      resources: [{name: items, path: /items, operations: [{name: list, method: GET}]}]
  exposes:
    - type: rest
      port: 8080
      namespace: items
      resources:
        - {name: items, path: /items, operations: [{name: list, method: GET, call: up.list}]}
"""
PASSWORD = "b4dpr0xy"  # noqa: S105 - nobody's


@pytest.fixture(autouse=True)
def document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("far.yml").write_text(DOCUMENT)


class Answering(BaseHTTPRequestHandler):
    """Answers everything, and notes the target and the proxy's credentials."""

    asked: Sequence[tuple[str, str | None]] = ()

    def do_GET(self) -> None:
        type(self).asked = (*self.asked, (self.path, self.headers["Proxy-Authorization"]))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"[]")

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@contextmanager
def answering(tls: ssl.SSLContext | None = None) -> Iterator[tuple[type[Answering], int]]:
    handler = type("Handler", (Answering,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield handler, server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_calls_go_through_the_proxy(capsys: pytest.CaptureFixture[str]) -> None:
    with answering() as (proxy, port):
        assert main(["call", "far.yml", "up.list", "--proxy", f"http://127.0.0.1:{port}"], {}) == 0
        environ = {"NAFTIKO_PROXY": f"http://me:{PASSWORD}@127.0.0.1:{port}"}
        assert main(["call", "far.yml", "up.list", "--trace", "-i"], environ) == 0
    basic = "Basic bWU6YjRkcHIweHk="
    assert proxy.asked == (("http://up.example/items", None), ("http://up.example/items", basic))
    said = capsys.readouterr()
    assert PASSWORD not in said.out + said.err
    assert basic not in said.out + said.err


@pytest.mark.parametrize(
    "url",
    [
        f"https://me:{PASSWORD}@proxy.example:1",
        f"me:{PASSWORD}@proxy.example:1",
        f"http://me:{PASSWORD}",
        f"http://me:{PASSWORD}/x@proxy.example:1",
        f"http://[me:{PASSWORD}@proxy.example",
        f"http://proxy.example:1/{PASSWORD}",
    ],
)
@pytest.mark.parametrize("command", ["serve", "call"])
def test_a_wrong_proxy_is_2_and_not_repeated(
    command: str, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [command, "far.yml", *(["up.list"] if command == "call" else ["--check"])]
    assert main([*words, "--proxy", url], {}) == 2
    assert main(words, {"NAFTIKO_PROXY": url}) == 2
    said = capsys.readouterr()
    assert PASSWORD not in said.out + said.err
    message = "naftiko: --proxy: must be http://[USER:PASSWORD@]HOST:PORT"
    assert said.err.splitlines().count(message) == 2


def test_options_do_not_show_the_proxys_password() -> None:
    assert PASSWORD not in repr(RuntimeOptions(proxy=f"http://me:{PASSWORD}@proxy.example"))


def test_an_empty_proxy_is_none() -> None:
    assert main(["serve", "far.yml", "--check"], {"NAFTIKO_PROXY": ""}) == 0


@pytest.mark.parametrize("option", ["--ca-file", "--client-certificate"])
@pytest.mark.parametrize("file", ["missing.pem", "far.yml"])
@pytest.mark.parametrize("words", [["serve", "far.yml"], ["call", "far.yml", "up.list"]])
def test_files_that_cannot_be_used_are_2_before_anything_starts(
    words: list[str], option: str, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, option, file], {}) == 2
    said = capsys.readouterr().err
    assert "naftiko: --ca-file, --client-certificate: TLS files for upstreams: " in said


def test_a_named_authority_and_a_certificate_of_ones_own_open_an_api(
    capsys: pytest.CaptureFixture[str],
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path("ca.pem")
    authority.issue_cert("me@far.example").private_key_and_cert_chain_pem.write_to_path("me.pem")
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    authority.configure_trust(tls)
    tls.verify_mode = ssl.CERT_REQUIRED
    with answering(tls) as (_, port):
        call = ["call", "far.yml", "up.list", "--set", f"baseUri.up=https://127.0.0.1:{port}"]
        assert main(call, {}) == 1
        assert "certificate not accepted" in capsys.readouterr().out
        assert main([*call, "--ca-file", "ca.pem"], {}) == 1
        environ = {"NAFTIKO_CA_FILE": "ca.pem", "NAFTIKO_CLIENT_CERTIFICATE": "me.pem"}
        assert main(call, environ) == 0
