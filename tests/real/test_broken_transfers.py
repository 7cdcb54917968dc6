"""A download that breaks off must look broken to the caller, wherever the protocol can show it."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import httpx
import mcp
import pytest
from processes import serving

pytestmark = pytest.mark.real
PIECE = b"x" * 1000
JSON_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
LENGTH = JSON_HEAD + b"Content-Length: 100000\r\n\r\n" + PIECE * 10
CHUNKED = JSON_HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"3e8\r\n%b\r\n" % PIECE * 10
CLOSED = JSON_HEAD + b"Connection: close\r\n\r\n" + b'{"a": "' + PIECE
CUTS = {"content-length": LENGTH, "chunked": CHUNKED, "mid-chunk": CHUNKED + b"3e8\r\nxxx"}


@contextmanager
def cutting_upstream(reply: bytes) -> Iterator[str]:
    """Answer every request with `reply` and hang up."""

    def answer() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                connection.sendall(reply)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=answer)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def download(url: str) -> tuple[int, bytes]:
    """Read a download to its end; raise what the client says of a broken one."""
    with httpx.stream("GET", url, timeout=60, trust_env=False) as reply:
        return reply.status_code, reply.read()


@pytest.mark.parametrize("cut", CUTS)
def test_a_body_cut_by_the_upstream_is_cut_for_the_caller(cut: str) -> None:
    environ = {"LABEL_STUDIO_API_KEY": "Token any"}
    with cutting_upstream(CUTS[cut]) as upstream, serving(upstream, environ=environ) as runtime:
        with pytest.raises(httpx.RemoteProtocolError):
            download(f"{runtime.exports}/1/download")
        # the listener has survived it
        with pytest.raises(httpx.RemoteProtocolError):
            download(f"{runtime.exports}/1/download")


@pytest.mark.anyio
@pytest.mark.parametrize("cut", CUTS)
async def test_a_body_cut_by_the_upstream_is_an_error_of_the_tool(cut: str) -> None:
    environ = {"LABEL_STUDIO_API_KEY": "Token any"}
    with cutting_upstream(CUTS[cut]) as upstream, serving(upstream, environ=environ) as runtime:
        async with mcp.Client(runtime.mcp) as client:
            called = await client.call_tool(
                "download-export-snapshot-file-specified", {"id": 1, "export_pk": 1}
            )
    assert called.is_error
    assert called.meta["naftiko/problem"]["type"].endswith("upstream-unreachable")


@pytest.mark.anyio
async def test_half_a_json_that_ends_with_the_connection_is_no_value() -> None:
    environ = {"LABEL_STUDIO_API_KEY": "Token any"}
    with cutting_upstream(CLOSED) as upstream, serving(upstream, environ=environ) as runtime:
        async with mcp.Client(runtime.mcp) as client:
            called = await client.call_tool(
                "download-export-snapshot-file-specified", {"id": 1, "export_pk": 1}
            )
    assert called.is_error


def test_label_studio_killed_in_mid_download_breaks_the_transfer(
    start_studio: Callable[[str], AbstractContextManager[Any]],
) -> None:
    with start_studio("gunicorn") as studio:
        seed_some_megabytes(studio.client)
        environ = {"LABEL_STUDIO_API_KEY": studio.client.headers["Authorization"]}
        with serving(studio.url, environ=environ) as runtime:
            received: list[int] = []
            with pytest.raises(httpx.RemoteProtocolError):
                kill_after_the_first_piece(f"{runtime.exports}/1/download", studio, received)
            assert 0 < sum(received) < 50_000_000
            # nobody listens any more: an answer, not a hanging caller
            after = httpx.get(runtime.exports, timeout=60, trust_env=False)
    assert after.status_code == 502
    assert after.json()["type"] == "urn:naftiko:problem:upstream-unreachable"


def kill_after_the_first_piece(url: str, studio: Any, received: list[int]) -> None:
    """Read a download, kill its source when it flows, and go on reading."""
    with httpx.stream("GET", url, timeout=60, trust_env=False) as reply:
        for piece in reply.iter_raw():
            if not received:
                studio.kill()
            received.append(len(piece))


def seed_some_megabytes(client: httpx.Client) -> None:
    config = '<View><Text name="t" value="$text"/></View>'
    client.post("/api/projects/", json={"title": "Large", "label_config": config})
    tasks = [{"data": {"text": "x" * 1_000_000}}] * 10
    for _ in range(5):
        client.post("/api/projects/1/import", json=tasks)
    assert client.post("/api/projects/1/exports/", json={}).status_code == 201
