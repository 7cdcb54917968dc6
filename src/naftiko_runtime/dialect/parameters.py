"""Deviations of input parameters, consumed and exposed."""

from typing import Any, Final

from naftiko_runtime.dialect.shape import Report
from naftiko_runtime.tree import Items, Node, text_of

_DESCRIBING: Final = (
    *("type", "required", "description", "default", "enum", "pattern", "format", "minimum"),
    *("maximum", "minLength", "maxLength", "items", "properties", "example"),
)


def consumed_parameter_type(node: Node, report: Report) -> Node:
    """Use what consumed parameters say beyond ``name``, ``in``, ``value`` (dialect.md T1c)."""
    there = [key for key in _DESCRIBING if key in node]
    if there:
        keys = ", ".join(there)
        name = text_of(node.get("name")) or ""
        message = f'consumed parameter "{name}" has {keys}; used for checks and tool schemas'
        report.found.add("dialect/consumed-parameter-type", node.place, message)
    return node


def mapped_body_input(node: Node, report: Report) -> Node:
    """Read ``mapping`` of an ``in: body`` input as ``value`` (dialect.md T1a)."""
    if "mapping" not in node or "value" in node or node.get("in") != "body":
        return node
    message = '"mapping" of a body input is read as "value"'
    report.found.add("dialect/unknown-key", node.key_at("mapping"), message)
    return node.renamed({"mapping": "value"})


def duplicate_parameters(node: Node, report: Report) -> Node:
    """Keep the first of equal parameters, drop those without name (dialect.md T26)."""
    parameters = node.get("inputParameters")
    if not isinstance(parameters, Items):
        return node
    seen: set[tuple[str, str]] = set()
    dropped = []
    for index, parameter in enumerate(parameters):
        identity = _identity(parameter)
        if identity is None:
            continue
        if not identity[1] or identity in seen:
            dropped.append(index)
            _report(parameter, identity, report)
        seen.add(identity)
    return node.having(inputParameters=parameters.without(*dropped)) if dropped else node


def _identity(parameter: Any) -> tuple[str, str] | None:
    if not isinstance(parameter, Node) or isinstance(parameter.get("name"), Node | Items):
        return None
    place, name = text_of(parameter.get("in")) or "", text_of(parameter.get("name")) or ""
    return place, name.lower() if place == "header" else name


def _report(parameter: Node, identity: tuple[str, str], report: Report) -> None:
    place, name = identity
    where = f" in {place}" if place else ""
    message = (
        f'parameter "{name}"{where} is there twice; the first counts'
        if name
        else "a parameter without name is dropped"
    )
    report.found.add("dialect/duplicate-parameter", parameter.place, message)
