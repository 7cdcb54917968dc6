"""``--fix``: what can be mended without changing a meaning, in the text itself.

The text is edited at the place of the value, so comments, order and quoting stay. Only trailing
slashes are mended: one route with or without (dialect.md T13d), one URL by language.md 4.4.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from naftiko_runtime.errors import Diagnostic
from naftiko_runtime.tree import Items, Node, text_of

FIXABLE: Final = frozenset(
    ["lint/consumes-baseuri-no-trailing-slash", "lint/rest-resource-path-no-trailing-slash"]
)
_BASE_URI: Final = "lint/consumes-baseuri-no-trailing-slash"
_UNJOINED: Final = ("?", "#", ":")


def fixed(text: str, source: Any, findings: Iterable[Diagnostic], file: str) -> tuple[str, int]:
    """Return a document's text with the mendable findings mended, and how many were.

    ``source`` is the tree of ``text``; what it does not hold as it stands (an alias, a folded
    text) is left alone.
    """
    lines = text.splitlines(keepends=True)
    spots = {
        (each.place.line, each.place.column, each.place.pointer)
        for each in findings
        if each.code in FIXABLE and each.place.file == file and _is_safe(each, source)
    }
    done = 0
    for line, column, pointer in sorted(spots, reverse=True):
        value = text_of(at_pointer(source, pointer))
        new = _trimmed(lines, line, column, value) if value is not None else None
        if new is not None:
            lines[line - 1] = new
            done += 1
    return "".join(lines), done


def _trimmed(lines: Sequence[str], line: int, column: int, value: str) -> str | None:
    """Return a line without the slashes at the end of the value that begins at a column."""
    if line > len(lines):
        return None
    written = lines[line - 1]
    start = column - 1
    start += written[start : start + 1] in ('"', "'")
    end = start + len(value)
    if written[start:end] != value:
        return None
    return written[:start] + (value.rstrip("/") or "/") + written[end:]


def at_pointer(tree: Any, pointer: str) -> Any:
    """Return the value at a JSON pointer of a tree; None when it is not there."""
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(tree, Node):
            tree = tree.get(key)
        elif isinstance(tree, Items) and key.isdecimal() and int(key) < len(tree):
            tree = tree[int(key)]
        else:
            return None
    return tree


def _is_safe(finding: Diagnostic, source: Any) -> bool:
    """Tell whether a slash means nothing: a base URI's may be part of the URL (4.4)."""
    if finding.code != _BASE_URI:
        return True
    adapter = at_pointer(source, finding.place.pointer.rpartition("/")[0])
    resources = adapter.get("resources") if isinstance(adapter, Node) else None
    members = resources.values() if isinstance(resources, Node) else resources
    return all(
        _joins(text_of(each.get("path"))) for each in members or () if isinstance(each, Node)
    )


def _joins(path: str | None) -> bool:
    return bool(path) and not (path or "").startswith(_UNJOINED)
