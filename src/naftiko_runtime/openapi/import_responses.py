"""Answers of an imported operation: outputs and raw format (orchestration.md 7.6)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from naftiko_runtime.openapi.import_media import is_json, plain, raw_format
from naftiko_runtime.openapi.import_parameters import is_official_name
from naftiko_runtime.openapi.import_schema import Schemas, type_of
from naftiko_runtime.openapi.import_warnings import Warnings

Shape = Literal["object", "array", "other", "none"]
_MOST: Final = 50
_PLAIN_MEMBER: Final = re.compile(r"(?!(?:length|size)$)[A-Za-z_][A-Za-z0-9_]*")
"""Names that need no quotes in a path; ``.length`` and ``.size`` would be read as a measure."""
_SUCCESS: Final = re.compile(r"2\d\d")


@dataclass(frozen=True, slots=True)
class Answer:
    """What an operation answers with: keys for the document, and the shape of its JSON."""

    keys: dict[str, Any]
    shape: Shape = "none"


@dataclass(frozen=True, slots=True)
class Responses:
    """Reads the answer of an operation that has gone well."""

    schemas: Schemas
    warnings: Warnings
    official: bool = False

    def answer(self, responses: Mapping[str, Any], pointer: str) -> Answer:
        """Return the outputs of the smallest 2xx with content, else of ``2XX``, ``default``."""
        for status in _in_order(responses):
            at = f"{pointer}/responses/{status}"
            response = self.schemas.references.followed(responses[status], at)
            content = response.get("content")
            if isinstance(content, Mapping) and content:
                return self._of(content, at)
        return Answer({})

    def _of(self, content: Mapping[str, Any], pointer: str) -> Answer:
        json = next((each for each in content if is_json(plain(each))), None)
        if json is not None:
            media = content[json]
            schema = media.get("schema") if isinstance(media, Mapping) else None
            return self._json(schema, pointer)
        form = raw_format(plain(next(iter(content))))
        if form == "binary" and self.official:
            message = "the official schema has no binary answer; its type is relayed as it comes"
            self.warnings.add("binary", pointer, message)
            form = None
        return Answer({"outputRawFormat": form} if form else {}, "other")

    def _json(self, schema: Any, pointer: str) -> Answer:
        if not schema:
            return Answer({}, "other")
        flat = self.schemas.flat(schema, pointer)
        type_ = type_of(flat)
        if type_ != "object":
            return Answer({}, "array" if type_ == "array" else "other")
        outputs = [
            {
                "name": name,
                "type": self.schemas.output_type(each, f"{pointer}/{name}"),
                "value": value,
            }
            for name, each in self._members(flat, pointer).items()
            if (value := f"$.{name}" if _PLAIN_MEMBER.fullmatch(name) else _quoted(name))
        ]
        if len(outputs) > _MOST:
            message = f"{len(outputs)} outputs; the first {_MOST} are declared"
            self.warnings.add("outputs-cut", pointer, message)
        return Answer({"outputParameters": outputs[:_MOST]} if outputs else {}, "object")

    def _members(self, flat: Mapping[str, Any], pointer: str) -> dict[str, Any]:
        members = {}
        for name, each in self.schemas.properties(flat).items():
            if self.schemas.references.followed(each, pointer).get("writeOnly") is True or not name:
                continue
            if self.official and not is_official_name(name):
                message = f"the official schema has no output named {name}; left out"
                self.warnings.add("name", pointer, message)
                continue
            members[name] = each
        return members


def _in_order(responses: Mapping[str, Any]) -> list[str]:
    exact = sorted(each for each in responses if _SUCCESS.fullmatch(each))
    rest = [each for each in responses if each.upper() == "2XX"]
    return [*exact, *rest, *(["default"] if "default" in responses else [])]


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace("'", "\\'")
    return f"$['{escaped}']"
