"""Compiles consumed paths: placeholders, query parts, what is unplaced (language.md 4.4)."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from naftiko_runtime.compiler.needs import Need
from naftiko_runtime.compiler.sides import ConsumedSide
from naftiko_runtime.compiler.templates import InputName
from naftiko_runtime.errors import Place
from naftiko_runtime.expressions.reference import Expression, FromVariable
from naftiko_runtime.expressions.template import Hole, Placeholder, TemplateError, placeholders
from naftiko_runtime.names import matching
from naftiko_runtime.plan.upstream import Hole as HoleMode
from naftiko_runtime.plan.upstream import UrlHole, UrlPiece
from naftiko_runtime.spec.consumes import ConsumedOperation, ConsumedResource, Parameter

_RESOURCE_NAMES: Final = ("name", "parent", "resource")
_GETS: Final = frozenset(["get", "show", "read", "retrieve", "fetch", "describe"])
_UPDATES: Final = frozenset(["update", "patch", "put", "replace", "modify", "edit"])
_DELETES: Final = frozenset(["delete", "remove", "destroy"])
_WORDS: Final[dict[str, frozenset[str]]] = {
    "GET": _GETS,
    "PUT": _UPDATES,
    "PATCH": _UPDATES,
    "POST": _UPDATES,
    "DELETE": _DELETES,
}
_SINGULARS: Final = (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("shes", "sh"))


@dataclass(frozen=True, slots=True)
class OperationPath:
    """A compiled path; ``names`` are its placeholders, ``constants`` those with a fixed value."""

    pieces: tuple[UrlPiece, ...]
    query: tuple[UrlPiece, ...]
    template: str
    names: frozenset[str]
    constants: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Source:
    operation: ConsumedOperation
    place: Place
    parameters: Sequence[Parameter]


def path_of(
    side: ConsumedSide,
    method: str,
    path: str,
    where: tuple[ConsumedOperation, ConsumedResource],
    parameters: Sequence[Parameter],
) -> OperationPath:
    """Return a compiled path; raise ``Unresolved`` for an unplaced parameter (4.9)."""
    operation, resource = where
    place = operation.at("path") if operation.path is not None else resource.at("path")
    source = _Source(operation, place, parameters)
    text = _checked_text(side, path, source)
    text = _appended(side, method, text, source)
    before, mark, after = text.partition("?")
    pieces = _pieces(side, before, source)
    query = _pieces(side, after, source) if mark else ()
    holes = [piece for piece in (*pieces, *query) if isinstance(piece, UrlHole)]
    constants = {
        p.name for p in parameters if p.in_ == "path" and p.has("value") and p.value is not None
    }
    return OperationPath(
        pieces, query, text, frozenset(hole.name for hole in holes), frozenset(constants)
    )


def _checked_text(side: ConsumedSide, path: str, source: _Source) -> str:
    found, place = side.world.found, source.place
    if path and path[0] not in "/?#:" and not path.startswith(("{{", "${", "<<")):
        found.add("consumes/path-slash", place, f"path {path!r} is read as {'/' + path!r}")
    text, mark, _ = path.partition("#")
    if mark:
        message = f"{side.label}: {path!r} is sent only up to the #"
        found.add("consumes/fragment", place, message)
    if "?" in text:
        message = f"{side.label}: the query of {text!r} is kept; parameters follow with &"
        found.add("consumes/query-in-path", place, message)
    return text


def _parsed(side: ConsumedSide, text: str, place: Place) -> tuple[str | Placeholder, ...]:
    try:
        return placeholders(text)
    except TemplateError as error:
        raise side.world.around.unresolved("template/unsupported", place, str(error)) from error


def _pieces(side: ConsumedSide, text: str, source: _Source) -> tuple[UrlPiece, ...]:
    parts = _parsed(side, text, source.place)
    return tuple(
        part if isinstance(part, str) else _hole(side, parts, index, source)
        for index, part in enumerate(parts)
    )


def _hole(
    side: ConsumedSide, parts: Sequence[str | Placeholder], index: int, source: _Source
) -> UrlHole:
    placeholder = parts[index]
    assert isinstance(placeholder, Placeholder)  # noqa: S101 -- narrows the type for mypy
    name, mode = placeholder.name, _mode(side, parts, index, source)
    if placeholder.kind != "single":
        hole = Hole(placeholder.kind, name, 0)
        environment = side.environment_parameter(name)
        variable = side.world.around.variable(hole, side.origin, source.place, side.label)
        if environment is not None or variable is not None:
            value = environment or (FromVariable(variable) if variable is not None else None)
            assert value is not None  # noqa: S101 -- one of the two is there
            return UrlHole(name, value, mode)
    return _argument(side, name, mode, source, single=placeholder.kind == "single")


def _argument(
    side: ConsumedSide, name: str, mode: HoleMode, source: _Source, *, single: bool
) -> UrlHole:
    parameter = side.parameter_named(name, "path")
    if parameter is not None and parameter.has("value") and parameter.value is not None:
        fixed = side.json(parameter.value, "value", parameter.at("value"))
        return UrlHole(name, fixed, mode)
    variable: Expression | None = None
    if single:
        declared = side.world.variables.declared(name, side.origin, side.label)
        variable = FromVariable(declared) if declared is not None else None
    known = side.world.around.input_name(name) or InputName(name)
    need = Need(name, "path", source.place, parameter, required=True, fallback=variable)
    value = side.argument(known, need, template=not single)
    return UrlHole(known.name, value, mode)


def _mode(
    side: ConsumedSide, parts: Sequence[str | Placeholder], index: int, source: _Source
) -> HoleMode:
    placeholder = parts[index]
    assert isinstance(placeholder, Placeholder)  # noqa: S101 -- narrows the type for mypy
    world, name = side.world, placeholder.name
    namespace = side.label.rpartition(".")[0]
    kept = world.setting(world.settings.slashes, namespace) or ()
    if placeholder.slashes or name in kept:
        return "slashes"
    if name in _RESOURCE_NAMES and _is_google(side) and _is_segment(parts, index):
        message = (
            f"{side.label}: a / in {{{name}}} is encoded; "
            f"--set slashes.{namespace}=[{name}] keeps it"
        )
        world.found.add("dialect/resource-name", source.place, message)
    return "segment"


def _is_google(side: ConsumedSide) -> bool:
    namespace = side.label.rpartition(".")[0]
    return any(
        "googleapis.com" in adapter.base_uri
        for adapter in side.world.document.consumes
        if adapter.namespace == namespace
    )


def _is_segment(parts: Sequence[str | Placeholder], index: int) -> bool:
    before = parts[index - 1] if index else "/"
    after = parts[index + 1] if index + 1 < len(parts) else "/"
    return (
        isinstance(before, str)
        and before.endswith("/")
        and isinstance(after, str)
        and after.startswith("/")
    )


def _appended(side: ConsumedSide, method: str, text: str, source: _Source) -> str:
    """Return the path with an unplaced parameter as its last segment (4.9)."""
    names = [part.name for part in _parsed(side, text, source.place) if not isinstance(part, str)]
    unplaced = [
        parameter
        for parameter in source.parameters
        if parameter.in_ == "path" and matching(parameter.name, names) is None
    ]
    if not unplaced:
        return text
    parameter = unplaced[0]
    if len(unplaced) > 1 or not _is_get_one(method, source.operation.name, text):
        message = (
            f"{source.operation.name}: path parameter {parameter.name} has no "
            f"{{{parameter.name}}} in {text}"
        )
        raise side.world.around.unresolved("path/unplaced-parameter", parameter.place, message)
    stem = text.rstrip("/")
    slash = text[len(stem) :]
    result = f"{stem}/{{{parameter.name}}}{slash}"
    message = f"{source.operation.name}: {{{parameter.name}}} is appended: {result}"
    side.world.found.add("dialect/appended-path-parameter", parameter.place, message)
    return result


def _is_get_one(method: str, name: str, path: str) -> bool:
    if "?" in path or "#" in path or path.rstrip("/").endswith("}"):
        return False
    last = path.rstrip("/").rpartition("/")[2]
    words = _words(name)
    if not words or not last or words[0] not in _WORDS.get(method, frozenset()):
        return False
    rest = words[1:]
    if rest[-2:] == ["by", "id"]:
        rest = rest[:-2]
    target = "".join(rest)
    return not target or any(target.endswith(form) for form in _forms(last))


def _forms(segment: str) -> Iterable[str]:
    """Yield a path segment, without its final s, and its singular, letters and digits only."""
    plain = re.sub(r"[^a-z0-9]", "", segment.lower())
    if not plain:
        return
    yield plain
    yield plain.removesuffix("s") or plain
    for ending, singular in (*_SINGULARS, ("ses", "s")):
        if plain.endswith(ending):
            yield plain[: -len(ending)] + singular
            return


def _words(name: str) -> list[str]:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return [word.lower() for word in re.split(r"[^A-Za-z0-9]+", spaced) if word]
