"""Tables of HTML answers (language.md 7.11).

The parser is libxml2's: unlike an HTML5 parser it takes linear time and memory for any text, and
stops at a depth, so that an answer can be parsed on the event loop.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Final, TypeAlias

from cssselect import SelectorError
from lxml import etree
from lxml.cssselect import CSSSelector
from lxml.etree import _Element as Element  # the class has no public name

from naftiko_runtime.engine.formats.charset import text_of_body
from naftiko_runtime.engine.formats.from_json import LEVELS
from naftiko_runtime.engine.formats.tables import collapsed, table_rows
from naftiko_runtime.errors import UndecodableResponse
from naftiko_runtime.values import Json

Selection: TypeAlias = Callable[[Element], Sequence[Element]]

_SPACED: Final = (
    "address", "article", "blockquote", "br", "caption", "dd", "div", "dl", "dt", "figure", "form",
    "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "section", "table", "td",
    "th", "tr", "ul",
)  # fmt: skip
"""Elements that words before and after do not run into."""
_UNSEEN: Final = ("script", "style", "template")
_TOO_DEEP: Final = etree.XPath(f"boolean(//*[count(ancestor::*) >= {LEVELS}])")


def decode_html(body: bytes, content_type: str | None, selector: str | None) -> Json:
    """Return ``{"tables": [[{header: cell}]]}``; ``selector`` is the CSS selector of 7.11.

    Raises ``UndecodableResponse``.
    """
    select = compiled_selector(selector) if selector else None
    root = _root(text_of_body(body, content_type))
    if root is None:
        return {"tables": []}
    _prepare(root)
    chosen = set(select(root)) if select is not None else None
    tables = (_rows(table) for table in root.iter("table") if _is_chosen(table, chosen))
    return {"tables": [rows for rows in tables if rows is not None]}


@lru_cache(maxsize=256)
def compiled_selector(selector: str) -> Selection:
    """Return a compiled CSS selector; raise ``UndecodableResponse`` when it is none."""
    try:
        select: Selection = CSSSelector(selector, translator="html")
    except (SelectorError, etree.XPathError) as error:
        raise UndecodableResponse(f"outputSchema {selector!r} is no CSS selector") from error
    return select


def _root(text: str) -> Element | None:
    parser = etree.HTMLParser(
        encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True
    )
    root = etree.fromstring(text.encode("utf-8", "replace"), parser)
    # the parser stops at 256 levels without a word when it has complained often enough before
    if root is not None and _TOO_DEEP(root):
        raise UndecodableResponse(f"the answer has more than {LEVELS} levels")
    return root


def _prepare(root: Element) -> None:
    """Make the text of a cell what is seen of it, apart from the amount of space."""
    for element in root.iter(*_UNSEEN):
        element.text = None
    for element in root.iter(*_SPACED):
        element.text = f" {element.text or ''}"
        element.tail = f" {element.tail or ''}"


def _is_chosen(table: Element, chosen: set[Element] | None) -> bool:
    if chosen is None or table in chosen:
        return True
    return any(element in chosen for element in table.iterancestors())


def _rows(table: Element) -> list[dict[str, str]] | None:
    """Return the rows of a table, None when it has no header that is not blank."""
    rows = list(_own_rows(table))
    headings = [row for row, section in rows if section == "thead"] or [row for row, _ in rows]
    headers = _texts(headings[0], "th") if headings else []
    if not headers and rows:
        headers = _texts(rows[0][0], "th")
    body = [row for row, section in rows if section == "tbody"] or [row for row, _ in rows]
    cells = [_texts(row, "td") for row in body if row.find("th") is None]
    return table_rows(headers, [row for row in cells if row])


def _own_rows(table: Element) -> Iterator[tuple[Element, str]]:
    """Yield the rows that are not a nested table's, with the element they stand in."""
    for row in table.iter("tr"):
        if next(row.iterancestors("table")) is table:
            yield row, next(row.iterancestors("thead", "tbody", "tfoot", "table")).tag


def _texts(row: Element, tag: str) -> list[str]:
    return [collapsed("".join(cell.itertext())) for cell in row.iterchildren(tag)]
