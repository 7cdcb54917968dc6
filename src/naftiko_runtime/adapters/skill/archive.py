"""A skill as a zip archive: streamed, and byte for byte the same while its files are."""

import io
import zipfile
from collections.abc import Iterator, Sequence
from typing import Final

from naftiko_runtime.adapters.skill.files import SkillFile

_CHUNK: Final = 64 * 1024
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The earliest time a zip can hold: real times differ between checkouts of the same files."""


class _Outlet(io.RawIOBase):
    """Collects what is written until it is taken; not seekable, so sizes follow the data."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: "bytes | bytearray | memoryview") -> int:  # type: ignore[override]
        self._pieces.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken


def archive(files: Sequence[SkillFile]) -> Iterator[bytes]:
    """Yield the archive in chunks; at most one chunk of one file is in memory.

    Entries are deflated, in the given order, relative to the skill's root (exposes.md SKL-4).
    """
    outlet = _Outlet()
    with zipfile.ZipFile(outlet, "w", zipfile.ZIP_DEFLATED) as target:
        for file in files:
            with target.open(_entry(file), "w") as entry:
                for chunk in _chunks(file):
                    entry.write(chunk)
                    if taken := outlet.take():
                        yield taken
    yield outlet.take()


def _entry(file: SkillFile) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(file.path, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 3  # Unix, so that the executable bit below is read
    entry.external_attr = (0o100755 if file.executable else 0o100644) << 16
    entry.file_size = file.size
    return entry


def _chunks(file: SkillFile) -> Iterator[bytes]:
    if file.real is None:
        yield file.content
        return
    with file.real.open("rb") as source:
        while chunk := source.read(_CHUNK):
            yield chunk
