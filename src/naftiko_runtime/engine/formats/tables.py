"""Rows of HTML and Markdown tables as objects (language.md 7.11)."""

from collections.abc import Iterable, Sequence


def table_rows(
    headers: Sequence[str], rows: Iterable[Sequence[str]]
) -> list[dict[str, str]] | None:
    """Return each row as an object by header; None for a table without a header.

    Missing cells are empty, surplus cells are dropped, of equal headers the last one counts.
    """
    if not any(headers):
        return None
    return [
        {header: row[index] if index < len(row) else "" for index, header in enumerate(headers)}
        for row in rows
    ]


def collapsed(text: str) -> str:
    """Return a text with each run of white space as one space, trimmed."""
    return " ".join(text.split())
