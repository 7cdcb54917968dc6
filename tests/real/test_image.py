"""The steps of the Dockerfile, done in a folder instead of a container engine."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from processes import READY, ROOT, free_port

pytestmark = pytest.mark.real
PLACES = ("/src", "/wheels", "/opt/naftiko", "/app", "/capabilities")


def instructions() -> list[tuple[str, str]]:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    found = re.findall(r"^([A-Z]+) (.*)$", re.sub(r"\\\n\s*", "", lines), re.MULTILINE)
    return [(name, words) for name, words in found if name != "FROM"]


def value(name: str) -> str:
    return dict(instructions())[name]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the image would hold under `/`."""
    root = tmp_path_factory.mktemp("image")
    for place in PLACES:
        (root / place[1:]).mkdir(parents=True)
    for name, words in instructions():
        if name == "COPY" and "--from" not in words:
            copy(root / "src", words.split())
        elif name == "RUN":
            subprocess.run(["sh", "-ec", moved(words, root)], cwd=root / "src", check=True)
    shutil.rmtree(root / "src")
    shutil.copy(ROOT / "capabilities/label-studio-exports.yaml", root / "capabilities")
    return root


def copy(folder: Path, words: list[str]) -> None:
    for word in words[:-1]:
        if (ROOT / word).is_dir():
            shutil.copytree(ROOT / word, folder / word)
        else:
            shutil.copy(ROOT / word, folder)


def moved(words: str, root: Path) -> str:
    """Return a command or setting with the places of the image under `root`."""
    # the Python of this machine stands for that of the base image
    named = re.sub(r"(^|&& )python ", rf"\1{sys.executable} ", words)
    return re.sub(rf"(?<![\w.])({'|'.join(PLACES)})\b", rf"{root}\1", named)


def environment(root: Path) -> dict[str, str]:
    pairs = (pair.split("=", 1) for pair in moved(value("ENV"), root).split())
    settings = {key: text.replace("$PATH", os.defpath) for key, text in pairs}
    own = {"NAFTIKO_CONTROL": f"127.0.0.1:{free_port()}", "LABEL_STUDIO_API_KEY": "Token x"}
    return settings | own | {"HOME": "/nonexistent"}


def files(root: Path) -> set[Path]:
    return set(root.rglob("*"))


@pytest.fixture(scope="module")
def container(root: Path) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """The entry point with its default command; yields environment and URLs."""
    environ = environment(root)
    words = [*json.loads(value("ENTRYPOINT")), *json.loads(moved(value("CMD"), root))]
    words[0] = shutil.which(words[0], path=environ["PATH"])
    words += [
        "--port",
        f"{NAMESPACE}-rest={free_port()}",
        "--port",
        f"{NAMESPACE}-mcp={free_port()}",
    ]
    before = files(root)
    with subprocess.Popen(
        words, cwd=root / "app", env=environ, stderr=subprocess.PIPE, text=True
    ) as process:
        urls = ready(process)
        threading.Thread(target=process.stderr.read, daemon=True).start()
        yield environ, urls
        process.terminate()
        assert process.wait(30) == 0
    # a read-only root file system would not have noticed
    assert files(root) == before


NAMESPACE = "label-studio-subpackage-projects-subpackage-projects-exports"


def ready(process: subprocess.Popen[str]) -> dict[str, str]:
    urls = {}
    for line in process.stderr:
        if found := READY.match(line):
            urls[found[1]] = found[2]
        if len(urls) == 2:
            return urls
    raise AssertionError(f"ended with {process.wait()}")


def test_the_default_command_serves_the_mounted_folder(
    container: tuple[dict[str, str], dict[str, str]],
) -> None:
    _, urls = container
    assert urls["REST"].startswith("http://0.0.0.0:")
    port = urls["REST"].rpartition(":")[2]
    assert httpx.get(f"http://127.0.0.1:{port}/docs", trust_env=False).status_code == 200


def test_the_health_check_of_the_image_passes_while_it_serves(
    container: tuple[dict[str, str], dict[str, str]],
) -> None:
    environ, _ = container
    command = json.loads(re.search(r"CMD (.*)", value("HEALTHCHECK"))[1])
    command[0] = shutil.which(command[0], path=environ["PATH"])
    port = environ["NAFTIKO_CONTROL"].rpartition(":")[2]
    asked = environ | {"NAFTIKO_CONTROL_PORT": port}
    checked = subprocess.run(command, env=asked, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    closed = environ | {"NAFTIKO_CONTROL_PORT": str(free_port())}
    assert subprocess.run(command, env=closed, capture_output=True, check=False).returncode == 1


def test_a_file_as_the_only_word_is_served(root: Path) -> None:
    environ = environment(root)
    naftiko = shutil.which("naftiko", path=environ["PATH"])
    file = str(root / "capabilities" / "label-studio-exports.yaml")
    for words in ([file, "--check"], ["serve", file, "--check"]):
        checked = subprocess.run(
            [naftiko, *words], env=environ, capture_output=True, text=True, check=False
        )
        assert (checked.returncode, "8 tools" in checked.stderr) == (0, True)
