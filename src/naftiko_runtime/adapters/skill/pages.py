"""The answers that need a skill's folder; whatever touches the disk runs on a thread (SKL-4)."""

from typing import Final
from urllib.parse import quote, unquote_to_bytes

from anyio import to_thread
from starlette.concurrency import iterate_in_threadpool
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse

from naftiko_runtime.adapters.problems import Problem, invalid, not_found
from naftiko_runtime.adapters.skill.archive import archive
from naftiko_runtime.adapters.skill.document import MANIFEST
from naftiko_runtime.adapters.skill.files import (
    SkillFile,
    UnsafePathError,
    skill_file,
    skill_files,
)
from naftiko_runtime.plan.exposure import Skill

_GUARDED: Final = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox"}
"""What a skill's folder holds must not become a page of this origin."""


async def contents(skill: Skill) -> Response:
    """List the files."""
    files = await to_thread.run_sync(skill_files, skill)
    listed = [{"path": each.path, "size": each.size, "type": each.type} for each in files]
    return JSONResponse({"name": skill.name, "files": listed})


async def download(skill: Skill) -> Response:
    """Stream the skill as a zip archive."""
    files = await to_thread.run_sync(skill_files, skill)
    return StreamingResponse(
        iterate_in_threadpool(archive(files)),
        media_type="application/zip",
        headers={"Content-Disposition": _attachment(f"{skill.name}.zip")},
    )


async def manifest(skill: Skill) -> Response | Problem:
    """Return ``SKILL.md``, the folder's or the one that the runtime makes (SKL-5)."""
    return await _found(skill, MANIFEST)


async def file_page(skill: Skill, path: str) -> Response | Problem:
    """Return one file by its undecoded path; 400 when the path is unsafe (SKL-6)."""
    try:
        return await _found(skill, unquote_to_bytes(path).decode())
    except (UnicodeDecodeError, UnsafePathError):
        return invalid("the path names no file below the skill")


async def _found(skill: Skill, path: str) -> Response | Problem:
    file = await to_thread.run_sync(skill_file, skill, path)
    if file is None:
        return not_found(f"/skills/{quote(skill.name)}/contents/{quote(path)}")
    return _sent(file)


def _sent(file: SkillFile) -> Response:
    if file.real is None:
        return Response(file.content, media_type=file.type, headers=_GUARDED)
    return FileResponse(file.real, media_type=file.type, headers=_GUARDED)


def _attachment(name: str) -> str:
    """Return the disposition; a name that is no token stands percent-encoded (RFC 6266)."""
    if name.replace("-", "").replace("_", "").replace(".", "").isalnum() and name.isascii():
        return f'attachment; filename="{name}"'
    return f"attachment; filename*=UTF-8''{quote(name, safe='')}"
