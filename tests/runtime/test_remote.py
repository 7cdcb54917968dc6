"""Imports from other machines: orchestration.md 4.4."""

import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme

from naftiko_runtime.options import RuntimeOptions, Settings
from naftiko_runtime.runtime.documents import load
from naftiko_runtime.runtime.reload import library_of, read_again
from naftiko_runtime.runtime.remote import fetched

LIBRARY = b"""
naftiko: 1.0.0-alpha2
consumes:
  - type: http
    namespace: far
    baseUri: http://up.test
    resources: [{name: root, path: /, operations: [{name: get-root, method: GET}]}]
"""
DOCUMENT = """
naftiko: 1.0.0-alpha2
capability:
  consumes: [{from: "URL", import: far}]
  exposes:
    - type: rest
      port: 8080
      namespace: near
      resources: [{name: r, path: /, operations: [{name: get-root, method: GET, call: far.get-root}]}]
"""


class Site:
    """An https server with answers by path: status, headers, body."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.url = ""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    authority = trustme.CA()
    certificates = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(certificates))
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates))
    monkeypatch.setenv("no_proxy", "*")
    found = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = found.answers.get(self.path, (404, {}, b""))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        found.url = f"https://localhost:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield found
        server.shutdown()
        thread.join(5)


def test_a_file_and_a_redirect_on_the_same_host_are_read(site: Site) -> None:
    site.answers["/a.yml"] = (200, {}, b"a")
    site.answers["/old.yml"] = (302, {"Location": "/a.yml"}, b"")
    assert fetched(f"{site.url}/a.yml") == b"a"
    assert fetched(f"{site.url}/old.yml") == b"a"


def test_a_redirect_to_another_host_is_not_followed(site: Site) -> None:
    site.answers["/a.yml"] = (302, {"Location": "https://elsewhere.test/a.yml"}, b"")
    with pytest.raises(OSError, match=r"redirects to https://elsewhere\.test"):
        fetched(f"{site.url}/a.yml")


def test_what_is_too_large_or_not_there_is_not_read(site: Site) -> None:
    site.answers["/a.yml"] = (200, {}, b"a" * (8 * 1024 * 1024 + 1))
    with pytest.raises(OSError, match="more than 8388608 bytes"):
        fetched(f"{site.url}/a.yml")
    with pytest.raises(OSError, match="404"):
        fetched(f"{site.url}/b.yml")


@pytest.fixture
def document(site: Site, tmp_path: Path) -> Path:
    site.answers["/lib.yml"] = (200, {}, LIBRARY)
    file = tmp_path / "near.yml"
    file.write_text(DOCUMENT.replace("URL", f"{site.url}/lib.yml"))
    return file


def allowed() -> RuntimeOptions:
    return RuntimeOptions(settings=Settings(import_hosts=("localhost",)))


def test_a_host_must_be_allowed(document: Path) -> None:
    refused = load(str(document), RuntimeOptions())
    assert "import/remote" in [each.code for each in refused.diagnostics]
    read = load(str(document), allowed())
    assert read.capability is not None
    assert [each.name for each in read.capability.operations] == ["get-root"]


def test_a_reload_notices_what_changed_there(site: Site, document: Path) -> None:
    library = library_of([str(document)], allowed(), [load(str(document), allowed())])
    assert read_again(library).library is library
    site.answers["/lib.yml"] = (200, {}, LIBRARY.replace(b"up.test", b"down.test"))
    after = read_again(library).library.documents[0].capability
    assert after is not None
    assert after.upstreams[0].base == ("http://down.test",)


def test_a_reload_that_cannot_read_it_keeps_the_version_in_use(site: Site, document: Path) -> None:
    library = library_of([str(document)], allowed(), [load(str(document), allowed())])
    del site.answers["/lib.yml"]
    reading = read_again(library)
    assert reading.library.documents == library.documents
    assert [each.file for each in reading.rejected] == [str(document)]
