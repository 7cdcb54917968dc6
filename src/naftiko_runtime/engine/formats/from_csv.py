"""Comma, tab and pipe separated answers (language.md 7.9)."""

import csv
import io
from typing import Final

from naftiko_runtime.engine.formats.charset import text_of_body
from naftiko_runtime.errors import UndecodableResponse

SEPARATORS: Final = {"csv": ",", "tsv": "\t", "psv": "|"}

# the reader's own limit of 128 KiB a cell is one for the process; bodies have theirs (7.4)
csv.field_size_limit(2**31 - 1)


def decode_csv(body: bytes, content_type: str | None, separator: str) -> list[dict[str, str]]:
    """Return the rows of a body as objects by the names of its first line.

    Raises ``UndecodableResponse`` for quotes that do not end or have text behind them.
    """
    text = text_of_body(body, content_type)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        rows = [row for row in lines if row]
    except csv.Error as error:
        raise UndecodableResponse(
            f"the answer is no table with {separator!r}: line {lines.line_num}: {error}"
        ) from error
    names = [name.strip() for name in rows[0]] if rows else []
    return [dict(zip(names, row, strict=False)) for row in rows[1:]]
