"""What compiling must know about files; asked of whoever loaded the document.

The compiler reads no file itself: ``loading.files.DiskFiles`` answers on a disk, tests with a
dictionary.
"""

from typing import Protocol


class Files(Protocol):
    """Resolves locations of a document, relative to the folder that the location stands in."""

    def bind(self, location: str, folder: str) -> str | None:
        """Return the real path of a bind's file or folder; None outside the allowed folders."""
        ...

    def confined(self, location: str, folder: str) -> str | None:
        """Return the real path of a file in or below ``folder``; None when it lies elsewhere."""
        ...

    def is_file(self, path: str) -> bool: ...

    def is_folder(self, path: str) -> bool: ...

    def folder(self, location: str, folder: str) -> str | None:
        """Return the real path of an existing folder named by ``file://`` or a path; else None."""
        ...

    def locate(self, location: str, folder: str) -> str:
        """Return the absolute path that ``file://`` or a path names, there or not."""
        ...
