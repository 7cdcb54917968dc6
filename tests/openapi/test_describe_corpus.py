"""orchestration.md 7.11: published documents become valid OpenAPI, in both versions."""

from pathlib import Path

import pytest
from openapi_spec_validator import OpenAPIV30SpecValidator, OpenAPIV31SpecValidator

from naftiko_runtime.openapi.describe import describe, info_of
from naftiko_runtime.options import RuntimeOptions
from naftiko_runtime.plan.exposure import RestExposure
from naftiko_runtime.runtime.documents import load

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus" / "dev"
SAMPLE = sorted(CORPUS.glob("*.yaml"))[::80]
"""Validating takes most of a second each: a sample here, all of them in the real tests."""


def faults(file: Path) -> list[str]:
    capability = load(str(file), RuntimeOptions()).capability
    assert capability is not None
    exposures = [each for each in capability.exposures if isinstance(each, RestExposure)]
    info = info_of([capability])
    newer = OpenAPIV31SpecValidator(describe(exposures, info)).iter_errors()
    older = OpenAPIV30SpecValidator(describe(exposures, info, version="3.0")).iter_errors()
    return [error.message for error in (*newer, *older)]


@pytest.mark.skipif(not SAMPLE, reason="the published documents are not at hand")
@pytest.mark.parametrize("file", SAMPLE, ids=lambda file: file.stem)
def test_a_published_document_is_described_validly(file: Path) -> None:
    assert faults(file) == []


@pytest.mark.real
@pytest.mark.skipif(not SAMPLE, reason="the published documents are not at hand")
def test_every_published_document_is_described_validly() -> None:
    found = {file.stem: faults(file) for file in sorted(CORPUS.glob("*.yaml"))}
    assert {name: each for name, each in found.items() if each} == {}
