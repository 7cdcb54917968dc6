"""Reading request bodies and checking their fields, with the sentences Label Studio uses."""

import json
from email.message import Message
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request

from naftiko_runtime.demo.replies import Refused, invalid
from naftiko_runtime.values import Json

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
TRUE = {"true", "1", "yes", "t", "y", "on"}
FALSE = {"false", "0", "no", "f", "n", "off"}
LONGEST_TITLE, SHORTEST_PROJECT_TITLE = 2048, 3
FILTERS = {"skipped", "finished", "annotated"}
FLAGS = {
    "task_filter_options": {"only_with_annotations"},
    "annotation_filter_options": {"usual", "ground_truth", "skipped"},
}


async def body_of(request: Request) -> Json:
    """Return the body of a request, `{}` without one; raises `Refused` 400 or 415.

    A chunked body is dropped, as the real server does.
    """
    if "transfer-encoding" in request.headers or not await request.body():
        return {}
    written = request.headers.get("content-type", "")
    kind, charset = _media_type(written)
    if kind == "application/json":
        return _parsed(await request.body(), charset)
    if kind in FORMS:
        async with request.form() as form:
            return dict(form.items())
    raise Refused(415, f'Unsupported media type "{written}" in request.')


async def fields_of(request: Request) -> dict[str, Json]:
    """Return a body that has to be an object."""
    return _object(await body_of(request))


async def uploads_of(request: Request) -> list[tuple[str, bytes]]:
    """Return name and content of each file of a multipart body, none for other bodies."""
    if _media_type(request.headers.get("content-type", ""))[0] != "multipart/form-data":
        return []
    async with request.form() as form:
        files = [part for part in form.values() if isinstance(part, UploadFile)]
        return [(file.filename or "file", await file.read()) for file in files]


def boolean(name: str, value: Json) -> bool:
    """Return what a flag says, in any case; raises `Refused` 400."""
    text = str(value).lower()
    if text in TRUE | FALSE:
        return text in TRUE
    raise invalid({name: ["Must be a valid boolean."]})


def snapshot_options(fields: dict[str, Json]) -> dict[str, Json]:
    """Return the checked body of `POST exports/`; unknown and read-only fields are dropped."""
    options: dict[str, Json] = {"title": _title(fields.get("title", ""))}
    for name in ("task_filter_options", "annotation_filter_options", "serialization_options"):
        if fields.get(name) is not None:
            options[name] = _options(name, fields[name])
    return options


def project_title(fields: dict[str, Json]) -> str:
    """Return the title of a new project; raises `Refused` 400."""
    title = _title(fields.get("title", "New Project"))
    if len(title) < SHORTEST_PROJECT_TITLE:
        raise invalid({"title": ["Ensure this field has at least 3 characters."]})
    return title


def _media_type(written: str) -> tuple[str, str]:
    header = Message()
    header["content-type"] = written or "none/none"
    return header.get_content_type(), header.get_content_charset("utf-8")


def _parsed(raw: bytes, charset: str) -> Json:
    try:
        return json.loads(raw.decode(charset))
    except (ValueError, LookupError) as exc:
        raise Refused(400, f"JSON parse error - {exc}") from exc


def _object(value: Json, name: str | None = None) -> dict[str, Json]:
    if isinstance(value, dict):
        return value
    kind = type(value).__name__
    errors: Any = {"non_field_errors": [f"Invalid data. Expected a dictionary, but got {kind}."]}
    raise invalid({name: errors} if name else errors)


def _title(value: Json) -> str:
    if value is None:
        raise invalid({"title": ["This field may not be null."]})
    if isinstance(value, bool | list | dict):
        raise invalid({"title": ["Not a valid string."]})
    if len(str(value)) > LONGEST_TITLE:
        raise invalid({"title": ["Ensure this field has no more than 2048 characters."]})
    return str(value)


def _options(name: str, value: Json) -> Json:
    options = _object(value, name)
    errors = {
        key: problem
        for key, each in options.items()
        if (problem := _problem(name, key, each)) is not None
    }
    if errors:
        raise invalid({name: errors})
    return options


def _problem(name: str, key: str, value: Json) -> list[str] | None:
    if key == "view" and value is None:
        return ["This field may not be null."]
    if name == "task_filter_options" and key in FILTERS and value not in (None, "only", "exclude"):
        return [f'"{value}" is not a valid choice.']
    if key in FLAGS.get(name, ()) and str(value).lower() not in TRUE | FALSE:
        return ["Must be a valid boolean."]
    return None
