"""Paths and parameters of an imported operation (orchestration.md 7.3)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from naftiko_runtime.openapi.import_schema import Schemas, described
from naftiko_runtime.openapi.import_source import text
from naftiko_runtime.openapi.import_warnings import Warnings

Parameter = dict[str, Any]

_HOLE: Final = re.compile(r"\{+([^{}]*)\}+")
_PLACES: Final = ("path", "query", "header", "cookie")
_LEFT_OUT: Final = ("accept", "content-type", "authorization")
_OWNED: Final = (
    *("host", "content-length", "transfer-encoding", "connection", "keep-alive", "te"),
    *("trailer", "upgrade", "expect"),
)
_STYLES: Final = {"path": "simple", "query": "form", "header": "simple", "cookie": "form"}
_OFFICIAL_NAME: Final = re.compile(r"[a-zA-Z0-9_*-]+")


@dataclass(frozen=True, slots=True)
class PathText:
    """A path as the runtime writes it; ``constants`` are the pairs of a query written in it."""

    text: str
    holes: tuple[str, ...]
    constants: tuple[tuple[str, str], ...] = ()
    query: str = ""


def path_text(path: str, warnings: Warnings, pointer: str) -> PathText:
    """Return ``/pets/{{petId}}`` for ``/pets/{petId}``, without query and fragment."""
    plain, hash_, _ = path.partition("#")
    plain, question, query = plain.partition("?")
    if hash_ or question:
        message = f"a query or fragment in the path {path}: pairs become constants, the rest goes"
        warnings.add("path", pointer, message)
    holes: list[str] = []

    def hole(match: re.Match[str]) -> str:
        name = match[1].strip().rstrip("*").lstrip("+/;?&.#").partition(":")[0].strip()
        if not name:
            return ""
        holes.append(name)
        return f"{{{{{name}}}}}"

    written = _HOLE.sub(hole, plain).replace("}}{{", "}}{{")
    written = written if written.startswith("/") else f"/{written}"
    pairs = tuple(parse_qsl(query, keep_blank_values=True))
    literal = tuple(pair for pair in pairs if "{" not in pair[1])
    return PathText(written, tuple(holes), literal, urlencode(literal))


def merged(outer: Iterable[Parameter], inner: Iterable[Parameter]) -> list[Parameter]:
    """Return the parameters of path and operation, the inner of one name and place once."""
    known: dict[tuple[str, str], Parameter] = {}
    for each in (*outer, *inner):
        known[str(each.get("in")), str(each.get("name"))] = each
    return list(known.values())


@dataclass(frozen=True, slots=True)
class Parameters:
    """Turns parameters of OpenAPI 3 into consumed ones; the official schema knows two keys."""

    schemas: Schemas
    warnings: Warnings
    official: bool = False

    def written(
        self, parameters: Iterable[Parameter], path: PathText, pointer: str
    ) -> list[Parameter]:
        """Return the consumed parameters of an operation, each name and place once."""
        written: dict[tuple[str, str], Parameter] = {}
        for name, value in path.constants:
            written["query", name] = {"name": name, "in": "query", "value": value}
        for index, each in enumerate(parameters):
            place, named = str(each.get("in", "")), text(each.get("name"))
            at = f"{pointer}/parameters/{index}"
            key = (place, named.lower() if named and place == "header" else named or "")
            if named is not None and key not in written and self._kept(place, named, path, at):
                written[key] = self._one(each, place, named, at)
        return list(written.values())

    def _kept(self, place: str, name: str, path: PathText, pointer: str) -> bool:
        if place not in _PLACES:
            return False
        lower = name.lower()
        if place == "header" and (lower in _OWNED or lower.startswith("proxy-")):
            self.warnings.add("header", pointer, f"{name} is the runtime's own; left out")
            return False
        if place == "path" and name not in path.holes:
            message = f"{name} has no place in the path; left out"
            self.warnings.add("parameter", pointer, message)
            return False
        if self.official and not _OFFICIAL_NAME.fullmatch(name):
            message = f"the official schema has no parameter named {name}; left out"
            self.warnings.add("name", pointer, message)
            return False
        return not (place == "header" and lower in _LEFT_OUT)

    def _one(self, each: Parameter, place: str, name: str, pointer: str) -> Parameter:
        schema = each.get("schema")
        written: Parameter = {"name": name, "in": place}
        self._check_style(each, place, pointer)
        if self.official:
            return written
        content = each.get("content")
        keys = {"type": "object"} if content else self.schemas.input_keys(schema, pointer)
        flat = schema if isinstance(schema, Mapping) else None
        return typed(written, keys, described(each, flat), required=_required(each, place))

    def _check_style(self, each: Parameter, place: str, pointer: str) -> None:
        style = each.get("style") or _STYLES[place]
        type_ = self.schemas.input_keys(each.get("schema"), pointer).get("type")
        if style == _STYLES[place] and type_ not in ("array", "object"):
            return
        explodes = each.get("explode", place in ("query", "cookie"))
        if style != _STYLES[place] or (place == "query" and explodes is False):
            message = f"{each.get('name')} is sent with its name repeated, not in its own style"
            self.warnings.add("style", pointer, message)


def _required(each: Parameter, place: str) -> bool:
    return place == "path" or each.get("required") is True


def typed(
    written: Parameter, keys: Parameter, description: Parameter, *, required: bool
) -> Parameter:
    """Return a parameter with its checks in the order in which they are read best."""
    ordered = {**written, **({"type": keys["type"]} if "type" in keys else {}), **description}
    if required:
        ordered["required"] = True
    return {**ordered, **({"enum": keys["enum"]} if "enum" in keys else {})}


def is_official_name(name: str) -> bool:
    """Tell whether the official schema takes a parameter's or output's name."""
    return _OFFICIAL_NAME.fullmatch(name) is not None
