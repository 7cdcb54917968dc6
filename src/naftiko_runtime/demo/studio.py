"""What the stand-in keeps: projects, tasks and annotations, export snapshots, and who may ask."""

import hashlib
import itertools
import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

from naftiko_runtime.demo.replies import not_found
from naftiko_runtime.values import Json, compact

USER: Json = {
    "id": 1,
    "first_name": "",
    "last_name": "",
    "email": "demo@example.com",
    "avatar": None,
}
NEWEST = 100


@dataclass(frozen=True, slots=True)
class Control:
    """A tag of a labelling configuration that produces results."""

    name: str
    kind: str
    labels: tuple[str, ...]
    variable: str


@dataclass(slots=True)
class Task:
    """One thing to label, and how it was labelled."""

    id: int
    project: int
    inner_id: int
    data: Json
    meta: Json
    created_at: str
    updated_at: str
    updated_by: int | None = None
    file_upload: str | None = None
    annotations: list[dict[str, Json]] = field(default_factory=list)
    predictions: list[dict[str, Json]] = field(default_factory=list)


@dataclass(slots=True)
class Project:
    """Tasks that share a labelling configuration."""

    id: int
    title: str
    description: str
    label_config: str
    created_at: str
    tasks: list[Task] = field(default_factory=list)

    @property
    def controls(self) -> tuple[Control, ...]:
        """The controls of the configuration, in document order."""
        return controls_of(self.label_config)


@dataclass(slots=True)
class Snapshot:
    """An export of a project as it was, and the formats it was converted to."""

    id: int
    project: int
    title: str
    created_at: str
    finished_at: str
    tasks: list[Json]
    conversions: list[dict[str, Json]] = field(default_factory=list)

    @property
    def md5(self) -> str:
        """The digest that names the files of this snapshot."""
        return digest_of(self.tasks)

    def spaced_json(self) -> bytes:
        """Return the tasks as the snapshot's file holds them, with blanks between."""
        return json.dumps(self.tasks, ensure_ascii=False).encode()


class Studio:
    """All that a stand-in remembers; it lives as long as the process that made it."""

    def __init__(self) -> None:
        self.projects: dict[int, Project] = {}
        self.tasks: dict[int, Task] = {}
        self.snapshots: dict[int, Snapshot] = {}
        self.uploads: dict[str, bytes] = {}
        self.webhooks: dict[int, dict[str, Json]] = {}
        self._ids: Mapping[str, Iterator[int]] = {
            kind: itertools.count(1)
            for kind in (
                "project",
                "task",
                "annotation",
                "prediction",
                "snapshot",
                "conversion",
                "webhook",
            )
        }

    def next_id(self, kind: str) -> int:
        """Return the next number of a kind; numbers are never used again."""
        return next(self._ids[kind])

    def project(self, number: int) -> Project:
        """Return a project; raises `Refused` 404."""
        if number not in self.projects:
            raise not_found("Project")
        return self.projects[number]

    def snapshot(self, project: int, number: int) -> Snapshot:
        """Return a snapshot of a project that exists; raises `Refused` 404."""
        self.project(project)
        found = self.snapshots.get(number)
        if found is None or found.project != project:
            raise not_found("Export")
        return found

    def snapshots_of(self, project: int) -> list[Snapshot]:
        """Return the newest hundred snapshots of a project, newest first."""
        self.project(project)
        found = [s for s in self.snapshots.values() if s.project == project]
        return found[::-1][:NEWEST]

    def create_project(self, title: str, label_config: str, description: str = "") -> Project:
        """Add a project without tasks."""
        project = Project(self.next_id("project"), title, description, label_config, now())
        self.projects[project.id] = project
        return project

    def import_tasks(self, project: Project, tasks: Sequence[Json]) -> list[Task]:
        """Add tasks, with the annotations and predictions that come with them."""
        return [self._import_task(project, task) for task in tasks]

    def upload(self, project: Project, name: str, content: bytes) -> Task:
        """Keep a file and add the task that shows it."""
        stored = f"{uuid4().hex[:8]}-{name}"
        self.uploads[f"/data/upload/{project.id}/{stored}"] = content
        variable = next((c.variable for c in project.controls), "image")
        task = {"data": {variable: f"/data/upload/{project.id}/{stored}"}}
        (added,) = self.import_tasks(project, [task])
        added.file_upload = stored
        return added

    def annotate(self, task: Task, annotation: Json, *, imported: bool = False) -> dict[str, Json]:
        """Add an annotation; imported ones are ground truth unless they say otherwise."""
        result = annotation.get("result", [])
        moment = now()
        added: dict[str, Json] = {
            "id": self.next_id("annotation"),
            "completed_by": USER["id"],
            "result": result,
            "was_cancelled": annotation.get("was_cancelled", False),
            "ground_truth": annotation.get("ground_truth", imported),
            "created_at": moment,
            "updated_at": moment,
            "draft_created_at": None,
            "lead_time": annotation.get("lead_time"),
            "prediction": {},
            "result_count": 0 if imported else len(result),
            "unique_id": str(uuid4()),
            "import_id": None,
            "last_action": None,
            "bulk_created": False,
            "task": task.id,
            "project": task.project,
            "updated_by": None if imported else USER["id"],
            "parent_prediction": None,
            "parent_annotation": None,
            "last_created_by": None,
        }
        task.annotations.append(added)
        if not imported:
            task.updated_at, task.updated_by = moment, USER["id"]
        return added

    def create_snapshot(self, project: Project, title: str, tasks: list[Json]) -> Snapshot:
        """Keep an export of a project; it is complete at once."""
        moment = now()
        named = title or f"{project.title}-at-{datetime.now(UTC):%Y-%m-%d-%H-%M}"
        number = self.next_id("snapshot")
        snapshot = Snapshot(number, project.id, named, moment, now(), tasks)
        self.snapshots[number] = snapshot
        return snapshot

    def _import_task(self, project: Project, source: Json) -> Task:
        moment = now()
        number = self.next_id("task")
        data, meta = source.get("data", source), source.get("meta", {})
        task = Task(number, project.id, len(project.tasks) + 1, data, meta, moment, moment)
        project.tasks.append(task)
        self.tasks[number] = task
        for annotation in source.get("annotations", []):
            self.annotate(task, annotation, imported=True)
        for prediction in source.get("predictions", []):
            task.predictions.append({"id": self.next_id("prediction")} | prediction)
        return task


def controls_of(label_config: str) -> tuple[Control, ...]:
    """Return the controls of a configuration; raises `ET.ParseError`."""
    root = ET.fromstring(label_config)  # noqa: S314 - the caller's own text, on loopback
    variables = {
        tag.get("name"): tag.get("value", "").removeprefix("$")
        for tag in root.iter()
        if tag.get("value", "").startswith("$")
    }
    return tuple(
        Control(
            tag.get("name", ""),
            tag.tag,
            tuple(child.get("value", "") for child in tag),
            variables.get(tag.get("toName"), ""),
        )
        for tag in root.iter()
        if tag.get("toName")
    )


def digest_of(tasks: Json) -> str:
    """Return the digest that Label Studio puts into the names of export files."""
    return hashlib.md5(compact(tasks).encode(), usedforsecurity=False).hexdigest()


def now() -> str:
    """Return this moment in UTC, as the API writes it."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
