"""What callers did is remembered when a document is reloaded: nobody guesses on from zero."""

import hashlib
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from live_process import Live, live

DOCUMENT = """
naftiko: 1.0.0-alpha2
info: {label: Guarded, description: VERSION}
capability:
  exposes:
    - type: rest
      port: 8080
      namespace: guarded
      authentication: {type: digest, username: user, password: secret-pass}
      resources:
        - {name: it, path: /it, operations: [{name: get-it, method: GET, outputParameters: [{type: string, value: it}]}]}
    - type: control
      port: 9191
      management: {reload: true}
"""


@pytest.fixture
def document(tmp_path: Path) -> Path:
    file = tmp_path / "guarded.yml"
    file.write_text(DOCUMENT)
    return file


@pytest.fixture
def served(document: Path) -> Iterator[Live]:
    with live(document, adapters=2) as served:
        yield served


def reload(served: Live, document: Path, version: str) -> None:
    document.write_text(DOCUMENT.replace("VERSION", version))
    namespace = next(name for name in served.urls if name != "guarded")
    with served.http(namespace) as control:
        reply = control.post("/config/reload", json={})
    assert (reply.status_code, reply.json()["status"]) == (200, "applied"), reply.text


def digest(challenge: str) -> str:
    """Return the right ``Authorization`` for the first use of a challenge's nonce."""
    nonce = re.search(r'nonce="([^"]+)"', challenge)[1]

    def hashed(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()

    proof = hashed(
        f"{hashed('user:naftiko:secret-pass')}:{nonce}:00000001:c:auth:{hashed('GET:/it')}"
    )
    return (
        f'Digest username="user", realm="naftiko", nonce="{nonce}", uri="/it", qop=auth, '
        f'algorithm=SHA-256, nc=00000001, cnonce="c", response="{proof}"'
    )


def test_a_digest_answer_is_not_accepted_again_after_a_reload(served: Live, document: Path) -> None:
    with served.http("guarded") as client:
        challenge = client.get("/it").headers["www-authenticate"]
        answer = {"Authorization": digest(challenge)}
        assert client.get("/it", headers=answer).status_code == 200
        reload(served, document, "another")
        again = client.get("/it", headers=answer)
    assert again.status_code == 401
    assert "stale=true" in again.headers["www-authenticate"]


def test_a_guesser_is_still_slowed_down_after_a_reload(served: Live, document: Path) -> None:
    guess = {"Authorization": "Digest nonsense"}
    with served.http("guarded") as client:
        for number in range(4):
            client.get("/it", headers=guess)
            reload(served, document, f"version {number}")
        began = time.monotonic()
        assert client.get("/it", headers=guess).status_code == 401
        assert time.monotonic() - began >= 0.25
