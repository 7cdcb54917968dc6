"""What all spec models share: strictness, places, and how parts of a tree become field values."""

from collections.abc import Iterator, Mapping
from enum import Enum, auto
from typing import Annotated, Any, ClassVar, Final, TypeAlias, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError, core_schema

from naftiko_runtime.errors import Diagnostic, Place
from naftiko_runtime.tree import Node, Scalar, plain
from naftiko_runtime.values import Json, compact

PLACE_KEY = "(place)"
VALUES_KEY = "(values)"
BROKEN_KEY = "(broken)"
ORIGIN_KEY = "(origin)"
"""Members that a map has for validation beside its keys; what a document writes there is lost."""


class Places(Mapping[str, Place]):
    """The places of a map's values, looked up in its tree when somebody asks."""

    __slots__ = ("_node",)

    def __init__(self, node: Node) -> None:
        self._node = node

    def __getitem__(self, key: str) -> Place:
        if key not in self._node:
            raise KeyError(key)
        return self._node.at(key)

    def at(self, key: str, default: Place) -> Place:
        """Return the place of a value, or ``default``: ``get`` without the detour of a Mapping."""
        return self._node.at(key) if key in self._node else default

    def within(self, key: str) -> Mapping[str, Place]:
        """Return the places of the members of the map under ``key``."""
        inner = self._node.get(key)
        return Places(inner) if isinstance(inner, Node) else {}

    def __contains__(self, key: object) -> bool:
        return key in self._node

    def __iter__(self) -> Iterator[str]:
        return iter(self._node)

    def __len__(self) -> int:
        return len(self._node)


class _Reads(Enum):
    """Marks field types that take a ``Scalar`` as it is; all others get its text."""

    VALUES = auto()
    NULL = auto()
    """Values, null among them; for all others null is absent (language.md, Terms)."""


def _value(value: Any) -> Any:
    return value.value if isinstance(value, Scalar) else value


def _number(value: Any) -> float:
    number = _value(value)
    if not isinstance(number, int | float) or isinstance(number, bool):
        raise PydanticCustomError("float_type", "must be a number")
    return number


def _constant(value: Any) -> Json:
    if isinstance(value, Scalar) and value.text != compact(value.value):
        return None if value.value is None else value.text
    return plain(value)


def _texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _text(member) for key, member in value.items()}
    return [_text(member) for member in value] if isinstance(value, list) else value


def _text(value: Any) -> Any:
    return value.text if isinstance(value, Scalar) else value


Text: TypeAlias = str
"""A text; any scalar is its source text (language.md 1.2)."""
Texts: TypeAlias = Annotated[list[str], BeforeValidator(_texts)]
TextMap: TypeAlias = Annotated[dict[str, str], BeforeValidator(_texts)]
Flag: TypeAlias = Annotated[bool, BeforeValidator(_value), Field(strict=True), _Reads.VALUES]
Whole: TypeAlias = Annotated[int, BeforeValidator(_value), Field(strict=True), _Reads.VALUES]
Number: TypeAlias = Annotated[
    float, PlainValidator(_number, json_schema_input_type=float), _Reads.VALUES
]
JsonValue: TypeAlias = Annotated[Json, BeforeValidator(plain), _Reads.NULL]
"""Any JSON value with its YAML type; the text of a text, never a template yet."""
JsonMap: TypeAlias = Annotated[dict[str, Json], BeforeValidator(plain)]
JsonList: TypeAlias = Annotated[list[Json], BeforeValidator(plain)]
Constant: TypeAlias = Annotated[Json, BeforeValidator(_constant), _Reads.NULL]
"""A value where a text is expected: a number or boolean keeps its type only when its source text
is its JSON text, so ``1.10`` is the text ``1.10`` and ``5`` is five (language.md 1.2)."""


class _AsItIs:
    """Marks a field that loading fills with an object of ours: pydantic need not look into it.

    ``SkipValidation`` describes the type nevertheless, once for each model, which was a fifth of
    all work at the start of a process.
    """

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.any_schema()


AS_IT_IS: Final = _AsItIs()


class SpecModel(BaseModel):
    """A frozen part of a document that knows where it stands."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=to_camel,
        arbitrary_types_allowed=True,
        protected_namespaces=(),
    )
    valued: ClassVar[frozenset[str]] = frozenset()
    """Keys whose fields take numbers, booleans or any JSON."""
    nullable: ClassVar[frozenset[str]] = frozenset()
    """Those among them for which null is a value."""

    place: Annotated[Place, AS_IT_IS] = Field(
        default=Place(""), alias=PLACE_KEY, repr=False, exclude=True
    )
    values: Annotated[Mapping[str, Place], AS_IT_IS] = Field(
        default_factory=dict, alias=VALUES_KEY, repr=False, exclude=True
    )
    """The places of the values, by their keys in the document."""
    broken: Annotated[Diagnostic | None, AS_IT_IS] = Field(
        default=None, alias=BROKEN_KEY, repr=False, exclude=True
    )
    """The ``document/wrong-kind`` of this part; whoever compiles it makes it unavailable."""
    label: Text | None = Field(None, description="Short name for people.")
    description: Text | None = Field(None, description="What this is, in sentences (Markdown).")

    @classmethod
    def __pydantic_init_subclass__(cls, **_kwargs: Any) -> None:
        reads = {
            field.alias or name: {*field.metadata, *_marks(field.annotation)}
            for name, field in cls.model_fields.items()
        }
        cls.nullable = frozenset(key for key, marks in reads.items() if _Reads.NULL in marks)
        valued = (key for key, marks in reads.items() if _Reads.VALUES in marks)
        cls.valued = cls.nullable.union(valued)

    @model_validator(mode="before")
    @classmethod
    def _members(cls, tree: Any) -> Any:
        if not isinstance(tree, Node):
            return tree
        valued, nullable = cls.valued, cls.nullable
        members = {
            key: value if type(value) is not Scalar or key in valued else value.text
            for key, value in tree.items()
            if type(value) is not Scalar or value.value is not None or key in nullable
        }
        members[PLACE_KEY] = tree.place
        members[VALUES_KEY] = Places(tree)
        members[BROKEN_KEY] = tree.broken
        if tree.origin is not None or ORIGIN_KEY in members:
            members[ORIGIN_KEY] = tree.origin
        return members

    def within(self, key: str) -> Mapping[str, Place]:
        """Return the places of the members of a map written under ``key``, such as ``with``."""
        return self.values.within(key) if isinstance(self.values, Places) else {}

    def at(self, key: str) -> Place:
        """Return the place of the value written under ``key`` (its name in the document)."""
        values = self.values
        return values.at(key, self.place) if type(values) is Places else values.get(key, self.place)


def _marks(annotation: Any) -> Iterator[_Reads]:
    for part in get_args(annotation):
        if isinstance(part, _Reads):
            yield part
        yield from _marks(part)
