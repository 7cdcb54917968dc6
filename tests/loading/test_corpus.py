"""Documents of others, where they are at hand: all load, none makes us fail."""

from collections import Counter
from pathlib import Path

import pytest

from naftiko_runtime.loading.load import load_document
from naftiko_runtime.options import Settings

SHARED = Path(__file__).parents[2].parent / "shared"
CORPUS = sorted((SHARED / "corpus" / "dev").glob("*.yaml"))
REFERENCE = sorted((SHARED / "reference").rglob("*.y*ml"))
SOUND = [path for path in REFERENCE if "openapi" not in path.parts and path.stem != "secrets"]
THERE = pytest.mark.skipif(not CORPUS, reason="../shared is not there")


@THERE
def test_every_published_document_loads() -> None:
    refused = [path.name for path in CORPUS if load_document(str(path), Settings()).found.refused]
    assert refused == []


@THERE
def test_published_documents_have_no_problem_that_makes_a_part_unavailable() -> None:
    counts: Counter[str] = Counter()
    for path in CORPUS:
        found = load_document(str(path), Settings()).found.merged()
        counts.update(each.code for each in found if each.effect == "unavailable")
    assert counts == {"import/not-found": 1, "adapter/unknown-type": 1}


@THERE
@pytest.mark.parametrize("path", SOUND, ids=lambda path: path.name)
def test_an_official_document_deviates_in_nothing(path: Path) -> None:
    loaded = load_document(str(path), Settings())
    codes = {diagnostic.code for diagnostic in loaded.found.merged()}
    assert codes == set()
    assert loaded.document is not None


@THERE
@pytest.mark.parametrize("path", [p for p in REFERENCE if p not in SOUND], ids=lambda p: p.name)
def test_a_file_that_is_no_capability_is_refused(path: Path) -> None:
    loaded = load_document(str(path), Settings())
    codes = [diagnostic.code for diagnostic in loaded.found.merged()]
    assert codes == ["document/not-naftiko", "document/no-capability"]


@THERE
@pytest.mark.parametrize("step", range(1, 12))
def test_steps_of_both_tutorials_are_read_alike(step: int) -> None:
    models = []
    for family in ("tutorial-alpha2", "tutorial-beta5"):
        (path,) = (SHARED / "reference" / family).glob(f"step-{step}-*.yml")
        document = load_document(str(path), Settings()).document
        assert document is not None
        models.append(document)
    alpha, beta = models
    assert [each.namespace for each in alpha.consumes] == [each.namespace for each in beta.consumes]
    assert [_names(each) for each in alpha.exposes] == [_names(each) for each in beta.exposes]


def _names(adapter: object) -> list[str | None]:
    parts = (getattr(adapter, key, []) for key in ("tools", "resources", "prompts", "skills"))
    return [each.name for part in parts for each in part]
