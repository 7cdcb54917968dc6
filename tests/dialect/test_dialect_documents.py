"""Each deviation of dialect.md that the tree settles: its warning, and the twin it equals."""

from pathlib import Path

import pytest

from naftiko_runtime.loading.load import Loaded, load_document
from naftiko_runtime.options import Settings

DOCUMENTS = Path(__file__).parent / "documents"
NAMES = sorted(p.stem for p in DOCUMENTS.glob("*.yml") if not p.stem.endswith(".normal"))
TWINS = sorted(p.name.removesuffix(".normal.yml") for p in DOCUMENTS.glob("*.normal.yml"))


def loaded(name: str) -> Loaded:
    return load_document(name, Settings(), text=(DOCUMENTS / name).read_bytes())


def model(name: str) -> dict[str, object]:
    document = loaded(name).document
    assert document is not None
    return document.model_dump(exclude={"version"})


@pytest.mark.parametrize("name", NAMES)
def test_a_deviation_is_reported_once_with_its_place(name: str) -> None:
    texts = [diagnostic.text() for diagnostic in loaded(f"{name}.yml").found.merged()]
    assert texts == (DOCUMENTS / f"{name}.txt").read_text().splitlines()


@pytest.mark.parametrize("name", TWINS)
def test_a_deviation_is_read_as_its_normal_form(name: str) -> None:
    assert model(f"{name}.yml") == model(f"{name}.normal.yml")


def test_a_message_about_authentication_shows_no_value() -> None:
    found = loaded("e14-key-holds-secret.yml").found.merged()
    assert not any("{{K}}" in diagnostic.message for diagnostic in found)
