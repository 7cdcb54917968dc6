"""What refuses a document as a whole though its text is sound (language.md 1.8)."""

from typing import Any, Final

from naftiko_runtime.diagnostics import Found
from naftiko_runtime.dialect.shape import nodes
from naftiko_runtime.spec.document import Document, Exposes
from naftiko_runtime.tree import Items, Node, Scalar, is_null, plain

_HIGHEST: Final = 65535


def check_ports(tree: Node, found: Found) -> Node:
    """Return the tree without ports that are none; each refuses the document."""
    bad = [adapter for adapter in nodes(tree, "exposes") if _is_bad(adapter.get("port"))]
    for adapter in bad:
        message = f"port {plain(adapter['port'])!r} is not a whole number from 1 to {_HIGHEST}"
        found.add("adapter/bad-port", adapter.at("port"), message)
    exposes = tree.get("exposes")
    if not bad or not isinstance(exposes, Items):
        return tree
    kept = [each.without("port") if any(each is b for b in bad) else each for each in exposes]
    return tree.having(exposes=exposes.replaced(kept))


def _is_bad(port: Any) -> bool:
    if port is None or is_null(port):
        return False
    value = port.value if isinstance(port, Scalar) else None
    return type(value) is not int or not 1 <= value <= _HIGHEST


def check_namespaces(document: Document, found: Found) -> None:
    """Report adapters with one namespace; those of unknown types no longer count."""
    first: dict[str, Exposes] = {}
    for adapter in document.exposes:
        name = adapter.namespace
        if name and name in first:
            place = first[name].at("namespace")
            message = (
                f'the namespace "{name}" is already that of the {first[name].type} adapter at '
                f"{place.file}:{place.line}:{place.column}; rename one"
            )
            found.add("adapter/duplicate-namespace", adapter.at("namespace"), message)
        elif name:
            first[name] = adapter
