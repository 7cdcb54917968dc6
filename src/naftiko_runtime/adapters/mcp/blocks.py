"""Content blocks that a document gives as they are (an extension)."""

from collections.abc import Mapping
from typing import Final

from naftiko_runtime.values import Json

_MEMBERS: Final[Mapping[str, tuple[str, ...]]] = {
    "text": ("text",),
    "image": ("data", "mimeType"),
    "audio": ("data", "mimeType"),
    "resource_link": ("uri", "name"),
}


def is_block(value: Json) -> bool:
    """Return whether a value is a content block that every client can read."""
    if not isinstance(value, Mapping):
        return False
    kind = value.get("type")
    if kind == "resource":
        return _is_contents(value.get("resource"))
    members = _MEMBERS.get(kind) if isinstance(kind, str) else None
    return members is not None and all(isinstance(value.get(name), str) for name in members)


def _is_contents(value: Json) -> bool:
    if not isinstance(value, Mapping) or not isinstance(value.get("uri"), str):
        return False
    return isinstance(value.get("text"), str) or isinstance(value.get("blob"), str)
