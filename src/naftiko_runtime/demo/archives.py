"""The export formats that are a zip: COCO, YOLO, VOC and the ones that find nothing to write."""

import hashlib
import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from naftiko_runtime.demo.tables import Sources
from naftiko_runtime.values import Json, compact


class Box(NamedTuple):
    """A labelled rectangle; lengths are percents of the image."""

    label: str
    x: float
    y: float
    width: float
    height: float


def write_nothing(sources: Sources) -> bytes:
    """Write the empty archive of a format that none of the tasks fits."""
    return _packed((), {})


def write_asr_manifest(sources: Sources) -> bytes:
    """Write the layout of a speech manifest; the stand-in keeps no audio."""
    return _packed(("audio/",), {"manifest.json": b""})


def write_coco(sources: Sources) -> bytes:
    """Write all boxes into `result.json`."""
    return _packed(("images/",), {"result.json": _coco(sources), **_images(sources)})


def write_brush_coco(sources: Sources) -> bytes:
    """Write what `write_coco` does under the name of the brush format."""
    return _packed(("images/",), {"result_coco.json": _coco(sources)})


def write_yolo(sources: Sources) -> bytes:
    """Write one text file a task: label number, centre and size as fractions of the image."""
    labels = _labels(sources)
    notes = {
        "categories": [{"id": i, "name": name} for i, name in enumerate(labels)],
        "info": {"contributor": "Label Studio", "version": "1.0", "year": 2026},
    }
    files = {
        "notes.json": compact(notes).encode(),
        "classes.txt": "\n".join(labels).encode(),
        **_images(sources),
    }
    for task in _done(sources.tasks):
        lines = [_yolo_line(box, labels) for box in _boxes(task)]
        files[f"labels/{_stem(task)}.txt"] = "\n".join(lines).encode()
    return _packed(("images/", "labels/"), files)


def write_voc(sources: Sources) -> bytes:
    """Write one XML file an image."""
    files = dict(_images(sources))
    for task in _done(sources.tasks):
        if boxes := _boxes(task):
            files[f"Annotations/{_stem(task)}.xml"] = _voc(_stem(task), boxes)
    return _packed(("Annotations/", "images/"), files)


def _packed(folders: Sequence[str], files: Mapping[str, bytes]) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for folder in folders:
            archive.mkdir(folder)
        for name, content in files.items():
            archive.writestr(name, content)
    return whole.getvalue()


def _done(tasks: Sequence[Json]) -> list[Json]:
    return [task for task in tasks if any(not a["was_cancelled"] for a in task["annotations"])]


def _labels(sources: Sources) -> list[str]:
    return sorted({label for control in sources.controls for label in control.labels})


def _boxes(task: Json) -> list[Box]:
    values = [r["value"] for a in task["annotations"] for r in a["result"]]
    return [
        Box(value["rectanglelabels"][0], value["x"], value["y"], value["width"], value["height"])
        for value in values
        if "rectanglelabels" in value
    ]


def _source(task: Json) -> str:
    return str(next(iter(task["data"].values()), ""))


def _stem(task: Json) -> str:
    source = _source(task)
    if source.startswith("/data/upload/"):
        return PurePosixPath(source).stem
    # texts become file names: a digest keeps equal beginnings apart
    digest = hashlib.md5(source.encode(), usedforsecurity=False).hexdigest()[:8]
    return f"{digest}__{source.replace('/', '_').replace(chr(10), ' ')[:40]}"


def _images(sources: Sources) -> dict[str, bytes]:
    paths = [_source(task) for task in sources.tasks]
    return {
        f"images/{PurePosixPath(path).name}": sources.images[path]
        for path in paths
        if path in sources.images
    }


def _coco(sources: Sources) -> bytes:
    labels, tasks = _labels(sources), _done(sources.tasks)
    boxes = [(image, box) for image, task in enumerate(tasks) for box in _boxes(task)]
    whole = {
        "images": [
            {"id": i, "file_name": _source(t), "width": 0, "height": 0} for i, t in enumerate(tasks)
        ],
        "categories": [{"id": i, "name": name} for i, name in enumerate(labels)],
        "annotations": [
            {
                "id": number,
                "image_id": image,
                "category_id": labels.index(box.label),
                "bbox": [box.x, box.y, box.width, box.height],
                "area": box.width * box.height,
                "iscrowd": 0,
                "ignore": 0,
                "segmentation": [],
            }
            for number, (image, box) in enumerate(boxes)
        ],
        "info": {"contributor": "Label Studio", "version": "1.0", "year": 2026},
    }
    return compact(whole).encode()


def _yolo_line(box: Box, labels: Sequence[str]) -> str:
    centre = (box.x + box.width / 2, box.y + box.height / 2)
    fractions = (value / 100 for value in (*centre, box.width, box.height))
    return " ".join([str(labels.index(box.label)), *(f"{value:g}" for value in fractions)])


def _voc(stem: str, boxes: Sequence[Box]) -> bytes:
    objects = "".join(
        f"<object><name>{box.label}</name><bndbox><xmin>{box.x:g}</xmin><ymin>{box.y:g}</ymin>"
        f"<xmax>{box.x + box.width:g}</xmax><ymax>{box.y + box.height:g}</ymax></bndbox></object>"
        for box in boxes
    )
    return f"<annotation><filename>{stem}</filename>{objects}</annotation>".encode()
