"""Hooks of mkdocs: the order of the pages, and links to files that are not part of the site."""

import re
from pathlib import Path
from typing import Any, Final

ORDER: Final = {
    "Begin": ("index", "quickstart", "migrating", "faq"),
    "Guides": ("rest", "mcp", "skills", "control", "orchestration", "openapi-import"),
    "Reference": (
        "document-reference", "requests", "values", "cli", "lint", "diagnostics", "corpus",
    ),
    "Run": ("deployment", "operations", "security", "performance"),
}  # fmt: skip
"""Pages by section; one that does not exist is left out, one that is not named comes last."""
_OUTSIDE: Final = re.compile(r"(?<!!)\[([^\]]+)\]\(\.\./([^)\s]+)\)")


def on_config(config: Any, **_: Any) -> Any:
    """Make the navigation from the pages that there are."""
    folder = Path(config["docs_dir"])
    present = {path.relative_to(folder).as_posix() for path in folder.rglob("*.md")}
    named = [f"{name}.md" for names in ORDER.values() for name in names]
    sections = {
        title: [f"{name}.md" for name in names if f"{name}.md" in present]
        for title, names in ORDER.items()
    }
    sections["More"] = sorted(present.difference(named))
    config["nav"] = [{title: pages} for title, pages in sections.items() if pages]
    return config


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Name files of the repository instead of linking to them: they are not in the site."""
    return _OUTSIDE.sub(lambda m: m[1] if f"`{m[2]}`" == m[1] else f"{m[1]} (`{m[2]}`)", markdown)
