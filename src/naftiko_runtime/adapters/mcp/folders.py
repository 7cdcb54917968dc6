"""Files of a folder as resources: what may be listed and read, and nothing outside (MCP-26)."""

import mimetypes
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote

from naftiko_runtime.values import Json

MOST_FILES: Final = 1000
_TEXTUAL: Final = frozenset(
    {
        "application/javascript",
        "application/json",
        "application/sql",
        "application/toml",
        "application/x-ndjson",
        "application/x-sh",
        "application/xml",
        "application/yaml",
    }
)
_KNOWN: Final = {
    ".jsonl": "application/x-ndjson",
    ".md": "text/markdown",
    ".ndjson": "application/x-ndjson",
    ".toml": "application/toml",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
}


class TooLarge(Exception):
    """A file exceeds what may be read at once."""


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A regular file: its path under the folder with ``/``, and its size in bytes."""

    relative: str
    size: int


def media_type_of(name: str) -> str:
    """Return the media type that a file's extension says."""
    known = _KNOWN.get(os.path.splitext(name)[1].lower())  # noqa: PTH122 - a name, not a path
    return known or mimetypes.guess_type(name)[0] or "application/octet-stream"


def files_of(folder: str) -> tuple[list[FoundFile], bool]:
    """Return the regular files under a folder, sorted, and whether there are more than allowed.

    Hidden files and folders and links that lead outside are left out. A missing folder has none;
    its name is empty.
    """
    if not folder:
        return [], False
    root = Path(folder).resolve()
    found: list[FoundFile] = []
    for path in _walk(root):
        if len(found) == MOST_FILES:
            return found, True
        try:
            size = path.stat().st_size
        except OSError:
            continue
        found.append(FoundFile(path.relative_to(root).as_posix(), size))
    return found, False


def _walk(root: Path) -> Iterator[Path]:
    """Yield the allowed files in the order of their relative paths."""
    for folder, names, files in os.walk(root):
        names[:] = sorted(name for name in names if not name.startswith("."))
        for name in sorted(files):
            path = Path(folder) / name
            if not name.startswith(".") and _inside(root, path):
                yield path


def _inside(root: Path, path: Path) -> bool:
    """Return whether a path is a regular file that really lies under the root."""
    real = path.resolve()
    return real.is_relative_to(root) and real.is_file()


def uri_of(base: str, relative: str) -> str:
    """Return the URI of a file: the folder's, then the percent-encoded relative path."""
    return f"{base.rstrip('/')}/{quote(relative)}"


def path_in(folder: str, base: str, uri: str) -> Path | None:
    """Return the real path of the file that a URI names, None for everything not allowed."""
    prefix = base.rstrip("/") + "/"
    if not folder or not uri.startswith(prefix):
        return None
    relative = unquote(uri[len(prefix) :])
    if "\\" in relative or "\0" in relative:
        return None
    segments = relative.split("/")
    if any(segment == "" or segment.startswith(".") for segment in segments):
        return None
    root = Path(folder).resolve()
    path = root.joinpath(*segments)
    return path.resolve() if _inside(root, path) else None


def contents_of(path: Path, limit: int) -> tuple[str, bytes]:
    """Return the media type and bytes of a file; raise ``TooLarge`` over ``limit`` bytes."""
    with path.open("rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise TooLarge
    return media_type_of(path.name), data


def text_in(media_type: str, data: bytes) -> str | None:
    """Return the bytes as text when the type is textual and they are UTF-8."""
    is_textual = (
        media_type.startswith("text/")
        or media_type in _TEXTUAL
        or media_type.endswith(("+json", "+xml"))
    )
    if not is_textual:
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


def listed_file(name: str, title: str | None, uri: str, file: FoundFile) -> dict[str, Json]:
    """Return one entry of ``resources/list``."""
    entry: dict[str, Json] = {
        "mimeType": media_type_of(file.relative),
        "name": f"{name}/{file.relative}",
        "size": file.size,
        "uri": uri,
    }
    return entry if title is None else entry | {"title": title}
