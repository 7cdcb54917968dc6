"""Rules about what MCP clients are offered (orchestration.md 8.2)."""

from collections.abc import Iterator
from typing import Final

from naftiko_runtime.errors import Place
from naftiko_runtime.lint.subject import Finding, Subject
from naftiko_runtime.names import folded
from naftiko_runtime.plan.exposure import McpExposure
from naftiko_runtime.plan.function import Call, Function
from naftiko_runtime.tree import Items, Node, text_of

_MOST_TOOLS: Final = 100
_LONGEST: Final = 64
_LONG: Final = 50


def many_tools(subject: Subject) -> Iterator[Finding]:
    """``many-tools``: models choose badly among many, and clients cut the list."""
    for part in subject.of("mcp"):
        tools = part.node.get("tools")
        count = len(tools) if isinstance(tools, Items) else 0
        if count > _MOST_TOOLS:
            message = (
                f"{part.name!r} has {count} tools; split it, models choose badly among so many"
            )
            yield Finding("many-tools", part.node.at("tools"), message)


def long_names(subject: Subject) -> Iterator[Finding]:
    """``long-name``: of tools, prompts and inputs; clients refuse more than 64 characters."""
    for exposure in subject.capability.exposures if subject.capability is not None else ():
        if not isinstance(exposure, McpExposure):
            continue
        for tool in exposure.tools:
            yield from _long("tool", max(tool.written, tool.name, key=len), tool.place)
            for each in tool.function.inputs:
                if each.constant is None:
                    name = max(each.key, each.shown, key=len)
                    yield from _long("input", name, tool.place)
    for part in subject.of("prompt"):
        yield from _long("prompt", part.text("name") or "", part.node.at("name"))


def _long(kind: str, name: str, place: Place) -> Iterator[Finding]:
    if len(name) <= _LONG:
        return
    if len(name) > _LONGEST:
        message = f"{kind} {name!r} has {len(name)} characters; clients refuse more than {_LONGEST}"
        yield Finding("long-name", place, message)
    else:
        message = f"{kind} {name!r} has {len(name)} characters; clients put prefixes before it"
        yield Finding("long-name", place, message, "info")


def required_unfed(subject: Subject) -> Iterator[Finding]:
    """``required-unfed``: a required consumed parameter becomes a required input of its own."""
    required = dict(_required(subject))
    for part in subject.of("tool", "rest-operation"):
        function = subject.functions.get(part.node.place)
        if function is None or not isinstance(function.action, Call):
            continue
        operation = function.action.operation
        wanted = required.get((operation.namespace, operation.name), {})
        given = _given(part.node)
        names = [wanted[name] for name in _derived(function) if name in wanted.keys() - given]
        if names:
            message = (
                f"{part.name!r} does not feed {', '.join(names)} of {operation.namespace}."
                f"{operation.name}, so callers must; add with or inputParameters"
            )
            yield Finding("required-unfed", part.node.at("call"), message)


def _required(subject: Subject) -> Iterator[tuple[tuple[str, str], dict[str, str]]]:
    for part in subject.of("consumed-operation"):
        resource = part.above
        adapter = resource.above if resource is not None else None
        if resource is None or adapter is None:
            continue
        levels = (adapter.node, resource.node, part.node)
        parameters = [each for level in levels for each in _maps(level.get("inputParameters"))]
        names = [text_of(each.get("name")) for each in parameters if _is_required(each)]
        key = (adapter.text("namespace") or "", part.text("name") or "")
        yield key, {folded(name): name for name in names if name}


def _is_required(parameter: Node) -> bool:
    return getattr(parameter.get("required"), "value", None) is True and "value" not in parameter


def _maps(items: object) -> Iterator[Node]:
    yield from (
        (each for each in items if isinstance(each, Node)) if isinstance(items, Items) else ()
    )


def _given(node: Node) -> set[str]:
    """Return the names that a function declares itself or feeds by ``with``."""
    declared = (text_of(each.get("name")) for each in _maps(node.get("inputParameters")))
    entries = node.get("with")
    fed = entries if isinstance(entries, Node) else ()
    return {folded(name) for name in (*declared, *fed) if name}


def _derived(function: Function) -> Iterator[str]:
    for each in function.inputs:
        if each.required and each.place != "path":
            yield folded(each.name)
