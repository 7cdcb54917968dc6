"""Deviations in the names of things."""

import re
from typing import Final

from naftiko_runtime.dialect.shape import Report
from naftiko_runtime.dialect.words import article
from naftiko_runtime.tree import Items, Node, is_null, text_of

_KEBAB: Final = re.compile(r"[a-zA-Z0-9-]+")
_EXTENDED: Final = re.compile(r"[a-zA-Z0-9_*-]+")
_WIDE: Final = ("mcp-resource", "prompt")


def identifier(kind: str, key: str, node: Node, report: Report) -> Node:
    """Accept names outside the schema's pattern (dialect.md T1f)."""
    name = text_of(node.get(key))
    pattern = _EXTENDED if kind in _WIDE else _KEBAB
    if name is not None and not pattern.fullmatch(name):
        allowed = "letters, digits, - _ *" if kind in _WIDE else "letters, digits and -"
        message = f'{key} "{name}" of {article(kind)} is accepted; the schema knows {allowed}'
        report.found.add("dialect/identifier", node.at(key), message)
    return node


def unnamed_resources(node: Node, report: Report) -> Node:
    """Call a consumed resource without a name by its position, from 1 (dialect.md T1f)."""
    resources = node.get("resources")
    if not isinstance(resources, Items):
        return node
    new = [_placed(item, position, report) for position, item in enumerate(resources, 1)]
    same = all(one is other for one, other in zip(resources, new, strict=True))
    return node if same else node.having(resources=resources.replaced(new))


def _placed(resource: object, position: int, report: Report) -> object:
    if not isinstance(resource, Node):
        return resource
    name = resource.get("name")
    if name is not None and not is_null(name):
        return resource
    message = f'a consumed resource without name is called "{position}", its position'
    report.found.add("dialect/identifier", resource.at("name"), message)
    return resource.having(name=str(position))


def operation_id(node: Node, report: Report) -> Node:
    """Read ``id`` as ``name`` (dialect.md T24b)."""
    if "id" not in node or (not is_null(node.get("name")) and "name" in node):
        return node
    message = f'id "{text_of(node["id"])}" is read as name'
    report.found.add("dialect/operation-id", node.key_at("id"), message)
    return node.without("name").renamed({"id": "name"})
