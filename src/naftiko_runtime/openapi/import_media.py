"""Which of several media types an imported operation uses (orchestration.md 7.5, 7.6)."""

from collections.abc import Mapping
from typing import Any, Final, Literal

BodyKind = Literal["json", "form", "multipart", "binary", "other"]
_KINDS: Final[tuple[BodyKind, ...]] = ("json", "form", "multipart", "binary", "other")
_TEXTUAL: Final = ("text/", "application/javascript", "application/graphql")
_FORMATS: Final = {
    "xml": ("application/xml", "text/xml"),
    "csv": ("text/csv", "application/csv"),
    "yaml": ("application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml"),
}


def plain(media_type: str) -> str:
    """Return a media type without its parameters."""
    return media_type.partition(";")[0].strip().lower()


def is_json(media_type: str) -> bool:
    """Tell whether a media type is JSON; ``*/*`` leaves it open, so it is."""
    return media_type in ("application/json", "text/json", "*/*", "application/*") or (
        media_type.endswith("+json")
    )


def body_kind(media_type: str) -> BodyKind:
    """Return how a request body of a media type is written."""
    if is_json(media_type):
        return "json"
    if media_type == "application/x-www-form-urlencoded":
        return "form"
    if media_type.startswith("multipart/"):
        return "multipart"
    if media_type == "application/octet-stream" or media_type.startswith("image/"):
        return "binary"
    return "other"


def chosen_body(content: Mapping[str, Any]) -> tuple[BodyKind, str, Any] | None:
    """Return kind, media type and media object of a request body: JSON first (7.5)."""
    choices = [(body_kind(plain(each)), plain(each), value) for each, value in content.items()]
    if not choices:
        return None
    exact = [each for each in choices if each[1] == "application/json"]
    return (exact or sorted(choices, key=lambda each: _KINDS.index(each[0])))[0]


def raw_format(media_type: str) -> str | None:
    """Return ``outputRawFormat`` of an answer; None for JSON and for other texts."""
    for name, types in _FORMATS.items():
        if media_type in types or (name == "xml" and media_type.endswith("+xml")):
            return name
    if is_json(media_type) or media_type.startswith(_TEXTUAL) or not media_type:
        return None
    return "binary"
