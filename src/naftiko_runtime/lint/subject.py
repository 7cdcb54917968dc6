"""One document as the rules of lint see it: as written, normalised, and compiled."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from naftiko_runtime.dialect.shape import CHILDREN, FUNCTIONS, Form, kind_of
from naftiko_runtime.errors import Diagnostic, Place, Severity
from naftiko_runtime.options import Settings
from naftiko_runtime.plan.capability import Capability
from naftiko_runtime.plan.exposure import McpExposure, RestExposure
from naftiko_runtime.plan.function import Function
from naftiko_runtime.tree import Items, Node, Tree, text_of


class Finding(NamedTuple):
    """What a rule found; ``severity`` is there when it is not the rule's usual one."""

    rule: str
    place: Place
    message: str
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """A map of the language: its kind, and the maps that it stands in."""

    kind: str
    node: Node
    above: "Part | None" = None

    def text(self, key: str) -> str | None:
        """Return the text of a member; None when it is not there or no scalar."""
        return text_of(self.node.get(key))

    def within(self, *kinds: str) -> "Part | None":
        """Return the nearest map around this one that is of one of ``kinds``."""
        part = self.above
        while part is not None and part.kind not in kinds:
            part = part.above
        return part

    @property
    def name(self) -> str:
        """What messages call it."""
        keys = ("name", "namespace", "ref", "path", "label")
        texts = (self.text(key) for key in keys)
        return next((text for text in texts if text), self._route or self.kind)

    @property
    def _route(self) -> str | None:
        """``GET /v1/orders`` of an operation without a name."""
        method, path = self.text("method"), self.above.text("path") if self.above else None
        return f"{method} {path}" if method and path else None


@dataclass(frozen=True, slots=True)
class Subject:
    """A document to be judged.

    ``source`` is the tree as written, ``tree`` the normalised one with imported entries in place,
    ``capability`` the plan; None when the document was refused. ``host`` is the address that
    ``serve`` would be told to use for all adapters.
    """

    file: str
    source: Tree | None
    tree: Node
    capability: Capability | None
    diagnostics: tuple[Diagnostic, ...] = ()
    settings: Settings = field(default_factory=Settings)
    host: str | None = None
    parts: tuple[Part, ...] = field(default=(), repr=False)
    functions: Mapping[Place, Function] = field(default_factory=dict, repr=False)
    """Compiled tools and REST operations, by the place of their maps."""

    def of(self, *kinds: str) -> Iterator[Part]:
        """Yield the maps of some kinds, in written order."""
        return (part for part in self.parts if part.kind in kinds)

    def whole(self) -> Iterator[Part]:
        """Yield every function: operations, tools, resources, prompts, aggregate functions."""
        return self.of(*FUNCTIONS)


def parts_of(tree: Node) -> tuple[Part, ...]:
    """Return every map of the language in a normalised document."""
    return tuple(_parts(tree, "document", None))


def _parts(node: Node, kind: str, above: Part | None) -> Iterator[Part]:
    exact = kind_of(node, kind)
    part = Part(exact, node, above)
    yield part
    for key, child in CHILDREN.get(exact, {}).items():
        value = node.get(key)
        for each in _children(value, child.form):
            yield from _parts(each, child.kind, part)


def _children(value: Any, form: Form) -> Iterator[Node]:
    if isinstance(value, Items):
        yield from (each for each in value if isinstance(each, Node))
    elif isinstance(value, Node) and form is Form.NAMED:
        yield from (each for each in value.values() if isinstance(each, Node))
    elif isinstance(value, Node):
        yield value


def functions_of(capability: Capability | None) -> dict[Place, Function]:
    """Return the functions of a plan by the place of what exposes them."""
    functions: dict[Place, Function] = {}
    for exposure in capability.exposures if capability is not None else ():
        if isinstance(exposure, RestExposure):
            functions |= {route.place: route.function for route in exposure.routes}
        elif isinstance(exposure, McpExposure):
            functions |= {tool.place: tool.function for tool in exposure.tools}
    return functions


def scalars(tree: Any, place: Place) -> Iterator[tuple[str, Place]]:
    """Yield every text of a tree with its place."""
    if isinstance(tree, Node):
        for key, value in tree.items():
            yield from scalars(value, tree.at(key))
    elif isinstance(tree, Items):
        for index, value in enumerate(tree):
            yield from scalars(value, tree.at(index))
    elif isinstance(tree, str):
        yield tree, place
