"""The export formats that are one text: JSON, JSON-MIN, CSV, TSV and CoNLL."""

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from naftiko_runtime.demo.studio import Control
from naftiko_runtime.values import Json, compact

ABOUT = ("annotator", "annotation_id", "created_at", "updated_at", "lead_time")
WORD = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Sources:
    """What a format is made from; `images` are uploaded files by their path in the tasks."""

    tasks: Sequence[Json]
    controls: Sequence[Control]
    images: Mapping[str, bytes]


def write_json(sources: Sources) -> bytes:
    """Write the tasks as they are, in the spacing of `GET /export`."""
    return compact(list(sources.tasks)).replace("/", "\\/").encode()


def write_json_min(sources: Sources) -> bytes:
    """Write one flat object an annotation."""
    rows = [json.dumps(row, ensure_ascii=False, indent=2) for row in rows_of(sources.tasks)]
    return ("[\n" + ",\n".join(rows) + "\n]").encode()


def write_csv(sources: Sources) -> bytes:
    """Write one row an annotation, columns in alphabetical order."""
    return _table(sources, ",")


def write_tsv(sources: Sources) -> bytes:
    """Write what `write_csv` does with tabs."""
    return _table(sources, "\t")


def write_conll(sources: Sources) -> bytes:
    """Write one word a line with the entity that covers it."""
    lines = ["-DOCSTART- -X- O"]
    for task in sources.tasks:
        text = str(next(iter(task["data"].values()), ""))
        for annotation in task["annotations"]:
            if not annotation["was_cancelled"]:
                lines += [*_sentence(text, annotation), ""]
    return ("\n".join(lines) + "\n").encode()


def rows_of(tasks: Sequence[Json]) -> list[dict[str, Json]]:
    """Return one flat row an annotation, newest first, and one for each task without any."""
    return [row for task in tasks for row in _rows(task)]


def _rows(task: Json) -> list[dict[str, Json]]:
    start = task["data"] | {"id": task["id"]}
    if not task["annotations"]:
        return [start | dict.fromkeys(ABOUT)]
    done = [a for a in reversed(task["annotations"]) if not a["was_cancelled"]]
    return [start | _results(annotation) | _about(annotation) for annotation in done]


def _about(annotation: Json) -> dict[str, Json]:
    person = annotation["completed_by"]
    who = person["id"] if isinstance(person, dict) else person
    facts = annotation | {"annotator": who, "annotation_id": annotation["id"]}
    return {name: facts[name] for name in ABOUT}


def _results(annotation: Json) -> dict[str, Json]:
    regions: dict[str, list[Json]] = {}
    for region in annotation["result"]:
        size = {k: region[k] for k in ("original_width", "original_height") if k in region}
        regions.setdefault(region["from_name"], []).append(region["value"] | size)
    return {name: _value(values) for name, values in regions.items()}


def _value(values: list[Json]) -> Json:
    match values:
        case [{"choices": [choice]}]:
            return choice
        case [{"choices": [*choices]}]:
            return {"choices": choices}
        case _:
            return values


def _table(sources: Sources, delimiter: str) -> bytes:
    rows = rows_of(sources.tasks)
    columns = sorted(set(ABOUT).union(*rows))
    text = io.StringIO()
    table = csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_NONNUMERIC)
    table.writerow(columns)
    table.writerows([_cell(name, row.get(name)) for name in columns] for row in rows)
    return text.getvalue().encode()


def _cell(column: str, value: Json) -> Json:
    if isinstance(value, list | dict):
        return compact(value)
    if value is None:
        return ""
    return str(value) if column == "annotator" else value


def _sentence(text: str, annotation: Json) -> list[str]:
    spans = [region["value"] for region in annotation["result"] if "labels" in region["value"]]
    return [f"{word.group()} -X- _ {_entity(word, spans)}" for word in WORD.finditer(text)]


def _entity(word: re.Match[str], spans: Sequence[Json]) -> str:
    for span in spans:
        if span["start"] <= word.start() < span["end"]:
            return f"{'B' if word.start() == span['start'] else 'I'}-{span['labels'][0]}"
    return "O"
