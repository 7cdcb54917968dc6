"""What can be invoked: calls, steps, mappings, aggregates and their semantics."""

from pydantic import Field

from naftiko_runtime.spec.consumes import Output, Parameter
from naftiko_runtime.spec.model import (
    ORIGIN_KEY,
    Flag,
    JsonList,
    JsonMap,
    JsonValue,
    SpecModel,
    Text,
    Texts,
)


class Step(SpecModel):
    """One step of a function (orchestration.md 2.1); keys of all three types in one model."""

    name: Text | None = None
    type: Text | None = Field(None, description="call, lookup or script.")
    call: Text | None = None
    with_: JsonMap | None = Field(None, alias="with")
    on_error: Text | None = Field(None, description="stop (default) or continue.")
    index: Text | None = None
    match: Text | None = None
    lookup_value: JsonValue = None
    output_parameters: JsonList | None = None
    language: Text | None = None
    location: Text | None = None
    file: Text | None = None
    dependencies: Texts | None = None


class StepMapping(SpecModel):
    """One member of the result of a function with steps (orchestration.md 2.25)."""

    target_name: Text
    value: JsonValue = None


class Semantics(SpecModel):
    """What a function does to the world; MCP hints follow from it (orchestration.md 3.6)."""

    safe: Flag | None = None
    idempotent: Flag | None = None
    cacheable: Flag | None = None


class Hints(SpecModel):
    """MCP tool annotations as written."""

    read_only: Flag | None = None
    destructive: Flag | None = None
    idempotent: Flag | None = None
    open_world: Flag | None = None


class FunctionSpec(SpecModel):
    """The keys that every function has, whatever exposes it (orchestration.md 1)."""

    name: Text | None = None
    input_parameters: list[Parameter] = Field(default_factory=list)
    output_parameters: list[Output] = Field(default_factory=list)
    call: Text | None = None
    with_: JsonMap | None = Field(None, alias="with")
    steps: list[Step] = Field(default_factory=list)
    ref: Text | None = None
    mappings: list[StepMapping] = Field(default_factory=list)
    semantics: Semantics | None = None
    tags: Texts | None = None


class AggregateFunction(FunctionSpec):
    """A function that adapters refer to."""

    output_media_type: Text | None = None


class Aggregate(SpecModel):
    """A namespace of functions (orchestration.md 3.1)."""

    namespace: Text | None = None
    functions: list[AggregateFunction] = Field(default_factory=list)
    tags: Texts | None = None
    origin: Text | None = Field(None, alias=ORIGIN_KEY, exclude=True)
