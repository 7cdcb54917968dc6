"""Small documents beside the exact diagnostics that they give."""

from pathlib import Path

import pytest

from naftiko_runtime.loading.load import load_document
from naftiko_runtime.options import Settings

DOCUMENTS = Path(__file__).parent.parent / "documents"


def names(folder: str) -> list[str]:
    return sorted(path.name for path in (DOCUMENTS / folder).glob("*.yml"))


@pytest.mark.parametrize("name", names("invalid"))
def test_a_mistake_gives_exactly_these_diagnostics(name: str) -> None:
    path = DOCUMENTS / "invalid" / name
    loaded = load_document(name, Settings(), text=path.read_bytes())
    texts = [diagnostic.text() for diagnostic in loaded.found.merged()]
    assert texts == path.with_suffix(".txt").read_text().splitlines()
    assert (loaded.document is None) == loaded.found.refused


@pytest.mark.parametrize("name", names("valid"))
def test_a_sound_document_gives_none(name: str) -> None:
    path = DOCUMENTS / "valid" / name
    loaded = load_document(name, Settings(), text=path.read_bytes())
    assert [diagnostic.text() for diagnostic in loaded.found.merged()] == []
    assert loaded.document is not None
