"""YAML answers (language.md 7.10): the first document, scalars by 1.2, aliases with a limit."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import yaml

from naftiko_runtime.engine.formats.charset import text_of_body
from naftiko_runtime.engine.formats.from_json import LEVELS
from naftiko_runtime.errors import UndecodableResponse
from naftiko_runtime.values import Json
from naftiko_runtime.yaml12 import resolve_scalar

_NODES: Final = 200_000
"""Nodes of a document that uses aliases, after they are expanded (1.1)."""
_CORE: Final = "tag:yaml.org,2002:"
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def decode_yaml(body: bytes, content_type: str | None) -> Json:
    """Return the value of a YAML body; raise ``UndecodableResponse``."""
    return value_of_yaml(text_of_body(body, content_type))


def value_of_yaml(text: str) -> Json:
    """Return the value of the first document of a YAML text; raise ``UndecodableResponse``."""
    try:
        return _value(yaml.parse(text, Loader=_LOADER))
    except yaml.MarkedYAMLError as error:
        # the error's own text quotes the answer
        line = f" at line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise UndecodableResponse(f"the answer is not YAML: {error.problem}{line}") from error
    except yaml.YAMLError as error:
        raise UndecodableResponse("the answer is not YAML: it has special characters") from error


@dataclass(frozen=True, slots=True)
class _Node:
    """A finished value, how many nodes it has and how many levels."""

    value: Json
    size: int = 1
    height: int = 0
    text: str | None = None
    """The source of a scalar: what it is as a key."""


@dataclass(slots=True)
class _Open:
    """A sequence or mapping that has not ended."""

    is_map: bool
    anchor: str | None
    nodes: list[_Node] = field(default_factory=list)

    def node(self) -> _Node:
        return _Node(
            self._map() if self.is_map else [node.value for node in self.nodes],
            1 + sum(node.size for node in self.nodes),
            1 + max((node.height for node in self.nodes), default=0),
        )

    def _map(self) -> dict[str, Json]:
        pairs = zip(self.nodes[::2], self.nodes[1::2], strict=True)
        return {_key(key): member.value for key, member in pairs}


_Start: TypeAlias = yaml.MappingStartEvent | yaml.SequenceStartEvent


def _value(events: Iterable[yaml.Event]) -> Json:
    """Return the first document's value; parents wait on a list, so depth costs no frames."""
    anchors: dict[str, _Node] = {}
    waiting = [_Open(is_map=False, anchor=None)]
    total = 0
    for event in events:
        if isinstance(event, yaml.DocumentEndEvent):
            break
        if isinstance(event, _Start):
            _check_container(event, len(waiting))
            waiting.append(_Open(isinstance(event, yaml.MappingStartEvent), event.anchor))
            continue
        node = _node(event, anchors, waiting)
        if node is None:
            continue
        waiting[-1].nodes.append(node)
        total += node.size if isinstance(event, yaml.AliasEvent) else 1
        if isinstance(event, yaml.AliasEvent):
            _check_alias(node, total, len(waiting))
    nodes = waiting[0].nodes
    return nodes[0].value if nodes else None


def _node(event: yaml.Event, anchors: dict[str, _Node], waiting: list[_Open]) -> _Node | None:
    """Return the node that an event completes."""
    if isinstance(event, yaml.AliasEvent):
        if event.anchor not in anchors:
            raise UndecodableResponse("the answer is not YAML: an alias has no anchor before it")
        return anchors[event.anchor]
    if isinstance(event, yaml.ScalarEvent):
        node, anchor = _scalar(event), event.anchor
    elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
        ended = waiting.pop()
        node, anchor = ended.node(), ended.anchor
    else:
        return None
    if anchor is not None:
        anchors[anchor] = node
    return node


def _scalar(event: yaml.ScalarEvent) -> _Node:
    text = event.value
    if event.tag == "!" or (event.tag is None and not event.implicit[0]):
        return _Node(text, text=text)
    kind = (event.tag or "").removeprefix(_CORE)
    if kind == "str":
        return _Node(text, text=text)
    value = resolve_scalar(text)
    if kind == "float" and type(value) is int:
        value = float(value)
    if kind and kind != _KINDS.get(type(value)):
        raise UndecodableResponse(f"the answer has the YAML tag {event.tag} on another value")
    return _Node(value, text=text)


_KINDS: Final = {type(None): "null", bool: "bool", int: "int", float: "float"}


def _check_container(event: _Start, depth: int) -> None:
    if depth > LEVELS:
        raise UndecodableResponse(f"the answer has more than {LEVELS} levels")
    kind = "map" if isinstance(event, yaml.MappingStartEvent) else "seq"
    if event.tag not in (None, "!", f"{_CORE}{kind}"):
        raise UndecodableResponse(f"the answer has the YAML tag {event.tag}, which is no JSON")


def _check_alias(node: _Node, total: int, depth: int) -> None:
    if total > _NODES:
        raise UndecodableResponse(f"the answer has more than {_NODES} nodes with its aliases")
    if depth - 1 + node.height > LEVELS:
        raise UndecodableResponse(f"the answer has more than {LEVELS} levels")


def _key(node: _Node) -> str:
    if node.text is None:
        raise UndecodableResponse("the answer has a YAML map or list as a key, which is no JSON")
    return node.text
