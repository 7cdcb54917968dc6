"""What stands where in a document after its root sections became one list each.

A *kind* is a sort of map (a tool, a consumed operation); the table says which of its members are
maps of which kind. One walk applies every rule of a kind to every map of it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from operator import is_not
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeAlias

from naftiko_runtime.diagnostics import Found
from naftiko_runtime.tree import Items, Node


class Form(Enum):
    """How children stand in a member."""

    ONE = auto()
    LIST = auto()
    NAMED = auto()
    """A map whose keys are names, not keys of the language."""
    ONE_OR_LIST = auto()


class Child(NamedTuple):
    """The kind of the maps in a member, and how they stand there."""

    kind: str
    form: Form


@dataclass(frozen=True, slots=True)
class Report:
    """Where a rule reports to, and what it may ask about the document."""

    found: Found
    family: str = "naftiko"


Rule: TypeAlias = Callable[[Node, Report], Node]
Rules: TypeAlias = Mapping[str, Sequence[Rule]]
"""Rules by kind, in the order in which they apply."""


def _one(kind: str) -> Child:
    return Child(kind, Form.ONE)


def _list(kind: str) -> Child:
    return Child(kind, Form.LIST)


_SECTIONS: Final = {
    "binds": _list("bind"),
    "consumes": _list("consumes"),
    "aggregates": _list("aggregate"),
}
_FUNCTION: Final = {
    "inputParameters": _list("input"),
    "outputParameters": _list("output"),
    "steps": _list("step"),
    "mappings": _list("mapping"),
    "semantics": _one("semantics"),
}
_ADAPTER: Final = {"authentication": _one("authentication"), "cors": _one("cors")}

CHILDREN: Final[Mapping[str, Mapping[str, Child]]] = MappingProxyType(
    {
        "document": {
            "info": _one("info"),
            **_SECTIONS,
            "exposes": _list("adapter"),
        },
        "library": _SECTIONS,
        "info": {"stakeholders": _list("stakeholder")},
        "consumes": {
            "inputParameters": _list("parameter"),
            "authentication": _one("authentication"),
            "resources": _list("consumed-resource"),
            "tunnel": _one("tunnel"),
        },
        "consumed-resource": {
            "inputParameters": _list("parameter"),
            "authentication": _one("authentication"),
            "operations": _list("consumed-operation"),
        },
        "consumed-operation": {
            "inputParameters": _list("parameter"),
            "authentication": _one("authentication"),
            "outputParameters": _list("consumed-output"),
            "body": _one("body"),
        },
        "consumed-output": {
            "properties": Child("consumed-output", Form.NAMED),
            "items": Child("consumed-output", Form.ONE_OR_LIST),
        },
        "output": {
            "properties": Child("output", Form.NAMED),
            "items": Child("output", Form.ONE_OR_LIST),
            "values": _one("output"),
        },
        "aggregate": {"functions": _list("function")},
        "function": _FUNCTION,
        "rest": {
            **_ADAPTER,
            "inputParameters": _list("input"),
            "resources": _list("rest-resource"),
        },
        "rest-resource": {
            "inputParameters": _list("input"),
            "operations": _list("rest-operation"),
            "forward": _one("forward"),
        },
        "rest-operation": {**_FUNCTION, "responseBinary": _one("response-binary")},
        "mcp": {
            **_ADAPTER,
            "tools": _list("tool"),
            "resources": _list("mcp-resource"),
            "prompts": _list("prompt"),
        },
        "tool": {**_FUNCTION, "hints": _one("hints")},
        "mcp-resource": _FUNCTION,
        "prompt": {**_FUNCTION, "arguments": _list("input"), "template": _list("message")},
        "skill": {**_ADAPTER, "skills": _list("skill-entry")},
        "skill-entry": {"tools": _list("skill-tool")},
        "skill-tool": {"from": _one("skill-source")},
        "control": {
            **_ADAPTER,
            "management": _one("management"),
            "observability": _one("observability"),
        },
        "management": {"logs": _one("log-settings"), "scripting": _one("scripting")},
        "observability": {
            "metrics": _one("metrics"),
            "traces": _one("traces"),
            "exporters": _one("exporters"),
        },
        "metrics": {"local": _one("local-metrics")},
        "traces": {"local": _one("local-traces")},
        "exporters": {"otlp": _one("otlp")},
    }
)
FUNCTIONS: Final = ("function", "rest-operation", "tool", "mcp-resource", "prompt")
"""The kinds of everything that has a mode (orchestration.md 1)."""
ADAPTERS: Final = ("rest", "mcp", "skill", "control")
"""The kinds of adapters, which are their types."""

_NO_CHILDREN: Final[Mapping[str, Child]] = {}


def kind_of(node: Node, kind: str) -> str:
    """Return the kind of a map: of an adapter its type, once that is known to be one."""
    if kind != "adapter":
        return kind
    type_ = node.get("type")
    return type_ if isinstance(type_, str) and type_ in ADAPTERS else kind


def child_of(kind: str, key: str) -> Child | None:
    """Return what stands under ``key`` in a map of a kind; None when no map of the language."""
    return CHILDREN.get(kind, _NO_CHILDREN).get(key)


def rewritten(node: Node, kind: str, rules: Rules, report: Report) -> Node:
    """Return a map with the rules of its kind applied, then those of the maps in it."""
    for rule in rules.get(kind, ()):
        node = rule(node, report)
    exact = kind_of(node, kind)
    if exact != kind:
        return rewritten(node, exact, rules, report)
    changed: dict[str, Any] = {}
    for key, child in CHILDREN.get(kind, _NO_CHILDREN).items():
        value = node.get(key)
        if value is not None:
            new = _members(value, child, rules, report)
            if new is not value:
                changed[key] = new
    return node.replaced({**node, **changed}) if changed else node


def _members(value: Any, child: Child, rules: Rules, report: Report) -> Any:
    if isinstance(value, Items) and child.form in (Form.LIST, Form.ONE_OR_LIST):
        return _each(value, child.kind, rules, report)
    if not isinstance(value, Node):
        return value
    if child.form is Form.NAMED:
        return _named(value, child.kind, rules, report)
    if child.form is Form.LIST:
        return value
    return rewritten(value, child.kind, rules, report)


def _each(items: Items, kind: str, rules: Rules, report: Report) -> Items:
    new = [
        rewritten(item, kind, rules, report) if isinstance(item, Node) else item for item in items
    ]
    return items.replaced(new) if any(map(is_not, items, new)) else items


def _named(node: Node, kind: str, rules: Rules, report: Report) -> Node:
    new = {
        key: rewritten(value, kind, rules, report) if isinstance(value, Node) else value
        for key, value in node.items()
    }
    return node.replaced(new) if any(map(is_not, node.values(), new.values())) else node


def nodes(node: Node, key: str) -> Iterator[Node]:
    """Yield the maps of a list member."""
    items = node.get(key)
    if isinstance(items, Items):
        yield from (item for item in items if isinstance(item, Node))
