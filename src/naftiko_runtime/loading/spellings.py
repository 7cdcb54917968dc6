"""One spelling for what versions write differently, map by map.

These are the tables of language.md 1.5 and orchestration.md 5.1: differences between official
versions. What no version allows is the dialect's.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from naftiko_runtime.dialect.shape import CHILDREN, FUNCTIONS, Form, Report, Rule, Rules
from naftiko_runtime.loading.output_spellings import item_specs, one_level, path_text
from naftiko_runtime.tree import Items, Node, Scalar, is_null, plain

_NAME_KEYS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "binds": "namespace",
        "consumes": "namespace",
        "aggregates": "namespace",
        "exposes": "namespace",
        "mappings": "targetName",
        "stakeholders": "fullName",
    }
)
"""What the key of a map gives, where it is not ``name``."""
_NOT_KEYED: Final = frozenset(["template", "libraries"])


def listed(node: Node, key: str, report: Report) -> Items:
    """Return a map keyed by name as a list in written order (orchestration.md V17, V18).

    A member without a map stays as it is, for validation to complain about.
    """
    keyed: Node = node[key]
    name_key = _NAME_KEYS.get(key, "name")
    items = [_named(keyed, name, name_key, report) for name in keyed]
    marks = [(at.line, at.column) for at in map(keyed.at, keyed)]
    return Items(items, place=keyed.place, marks=marks, keys=list(keyed))


def _named(keyed: Node, name: str, name_key: str, report: Report) -> object:
    value = keyed[name]
    if is_null(value):
        value = Node({}, place=keyed.at(name))
    if not isinstance(value, Node):
        return value
    inner = value.get(name_key)
    if inner is not None and inner != name:
        message = f'{name_key} "{plain(inner)}" under the key "{name}": the key counts'
        report.found.add("document/both-keys", value.at(name_key), message)
    mark = keyed.marks.get(name)
    at = {**value.marks, name_key: (mark[0], mark[1], mark[0], mark[1])} if mark else value.marks
    members = {name_key: name, **value.without(name_key)}
    return Node(members, place=value.place, marks=at, written=value.written)


def _lists(*keys: str) -> Rule:
    def keyed_maps_become_lists(node: Node, report: Report) -> Node:
        keyed = [key for key in keys if isinstance(node.get(key), Node)]
        if not keyed:
            return node
        return node.replaced({**node, **{key: _list_of(node, key, report) for key in keyed}})

    return keyed_maps_become_lists


def _list_of(node: Node, key: str, report: Report) -> Items:
    written: Node = node[key]
    if key == "outputParameters" and isinstance(written.get("type"), str | Scalar):
        return Items([written], place=written.place)
    return listed(node, key, report)


def either(node: Node, written: str, model: str, report: Report) -> Node:
    """Return a node with ``written`` under its model name; it wins over the model's own key."""
    if written not in node:
        return node
    if model in node and plain(node[model]) != plain(node[written]):
        message = f"{written} and {model} differ: {written} counts"
        report.found.add("document/both-keys", node.at(model), message)
    return node.without(model).renamed({written: model})


def display(node: Node, report: Report) -> Node:
    """Read ``display`` as ``label`` (V16); ``title`` likewise (exposes.md IKA-2)."""
    node = either(node, "display", "label", report) if "display" in node else node
    if "title" in node and "label" not in node:
        return node.renamed({"title": "label"})
    return node


def display_of_info(node: Node, report: Report) -> Node:
    return either(node, "display", "label", report)


def flows(node: Node, report: Report) -> Node:
    """Read ``flows`` as ``functions`` (V19)."""
    return either(node, "flows", "functions", report)


def target(node: Node, report: Report) -> Node:
    """Read ``target`` as ``targetName`` (V20)."""
    return either(node, "target", "targetName", report)


def messages(node: Node, report: Report) -> Node:
    """Read ``messages`` of a prompt as its ``template`` (exposes.md MCP-27)."""
    return either(node, "messages", "template", report)


def bind_keys(node: Node, report: Report) -> Node:
    """Declare the names of ``keys: [A, B]`` under themselves (language.md 1.5)."""
    keys = node.get("keys")
    if not isinstance(keys, Items):
        return node
    members = {key: key for key in keys if isinstance(key, str)}
    if len(members) < len(keys) and not all(isinstance(key, str) for key in keys):
        return node
    marks = {
        key: (*mark, *mark)
        for key, mark in zip(keys, keys.marks, strict=False)
        if isinstance(key, str)
    }
    return node.having(keys=Node(members, place=keys.place, marks=marks))


