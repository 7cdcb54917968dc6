"""Every diagnostic code is explained on its page, with its severity and effect."""

import re
from pathlib import Path

import pytest

from naftiko_runtime.codes import CODES

PAGE = Path(__file__).parents[2] / "docs" / "diagnostics.md"
SECTION = re.compile(r"^### (\S+)\n\n\*(\w+), (\w+)\.\* (.+)$", re.MULTILINE)


@pytest.fixture(scope="module")
def sections() -> dict[str, tuple[str, str, str]]:
    return {code: rest for code, *rest in SECTION.findall(PAGE.read_text(encoding="utf-8"))}


def test_the_page_explains_exactly_the_codes_that_exist(
    sections: dict[str, tuple[str, str, str]],
) -> None:
    assert sections.keys() == CODES.keys()


@pytest.mark.parametrize("code", CODES)
def test_severity_and_effect_are_those_of_the_runtime(
    code: str, sections: dict[str, tuple[str, str, str]]
) -> None:
    severity, effect, text = sections[code]
    assert (severity, effect) == (CODES[code].severity, CODES[code].effect)
    assert text.count(".") >= 1
    assert text.lower().startswith(CODES[code].summary.lower())
    assert len(text) > len(CODES[code].summary) + 10, "says no more than its summary"
