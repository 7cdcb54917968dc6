"""Projects, tasks and annotations: enough of them to seed a stand-in the way the real server is."""

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from naftiko_runtime.demo.bodies import body_of, fields_of, project_title, uploads_of
from naftiko_runtime.demo.replies import Refused, invalid, json_reply, not_found
from naftiko_runtime.demo.studio import USER, Control, Project, Studio, Task, controls_of
from naftiko_runtime.values import Json

PAGE_SIZE = 100
DEFAULTS: dict[str, Json] = {
    "expert_instruction": "",
    "show_instruction": False,
    "show_skip_button": True,
    "enable_empty_annotation": True,
    "show_annotation_history": False,
    "organization": 1,
    "color": "#FFFFFF",
    "maximum_annotations": 1,
    "is_published": False,
    "model_version": "",
    "is_draft": False,
}


@dataclass(frozen=True, slots=True)
class Projects:
    """The operations; each raises `Refused` for what it does not answer."""

    studio: Studio

    async def list(self, request: Request) -> Response:
        """`GET projects/`: a page of projects, newest first."""
        newest = list(self.studio.projects.values())[::-1]
        return json_reply(_page(request, [shown(project) for project in newest]))

    async def create(self, request: Request) -> Response:
        """`POST projects/`."""
        fields = await fields_of(request)
        title = project_title(fields)
        config = _label_config(fields.get("label_config") or "<View></View>")
        project = self.studio.create_project(title, config, fields.get("description", ""))
        return json_reply(shown(project), 201)

    async def get(self, request: Request) -> Response:
        """`GET projects/{id}/`."""
        return json_reply(shown(self.studio.project(request.path_params["id"])))

    async def import_tasks(self, request: Request) -> Response:
        """`POST projects/{id}/import`: a JSON array of tasks, or files, one task each."""
        project = self.studio.project(request.path_params["id"])
        uploads = await uploads_of(request)
        added = [self.studio.upload(project, name, content) for name, content in uploads]
        if not uploads:
            sources = _importable(project, await body_of(request))
            added = self.studio.import_tasks(project, sources)
        ids = {"task_ids": [task.id for task in added]}
        wanted = request.query_params.get("return_task_ids") == "true"
        return json_reply(_import_report(added) | (ids if wanted else {}), 201)

    async def list_tasks(self, request: Request) -> Response:
        """`GET tasks/?project=`: tasks in the order of their numbers."""
        number = request.query_params.get("project", "")
        if not number.isdigit():
            return json_reply({"detail": "Neither project nor view id specified"}, 404)
        tasks = self.studio.project(int(number)).tasks
        return json_reply(
            {
                "total_annotations": sum(_done(task) for task in tasks),
                "total_predictions": sum(len(task.predictions) for task in tasks),
                "total": len(tasks),
                "tasks": _page(request, [_listed(task) for task in tasks])["results"],
            }
        )

    async def create_task(self, request: Request) -> Response:
        """`POST tasks/`."""
        fields = await fields_of(request)
        if not isinstance(fields.get("project"), int):
            raise invalid({"project": ["This field is required."]})
        project = self.studio.project(fields["project"])
        (added,) = self.studio.import_tasks(project, _importable(project, [fields]))
        return json_reply(_listed(added), 201)

    async def get_task(self, request: Request) -> Response:
        """`GET tasks/{id}/`."""
        task = self._task(request)
        people = sorted({a["completed_by"] for a in task.annotations})
        whole = {"annotations": task.annotations, "predictions": task.predictions}
        return json_reply(_listed(task) | whole | {"annotators": people})

    async def annotate(self, request: Request) -> Response:
        """`POST tasks/{id}/annotations/`."""
        task = self._task(request)
        added = self.studio.annotate(task, await fields_of(request))
        hidden = ("prediction", "result_count", "unique_id")
        who = {"created_username": f" {USER['email']}, {USER['id']}", "created_ago": "0 minutes"}
        return json_reply({k: v for k, v in (added | who).items() if k not in hidden}, 201)

    def _task(self, request: Request) -> Task:
        found = self.studio.tasks.get(request.path_params["id"])
        if found is None:
            raise not_found("Task")
        return found


def shown(project: Project) -> dict[str, Json]:
    """Return a project as the API shows it."""
    return {
        "id": project.id,
        "title": project.title,
        "description": project.description,
        "label_config": project.label_config,
        **DEFAULTS,
        "created_by": USER,
        "created_at": project.created_at,
        "task_number": len(project.tasks),
        "num_tasks_with_annotations": sum(bool(task.annotations) for task in project.tasks),
        "total_annotations_number": sum(_done(task) for task in project.tasks),
        "total_predictions_number": sum(len(task.predictions) for task in project.tasks),
        "parsed_label_config": {control.name: _parsed(control) for control in project.controls},
    }


def _parsed(control: Control) -> Json:
    return {"type": control.kind, "labels": list(control.labels)}


def _label_config(text: str) -> str:
    try:
        controls = controls_of(text)
    except ET.ParseError as exc:
        raise invalid({"label_config": [f"Validation failed on : {exc}"]}) from exc
    if any(control.kind == "Choices" and not control.labels for control in controls):
        problem = "Validation failed on : 'Choice' is a required property"
        raise invalid({"label_config": [problem]})
    return text


def _importable(project: Project, sources: Json) -> list[Json]:
    listed: list[Json] = sources if isinstance(sources, list) else [sources]
    if not listed:
        raise invalid({"non_field_errors": ["load_tasks: No tasks added"]})
    wanted = sorted({control.variable for control in project.controls if control.variable})
    for number, source in enumerate(listed):
        for name in wanted:
            if name not in source.get("data", source):
                problem = f'Error at item {number}: "{name}" key is expected in task data'
                raise invalid({"non_field_errors": [problem]})
    return listed


def _import_report(tasks: Sequence[Task]) -> dict[str, Json]:
    return {
        "task_count": len(tasks),
        "annotation_count": sum(len(task.annotations) for task in tasks),
        "prediction_count": sum(len(task.predictions) for task in tasks),
        "duration": 0.01,
        "file_upload_ids": [task.id for task in tasks if task.file_upload],
        "could_be_tasks_list": False,
        "found_formats": [],
        "data_columns": [],
    }


def _listed(task: Task) -> dict[str, Json]:
    return {
        "id": task.id,
        "drafts": [],
        "annotators": [],
        "inner_id": task.inner_id,
        "cancelled_annotations": len(task.annotations) - _done(task),
        "total_annotations": _done(task),
        "total_predictions": len(task.predictions),
        "file_upload": task.file_upload,
        "data": task.data,
        "meta": task.meta,
        "created_at": task.created_at,
        "updated_at": task.updated_at,
        "is_labeled": bool(task.annotations),
        "overlap": 1,
        "project": task.project,
        "comment_authors": [],
    }


def _done(task: Task) -> int:
    return sum(not annotation["was_cancelled"] for annotation in task.annotations)


def _page(request: Request, items: Sequence[Json]) -> dict[str, Json]:
    number = _number(request.query_params.get("page"), 1)
    size = _number(request.query_params.get("page_size"), PAGE_SIZE)
    start = (number - 1) * size
    if number > 1 and start >= len(items):
        raise Refused(404, "Invalid page.")
    more = start + size < len(items)
    return {
        "count": len(items),
        "next": str(request.url.include_query_params(page=number + 1)) if more else None,
        "previous": str(request.url.include_query_params(page=number - 1)) if start else None,
        "results": list(items[start : start + size]),
    }


def _number(text: str | None, default: int) -> int:
    return int(text) if text is not None and text.isdigit() and int(text) > 0 else default
