"""Files that a document names, looked up on the disk (language.md 2.2, 4.2)."""

from collections.abc import Iterable
from os.path import realpath
from pathlib import Path
from urllib.parse import unquote

from naftiko_runtime.options import Settings


class DiskFiles:
    """Answers ``compiler.files.Files`` on a disk.

    ``document_folder`` is the folder of the served document; binds of imported files may lie
    there too.
    """

    def __init__(self, settings: Settings, document_folder: str | None = None) -> None:
        self._roots = (*settings.bind_roots, *([document_folder] if document_folder else []))

    def bind(self, location: str, folder: str) -> str | None:
        """Return the real path of a bind's file or folder; None outside the allowed folders."""
        path = real(self.locate(location, folder))
        return path if path is not None and is_below(path, (folder, *self._roots)) else None

    def confined(self, location: str, folder: str) -> str | None:
        """Return the real path of a file in or below ``folder``; None when it lies elsewhere."""
        path = real(self.locate(location, folder))
        return path if path is not None and is_below(path, (folder,)) else None

    def is_file(self, path: str) -> bool:
        return "\0" not in path and Path(path).is_file()

    def is_folder(self, path: str) -> bool:
        return "\0" not in path and Path(path).is_dir()

    def folder(self, location: str, folder: str) -> str | None:
        """Return the real path of an existing folder named by ``file://`` or a path; else None."""
        path = real(self.locate(location, folder))
        return path if path is not None and self.is_folder(path) else None

    def locate(self, location: str, folder: str) -> str:
        """Return the absolute path that ``file://`` or a path names, there or not."""
        return located(location, folder)


def located(location: str, folder: str) -> str:
    """Return the absolute path of ``file:///ABS``, ``file:///./p``, ``file://./p``, ``p``.

    Relative ones count from ``folder``; links are not resolved.
    """
    path = location
    if location.startswith("file://"):
        path = unquote(location.removeprefix("file://"))
        path = path.removeprefix("/") if path.startswith(("/./", "/../")) else path
    return str(Path(folder).absolute() / path)


def real(path: str) -> str | None:
    """Return a path with its links resolved; None for text that cannot be a path."""
    return None if "\0" in path else realpath(path)


def is_below(path: str, folders: Iterable[str]) -> bool:
    """Tell whether a real path is one of the folders or below it, their links resolved."""
    return any(Path(path).is_relative_to(realpath(folder)) for folder in folders)
