"""The list of export formats: names, the controls each needs, and who writes it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from naftiko_runtime.demo import archives, tables
from naftiko_runtime.demo.studio import Control
from naftiko_runtime.demo.tables import Sources
from naftiko_runtime.values import Json

GUIDE = "https://labelstud.io/guide/export.html"
ENTITIES = ("sequence labeling", "text tagging", "named entity recognition")
SHAPES = ("image segmentation", "object detection", "keypoints")
BOXES = "RectangleLabels"
Images = Literal["never", "asked", "always"]


@dataclass(frozen=True, slots=True)
class Format:
    """One format; without `needs` it fits every project."""

    title: str
    description: str
    extension: str
    write: Callable[[Sources], bytes]
    anchor: str
    needs: str | None = None
    tags: tuple[str, ...] = ()
    images: Images = "never"

    def fits(self, controls: Sequence[Control]) -> bool:
        """Tell whether a project with these controls can use the format."""
        return self.needs is None or any(control.kind == self.needs for control in controls)

    def shows_images(self, *, asked: bool) -> bool:
        """Tell whether uploaded images go into the archive of `GET /export`."""
        return self.images == "always" or (self.images == "asked" and asked)


FORMATS: Mapping[str, Format] = {
    "JSON": Format("JSON", "Tasks with everything", "json", tables.write_json, "JSON"),
    "JSON_MIN": Format(
        "JSON-MIN", "One flat object an annotation", "json", tables.write_json_min, "JSON-MIN"
    ),
    "CSV": Format("CSV", "One row an annotation, commas", "csv", tables.write_csv, "CSV"),
    "TSV": Format("TSV", "One row an annotation, tabs", "csv", tables.write_tsv, "TSV"),
    "CONLL2003": Format(
        "CONLL2003",
        "One word a line with its entity",
        "conll",
        tables.write_conll,
        "CONLL2003",
        "Labels",
        ENTITIES,
    ),
    "COCO": Format("COCO", "Boxes in one file", "zip", archives.write_coco, "COCO", BOXES, SHAPES),
    "COCO_WITH_IMAGES": Format(
        "COCO with Images",
        "Boxes in one file, and images",
        "zip",
        archives.write_coco,
        "COCO",
        BOXES,
        SHAPES,
        "always",
    ),
    "VOC": Format(
        "Pascal VOC XML",
        "One XML file an image",
        "zip",
        archives.write_voc,
        "Pascal-VOC-XML",
        BOXES,
        SHAPES[:2],
        "asked",
    ),
    "YOLO": Format(
        "YOLO", "One text file an image", "zip", archives.write_yolo, "YOLO", BOXES, SHAPES
    ),
    "YOLO_WITH_IMAGES": Format(
        "YOLO with Images",
        "One text file an image, and images",
        "zip",
        archives.write_yolo,
        "YOLO",
        BOXES,
        SHAPES,
        "always",
    ),
    "YOLO_OBB": Format(
        "YOLOv8 OBB", "Rotated boxes", "zip", archives.write_yolo, "YOLO", BOXES, SHAPES[:2]
    ),
    "YOLO_OBB_WITH_IMAGES": Format(
        "YOLOv8 OBB with Images",
        "Rotated boxes, and images",
        "zip",
        archives.write_yolo,
        "YOLO",
        BOXES,
        SHAPES[:2],
        "always",
    ),
    "BRUSH_TO_NUMPY": Format(
        "Brush labels to NumPy",
        "Brush strokes as arrays",
        "zip",
        archives.write_nothing,
        "Brush-labels-to-NumPy-amp-PNG",
        "BrushLabels",
        SHAPES[:1],
    ),
    "BRUSH_TO_PNG": Format(
        "Brush labels to PNG",
        "Brush strokes as images",
        "zip",
        archives.write_nothing,
        "Brush-labels-to-NumPy-amp-PNG",
        "BrushLabels",
        SHAPES[:1],
    ),
    "ASR_MANIFEST": Format(
        "ASR Manifest",
        "Transcripts of speech",
        "zip",
        archives.write_asr_manifest,
        "ASR-MANIFEST",
        "AudioPlus",
        ("speech recognition",),
    ),
    "BRUSH_TO_COCO": Format(
        "Brush labels to COCO",
        "Brush strokes in one file",
        "zip",
        archives.write_brush_coco,
        "COCO",
        "BrushLabels",
        ("image segmentation", "brush annotations"),
    ),
    "DOCLANG": Format(
        "DocLang (.dclx)",
        "Documents with their layout",
        "zip",
        archives.write_nothing,
        "DOCLANG",
        "DocLang",
        ("document", "doclang"),
    ),
}


def listed(controls: Sequence[Control]) -> list[Json]:
    """Return all formats as the API lists them, those that fit first."""
    entries = [(each.fits(controls), name, each) for name, each in FORMATS.items()]
    ordered = sorted(entries, key=lambda entry: not entry[0])
    return [_entry(name, each, fits=fits) for fits, name, each in ordered]


def _entry(name: str, each: Format, *, fits: bool) -> Json:
    return {
        "title": each.title,
        "description": each.description,
        "link": f"{GUIDE}#{each.anchor}",
        **({"tags": list(each.tags)} if each.tags else {}),
        "name": name,
        **({} if fits else {"disabled": True}),
    }
