"""Which arguments a consumed operation takes: the inputs that its expressions read."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass

from naftiko_runtime.expressions.reference import FromInput
from naftiko_runtime.plan.upstream import ConsumedOperation


def argument_names(operation: ConsumedOperation) -> list[str]:
    """Return the names in the order of the request: path, query, headers, cookies, body."""
    parts = (
        operation.path,
        operation.query_in_path,
        operation.query,
        operation.headers,
        operation.cookies,
        operation.body,
    )
    return list(dict.fromkeys(_read_by(parts)))


def _read_by(node: object) -> Iterator[str]:
    """Yield the names of all inputs read in a plan, wherever they stand in it."""
    if isinstance(node, FromInput):
        yield node.name
    elif isinstance(node, tuple | list):
        for each in node:
            yield from _read_by(each)
    elif is_dataclass(node) and not isinstance(node, type):
        for field in fields(node):
            yield from _read_by(getattr(node, field.name))
