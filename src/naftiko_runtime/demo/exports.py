"""The eight export operations of Label Studio over a `Studio`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from naftiko_runtime.demo.bodies import boolean, fields_of, snapshot_options
from naftiko_runtime.demo.export import exported, snapshot_tasks
from naftiko_runtime.demo.formats import FORMATS, listed
from naftiko_runtime.demo.replies import Refused, invalid, json_reply, not_found
from naftiko_runtime.demo.studio import USER, Snapshot, Studio, Task, digest_of, now
from naftiko_runtime.demo.tables import Sources
from naftiko_runtime.values import Json

CHUNK = 64 * 1024
RANGE = re.compile(r"bytes=(\d*)-(\d*)")
NO_OUTPUT = (
    "set_convert_background_failure() missing 1 required positional argument: 'traceback_obj'"
)
EMPTY_ZIP_BYTES = 22


@dataclass(frozen=True, slots=True)
class Exports:
    """The operations; each raises `Refused` for what it does not answer."""

    studio: Studio

    async def download_now(self, request: Request) -> Response:
        """`GET export`: the project's tasks in a format, with Content-Length."""
        project = self.studio.project(request.path_params["id"])
        query = request.query_params
        everything = boolean("download_all_tasks", query.get("download_all_tasks") or "false")
        resources = boolean("download_resources", query.get("download_resources") or "true")
        name = query.get("exportType") or query.get("export_type") or "JSON"
        if name not in FORMATS:
            raise Refused(500, "")
        chosen = _asked(project.tasks, query.getlist("ids[]"))
        tasks = [exported(task) for task in chosen if everything or task.annotations]
        images = self.studio.uploads if FORMATS[name].shows_images(asked=resources) else {}
        body = FORMATS[name].write(Sources(tasks, project.controls, images))
        extension = FORMATS[name].extension
        file = _file_name(project.id, now(), digest_of(tasks), extension)
        kind = "application/zip" if extension == "zip" else f"application/.{extension}"
        return Response(body, headers=_named(file), media_type=kind)

    async def formats(self, request: Request) -> Response:
        """`GET export/formats`."""
        return json_reply(listed(self.studio.project(request.path_params["id"]).controls))

    async def files(self, request: Request) -> Response:
        """`GET export/files`, which knows nothing in this edition."""
        self.studio.project(request.path_params["id"])
        return json_reply({"export_files": []})

    async def list(self, request: Request) -> Response:
        """`GET exports/`: the newest hundred; ordering and paging are ignored."""
        return json_reply([entry(s) for s in self.studio.snapshots_of(request.path_params["id"])])

    async def create(self, request: Request) -> Response:
        """`POST exports/`: the body is checked before the project."""
        options = snapshot_options(await fields_of(request))
        project = self.studio.project(request.path_params["id"])
        tasks = snapshot_tasks(project.tasks, options)
        snapshot = self.studio.create_snapshot(project, options["title"], tasks)
        unset = ("task_filter_options", "annotation_filter_options", "serialization_options")
        return json_reply(entry(snapshot) | dict.fromkeys(unset), 201)

    async def get(self, request: Request) -> Response:
        """`GET exports/{export_pk}`."""
        return json_reply(entry(self._snapshot(request)))

    async def delete(self, request: Request) -> Response:
        """`DELETE exports/{export_pk}`."""
        del self.studio.snapshots[self._snapshot(request).id]
        return Response(status_code=204)

    async def convert(self, request: Request) -> Response:
        """`POST convert`: the project of the path is not looked at."""
        snapshot = self.studio.snapshots.get(request.path_params["export_pk"])
        if snapshot is None:
            raise not_found("Export")
        fields = await fields_of(request)
        boolean("download_resources", fields.get("download_resources", False))
        name = _convertible(snapshot, fields)
        number = self.studio.next_id("conversion")
        produced = len(self._content(snapshot, name)) > EMPTY_ZIP_BYTES
        status = "completed" if produced or FORMATS[name].extension != "zip" else "in_progress"
        snapshot.conversions.append(
            {"id": number, "status": status, "export_type": name, "traceback": None}
        )
        if status == "in_progress":
            raise Refused(500, NO_OUTPUT)
        return json_reply({"export_type": name, "converted_format": number})

    async def download(self, request: Request) -> Response:
        """`GET download`: made anew each time, without Content-Length unless a range is asked."""
        snapshot = self._snapshot(request)
        asked = request.query_params.get("exportType")
        name = "JSON" if asked is None else asked
        if name not in FORMATS:
            raise Refused(500, "")
        extension = FORMATS[name].extension
        body = self._content(snapshot, name)
        if extension == "zip" and len(body) == EMPTY_ZIP_BYTES:
            raise not_found("Export")
        file = _file_name(snapshot.project, snapshot.created_at, snapshot.md5, extension)
        headers = _named(file if asked else f"export/{snapshot.project}/{file}")
        return _ranged(request.headers.get("range"), body, headers, f"application/{extension}")

    def _snapshot(self, request: Request) -> Snapshot:
        return self.studio.snapshot(request.path_params["id"], request.path_params["export_pk"])

    def _content(self, snapshot: Snapshot, name: str) -> bytes:
        if name == "JSON":
            return snapshot.spaced_json()
        controls = self.studio.project(snapshot.project).controls
        return FORMATS[name].write(Sources(snapshot.tasks, controls, {}))


