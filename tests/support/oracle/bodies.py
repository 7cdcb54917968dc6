"""The body that a request must have (language.md 5)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

import yaml
from oracle.given import Given
from oracle.reading import Json
from oracle.slots import Slot
from oracle.templates import ABSENT, Wanted, members, text_of

_FORM = "application/x-www-form-urlencoded"
_KINDS = {
    "json": "application/json",
    "xml": "application/xml",
    "yaml": "application/yaml",
    "form": _FORM,
    "formUrlEncoded": _FORM,
    "multipart": "multipart/form-data",
}


@dataclass(frozen=True)
class Body:
    """The body of one request and its media type."""

    given: Given
    owned: Mapping[str, str]
    """Members that authentication adds."""

    def content(self) -> tuple[bytes | None, str | None]:
        wiring = self.given.wiring
        declared = wiring.consumed.body
        data = declared.get("data") if isinstance(declared, Mapping) else declared
        if data is not None:
            return self._declared(str(declared.get("type", "json")), data)
        whole = [slot for slot in wiring.slots if slot.place == "body" or self._is_whole(slot)]
        if whole:
            return self._whole(whole[0])
        parts = [slot for slot in wiring.slots if slot.place == "part"]
        return self._parts(parts) if parts or self.owned else (None, None)

    def _is_whole(self, slot: Slot) -> bool:
        """Tell whether a sole body parameter is the whole body (language.md 5.11)."""
        parts = [each for each in self.given.wiring.slots if each.place == "part"]
        if parts != [slot]:
            return False
        if slot.name == "body":
            return True
        key = self.given.wiring.feeding.get(slot)
        said = self.given.wiring.exposed.arguments.get(key) if key else None
        return slot.type in ("object", "array") and said in ("rest.body", "tools.body")

    def _whole(self, slot: Slot) -> tuple[bytes | None, str | None]:
        if self.given.raw is not None:
            return self.given.raw, "application/json"
        value = self.given.slot(slot)
        return (None, None) if value is ABSENT else (_json(value), "application/json")

    def _parts(self, parts: list[Slot]) -> tuple[bytes | None, str | None]:
        values = {slot.name: self.given.slot(slot) for slot in parts}
        kept = {name: value for name, value in values.items() if value is not ABSENT}
        kept |= self.owned
        if not kept and self.given.wiring.consumed.method not in ("POST", "PUT", "PATCH"):
            return None, None
        return _json(kept), "application/json"

    def _declared(self, kind: str, data: Json) -> tuple[bytes | None, str | None]:
        media_type = _KINDS.get(kind, "text/plain; charset=utf-8")
        if media_type == "multipart/form-data":
            return None, media_type
        if self.given.raw is not None and data in ("{{tools.body}}", "{{rest.body}}"):
            return self.given.raw, media_type  # the caller's body is passed on as it is
        value = self._filled(data)
        if value is ABSENT:
            return (None, None) if kind == "json" else (b"", media_type)
        return _written(kind, value), media_type

    def _filled(self, data: Json) -> Json:
        value = members(data, self.given.look)
        if isinstance(value, dict) and isinstance(data, Mapping):
            return {**value, **self._replaced(data), **self.owned}
        return value

    def _replaced(self, data: Mapping[str, Json]) -> Mapping[str, Json]:
        """Return members that a ``with`` entry replaces (language.md 5.4)."""
        wiring = self.given.wiring
        free = [key for key in wiring.exposed.arguments if key not in wiring.feeding.values()]
        said = {key: self.given.scope(Wanted(key)) for key in free if key in data}
        return {key: value for key, value in said.items() if value is not ABSENT}

    def parts(self) -> list[tuple[str, str]]:
        value = self._filled(self.given.wiring.consumed.body["data"])
        return [(name, text_of(each)) for name, each in value.items()]


def _written(kind: str, value: Json) -> bytes:
    """Return data as its type is written (language.md 5.1)."""
    if _KINDS.get(kind) == _FORM:
        pairs = [f"{quote_plus(key)}={_form(each)}" for key, each in value.items()]
        return "&".join(pairs).encode()
    if kind == "json":
        return _json(value)
    if kind == "yaml" and not isinstance(value, str):
        return yaml.safe_dump(value, allow_unicode=True, sort_keys=False).encode()
    return text_of(value).encode()


def _form(value: Json) -> str:
    return quote(text_of(value), safe="-._* ").replace(" ", "+").replace("~", "%7E")


def _json(value: Json) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