def header_parameters(node: Node, report: Report) -> Node:
    """Make ``headers`` of a consumed part parameters ``in: header`` (V2)."""
    headers = node.get("headers")
    if isinstance(headers, Node):
        headers = listed(_values_as_maps(node, "headers"), "headers", report)
    if not isinstance(headers, Items):
        return node
    parameters = node.get("inputParameters")
    if isinstance(parameters, Node):
        parameters = listed(node, "inputParameters", report)
    added = [
        item.having(**{"in": "header"}) if isinstance(item, Node) else item for item in headers
    ]
    before = parameters if isinstance(parameters, Items) else []
    place = parameters.place if isinstance(parameters, Items) else headers.place
    return node.without("headers").having(inputParameters=Items([*before, *added], place=place))


def _values_as_maps(node: Node, key: str) -> Node:
    """``{name: value}`` as ``{name: {value: value}}``."""
    written: Node = node[key]
    members = {
        name: value if isinstance(value, Node) else _valued(written, name)
        for name, value in written.items()
    }
    return node.replaced({key: written.replaced(members)})


def _valued(written: Node, name: str) -> Node:
    place, mark = written.key_at(name), written.marks.get(name)
    return Node(
        {"value": written[name]}, place=place, marks={"value": mark} if mark is not None else {}
    )


def call_object(node: Node, report: Report) -> Node:
    """Split ``call: {operation, with}``; an entry of the outer ``with`` wins (1.3)."""
    call = node.get("call")
    if not isinstance(call, Node) or "operation" not in call:
        return node
    inner, outer = call.get("with"), node.get("with")
    both = node.without("with") if is_null(outer) else node
    if isinstance(inner, Node) and isinstance(outer, Node):
        marks = {**inner.marks, **outer.marks}
        both = node.replaced(
            {**node, "with": Node({**inner, **outer}, place=outer.place, marks=marks)}
        )
    elif isinstance(inner, Node):
        both = both.replaced({**both, "with": inner})
    return both.replaced({**both, "call": call["operation"]})


def step_inputs(node: Node, report: Report) -> Node:
    """Make ``inputParameters: [{name, value}]`` of a call step its ``with`` (V3)."""
    inputs = node.get("inputParameters")
    if isinstance(inputs, Node):
        inputs = listed(_values_as_maps(node, "inputParameters"), "inputParameters", report)
    if not isinstance(inputs, Items) or node.get("type") in ("lookup", "script"):
        return node
    entries = {
        item["name"]: item["value"]
        for item in inputs
        if isinstance(item, Node) and isinstance(item.get("name"), str) and "value" in item
    }
    outer = node.get("with")
    members = {**entries, **(outer if isinstance(outer, Node) else {})}
    marks = outer.marks if isinstance(outer, Node) else {}
    place = outer.place if isinstance(outer, Node) else inputs.place
    merged = Node(members, place=place, marks=marks)
    return node.replaced({**node.without("inputParameters"), "with": merged})


def rest_type(node: Node, report: Report) -> Node:
    """Read ``type: api`` as ``rest`` (V1)."""
    return node.having(type="rest") if node.get("type") == "api" else node


def skill_source(node: Node, report: Report) -> Node:
    """Read ``{namespace, name}`` as ``{sourceNamespace, action}`` (exposes.md SKL-3)."""
    names = {
        written: model
        for written, model in (("namespace", "sourceNamespace"), ("name", "action"))
        if written in node and model not in node
    }
    return node.renamed(names) if names else node


def _rules() -> Rules:
    rules: dict[str, list[Rule]] = {}
    for kind, children in CHILDREN.items():
        keys = [
            key
            for key, child in children.items()
            if child.form is Form.LIST and key not in _NOT_KEYED
        ]
        rules[kind] = [_lists(*keys)] if keys else []
    for kind in ("consumes", "consumed-resource", "consumed-operation"):
        rules[kind].insert(0, header_parameters)
    for kind in FUNCTIONS:
        rules[kind] += [call_object, item_specs]
    rules["consumed-operation"].append(item_specs)
    rules["aggregate"].insert(0, flows)
    rules["prompt"].insert(0, messages)
    for kind in _LABELLED:
        rules[kind].insert(0, display)
    for kind in ("output", "consumed-output"):
        rules[kind] += [one_level, path_text]
    return {
        **rules,
        "info": [display_of_info, *rules["info"]],
        "bind": [bind_keys],
        "adapter": [rest_type],
        "step": [call_object, step_inputs],
        "mapping": [target],
        "skill-source": [skill_source],
        "input": [display],
    }


_LABELLED: Final = (
    *("consumes", "consumed-resource", "consumed-operation", "aggregate", "function"),
    *("rest", "rest-resource", "rest-operation", "mcp", "tool", "mcp-resource", "prompt"),
    *("skill", "skill-entry", "skill-tool", "control"),
)
SPELLINGS: Final = MappingProxyType(_rules())
"""Rules by kind: every version's spelling to the model's."""
