"""Published documents as an independent reader sees them: plain YAML, none of the runtime's code.

Only what the corpus uses is read. Nothing here resolves a reference: that is the next modules' part.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import yaml

Json = Any


class _Core(yaml.CSafeLoader):
    """YAML 1.2's core schema: dates, ``on`` and ``yes`` are text (language.md 1.2)."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012


_SCALARS = {
    "null": (r"null|Null|NULL|~|", "nN~\0"),
    "bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    "int": (r"[-+]?(0|[1-9][0-9]*)", "-+0123456789"),
    "float": (r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*)([eE][-+]?[0-9]+)?", "-+.0123456789"),
}
for _kind, (_pattern, _first) in _SCALARS.items():
    _firsts = ["" if char == "\0" else char for char in _first]
    _Core.add_implicit_resolver(
        f"tag:yaml.org,2002:{_kind}", re.compile(f"^({_pattern})$"), _firsts
    )


@dataclass(frozen=True)
class Consumed:
    """One operation of a consumed API; ``path`` is joined to ``base`` and still a template."""

    namespace: str
    resource: str
    name: str
    method: str
    base: str
    path: str
    parameters: tuple[Mapping[str, Json], ...]
    body: Json
    authentication: Mapping[str, Json]
    description: str | None
    format: str

    @property
    def declares_nothing(self) -> bool:
        return not self.parameters and self.body is None


@dataclass(frozen=True)
class Exposed:
    """One REST operation (``path`` is set) or one MCP tool."""

    kind: Literal["rest", "mcp"]
    namespace: str
    port: int
    name: str
    method: str
    path: str
    call: str | None
    arguments: Mapping[str, Json]
    inputs: tuple[Mapping[str, Json], ...]
    outputs: tuple[Mapping[str, Json], ...]
    description: str | None
    listed: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


@dataclass(frozen=True)
class Document:
    """A document's operations; ``missing`` are consumed namespaces imported from nowhere."""

    slug: str
    binds: Mapping[str, tuple[str, ...]]
    consumed: tuple[Consumed, ...]
    exposed: tuple[Exposed, ...]
    namespaces: tuple[str, ...]
    missing: tuple[str, ...]
    says_optional: bool
    """An exposed input says ``required: false`` (language.md 10.6)."""

    @cached_property
    def variables(self) -> frozenset[str]:
        return frozenset(name for names in self.binds.values() for name in names)


def read_document(path: Path) -> Document:
    """Return what a file declares."""
    # the loader is a SafeLoader with fewer resolvers
    root = yaml.load(path.read_bytes(), Loader=_Core)  # noqa: S506
    capability = root.get("capability") or {}
    sections = [*(root.get("consumes") or []), *(capability.get("consumes") or [])]
    adapters = [each for each in sections if "baseUri" in each]
    binds = [*(root.get("binds") or []), *(capability.get("binds") or [])]
    exposed = tuple(_exposed(capability.get("exposes") or []))
    return Document(
        slug=path.stem,
        binds={str(each["namespace"]): tuple(each.get("keys") or ()) for each in binds},
        consumed=tuple(each for adapter in adapters for each in _consumed(adapter)),
        exposed=exposed,
        namespaces=tuple(str(each["namespace"]) for each in adapters),
        missing=tuple(str(each["import"]) for each in sections if "import" in each),
        says_optional=any(
            given.get("required") is False for each in exposed for given in each.inputs
        ),
    )


def _consumed(adapter: Mapping[str, Json]) -> Iterator[Consumed]:
    resources = adapter.get("resources") or []
    absolute = _paths_are_absolute(resources)
    for index, resource in enumerate(resources):
        for operation in resource.get("operations") or []:
            yield Consumed(
                namespace=str(adapter["namespace"]),
                resource=str(resource.get("name") or index),
                name=str(operation.get("name", operation.get("id"))),
                method=str(operation.get("method") or "GET").upper(),
                base=str(adapter["baseUri"]),
                path=operation_path(resource, operation, absolute=absolute),
                parameters=_distinct(operation.get("inputParameters") or []),
                body=_named_keys(operation.get("body")),
                authentication=adapter.get("authentication") or adapter.get("auth") or {},
                description=operation.get("description"),
                format=str(operation.get("outputRawFormat") or "json").lower(),
            )


_READ = frozenset({"name", "in", "type", "required", "description"})


