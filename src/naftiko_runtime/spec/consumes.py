"""The consumed side: HTTP APIs, their resources, operations, parameters, bodies and outputs."""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag

from naftiko_runtime.spec.authentication import Authentication
from naftiko_runtime.spec.model import (
    ORIGIN_KEY,
    Constant,
    Flag,
    JsonList,
    JsonValue,
    Number,
    SpecModel,
    Text,
    Texts,
    Whole,
)


class Parameter(SpecModel):
    """An input parameter, consumed or exposed (language.md 4.1, 10.4)."""

    name: Text
    in_: Text | None = Field(None, alias="in", description="path, query, header, cookie, body …")
    value: Constant = Field(None, description="Constant or template; a caller cannot override it.")
    type: Text | None = None
    required: Flag | None = None
    default: JsonValue = None
    enum: JsonList | None = None
    pattern: Text | None = None
    format: Text | None = None
    minimum: Number | None = None
    maximum: Number | None = None
    min_length: Whole | None = None
    max_length: Whole | None = None
    items: JsonValue = None
    properties: JsonValue = None
    example: JsonValue = None
    tags: Texts | None = None

    def has(self, key: str) -> bool:
        """Tell whether the document wrote ``key`` here, even with the value null."""
        return key in self.values


class Output(SpecModel):
    """An output parameter, consumed or exposed (language.md 9)."""

    name: Text | None = None
    type: Text | None = None
    mapping: Text | None = Field(None, description="JSONPath into the response.")
    value: Constant = Field(None, description="Consumed: a path. Exposed: constant or template.")
    const: JsonValue = None
    properties: dict[str, "Output"] | None = None
    items: "ItemSpec | None" = None
    value_type: "Output | None" = Field(None, alias="values")
    max_length: Whole | None = None
    required: Flag | None = None
    enum: JsonList | None = None
    format: Text | None = None
    example: JsonValue = None
    tags: Texts | None = None

    def has(self, key: str) -> bool:
        return key in self.values


def _form(value: Any) -> str:
    return "(list)" if isinstance(value, list) else "(one)"


ItemSpec: TypeAlias = Annotated[
    Annotated[Output, Tag("(one)")] | Annotated[list[Output], Tag("(list)")],
    Discriminator(_form),
]
"""One output for every element, or named ones that make an object (orchestration.md 2.28)."""
Output.model_rebuild()


class Body(SpecModel):
    """A request body; a text written in its place is ``type: raw`` (language.md 5.1)."""

    type: Text = "json"
    data: JsonValue = None


class ConsumedOperation(SpecModel):
    """One operation of an upstream."""

    name: Text
    method: Text | None = None
    path: Text | None = None
    input_parameters: list[Parameter] = Field(default_factory=list)
    body: Body | None = None
    output_raw_format: Text | None = None
    output_schema: Text | None = None
    output_media_type: Text | None = None
    max_binary_size: Text | None = None
    output_parameters: list[Output] = Field(default_factory=list)
    authentication: Authentication | None = None
    tags: Texts | None = None


class ConsumedResource(SpecModel):
    """A path with its operations."""

    name: Text | None = None
    path: Text = ""
    input_parameters: list[Parameter] = Field(default_factory=list)
    operations: list[ConsumedOperation] = Field(default_factory=list)
    authentication: Authentication | None = None
    tags: Texts | None = None


class Tunnel(SpecModel):
    """A private network in front of an upstream; none is built in (orchestration.md 5.3)."""

    type: Text | None = None
    service: Text | None = None
    identity: Text | None = None
    fallback: Text | None = None


class Consumes(SpecModel):
    """One HTTP API that the capability calls."""

    type: Literal["http"] = "http"
    namespace: Text
    base_uri: Text = ""
    input_parameters: list[Parameter] = Field(default_factory=list)
    authentication: Authentication | None = None
    max_binary_size: Text | None = None
    resources: list[ConsumedResource] = Field(default_factory=list)
    tunnel: Tunnel | None = None
    tags: Texts | None = None
    lifecycle: Text | None = None
    origin: Text | None = Field(None, alias=ORIGIN_KEY, exclude=True)
    """The real path of the file an import took this from; None for the document's own."""
