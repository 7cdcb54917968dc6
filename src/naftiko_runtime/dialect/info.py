"""Deviations of ``info`` and of descriptions in general."""

from naftiko_runtime.dialect.shape import Report
from naftiko_runtime.dialect.words import article
from naftiko_runtime.tree import Node


def info_title(node: Node, report: Report) -> Node:
    """Read ``info.title`` as ``label`` (dialect.md T1d)."""
    if "title" not in node:
        return node
    message = "info.title is read as info.label"
    report.found.add("dialect/info-title", node.key_at("title"), message)
    return node.without("title") if "label" in node else node.renamed({"title": "label"})


def misplaced_description(kind: str, node: Node, report: Report) -> Node:
    """Accept a ``description`` where the schema has none (dialect.md T1b)."""
    if "description" in node:
        message = f"description on {article(kind)} is read, though the schema has none there"
        report.found.add("dialect/misplaced-description", node.key_at("description"), message)
    return node
