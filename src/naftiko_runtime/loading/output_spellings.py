"""Spellings of output parameters: item lists, nested keys, paths in braces."""

from typing import Any, Final

from naftiko_runtime.dialect.shape import Report
from naftiko_runtime.tree import Items, Node, Scalar

_STEPPED: Final = ("steps", "ref")


def item_specs(node: Node, report: Report) -> Node:
    """Give ``items`` of a function's outputs one form (orchestration.md V8, V17, 2.28).

    With steps (or ``ref``, where outputs only describe) named items are a list; without, ``items``
    is one output.
    """
    outputs = node.get("outputParameters")
    if not isinstance(outputs, Items):
        return node
    stepped = any(node.get(key) for key in _STEPPED)
    new = [_items_in(output, report, stepped=stepped) for output in outputs]
    if all(one is other for one, other in zip(outputs, new, strict=True)):
        return node
    return node.having(outputParameters=outputs.replaced(new))


def _items_in(output: Any, report: Report, *, stepped: bool) -> Any:
    if not isinstance(output, Node):
        return output
    changed: dict[str, Any] = {}
    items = output.get("items")
    if isinstance(items, Items | Node):
        changed["items"] = _one_form(items, report, stepped=stepped)
    properties = output.get("properties")
    if isinstance(properties, Node):
        changed["properties"] = properties.replaced(
            {name: _items_in(value, report, stepped=stepped) for name, value in properties.items()}
        )
    return output.replaced({**output, **changed}) if changed else output


def _one_form(items: Items | Node, report: Report, *, stepped: bool) -> Any:
    if isinstance(items, Node):
        if isinstance(items.get("type"), str | Scalar) or not _is_keyed(items):
            return _items_in(items, report, stepped=stepped)
        if not stepped:
            members = {"type": "object", "properties": items}
            return _items_in(Node(members, place=items.place), report, stepped=stepped)
        return _list_of_keyed(items, report)
    each = [_items_in(item, report, stepped=stepped) for item in items]
    if stepped or not each:
        return items.replaced(each)
    if len(each) > 1:
        message = f"items has {len(each)} entries; the first counts"
        report.found.add("document/item-list", items.at(1), message)
    return each[0]


def _is_keyed(items: Node) -> bool:
    return bool(items) and all(isinstance(value, Node) for value in items.values())


def _list_of_keyed(items: Node, report: Report) -> Items:
    named = [
        _items_in(value.replaced({"name": name, **value.without("name")}), report, stepped=True)
        for name, value in items.items()
    ]
    return Items(named, place=items.place, keys=list(items))


def one_level(node: Node, report: Report) -> Node:
    """Put ``type`` and ``mapping`` written inside each other side by side (language.md 9.4)."""
    nested = [key for key in ("mapping", "type") if isinstance(node.get(key), Node)]
    if not nested:
        return node
    inner = {name: value for key in nested for name, value in node[key].items()}
    marks = {name: mark for key in nested for name, mark in node[key].marks.items()}
    members = {**inner, **node.without(*nested)}
    return Node(members, place=node.place, marks={**marks, **node.marks}, written=node.written)


def path_text(node: Node, report: Report) -> Node:
    """Read ``mapping: "{{$.a}}"`` as ``$.a`` (language.md 3.3)."""
    mapping = node.get("mapping")
    if not isinstance(mapping, str) or not mapping.startswith("{{"):
        return node
    inner = mapping.strip().removeprefix("{{").removesuffix("}}").strip("{} ")
    braced = mapping.strip().endswith("}}") and inner.startswith("$")
    return node.having(mapping=inner) if braced else node