def entry(snapshot: Snapshot) -> dict[str, Json]:
    """Return a snapshot as the list shows it."""
    return {
        "title": snapshot.title,
        "id": snapshot.id,
        "created_by": USER,
        "created_at": snapshot.created_at,
        "finished_at": snapshot.finished_at,
        "status": "completed",
        "md5": snapshot.md5,
        "counters": {"task_number": len(snapshot.tasks)},
        "converted_formats": list(snapshot.conversions),
    }


def _asked(tasks: Sequence[Task], ids: Sequence[str]) -> list[Task]:
    for text in ids:
        if not text.isdigit():
            raise Refused(500, f"Field 'id' expected a number but got '{text}'.")
    wanted = {int(text) for text in ids} or {task.id for task in tasks}
    return [task for task in tasks if task.id in wanted]


def _convertible(snapshot: Snapshot, fields: dict[str, Json]) -> str:
    name = fields.get("export_type")
    if name is None:
        raise invalid({"export_type": ["This field is required."]})
    if name not in FORMATS:
        raise invalid({"export_type": [f"{name} is not supported export format"]})
    if any(each["export_type"] == name for each in snapshot.conversions):
        raise invalid({"non_field_errors": [f"Conversion to {name} already started"]})
    return str(name)


def _file_name(project: int, moment: str, md5: str, extension: str) -> str:
    minute = datetime.fromisoformat(moment).strftime("%Y-%m-%d-%H-%M")
    return f"project-{project}-at-{minute}-{md5[:8]}.{extension}"


def _named(file: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{file}"', "filename": file}


def _ranged(asked: str | None, body: bytes, headers: dict[str, str], kind: str) -> Response:
    found = RANGE.fullmatch(asked or "")
    if found is None or found.group() == "bytes=-":
        return _streamed(body, headers, kind)
    headers = headers | {"Accept-Ranges": "bytes"}
    start, end = _bounds(found, len(body))
    if start < len(body):
        headers["Content-Range"] = f"bytes {start}-{end}/{len(body)}"
        return Response(body[start : end + 1], 206, headers, kind)
    return _streamed(body, headers, kind, 416 if found.group(2) else 200)


def _bounds(found: re.Match[str], length: int) -> tuple[int, int]:
    first, last = found.groups()
    if not first:
        return max(0, length - int(last)), length - 1
    return int(first), min(int(last or length), length - 1)


def _streamed(body: bytes, headers: dict[str, str], kind: str, status: int = 200) -> Response:
    pieces = (body[i : i + CHUNK] for i in range(0, len(body), CHUNK))
    return StreamingResponse(pieces, status, headers, kind)