def _distinct(parameters: Sequence[Mapping[str, Json]]) -> tuple[Mapping[str, Json], ...]:
    """Keep the first of equal parameters, drop those without a name (language.md 4.13)."""
    kept: dict[tuple[Json, str], Mapping[str, Json]] = {}
    for each in parameters:
        assert each.keys() <= _READ, f"the oracle cannot read {sorted(each.keys() - _READ)}"
        if each.get("name"):
            kept.setdefault((each.get("in"), str(each["name"])), each)
    return tuple(kept.values())


def _named_keys(value: Json) -> Json:
    """Give a key ``true`` the name that its own reference has (language.md 1.2)."""
    if isinstance(value, list):
        return [_named_keys(each) for each in value]
    if not isinstance(value, dict):
        return value
    named = {}
    for key, each in value.items():
        words = re.findall(r"\b(?:on|off|yes|no|y|n)\b", str(each)) if isinstance(key, bool) else []
        text = words[0] if words else str(key).lower() if isinstance(key, bool) else str(key)
        named[text] = _named_keys(each)
    return named


def _paths_are_absolute(resources: Sequence[Mapping[str, Json]]) -> bool:
    """Tell whether operation paths of an adapter begin at its root (language.md 4.10)."""
    for resource in resources:
        own = resource.get("path") or ""
        for operation in resource.get("operations") or []:
            path = operation.get("path") or ""
            if own and (path == own or path.startswith(own.rstrip("/") + "/")) and own != "/":
                return True
    return False


def operation_path(
    resource: Mapping[str, Json], operation: Mapping[str, Json], *, absolute: bool
) -> str:
    """Return the path of an operation under its adapter (language.md 4.4, 4.10)."""
    own = operation.get("path")
    if own is None:
        return str(resource.get("path") or "")
    return str(own) if absolute else joined(str(resource.get("path") or ""), str(own))


def joined(left: str, right: str) -> str:
    """Join two parts of a URL with exactly one slash (language.md 4.4)."""
    if not right or right[0] in "?#:":
        return left + right
    return f"{left.rstrip('/')}/{right.lstrip('/')}" if left else right


def _exposed(adapters: Sequence[Mapping[str, Json]]) -> Iterator[Exposed]:
    for adapter in adapters:
        if adapter.get("type") == "rest":
            yield from _routes(adapter)
        elif adapter.get("type") == "mcp":
            yield from _tools(adapter)


_CANNOT = frozenset({"steps", "mappings", "ref"})


def _routes(adapter: Mapping[str, Json]) -> Iterator[Exposed]:
    resources = adapter.get("resources") or []
    absolute = _paths_are_absolute(resources)
    for resource in resources:
        for operation in resource.get("operations") or []:
            path = operation_path(resource, operation, absolute=absolute)
            inputs = [*(resource.get("inputParameters") or [])]
            yield _operation("rest", adapter, operation, path, inputs)


def _tools(adapter: Mapping[str, Json]) -> Iterator[Exposed]:
    taken: list[str] = []
    for tool in adapter.get("tools") or []:
        exposed = _operation("mcp", adapter, tool, "", [])
        listed = re.sub(r"[^A-Za-z0-9_-]", "-", exposed.name)
        count = taken.count(listed) + 1
        taken.append(listed)
        named = listed if count == 1 else f"{listed}-{count}"
        yield Exposed(**{**exposed.__dict__, "listed": named})


def _operation(
    kind: Literal["rest", "mcp"],
    adapter: Mapping[str, Json],
    operation: Mapping[str, Json],
    path: str,
    outer: Sequence[Mapping[str, Json]],
) -> Exposed:
    inputs = [*(adapter.get("inputParameters") or []), *outer]
    assert not operation.keys() & _CANNOT, f"the oracle cannot read {operation.get('name')}"
    return Exposed(
        kind=kind,
        namespace=str(adapter["namespace"]),
        port=int(adapter.get("port") or (8080 if kind == "rest" else 9090)),
        name=str(operation.get("name")),
        method=str(operation.get("method") or "GET").upper(),
        path=path,
        call=operation.get("call"),
        arguments=_named_keys(operation.get("with")) or {},
        inputs=(*inputs, *(operation.get("inputParameters") or [])),
        outputs=tuple(operation.get("outputParameters") or ()),
        description=operation.get("description"),
    )
