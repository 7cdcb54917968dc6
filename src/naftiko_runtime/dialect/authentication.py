"""Deviations of authentication blocks: every spelling becomes the official one.

One warning is given for a block, however many of its spellings differ (dialect.md T15, E14).
"""

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from naftiko_runtime.dialect.shape import Report
from naftiko_runtime.tree import Items, Node, is_null, text_of

_SUPPORTED: Final = (
    *("basic", "bearer", "apikey", "digest", "oauth2", "token-refresh", "aws-sig-v4", "none"),
    *("header", "query"),
)
_PLACEMENTS: Final = ("header", "query")
"""The official placements of an API key."""

_Spelling: TypeAlias = Callable[[Node], Node]


def auth_key(node: Node, report: Report) -> Node:
    """Read ``auth`` as ``authentication`` (dialect.md T15)."""
    if "auth" not in node:
        return node
    message = "auth is read as authentication"
    report.found.add("dialect/auth-spelling", node.key_at("auth"), message)
    both = "authentication" in node and not is_null(node["authentication"])
    return node.without("auth") if both else _renamed(node, "auth", "authentication")


def auth_spelling(node: Node, report: Report) -> Node:
    """Write a block with ``key``, ``value`` and ``placement``, or lists of them (6.4)."""
    type_ = (text_of(node.get("type")) or "").lower()
    if type_ and type_ not in _SUPPORTED:
        return node.replaced({"type": type_})
    if type_ in ("apikey", "header", "query"):
        _report_secret(node, report)
    official = node
    for spelling in (_type_in_lower_case, *_BY_TYPE.get(type_, ())):
        official = spelling(official)
    if official is not node or _is_rare(official, type_):
        message = f"{_written(node)} is read as {_written(official)}"
        report.found.add("dialect/auth-spelling", node.place, message)
    return official


def _report_secret(node: Node, report: Report) -> None:
    if "header" in node and "key" in node and not {"value", "token"} & node.keys():
        message = "header is the name and key holds the secret; value is the key for it"
        report.found.add("auth/key-holds-secret", node.at("key"), message)


def _is_rare(node: Node, type_: str) -> bool:
    placement = text_of(node.get("placement"))
    return type_ == "apikey" and placement is not None and placement not in _PLACEMENTS


def _written(node: Node) -> str:
    """Describe a block without its values, which may be secrets."""
    type_ = text_of(node.get("type")) or "no type"
    return ", ".join([f"type {type_}", *(key for key in node if key != "type")])


def _type_in_lower_case(node: Node) -> Node:
    type_ = text_of(node.get("type"))
    return node if type_ is None or type_ == type_.lower() else node.having(type=type_.lower())


def _value_of_bearer(node: Node) -> Node:
    return node if "token" in node else _first_renamed(node, ("value", "key"), "token")


def _place_and_name(node: Node) -> Node:
    node = node if "placement" in node else _renamed(node, "in", "placement")
    named = "key" in node or ("header" in node and "name" not in node)
    node = node if named else _renamed(node, "name", "key")
    placement = text_of(node.get("placement"))
    lower = placement.lower() if placement is not None else None
    return node if lower is None or lower == placement else node.having(placement=lower)


def _header_and_value(node: Node) -> Node:
    """``header`` is the name, so ``key`` may be the secret."""
    if "header" not in node:
        return _first_renamed(node, ("token",), "value") if "value" not in node else node
    if "value" not in node:
        node = _first_renamed(node, ("token", "key"), "value")
    return _renamed(node.without("key"), "header", "key")


def _header_type(node: Node) -> Node:
    placed = {} if "placement" in node else {"placement": "header"}
    return node.having(type="apikey", **placed)


def _query_type(node: Node) -> Node:
    placed = {} if "placement" in node else {"placement": "query"}
    return node.having(type="apikey", **placed)


def _header_list(node: Node) -> Node:
    return _named_values(node, "headers")


def _parameter_list(node: Node) -> Node:
    return _named_values(node, "parameters")


def _named_values(node: Node, key: str) -> Node:
    entries = node.get(key)
    if isinstance(entries, Node):
        pairs = [_pair(entries, name) for name in entries]
        return node.having(**{key: Items(pairs, place=entries.place)})
    if not isinstance(entries, Items):
        return node
    pairs = [_renamed(entry, "key", "name") if _keyed(entry) else entry for entry in entries]
    return node.having(**{key: entries.replaced(pairs)})


def _pair(entries: Node, name: str) -> Any:
    value = entries[name]
    if isinstance(value, Node | Items):
        return value
    place, mark = entries.key_at(name), entries.marks.get(name)
    marks = {"value": mark} if mark else {}
    return Node({"name": name, "value": value}, place=place, marks=marks)


def _keyed(entry: Any) -> bool:
    return isinstance(entry, Node) and "key" in entry and "name" not in entry


def _renamed(node: Node, old: str, new: str) -> Node:
    return node.without(new).renamed({old: new}) if old in node else node


def _first_renamed(node: Node, olds: tuple[str, ...], new: str) -> Node:
    old = next((old for old in olds if old in node), None)
    return node if old is None else _renamed(node, old, new)


_API_KEY: Final = (_place_and_name, _header_and_value, _header_list, _parameter_list)
_BY_TYPE: Final[dict[str, tuple[_Spelling, ...]]] = {
    "bearer": (_value_of_bearer,),
    "apikey": _API_KEY,
    "header": (*_API_KEY, _header_type),
    "query": (*_API_KEY, _query_type),
}
