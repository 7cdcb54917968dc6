"""The official schema of a document's version, when somebody has it at hand (language.md 1.10).

No schema is part of this package; a file or a folder of them is given by the user.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from jsonschema import Draft202012Validator, ValidationError

from naftiko_runtime.diagnostics import Found
from naftiko_runtime.errors import Place, StartError
from naftiko_runtime.loading.paths import located, place_at
from naftiko_runtime.loading.versions import FAMILIES
from naftiko_runtime.tree import Node, Tree, escaped, plain, text_of
from naftiko_runtime.values import Json

_SHOWN: Final = 5


def check_official(source: Tree | None, schemas: str | None, found: Found) -> None:
    """Check a document as written against the official schema of its version.

    ``schemas`` is a schema file, or a folder of them; without the right one the check is left out
    with ``schema/missing`` (info). Raises ``StartError`` when a schema cannot be read.
    """
    if not isinstance(source, Node):
        return
    family = next((each for each in FAMILIES if each in source), None)
    version = text_of(source[family]) if family is not None else None
    if family is None or version is None:
        return
    schema = schema_of(schemas, family, version) if schemas is not None else None
    if schema is None:
        message = (
            f"the official schema of {family} {version} is not at hand, so it was not checked; "
            "give a folder in NAFTIKO_SCHEMAS or a file with --schema"
        )
        found.add("schema/missing", source.at(family), message)
        return
    check_schema(source, version, schema, found)


def schema_of(schemas: str, family: str, version: str) -> Mapping[str, Json] | None:
    """Return the schema in a file, or the one in a folder that is for this very version."""
    place = Path(schemas)
    if not place.is_dir():
        return _read(place)
    for file in sorted(place.glob("*.json")):
        schema = _read(file)
        if _version_of(schema, family) == version:
            return schema
    return None


def _version_of(schema: Mapping[str, Json], family: str) -> Json:
    properties = schema.get("properties")
    versions = properties.get(family) if isinstance(properties, dict) else None
    return versions.get("const") if isinstance(versions, dict) else None


def _read(file: Path) -> Mapping[str, Json]:
    try:
        schema = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StartError(f"{file}: no JSON schema: {error}") from error
    return schema if isinstance(schema, dict) else {}


def check_schema(tree: Node, version: str, schema: Mapping[str, Json], found: Found) -> None:
    """Report each violation of a schema by a document as written, with its pointer and place."""
    document: Any = plain(tree)
    for family in FAMILIES:
        if family in tree:
            document[family] = version
    for error in Draft202012Validator(schema).iter_errors(document):
        for violation in _violations(error):
            where = _place(tree, violation.absolute_path)
            what = f"{where.pointer or '/'}: {_sentence(violation)}"
            found.add("schema/invalid", where, f"{what} (official schema of {version})")


def _violations(error: ValidationError) -> Iterator[ValidationError]:
    """Yield what is wrong with the alternative that was evidently meant, of several."""
    if not error.context:
        yield error
        return
    branches: dict[str | int, list[ValidationError]] = {}
    for each in error.context:
        branches.setdefault(each.relative_schema_path[0], []).append(each)
    for each in min(branches.values(), key=_misfit):
        yield from _violations(each)


def _misfit(branch: list[ValidationError]) -> tuple[bool, int, int]:
    """Another type weighs most, then faults of the value itself, then those deep in it."""
    other_type = any(list(each.relative_path) == ["type"] for each in branch)
    return other_type, sum(not each.relative_path for each in branch), len(branch)


def _place(tree: Node, path: Iterable[str | int]) -> Place:
    parts = list(path)
    place = place_at(tree, located(tree, parts))
    pointer = "".join(f"/{escaped(str(part))}" for part in parts)
    return Place(place.file, place.line, place.column, pointer)


def _sentence(error: ValidationError) -> str:
    """Say what is wrong without showing a value, which may be a secret."""
    instance: Any = error.instance
    value: Any = error.validator_value
    match error.validator:
        case "required":
            return f"{_listed(key for key in value if key not in instance)} is missing"
        case "additionalProperties" | "unevaluatedProperties":
            return f"{_listed(_surplus(error, instance))} is not allowed here"
        case "enum":
            said = f"be one of {_listed(value)}"
        case "pattern":
            said = f"match {value}"
        case "type" | "const":
            said = f"be {value}"
        case keyword:
            said = f"satisfy {keyword}"
    return f"must {said}"


def _surplus(error: ValidationError, instance: Mapping[str, Json]) -> list[str]:
    known = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
    named = [key for key in instance if key not in known]
    return [key for key in named if f"'{key}'" in error.message] or named


def _listed(names: Iterable[Any]) -> str:
    each = [str(name) for name in names]
    more = f" and {len(each) - _SHOWN} more" if len(each) > _SHOWN else ""
    return ", ".join(each[:_SHOWN]) + more
