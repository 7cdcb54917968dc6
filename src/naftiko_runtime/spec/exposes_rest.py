"""The REST adapter as written."""

from typing import Literal

from pydantic import Field

from naftiko_runtime.spec.authentication import Authentication
from naftiko_runtime.spec.consumes import Parameter
from naftiko_runtime.spec.functions import FunctionSpec
from naftiko_runtime.spec.model import (
    ORIGIN_KEY,
    Flag,
    JsonMap,
    Number,
    SpecModel,
    Text,
    Texts,
    Whole,
)


class ResponseBinary(SpecModel):
    """The media type of a binary answer (exposes.md IKA-8)."""

    status: Whole | None = None
    media_type: Text | None = None
    description: Text | None = None


class RestOperation(FunctionSpec):
    """One method of a resource."""

    method: Text | None = None
    path: Text | None = None
    responses: JsonMap | None = None
    response_binary: ResponseBinary | None = None
    max_binary_size: Text | None = None


class RestForward(SpecModel):
    """Pass-through of a consumed namespace (exposes.md REST-14)."""

    target_namespace: Text
    trusted_headers: Texts = Field(default_factory=list)


class RestResource(SpecModel):
    """A path with its operations."""

    name: Text | None = None
    path: Text = "/"
    input_parameters: list[Parameter] = Field(default_factory=list)
    operations: list[RestOperation] = Field(default_factory=list)
    forward: RestForward | None = None
    tags: Texts | None = None


class Cors(SpecModel):
    """Which browsers' pages may call (exposes.md REST-15)."""

    origins: Texts = Field(default_factory=list)
    headers: Texts = Field(default_factory=list)
    credentials: Flag = False
    max_age: Number = 600


class Adapter(SpecModel):
    """What every adapter has."""

    address: Text | None = None
    port: Whole | None = None
    namespace: Text | None = None
    authentication: Authentication | None = None
    cors: Cors | None = None
    tags: Texts | None = None
    lifecycle: Text | None = None
    origin: Text | None = Field(None, alias=ORIGIN_KEY, exclude=True)


class RestAdapter(Adapter):
    """A REST API."""

    type: Literal["rest"]
    resources: list[RestResource] = Field(default_factory=list)
    input_parameters: list[Parameter] = Field(default_factory=list)
    max_binary_size: Text | None = None
