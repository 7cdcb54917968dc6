"""language.md 7.12."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from naftiko_runtime.engine.formats.from_markdown import decode_markdown
from naftiko_runtime.errors import UndecodableResponse
from naftiko_runtime.values import Json

PLAN = """---
title: Plan
---
# Road
Intro **bold** [x](http://x).

- one
- two

| A | B |
|---|---|
| 1 | 2 |

## Next
Later.
"""


def decoded(text: str, schema: str | None = None) -> Json:
    return decode_markdown(text.encode(), "text/markdown", schema)


def test_front_matter_tables_and_sections_are_read() -> None:
    assert decoded(PLAN) == {
        "frontMatter": {"title": "Plan"},
        "tables": [[{"A": "1", "B": "2"}]],
        "sections": [
            {"heading": "Road", "level": 1, "content": "Intro bold x.\none\ntwo"},
            {"heading": "Next", "level": 2, "content": "Later."},
        ],
    }


@pytest.mark.parametrize(
    ("schema", "headings"),
    [
        ("## N", ["Next"]),
        ("N", ["Next"]),
        ("Ro", ["Road"]),
        ("# R", ["Road"]),
        ("# N", []),
        ("##", ["Next"]),
        ("next", []),
        ("", ["Road", "Next"]),
        (None, ["Road", "Next"]),
    ],
)
def test_a_schema_keeps_sections_by_heading_and_level(
    schema: str | None, headings: list[str]
) -> None:
    value = decoded(PLAN, schema)
    assert [section["heading"] for section in value["sections"]] == headings
    assert value["tables"]
    assert value["frontMatter"] == {"title": "Plan"}


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("soft\nbreak", "soft\nbreak"),
        ("a `c` *d* ~~e~~ <b>f</b> &amp; \\*g", "a c d e f & *g"),
        ("![alt *x*](i.png) <http://u.test>", "alt x http://u.test"),
        ("```py\nx\n\n  y\n```", "x\n\n  y"),
        ("    code\n    more", "code\nmore"),
        ("1. a\n   - b\n\n   c\n2. d", "a\nb\nc\nd"),
        ("> q\n> - r", "q\nr"),
        ("> | A |\n> |---|\n> | 1 |\n\nend", "end"),
        ("<div>\n  <p>html</p>\n</div>\n<!-- no -->", "html"),
        ("***", ""),
        ("", ""),
    ],
)
def test_the_text_of_a_section_has_no_marks(text: str, content: str) -> None:
    (section,) = decoded(f"# H\n\n{text}")["sections"]
    assert section["content"] == content


def test_only_headings_at_the_top_begin_sections() -> None:
    value = decoded("before\n\nSetext *x*\n===\n\n> # quoted\n\n### C  #\n")
    assert value["sections"] == [
        {"heading": "Setext x", "level": 1, "content": "quoted"},
        {"heading": "C", "level": 3, "content": ""},
    ]


@pytest.mark.parametrize(
    ("text", "tables"),
    [
        ("|A|B|\n|-|-|\n|1|\n|1|2|3|", [[{"A": "1", "B": ""}, {"A": "1", "B": "2"}]]),
        ("|A|A|\n|-|-|\n|1|2|", [[{"A": "2"}]]),
        ("| **A** | [b](u) |\n|-|-|\n| `x\\|y` |  |", [[{"A": "x|y", "b": ""}]]),
        ("|A|\n|-|", [[]]),
        ("| |\n|-|\n|1|", []),
        ("> |A|\n> |-|\n> |1|", []),
        ("|A|\n|-|\n|1|\n\n|B|\n|-|\n|2|", [[{"A": "1"}], [{"B": "2"}]]),
    ],
)
def test_tables_at_the_top_become_rows(text: str, tables: Json) -> None:
    assert decoded(text)["tables"] == tables


@pytest.mark.parametrize(
    ("text", "front_matter", "headings"),
    [
        ("---\na: 1\nb: [yes]\n---\n# H", {"a": 1, "b": ["yes"]}, ["H"]),
        ("---\r\na: 1\r\n---\r\n# H", {"a": 1}, ["H"]),
        ("---\n---\n# H", {}, ["H"]),
        ("---\na: 1\n---", {"a": 1}, []),
        ("---\na: 1\n# H", {}, ["H"]),
        ("---\ntext\n---\n# H", {}, ["text", "H"]),
        (" ---\na: 1\n---\n# H", {}, ["a: 1", "H"]),
        ("# H\n---\na: 1\n---", {}, ["H", "a: 1"]),
    ],
)
def test_front_matter_is_a_yaml_map_between_the_first_lines(
    text: str, front_matter: Json, headings: list[str]
) -> None:
    value = decoded(text)
    assert value["frontMatter"] == front_matter
    assert [section["heading"] for section in value["sections"]] == headings


def test_front_matter_that_is_not_yaml_is_undecodable() -> None:
    with pytest.raises(UndecodableResponse, match="not YAML"):
        decoded("---\na: [\n---\n# H")


def test_deep_nesting_ends_before_the_stack() -> None:
    assert decoded("# H\n" + "> " * 3000 + "x")["sections"]
    assert decoded("# H\n" + "[" * 3000 + "*_" * 3000)["sections"]


PIECES = ["# ", "\n", "\n\n", "- ", "> ", "|", "---", "a", "*", "`", "```", "[", "](x)", "![",
          "<b>", "<!--", "    ", "1. ", "---\n", ": ", "\\", "&amp;", "===", "\x00"]  # fmt: skip


@given(
    st.lists(st.sampled_from(PIECES)).map("".join) | st.text(),
    st.none() | st.text(st.sampled_from("# aA*"), max_size=5),
)
def test_any_text_is_read_or_refused(text: str, schema: str | None) -> None:
    try:
        value = decode_markdown(text.encode("utf-8", "replace"), None, schema)
    except UndecodableResponse:
        return
    assert list(value) == ["frontMatter", "tables", "sections"]
