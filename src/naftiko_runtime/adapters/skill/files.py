"""The files of a skill's folder: which may be seen, of what type, and where they really are."""

import mimetypes
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from naftiko_runtime.adapters.skill.document import MANIFEST, skill_document
from naftiko_runtime.plan.exposure import Skill

_TYPES: Final = mimetypes.MimeTypes(filenames=())
for _ending, _type in {
    ".md": "text/markdown",
    ".yml": "application/yaml",
    ".yaml": "application/yaml",
    ".toml": "application/toml",
    ".jsonl": "application/jsonl",
    ".sh": "text/x-shellscript",
    ".ts": "text/plain",
}.items():
    _TYPES.add_type(_type, _ending)

_DRIVE: Final = re.compile(r"[A-Za-z]:")


class UnsafePathError(ValueError):
    """A path that must not be looked up at all (exposes.md SKL-6)."""


@dataclass(frozen=True, slots=True)
class SkillFile:
    """One file of a skill: on disk, or (``content``) made by the runtime."""

    path: str
    size: int
    type: str
    real: Path | None = None
    executable: bool = False
    content: bytes = b""


def skill_files(skill: Skill) -> list[SkillFile]:
    """List what may be seen of a skill, sorted by path: no hidden file, no link that leads out.

    ``SKILL.md`` is always there; the runtime makes it when the folder has none (exposes.md SKL-5).
    """
    found = [] if skill.folder is None else list(_walk(Path(os.path.realpath(skill.folder))))
    if not any(file.path == MANIFEST for file in found):
        found.append(made_document(skill))
    return sorted(found, key=lambda file: file.path)


def skill_file(skill: Skill, path: str) -> SkillFile | None:
    """Return one file by its decoded relative path, or None when there is none.

    Raises ``UnsafePathError`` (exposes.md SKL-6).
    """
    segments = path.split("/")
    if any(_unsafe(segment) for segment in segments):
        raise UnsafePathError(path)
    found = None if skill.folder is None else _on_disk(Path(skill.folder), segments)
    return made_document(skill) if found is None and path == MANIFEST else found


def made_document(skill: Skill) -> SkillFile:
    """Return the ``SKILL.md`` that the runtime makes."""
    content = skill_document(skill).encode()
    return SkillFile(MANIFEST, len(content), "text/markdown", content=content)


def media_type(name: str) -> str:
    """Return the media type by extension, the same on every machine."""
    guessed, encoding = _TYPES.guess_type(name, strict=False)
    return guessed if guessed and encoding is None else "application/octet-stream"


def _unsafe(segment: str) -> bool:
    return (
        segment in {"", ".", ".."}
        or "\\" in segment
        or "\0" in segment
        or _DRIVE.match(segment) is not None
    )


def _on_disk(folder: Path, segments: list[str]) -> SkillFile | None:
    root = Path(os.path.realpath(folder))
    real = Path(os.path.realpath(root.joinpath(*segments)))
    if not real.is_relative_to(root):
        raise UnsafePathError("/".join(segments))
    if any(segment.startswith(".") for segment in segments) or not real.is_file():
        return None
    return _described(real, "/".join(segments))


def _described(real: Path, path: str) -> SkillFile:
    stat = real.stat()
    return SkillFile(path, stat.st_size, media_type(path), real, bool(stat.st_mode & 0o100))


def _walk(root: Path) -> Iterator[SkillFile]:
    """Yield the regular files below a real folder, each folder once however it is linked."""
    seen: set[str] = set()
    pending = [(root, "")]
    while pending:
        folder, prefix = pending.pop()
        real = os.path.realpath(folder)
        if real in seen or not Path(real).is_relative_to(root):
            continue
        seen.add(real)
        for entry in _entries(real):
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                pending.append((Path(entry.path), f"{prefix}{entry.name}/"))
            elif entry.is_file() and _inside(entry.path, root):
                yield _described(Path(os.path.realpath(entry.path)), f"{prefix}{entry.name}")


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except (FileNotFoundError, NotADirectoryError):  # removed since the document was loaded
        return []


def _inside(path: str, root: Path) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(root)
