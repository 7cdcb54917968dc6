"""Deviations of exposed output parameters."""

from typing import Final

from naftiko_runtime.dialect.shape import Report
from naftiko_runtime.tree import Node, text_of

_CONSTANT: Final = ("value", "const")
_MEMBERS: Final = {"object": ("properties", "values"), "array": ("items",)}
_OFFICIAL: Final = ("string", "number", "boolean", "object", "array")


def bare_output(node: Node, report: Report) -> Node:
    """Let an object or array without members pass what its mapping selects (dialect.md T2)."""
    type_ = node.get("type")
    if not isinstance(type_, str) or type_ not in _MEMBERS or any(key in node for key in _CONSTANT):
        return node
    if not any(key in node for key in _MEMBERS[type_]):
        lacking = _MEMBERS[type_][0]
        message = (
            f"an output of type {type_} without {lacking} is what its mapping selects, as it is"
        )
        report.found.add("dialect/bare-output", node.place, message)
    return node


def output_type(node: Node, report: Report) -> Node:
    """Accept output types that the schema does not know (dialect.md T2b)."""
    type_ = text_of(node.get("type"))
    if type_ is not None and type_ not in _OFFICIAL:
        known = ", ".join(_OFFICIAL)
        message = f'output type "{type_}" is accepted; official are {known}'
        report.found.add("dialect/output-type", node.at("type"), message)
    return node
