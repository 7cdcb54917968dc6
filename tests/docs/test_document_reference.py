"""The reference has every key that the models know, and was made from the schema of today."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from naftiko_runtime.spec.kinds import MODELS, known_keys

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "document-reference.md").read_text(encoding="utf-8")
INTERNAL = {"library", "document"}
"""What imports leave in the model, and the root, whose keys its own test looks at."""


@pytest.fixture(scope="module")
def reference_page() -> ModuleType:
    path = ROOT / "scripts" / "reference_page.py"
    spec = importlib.util.spec_from_file_location("reference_page", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def keys_of(title: str) -> set[str]:
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, f"{title} is missing; run scripts/reference_page.py"
    return set(re.findall(r"^\| `([^`]+)` \|", found[1], re.MULTILINE))


@pytest.mark.parametrize("kind", sorted(MODELS.keys() - INTERNAL))
def test_every_key_of_every_model_is_on_the_page(kind: str, reference_page: ModuleType) -> None:
    shown = keys_of(reference_page.TITLES[kind]) | set(reference_page.EVERYWHERE)
    assert set(known_keys(kind)) - shown == set()


def test_the_root_has_its_sections() -> None:
    sections = {"naftiko", "ikanos", "info", "binds", "consumes", "aggregates", "exposes"}
    assert sections | {"capability"} <= keys_of("Document")


def test_the_page_is_that_of_the_schema(reference_page: ModuleType) -> None:
    assert reference_page.page() == PAGE, "run scripts/reference_page.py"


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("tool", "confirm"),
        ("tool", "contentBlocks"),
        ("prompt", "call"),
        ("rest", "cors"),
        ("step", "onError"),
        ("input", "enum"),
    ],
)
def test_keys_of_this_runtime_alone_are_said_to_be_so(kind: str, key: str) -> None:
    assert key in known_keys(kind)
    assert f"`{key}`" in PAGE.partition("## Keys of this runtime")[2]
