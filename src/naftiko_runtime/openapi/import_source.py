"""Reads an OpenAPI description: text to data, what format it is, and what ``$ref`` leads to."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

import yaml

from naftiko_runtime.openapi.import_warnings import Warnings
from naftiko_runtime.values import Json
from naftiko_runtime.yaml12 import resolve_scalar

_DEEPEST: Final = 200
_LONGEST_CHAIN: Final = 50


class NotOpenApi(ValueError):
    """The text is no OpenAPI description; the message says what it is instead."""


def read_description(text: str) -> dict[str, Any]:
    """Return the data of a Swagger 2.0, OpenAPI 3.0 or 3.1 description in JSON or YAML.

    Raises ``NotOpenApi``.
    """
    data = parsed(text)
    if not isinstance(data, dict):
        raise NotOpenApi(f"found {_kind(data)}, not an OpenAPI description")
    swagger, openapi = str(data.get("swagger", "")), str(data.get("openapi", ""))
    if swagger.startswith("2.") or openapi.startswith(("3.0", "3.1")):
        return data
    raise NotOpenApi(f"found {_format(data)}; Swagger 2.0, OpenAPI 3.0 and 3.1 are read")


def _kind(data: Any) -> str:
    return {list: "a list", str: "plain text", type(None): "an empty file"}.get(
        type(data), "a single value"
    )


def _format(data: Mapping[str, Any]) -> str:
    for key, name in (
        ("openapi", "OpenAPI"),
        ("swagger", "Swagger"),
        ("swaggerVersion", "Swagger"),
        ("asyncapi", "AsyncAPI"),
        ("arazzo", "Arazzo"),
        ("raml", "RAML"),
        ("naftiko", "a naftiko document, version"),
        ("ikanos", "an ikanos document, version"),
    ):
        if key in data:
            return f"{name} {data[key]}"
    if "discoveryVersion" in data:
        return "a Google API discovery document"
    if isinstance(data.get("info"), dict) and "item" in data:
        return "a Postman collection"
    keys = ", ".join(list(map(str, data))[:3]) or "no keys"
    return f"neither openapi nor swagger, but {keys}"


def parsed(text: str) -> Any:
    """Return the data of a JSON or YAML text, its scalars by YAML 1.2; raise ``NotOpenApi``."""
    text = text.removeprefix("\ufeff")
    if text.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(text)
        except RecursionError as error:
            raise NotOpenApi("nested too deeply") from error
        except ValueError:
            # flow style YAML begins like JSON
            pass
    try:
        root = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        where = getattr(error, "problem_mark", None)
        line = f" on line {where.line + 1}" if where is not None else ""
        problem = getattr(error, "problem", None) or "not readable"
        raise NotOpenApi(f"neither JSON nor YAML{line}: {problem}") from error
    return None if root is None else _value(root, {}, 0)


def _value(node: yaml.Node, known: dict[int, Any], level: int) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return node.value if node.style else resolve_scalar(node.value)
    if id(node) in known:
        return known[id(node)]
    if level > _DEEPEST:
        raise NotOpenApi(f"more than {_DEEPEST} levels")
    if isinstance(node, yaml.MappingNode):
        members: dict[str, Any] = {}
        known[id(node)] = members
        for key, value in node.value:
            members[str(key.value)] = _value(value, known, level + 1)
        return _with_merges(members)
    elements: list[Any] = []
    known[id(node)] = elements
    elements += (_value(each, known, level + 1) for each in node.value)
    return elements


def _with_merges(members: dict[str, Any]) -> dict[str, Any]:
    """Undo ``<<: *anchor``, which YAML 1.1 tools write."""
    merged = members.pop("<<", None)
    if isinstance(merged, dict):
        for key, value in merged.items():
            members.setdefault(key, value)
    elif merged is not None:
        members["<<"] = merged
    return members


class References:
    """Follows ``$ref`` in a description and in files beside it (orchestration.md 7.7)."""

    def __init__(self, root: Mapping[str, Any], folder: Path | None, warnings: Warnings) -> None:
        self._root = root
        self._folder = folder.resolve() if folder is not None else None
        self._warnings = warnings
        self._files: dict[Path, Any] = {}
        self._merges = str(root.get("openapi", "")).startswith("3.1")

    def name_of(self, value: Any) -> str | None:
        """Return the reference that a value is; None when it is none."""
        ref = value.get("$ref") if isinstance(value, Mapping) else None
        return ref if isinstance(ref, str) else None

    def followed(self, value: Any, pointer: str) -> dict[str, Any]:
        """Return the map that a value is or refers to; an empty one where nothing is."""
        seen: set[str] = set()
        while (ref := self.name_of(value)) is not None:
            if ref in seen or len(seen) > _LONGEST_CHAIN:
                return {"type": "object"}
            seen.add(ref)
            beside = {key: each for key, each in value.items() if key != "$ref"}
            target = self._target(ref, pointer)
            value = target
            if beside and self._merges and isinstance(target, Mapping):
                value = {**target, **beside}
        return dict(value) if isinstance(value, Mapping) else {}

    def _target(self, ref: str, pointer: str) -> Any:
        file, _, fragment = ref.partition("#")
        document: Any = self._root
        if file:
            document = self._file(file, pointer)
            if document is None:
                return {}
        found = _at(document, fragment)
        if found is None:
            self._warnings.add("missing-ref", pointer, f"{ref} is not there; left open")
            return {}
        return found

    def _file(self, file: str, pointer: str) -> Any:
        path = None if self._folder is None or "://" in file else self._inside(file)
        if path is None:
            message = f"{file} is not in the folder of the description; left open"
            self._warnings.add("remote-ref", pointer, message)
            return None
        if path not in self._files:
            self._files[path] = self._read(path, pointer)
        return self._files[path]

    def _inside(self, file: str) -> Path | None:
        if self._folder is None:
            return None
        path = (self._folder / unquote(file)).resolve()
        return path if path.is_relative_to(self._folder) and path.is_file() else None

    def _read(self, path: Path, pointer: str) -> Any:
        """Return a file's data, its own references rewritten to count from the root's folder."""
        try:
            data = parsed(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, NotOpenApi) as error:
            self._warnings.add("remote-ref", pointer, f"{path.name} is not readable: {error}")
            return None
        return self._rebased(data, path)

    def _rebased(self, data: Any, path: Path) -> Any:
        if isinstance(data, list):
            return [self._rebased(each, path) for each in data]
        if not isinstance(data, dict):
            return data
        return {
            key: self._rebased_ref(value, path) if key == "$ref" else self._rebased(value, path)
            for key, value in data.items()
        }

    def _rebased_ref(self, ref: Any, path: Path) -> Any:
        if not isinstance(ref, str) or "://" in ref or self._folder is None:
            return self._rebased(ref, path)
        file, _, fragment = ref.partition("#")
        target = (path.parent / unquote(file)).resolve() if file else path
        outside = not target.is_relative_to(self._folder)
        shown = target if outside else target.relative_to(self._folder)
        return f"{shown}#{fragment}"


def _at(document: Any, fragment: str) -> Any:
    """Return the value at a JSON pointer in a URL fragment; None when it is not there."""
    value = document
    for part in fragment.split("/")[1:] if fragment else []:
        key = unquote(part).replace("~1", "/").replace("~0", "~")
        if isinstance(value, Mapping) and key in value:
            value = value[key]
        elif isinstance(value, list) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value


def text(value: Json) -> str | None:
    """Return a text that says something, else None."""
    return value.strip() or None if isinstance(value, str) else None
