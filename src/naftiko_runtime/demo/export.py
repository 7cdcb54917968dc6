"""Tasks as an export holds them: which ones, and with which members."""

from collections.abc import Callable, Sequence

from naftiko_runtime.demo.studio import USER, Task
from naftiko_runtime.values import Json

PERSON = {key: USER[key] for key in ("id", "email", "first_name", "last_name")}


def exported(task: Task) -> dict[str, Json]:
    """Return a task with its annotations, as the JSON format writes it."""
    cancelled = [a for a in task.annotations if a["was_cancelled"]]
    upload = {"file_upload": task.file_upload} if task.file_upload else {}
    return {
        "id": task.id,
        "annotations": [dict(annotation) for annotation in task.annotations],
        **upload,
        "drafts": [],
        "predictions": [prediction["id"] for prediction in task.predictions],
        "data": task.data,
        "meta": task.meta,
        "created_at": task.created_at,
        "updated_at": task.updated_at,
        "allow_skip": True,
        "inner_id": task.inner_id,
        "total_annotations": len(task.annotations) - len(cancelled),
        "cancelled_annotations": len(cancelled),
        "total_predictions": len(task.predictions),
        "comment_count": 0,
        "unresolved_comment_count": 0,
        "last_comment_updated_at": None,
        "project": task.project,
        "updated_by": task.updated_by,
        "comment_authors": [],
    }


def snapshot_tasks(tasks: Sequence[Task], options: Json) -> list[Json]:
    """Return the tasks of a snapshot, chosen and written by the options of its request."""
    chosen = [task for task in tasks if _wanted(task, options.get("task_filter_options") or {})]
    kept = _annotation_filter(options.get("annotation_filter_options"))
    people = (options.get("serialization_options") or {}).get("annotations__completed_by", {})
    return [_written(task, kept, by_id=people.get("only_id", True)) for task in chosen]


def _wanted(task: Task, filters: Json) -> bool:
    facts = {
        "skipped": any(a["was_cancelled"] for a in task.annotations),
        "finished": any(not a["was_cancelled"] for a in task.annotations),
        "annotated": any(not a["was_cancelled"] for a in task.annotations),
    }
    matches = all(facts[name] == (filters[name] == "only") for name in facts if filters.get(name))
    return matches and (bool(task.annotations) or not filters.get("only_with_annotations"))


def _annotation_filter(filters: Json) -> Callable[[Json], bool]:
    if not filters:
        return _everything
    return lambda annotation: bool(filters.get(_kind(annotation)))


def _everything(annotation: Json) -> bool:
    return True


def _kind(annotation: Json) -> str:
    if annotation["was_cancelled"]:
        return "skipped"
    return "ground_truth" if annotation["ground_truth"] else "usual"


def _written(task: Task, kept: Callable[[Json], bool], *, by_id: bool) -> Json:
    whole = exported(task)
    annotations = [a for a in whole["annotations"] if kept(a)]
    if not by_id:
        annotations = [a | {"completed_by": PERSON} for a in annotations]
    return whole | {"annotations": annotations}
