"""A real Label Studio, seeded, and a runtime in front of it."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from processes import ROOT, Serving, free_port, serving

TOKEN = "0123456789abcdef0123456789abcdef01234567"  # noqa: S105 - of a throw-away server
CONFIG = (
    '<View><Image name="img" value="$image"/><RectangleLabels name="box" toName="img">'
    '<Label value="Car"/><Label value="Person"/></RectangleLabels></View>'
)
BOX = {"x": 10, "y": 20, "width": 30, "height": 40, "rotation": 0, "rectanglelabels": ["Car"]}
REGION = {"id": "r", "from_name": "box", "to_name": "img", "type": "rectanglelabels", "value": BOX}
SIZE = {"original_width": 64, "original_height": 48, "image_rotation": 0}
TASKS = [
    {
        "data": {"image": f"https://images.example/{n}.png"},
        "annotations": [{"result": [REGION | SIZE]}],
    }
    for n in range(3)
]


@dataclass(frozen=True)
class LabelStudio:
    """A running server; `client` is authorized."""

    url: str
    client: httpx.Client
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        """End all of its processes at once, as a crash would."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)


@contextmanager
def label_studio(folder: Path, server: str = "development") -> Iterator[LabelStudio]:
    """Run a fresh server; the first time ever it migrates for a minute."""
    port = free_port()
    command = [str(ROOT / "tests/real/label-studio"), str(port), str(folder), server]
    log = (folder.parent / f"{folder.name}.log").open("wb")
    with (
        log,
        subprocess.Popen(
            command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
        ) as process,
        httpx.Client(
            base_url=f"http://127.0.0.1:{port}",
            headers={"Authorization": f"Token {TOKEN}"},
            timeout=120,
            trust_env=False,
        ) as client,
    ):
        try:
            await_health(process, client, Path(log.name))
            yield LabelStudio(str(client.base_url), client, process)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait(30)


def await_health(process: subprocess.Popen[bytes], client: httpx.Client, log: Path) -> None:
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            if "UP" in client.get("/health/").text:
                return
        except httpx.TransportError:
            time.sleep(0.2)  # connection refused: it still migrates
    raise AssertionError(log.read_text(encoding="utf-8", errors="replace")[-3000:])


def seed(client: httpx.Client) -> None:
    """Create project 1 with three annotated images, as people do."""
    created = client.post("/api/projects/", json={"title": "Boxes", "label_config": CONFIG})
    assert created.status_code == 201, created.text
    imported = client.post("/api/projects/1/import", json=TASKS)
    assert imported.status_code == 201, imported.text


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabelStudio]:
    with label_studio(tmp_path_factory.mktemp("label-studio") / "data") as studio:
        seed(studio.client)
        yield studio


@pytest.fixture
def start_studio(tmp_path: Path) -> Callable[[str], object]:
    """A server of its own for a test that breaks it; the argument names the web server."""
    return lambda server: label_studio(tmp_path / "data", server)


@pytest.fixture(scope="session")
def runtime(studio: LabelStudio) -> Iterator[Serving]:
    environ = {"LABEL_STUDIO_API_KEY": f"Token {TOKEN}"}
    with serving(studio.url, environ=environ) as runtime:
        yield runtime


@pytest.fixture(scope="session")
def rest(runtime: Serving) -> Iterator[httpx.Client]:
    url = f"{runtime.rest}/v1/api"
    with httpx.Client(base_url=url, timeout=120, trust_env=False) as client:
        yield client
