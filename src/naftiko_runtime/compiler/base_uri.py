"""Compiles base URIs and their placeholders (language.md 4.3)."""

import re
from typing import Final

from naftiko_runtime.compiler.needs import Need
from naftiko_runtime.compiler.sides import ConsumedSide
from naftiko_runtime.compiler.world import World
from naftiko_runtime.errors import Place
from naftiko_runtime.expressions.reference import (
    Expression,
    FromVariable,
    Literal,
    NoSource,
    Variable,
)
from naftiko_runtime.expressions.template import Hole, Placeholder, TemplateError, placeholders
from naftiko_runtime.plan.upstream import Hole as HoleMode
from naftiko_runtime.plan.upstream import UrlHole, UrlPiece
from naftiko_runtime.spec.consumes import Consumes

_HTTP: Final = re.compile(r"https?://", re.IGNORECASE)
_LITERAL_LABELS: Final = 2


def base_uri_of(side: ConsumedSide, adapter: Consumes) -> tuple[UrlPiece, ...]:
    """Return the pieces of a base URI; raise ``Unresolved`` when it cannot be one."""
    world = side.world
    text = world.setting(world.settings.base_uri, adapter.namespace) or adapter.base_uri
    place = adapter.at("baseUri")
    try:
        parts = placeholders(text)
    except TemplateError as error:
        raise world.around.unresolved("template/unsupported", place, str(error)) from error
    _check(side, adapter, text, parts, place)
    return tuple(
        part if isinstance(part, str) else _hole(side, adapter, part, _mode(parts, index), place)
        for index, part in enumerate(parts)
    )


def _check(
    side: ConsumedSide,
    adapter: Consumes,
    text: str,
    parts: tuple[str | Placeholder, ...],
    place: Place,
) -> None:
    unresolved = side.world.around.unresolved
    first = parts[0] if parts else ""
    if isinstance(first, str) and not _HTTP.match(first):
        message = f"{adapter.namespace}: baseUri {text!r} is neither http:// nor https://"
        raise unresolved("consumes/not-http", place, message)
    if any(isinstance(part, str) and ("?" in part or "#" in part) for part in parts):
        message = (
            f"{adapter.namespace}: baseUri {text!r} has a query or fragment; move it to a path"
        )
        raise unresolved("consumes/base-uri-query", place, message)


def _hole(
    side: ConsumedSide,
    adapter: Consumes,
    placeholder: Placeholder,
    mode: HoleMode | None,
    place: Place,
) -> UrlHole:
    if placeholder.kind != "single":
        hole = Hole(placeholder.kind, placeholder.name, 0)
        variables = side.world.variables
        variable = side.world.around.variable(hole, side.origin, place, side.label)
        if variable is None and variables.is_environment_name(placeholder.name):
            variable = variables.undeclared(placeholder.name, place, side.label)
        if variable is not None:
            return UrlHole(placeholder.name, FromVariable(variable), "verbatim")
    return _placeholder(side, adapter, placeholder.name, mode, place)


def _placeholder(
    side: ConsumedSide, adapter: Consumes, name: str, mode: HoleMode | None, place: Place
) -> UrlHole:
    world = side.world
    world.found.add(
        "dialect/base-uri-placeholder",
        place,
        f"{adapter.namespace}: {{{name}}} in baseUri; fill it with "
        f"--set baseUri.{adapter.namespace}.{name}=VALUE, with, or a bind",
    )
    for (pattern, placeholder), value in world.settings.base_placeholders.items():
        if placeholder == name and world.setting({pattern: value}, adapter.namespace) is not None:
            return UrlHole(name, Literal(value), "verbatim")
    fallback = _fallback(side, name, place)
    need = Need(name, "base", place, required=True, fallback=fallback, mode=mode)
    return UrlHole(name, side.needs.add(need), mode or "verbatim")


def _fallback(side: ConsumedSide, name: str, place: Place) -> Expression | None:
    variables = side.world.variables
    declared = variables.declared(name, side.origin, side.label)
    if declared is not None:
        return FromVariable(declared)
    endings = variables.matching(name, side.origin)
    if len(endings) == 1:
        variable = variables.declared(endings[0], side.origin, side.label)
        return FromVariable(variable) if variable is not None else None
    for parameter in side.parameters:
        if parameter.name == name and isinstance(parameter.value, str | int | float):
            return side.text(str(parameter.value), "value", place)
    return None


def unset(world: World, namespace: str, name: str, place: Place) -> Expression:
    """Return the expression of a placeholder that nothing fills: a configuration problem."""
    setting = f"baseUri.{namespace}.{name}"
    world.found.add(
        "config/base-uri", place, f"{{{name}}} of baseUri has no value; give --set {setting}=VALUE"
    )
    return FromVariable(Variable(setting, (NoSource(f"give --set {setting}=VALUE"),)))


def _mode(parts: tuple[str | Placeholder, ...], index: int) -> HoleMode | None:
    """Return how an input may stand at this place of the URI; None: it may not (4.3)."""
    before = "".join(part if isinstance(part, str) else "\0" for part in parts[:index])
    after = "".join(part if isinstance(part, str) else "\0" for part in parts[index + 1 :])
    authority = _HTTP.sub("", before, count=1)
    if "/" in authority:
        return "segment"
    rest_of_host = re.split(r"[:/]", after, maxsplit=1)[0]
    if authority.endswith(":") and not rest_of_host:
        return "port"
    labels = rest_of_host.removeprefix(".").split(".") if rest_of_host.startswith(".") else []
    literal = [label for label in labels if label and "\0" not in label]
    is_label = (not authority or authority.endswith(".")) and len(literal) >= _LITERAL_LABELS
    return "label" if is_label and len(literal) == len(labels) else None
