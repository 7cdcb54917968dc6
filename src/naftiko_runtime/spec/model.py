"""What all spec models share: strictness, places, and how scalars of a tree become field values."""

from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from naftiko_runtime.errors import Diagnostic, Place
from naftiko_runtime.tree import Scalar, plain
from naftiko_runtime.values import Json

PLACE_KEY = "(place)"
VALUES_KEY = "(values)"
BROKEN_KEY = "(broken)"
ORIGIN_KEY = "(origin)"
"""Members that loading adds to every map before validation; no document can write them."""


def _text(value: Any) -> Any:
    return value.text if isinstance(value, Scalar) and value.value is not None else _value(value)


def _value(value: Any) -> Any:
    return value.value if isinstance(value, Scalar) else value


Text: TypeAlias = Annotated[str, BeforeValidator(_text)]
"""A text; any scalar is its source text (language.md 1.2)."""
Flag: TypeAlias = Annotated[bool, BeforeValidator(_value), Field(strict=True)]
Whole: TypeAlias = Annotated[int, BeforeValidator(_value), Field(strict=True)]
Number: TypeAlias = Annotated[float | int, BeforeValidator(_value), Field(strict=True)]
JsonValue: TypeAlias = Annotated[Json, BeforeValidator(plain)]
"""Any JSON value with its YAML type; the text of a text, never a template yet."""


class SpecModel(BaseModel):
    """A frozen part of a document that knows where it stands."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=to_camel,
        arbitrary_types_allowed=True,
        protected_namespaces=(),
    )

    place: Place = Field(default=Place(""), alias=PLACE_KEY, repr=False, exclude=True)
    values: dict[str, Place] = Field(
        default_factory=dict, alias=VALUES_KEY, repr=False, exclude=True
    )
    broken: Diagnostic | None = Field(default=None, alias=BROKEN_KEY, repr=False, exclude=True)
    """The ``document/wrong-kind`` of this part; whoever compiles it makes it unavailable."""
    label: Text | None = Field(None, description="Short name for people.")
    description: Text | None = Field(None, description="What this is, in sentences (Markdown).")

    def at(self, key: str) -> Place:
        """Return the place of the value written under ``key`` (its name in the document)."""
        return self.values.get(key, self.place)
