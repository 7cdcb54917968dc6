"""What the wheel, the image and the repository contain."""

import ast
import json
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

import naftiko_runtime
from naftiko_runtime.demo.examples import example_names

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "src" / "naftiko_runtime"
CACHES = {"__pycache__", ".mypy_cache", ".ruff_cache"}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (file,) = folder.glob("*.whl")
    with zipfile.ZipFile(file) as wheel:
        yield wheel


def test_the_wheel_has_every_file_of_the_package(wheel: zipfile.ZipFile) -> None:
    ours = {
        str(path.relative_to(ROOT / "src"))
        for path in SOURCES.rglob("*")
        if path.is_file() and not CACHES & set(path.parts)
    }
    assert ours <= set(wheel.namelist())
    assert not [name for name in wheel.namelist() if name.startswith(("tests", "capabilities"))]


def test_the_wheel_ships_the_capability_of_the_demo(wheel: zipfile.ZipFile) -> None:
    published = (ROOT / "capabilities" / "label-studio-exports.yaml").read_bytes()
    assert wheel.read("naftiko_runtime/demo/label-studio-exports.yaml") == published


def test_the_wheel_ships_the_examples_of_the_demo(wheel: zipfile.ZipFile) -> None:
    examples = [ROOT / "examples" / name for name in example_names()]
    assert examples
    for file in (each for folder in examples for each in folder.rglob("*") if each.is_file()):
        if not CACHES & set(file.parts):
            bundled = file.relative_to(ROOT / "examples").as_posix()
            assert wheel.read(f"naftiko_runtime/demo/examples/{bundled}") == file.read_bytes()


def test_the_wheel_says_what_it_is(wheel: zipfile.ZipFile) -> None:
    info = f"naftiko_runtime-{PROJECT['version']}.dist-info"
    metadata = wheel.read(f"{info}/METADATA").decode()
    assert f"Version: {PROJECT['version']}" in metadata
    assert "License-Expression: Apache-2.0" in metadata
    assert "Requires-Python: >=3.11" in metadata
    licence = wheel.read(f"{info}/licenses/LICENSE").decode()
    assert "TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION" in licence
    scripts = wheel.read(f"{info}/entry_points.txt").decode()
    assert "naftiko = naftiko_runtime.cli.main:main" in scripts


def test_the_changelog_begins_with_the_version_of_the_package() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d{2}-\d{2}$", text, re.MULTILINE)
    assert versions[0] == PROJECT["version"] == naftiko_runtime.__version__


def test_the_changelog_uses_its_own_headings() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    order = ["Security", "Removed", "Deprecated", "Added", "Changed", "Fixed"]
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        headings = re.findall(r"^### (.*)$", section, re.MULTILINE)
        assert headings == [name for name in order if name in headings]


def imported() -> set[str]:
    """Return the top-level names that the package imports."""
    names: set[str] = set()
    for path in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module.split(".")[0])
    return names - set(sys.stdlib_module_names) - {"naftiko_runtime"}


COMPANIONS = {
    "cssselect": "lxml",
    "mcp-types": "mcp",
    "pydantic-core": "pydantic",
    "pydantic-monty-client": "pydantic-monty",
}
"""Packages that another one always installs beside itself."""


def test_every_import_belongs_to_a_declared_dependency() -> None:
    extras = PROJECT["optional-dependencies"].values()
    requirements = [*PROJECT["dependencies"], *(each for extra in extras for each in extra)]
    declared = {normal(re.match(r"[\w.-]+", each).group()) for each in requirements}
    owners = packages_distributions()
    undeclared = {
        name
        for name in imported()
        if not {owner_of(each) for each in owners.get(name, [])} & declared
    }
    assert not undeclared


def owner_of(package: str) -> str:
    return COMPANIONS.get(normal(package), normal(package))


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name]


def test_no_file_names_a_machine_or_a_registry() -> None:
    # written apart, so that this file does not name them either
    hosts = ["pypi" + ".org", "python" + "hosted.org", "registry." + "npmjs", "proxy." + "golang"]
    folders = ["/wo" + "rk/", "/ro" + "ot/", "/ho" + "me/"]
    found = [
        (path.name, word)
        for path in tracked()
        if path.is_file()
        for word in (*hosts, *folders)
        if word.encode() in path.read_bytes()
    ]
    assert not found


def instructions() -> list[tuple[str, str]]:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    whole = re.sub(r"\\\n\s*", "", lines)
    return [tuple(line.split(" ", 1)) for line in whole.splitlines() if line]  # type: ignore[misc]


def image() -> dict[str, str]:
    """Return the last value of each instruction of the final stage."""
    everything = instructions()
    last = max(i for i, (name, _) in enumerate(everything) if name == "FROM")
    return dict(everything[last:])


def test_the_image_serves_without_privileges() -> None:
    final = image()
    assert json.loads(final["ENTRYPOINT"]) == ["naftiko"]
    assert json.loads(final["CMD"]) == ["serve", "/capabilities"]
    assert final["WORKDIR"] == "/app"
    assert int(final["USER"].split(":")[0]) > 0
    assert "NAFTIKO_DEFAULT_HOST=0.0.0.0" in final["ENV"].split()
    assert '["naftiko", "health"]' in final["HEALTHCHECK"]


def test_what_the_image_copies_is_sent_to_the_builder() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    allowed = {line[1:] for line in ignored if line.startswith("!")}
    copied = {
        name
        for instruction, words in instructions()
        if instruction == "COPY" and not words.startswith("--from")
        for name in words.split()[:-1]
    }
    assert ignored[0] == "*"
    assert copied == allowed
    assert all((ROOT / name).exists() for name in copied)


HADOLINT = Path(sys.executable).with_name("hadolint")


@pytest.mark.skipif(not HADOLINT.exists(), reason="hadolint is not installed")
def test_the_dockerfile_has_no_findings() -> None:
    linted = subprocess.run(
        [HADOLINT, "Dockerfile"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert linted.returncode == 0, linted.stdout


def compose() -> dict[str, Any]:
    yaml = pytest.importorskip("yaml")
    text = (ROOT / "examples/label-studio/compose.yaml").read_text(encoding="utf-8")
    return yaml.safe_load(text)["services"]


def test_the_compose_file_serves_the_published_document_read_only() -> None:
    service = compose()["naftiko"]
    folder, target, mode = service["volumes"][0].split(":")
    place = (ROOT / "examples" / "label-studio" / folder).resolve()
    assert (place, target, mode) == (ROOT / "capabilities", "/capabilities", "ro")
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]


def test_the_settings_of_the_compose_file_are_understood() -> None:
    environ = compose()["naftiko"]["environment"]
    command = [sys.executable, "-m", "naftiko_runtime", "serve", "capabilities", "--check"]
    checked = subprocess.run(
        command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False, timeout=60
    )
    assert checked.returncode == 0, checked.stderr
    assert "8 operations" in checked.stderr
