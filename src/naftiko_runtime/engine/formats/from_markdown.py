"""Markdown answers: front matter, tables, sections (language.md 7.12)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

from naftiko_runtime.engine.formats.charset import text_of_body
from naftiko_runtime.engine.formats.from_yaml import value_of_yaml
from naftiko_runtime.engine.formats.tables import collapsed, table_rows
from naftiko_runtime.values import Json

_MARKDOWN: Final = MarkdownIt("commonmark").enable(["table", "strikethrough"])
_FRONT: Final = re.compile(r"---[ \t]*\r?\n(?P<yaml>.*?\r?\n)?---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_TAG: Final = re.compile(r"<!--.*?-->|<[^<>]*>", re.DOTALL)
_SCHEMA: Final = re.compile(r"(?P<marks>#*)\s*(?P<heading>.*)", re.DOTALL)


def decode_markdown(body: bytes, content_type: str | None, schema: str | None) -> Json:
    """Return ``{"frontMatter", "tables", "sections"}``; ``schema`` keeps sections (7.12).

    Raises ``UndecodableResponse`` for front matter that is not YAML.
    """
    front_matter, text = _front_matter(text_of_body(body, content_type))
    blocks = list(_blocks(_MARKDOWN.parse(text)))
    tables = [_table(block) for block in blocks if block[0].type == "table_open"]
    sections = _sections(blocks)
    return {
        "frontMatter": front_matter,
        "tables": [table for table in tables if table is not None],
        "sections": [section.value() for section in sections if section.is_kept(schema or "")],
    }


def _front_matter(text: str) -> tuple[dict[str, Json], str]:
    match = _FRONT.match(text)
    if match is None:
        return {}, text
    value = value_of_yaml(match["yaml"] or "")
    if value is None:
        return {}, text[match.end() :]
    # a thematic break may begin a text as well
    return (value, text[match.end() :]) if isinstance(value, dict) else ({}, text)


def _blocks(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    """Yield the tokens of each top-level block."""
    block: list[Token] = []
    for token in tokens:
        block.append(token)
        if token.level == 0 and token.nesting <= 0:
            yield block
            block = []


@dataclass(slots=True)
class _Section:
    heading: str
    level: int
    lines: list[str] = field(default_factory=list)

    def is_kept(self, schema: str) -> bool:
        match = _SCHEMA.fullmatch(schema.strip())
        assert match is not None  # noqa: S101 -- it matches any text
        marks = len(match["marks"])
        return self.heading.startswith(match["heading"]) and marks in (0, self.level)

    def value(self) -> dict[str, Json]:
        content = "\n".join(self.lines)
        return {"heading": self.heading, "level": self.level, "content": content}


def _sections(blocks: Sequence[Sequence[Token]]) -> list[_Section]:
    sections: list[_Section] = []
    for block in blocks:
        if block[0].type == "heading_open":
            level = int(block[0].tag.removeprefix("h"))
            sections.append(_Section(collapsed(_inline(block[1])), level))
        elif sections:
            sections[-1].lines.extend(_lines(block))
    return sections


def _lines(block: Sequence[Token]) -> Iterator[str]:
    """Yield the text of a block line by line, without its tables."""
    in_table = 0
    for token in block:
        if token.type in ("table_open", "table_close"):
            in_table += token.nesting
        elif in_table:
            continue
        elif token.type == "inline":
            yield from _inline(token).split("\n")
        elif token.type in ("fence", "code_block"):
            yield from token.content.removesuffix("\n").split("\n")
        elif token.type == "html_block":
            yield from filter(None, map(collapsed, _TAG.sub("", token.content).split("\n")))


def _inline(token: Token) -> str:
    return "".join(_inline_texts(token.children or ())).strip()


def _inline_texts(tokens: Sequence[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type in ("softbreak", "hardbreak"):
            yield "\n"
        elif token.type in ("text", "text_special", "code_inline"):
            yield token.content
        elif token.type == "image":
            yield from _inline_texts(token.children or ())


def _table(block: Sequence[Token]) -> list[dict[str, str]] | None:
    rows: list[list[str]] = []
    for token in block:
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline":
            rows[-1].append(collapsed(_inline(token)))
    return table_rows(rows[0], rows[1:])
