"""Deviations of adapters and skills."""

from typing import Any, Final

from naftiko_runtime.dialect.shape import ADAPTERS, Report
from naftiko_runtime.names import nearest
from naftiko_runtime.tree import Items, Node, Scalar, is_null, text_of

_PORTS: Final = {"rest": 8080, "mcp": 9090, "skill": 3011, "control": 9191}
"""exposes.md LST-2."""
_MEANT: Final = {"http": "rest", "api": "rest", "openapi": "rest", "skills": "skill"}
_SERVED: Final = {"rest": "resources", "mcp": "tools", "skill": "skills"}


def unknown_adapters(node: Node, report: Report) -> Node:
    """Leave out adapters of unknown types; the others are served (dialect.md E20a)."""
    exposes = node.get("exposes")
    if not isinstance(exposes, Items):
        return node
    unknown = [index for index, adapter in enumerate(exposes) if _is_unknown(adapter)]
    for index in unknown:
        _report_type(exposes[index], report)
    return node.having(exposes=exposes.without(*unknown)) if unknown else node


def _is_unknown(adapter: Any) -> bool:
    return isinstance(adapter, Node) and text_of(adapter.get("type")) not in (*ADAPTERS, "api")


def _report_type(adapter: Node, report: Report) -> None:
    type_ = text_of(adapter.get("type"))
    if type_ is None:
        message = f"an adapter without type is not served; known are {', '.join(ADAPTERS)}"
        report.found.add("adapter/unknown-type", adapter.place, message)
        return
    meant = _MEANT.get(type_.lower()) or nearest(type_.lower(), ADAPTERS)
    help_ = f"did you mean {meant}?" if meant else f"known are {', '.join(ADAPTERS)}"
    message = f"unknown adapter type {type_}; {help_}"
    report.found.add("adapter/unknown-type", adapter.at("type"), message)


def missing_port(kind: str, node: Node, report: Report) -> Node:
    """Give an HTTP adapter without port the default of its type (dialect.md T19b)."""
    stdio = kind == "mcp" and text_of(node.get("transport")) == "stdio"
    if stdio or not is_null(node.get("port", _NOTHING)):
        return node
    port = _PORTS[kind]
    message = f"the {kind} adapter has no port; {port} is used"
    report.found.add("dialect/missing-port", node.place, message)
    return node.having(port=Scalar(port, str(port)))


_NOTHING: Final = Scalar(None, "")


def empty_adapter(kind: str, node: Node, report: Report) -> Node:
    """Serve what there is, even when there is little (dialect.md T19c)."""
    key = _SERVED[kind]
    if not node.get(key) or is_null(node.get(key)):
        message = f"the {kind} adapter has no {key}; it serves what there is"
        report.found.add("dialect/empty-adapter", node.at(key), message)
    return node


def allowed_tools(node: Node, report: Report) -> Node:
    """Accept ``allowed-tools`` separated by commas; it stays as written (dialect.md T22b)."""
    tools = text_of(node.get("allowed-tools"))
    if tools is not None and "," in tools:
        message = "allowed-tools is separated by commas; blanks are official"
        report.found.add("dialect/skill-allowed-tools", node.at("allowed-tools"), message)
    return node
