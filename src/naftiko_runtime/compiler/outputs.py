"""Compiles output parameters: relay or reshape, decided here once (language.md 9)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from naftiko_runtime.compiler.templates import link_json
from naftiko_runtime.compiler.world import World
from naftiko_runtime.errors import Place
from naftiko_runtime.expressions.mapper import (
    ArrayShape,
    Chain,
    FirstOf,
    Fixed,
    Mapper,
    MapShape,
    ObjectShape,
    Select,
)
from naftiko_runtime.expressions.path import ROOT, Path, PathError
from naftiko_runtime.expressions.reference import MISSING, Expression
from naftiko_runtime.expressions.template import Hole, whole
from naftiko_runtime.plan.function import Output, Relay, Reshape
from naftiko_runtime.plan.upstream import ResponseFormat
from naftiko_runtime.spec.consumes import ConsumedOperation
from naftiko_runtime.spec.consumes import Output as Spec
from naftiko_runtime.values import (
    Json,
    boolean_of,
    integer_of,
    number_of,
    structure_of,
    text_of,
)

RELAYED: Final = (None, "json", "text", "binary")
_ROOTS: Final = ("$", "$.")
_CONVERSIONS: Final[Mapping[str, Callable[[Json], Json]]] = {
    "integer": integer_of,
    "number": number_of,
    "boolean": boolean_of,
    "object": structure_of,
    "array": structure_of,
}

Resolve = Callable[[Hole, bool], Expression]
"""Links the holes of constants: in the scope of whoever exposes the function."""


@dataclass(frozen=True, slots=True)
class Shapes:
    """How the outputs of one function are compiled.

    ``consumed`` are the consumed operation's named outputs, which 9.2 falls back to;
    ``is_xml`` switches the helps of 7.8 on; ``sparse`` is mock mode (11.3); ``path_values``: a
    ``value`` is a path, as in consumed outputs.
    """

    world: World
    label: str
    resolve: Resolve
    consumed: tuple[tuple[str, Mapper], ...] = ()
    is_xml: bool = False
    sparse: bool = False
    path_values: bool = False

    def mapper(self, output: Spec) -> Mapper:
        """Return one output as a mapper (9.4)."""
        fixed = self._fixed(output)
        if fixed is not None:
            return fixed
        if self.sparse and output.properties is None and output.items is None:
            return Fixed(MISSING)  # a mock says nothing here (11.3)
        if output.type == "object" or (output.type is None and output.properties is not None):
            return self._object(output)
        if output.type == "array" or (output.type is None and output.items is not None):
            return self._array(output)
        return self.select(output) or Select(ROOT)

    def select(self, output: Spec) -> Mapper | None:
        """Return what the output's path finds; None without a path."""
        text = self._path_text(output)
        if text is None:
            return None
        key = "mapping" if output.mapping is not None else "value"
        path = self.path(text, output.at(key))
        wrap = self.is_xml and output.type == "array"
        fallback = self._fallback(path)
        return Select(
            path, fallback, wrap, self.is_xml and path.first is not None, output.max_length
        )

    def path(self, text: str, place: Place) -> Path:
        """Return a compiled path; raise ``Unresolved`` (path/invalid)."""
        hole = whole(text)
        try:
            path = Path.parse(hole.name if hole is not None else text)
        except PathError as error:
            message = f"{self.label}: {text!r} is no path: {error}"
            raise self.world.around.unresolved("path/invalid", place, message) from error
        if path.js_length:
            message = f"{self.label}: {text} is the length of an array; write length()"
            self.world.found.add("path/js-length", place, message)
        return path

    def _path_text(self, output: Spec) -> str | None:
        if output.mapping is not None:
            return output.mapping
        if self.path_values and output.has("value") and output.value is not None:
            return text_of(output.value)
        return None

    def _fixed(self, output: Spec) -> Mapper | None:
        key = "value" if output.has("value") and not self.path_values else "const"
        has_path = output.mapping is not None
        if key == "const" and (not output.has("const") or has_path or self.path_values):
            return None
        value = output.value if key == "value" else output.const
        place = output.at(key)
        expression = link_json(value, self.resolve, self.world.around, place)
        convert = _CONVERSIONS.get(output.type or "", text_of if output.type == "string" else None)
        return Fixed(expression, convert, output.max_length)

    def _object(self, output: Spec) -> Mapper:
        base = self.select(output)
        if output.value_type is not None:
            return MapShape(base, self.mapper(output.value_type))
        if output.properties is None:
            return base or Select(ROOT)
        members = tuple((name, self.mapper(member)) for name, member in output.properties.items())
        return ObjectShape(members, base, self.sparse)

    def _array(self, output: Spec) -> Mapper:
        base = self.select(output)
        items = output.items
        if items is None:
            return base or Select(ROOT)
        if isinstance(items, list):
            if not items:
                return base or Select(ROOT)
            items = items[0]
        each = self.mapper(items)
        return ArrayShape(base, each, single=self.sparse)

    def _fallback(self, path: Path) -> Mapper | None:
        for name, mapper in self.consumed:
            if path.first == name:
                rest = path.without_first()
                return mapper if rest.is_root else Chain(mapper, rest)
        return None


def is_identity(outputs: Sequence[Spec]) -> bool:
    """Tell whether outputs let the upstream's body pass as it is (9.3)."""
    if not outputs:
        return True
    only = outputs[0]
    shaped = (only.name, only.properties, only.items, only.value_type, only.max_length)
    if len(outputs) > 1 or any(part is not None for part in shaped):
        return False
    if only.has("value") or only.has("const"):
        return False
    if only.mapping is None:
        return only.type in ("object", "array")
    return only.mapping.strip() in _ROOTS


def output_of(
    shapes: Shapes, outputs: Sequence[Spec], response: ResponseFormat, place: Place
) -> Output:
    """Return how an answer becomes the function's result; raise ``Unresolved``."""
    if not outputs:
        return Relay()
    identity = is_identity(outputs)
    if response.format == "binary":
        if not identity:
            message = f"{shapes.label}: the answer is binary; its outputs are ignored"
            shapes.world.found.add("output/on-binary", place, message)
        return Relay()
    if identity and response.format in RELAYED:
        return Relay()
    return Reshape(combined(shapes, outputs))


def combined(shapes: Shapes, outputs: Sequence[Spec]) -> Mapper:
    """Return several outputs as one mapper (9.5)."""
    named = [output for output in outputs if output.name]
    if named:
        if len(named) < len(outputs):
            _report_unnamed(
                shapes, outputs, "the named ones make an object, the others are ignored"
            )
        members = tuple((output.name or "", shapes.mapper(output)) for output in named)
        return ObjectShape(members, None, shapes.sparse, always=True)
    if len(outputs) == 1:
        return shapes.mapper(outputs[0])
    if shapes.sparse:
        return _numbered(shapes, outputs)
    _report_unnamed(shapes, outputs, "the first that is not null is the result")
    return FirstOf(tuple(shapes.mapper(output) for output in outputs))


def _numbered(shapes: Shapes, outputs: Sequence[Spec]) -> Mapper:
    """Return several unnamed mock outputs as ``value``, ``value_2``, … (11.2)."""
    names = ("value" if number == 1 else f"value_{number}" for number in range(1, len(outputs) + 1))
    members = zip(names, (shapes.mapper(output) for output in outputs), strict=True)
    return ObjectShape(tuple(members), None, sparse=True)


def _report_unnamed(shapes: Shapes, outputs: Sequence[Spec], effect: str) -> None:
    message = f"{shapes.label}: several outputs without names; {effect}"
    shapes.world.found.add("dialect/several-unnamed-outputs", outputs[0].place, message)


def consumed_outputs(
    world: World, operation: ConsumedOperation, response: ResponseFormat
) -> tuple[tuple[str, Mapper], ...]:
    """Return the named consumed outputs; their ``value`` is a path (9.1)."""
    shapes = _consumed_shapes(world, operation, is_xml=response.format == "xml")
    return tuple(
        (output.name, shapes.mapper(output))
        for output in operation.output_parameters
        if output.name
    )


def consumed_mapper(world: World, operation: ConsumedOperation, output: Spec) -> Mapper:
    """Return one consumed output (9.1)."""
    is_xml = (operation.output_raw_format or "").lower() == "xml"
    return _consumed_shapes(world, operation, is_xml=is_xml).mapper(output)


def _consumed_shapes(world: World, operation: ConsumedOperation, *, is_xml: bool) -> Shapes:
    return Shapes(world, operation.name, _no_holes, is_xml=is_xml, path_values=True)


def _no_holes(hole: Hole, embedded: bool) -> Expression:  # noqa: FBT001
    raise AssertionError(hole)


def has_constants(outputs: Sequence[Spec]) -> bool:
    """Tell whether a ``value`` or ``const`` stands at any depth (11.1)."""
    return any(_has_constant(output) for output in outputs)


def _has_constant(output: Spec) -> bool:
    inner = [*(output.properties or {}).values()]
    items = output.items
    inner += items if isinstance(items, list) else [items] if items is not None else []
    return output.has("value") or output.has("const") or has_constants(inner)
