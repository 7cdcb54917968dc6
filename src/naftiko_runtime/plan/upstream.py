"""The consumed side of a plan: upstreams, their operations, and how a request is put together.

The expressions of a consumed operation read *arguments*: names of its own parameters,
placeholders and body variables. ``plan.function.Call`` says where each argument comes from.
"""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from naftiko_runtime.expressions.mapper import Mapper
from naftiko_runtime.expressions.path import Path
from naftiko_runtime.expressions.reference import Expression, Variable

Hole = Literal["segment", "slashes", "verbatim", "label", "port"]
"""How a value stands in a URL: one encoded segment piece (language.md 4.6), pieces between kept
slashes (4.7), as it is (variables in a base URI), one host label, or the port (4.3)."""


@dataclass(frozen=True, slots=True)
class UrlHole:
    """A placeholder of a URL; ``name`` is what messages call it."""

    name: str
    value: Expression
    mode: Hole = "segment"


UrlPiece: TypeAlias = str | UrlHole


@dataclass(frozen=True, slots=True)
class Bearer:
    """``Authorization: Bearer V``."""

    token: Expression


@dataclass(frozen=True, slots=True)
class Basic:
    """``Authorization: Basic …``; an absent password is the empty text."""

    username: Expression
    password: Expression | None


@dataclass(frozen=True, slots=True)
class Digest:
    """RFC 7616 (language.md 6.6)."""

    username: Expression
    password: Expression | None


@dataclass(frozen=True, slots=True)
class Key:
    """One API key in one place; for the body without such a body it is a query parameter."""

    name: str
    value: Expression
    placement: Literal["header", "query", "cookie", "body"]


@dataclass(frozen=True, slots=True)
class ApiKeys:
    """One or several keys sent together."""

    keys: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class SignatureV4:
    """AWS Signature 4 (language.md 6.9)."""

    access_key_id: Expression
    secret_key: Expression
    region: Expression
    service: Expression
    session_token: Expression | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """A token fetched from an endpoint and kept (language.md 6.7, 6.8).

    ``form`` (oauth2) or ``request`` (token-refresh) is what is posted; exactly one is there.
    ``refresh_token`` in the form is replaced in memory by a new one of the reply.
    """

    endpoint: Expression
    form: tuple[tuple[str, Expression], ...] | None
    request: Expression | None
    client: Basic | None
    token_field: Path
    expires_in_field: Path
    placement: Literal["bearer", "header", "query"] = "bearer"
    placement_name: str = ""
    safety_margin: float = 60.0


Authentication: TypeAlias = Bearer | Basic | Digest | ApiKeys | SignatureV4 | Token


@dataclass(frozen=True, slots=True)
class Upstream:
    """One consumed API: the unit of connection pool, credentials and limits.

    ``key`` tells upstreams of all documents apart: file, namespace and index.
    """

    key: str
    namespace: str
    description: str | None
    base: tuple[UrlPiece, ...]
    authentication: Authentication | None
    head_timeout: float = 300.0


@dataclass(frozen=True, slots=True)
class Field:
    """A query parameter, header or cookie; ``name`` is ready for the wire (language.md 4.15).

    An absent ``required`` one is ``invalid-input`` under the name ``label``.
    """

    name: str
    value: Expression
    label: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class JsonBody:
    """JSON of an expression (language.md 5.3); absent as a whole: no body.

    ``skip_empty``: an empty object is no body either (5.11, DELETE).
    """

    data: Expression
    content_type: str = "application/json"
    skip_empty: bool = False


@dataclass(frozen=True, slots=True)
class JsonTextBody:
    """Text with holes that must give JSON (language.md 5.5).

    ``parts`` alternate; a hole is ``(inside a JSON string, expression)``. ``strict`` is false for
    a raw body whose Content-Type is declared: then it need not be JSON.
    """

    parts: tuple[str | tuple[bool, Expression], ...]
    content_type: str = "application/json"
    strict: bool = True


@dataclass(frozen=True, slots=True)
class TextBody:
    """Text with holes; absent holes are empty; ``xml`` escapes them (language.md 5.5)."""

    parts: tuple[str | Expression, ...]
    content_type: str
    xml: bool = False


@dataclass(frozen=True, slots=True)
class YamlBody:
    """A map or list as YAML."""

    data: Expression
    content_type: str = "application/yaml"


@dataclass(frozen=True, slots=True)
class FormBody:
    """``application/x-www-form-urlencoded`` (language.md 5.6)."""

    members: tuple[tuple[str, Expression], ...]


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a multipart body (language.md 5.7)."""

    name: str
    value: Expression
    filename: Expression | None = None
    content_type: Expression | None = None


@dataclass(frozen=True, slots=True)
class MultipartBody:
    """``multipart/form-data`` (language.md 5.7)."""

    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class BinaryBody:
    """The caller's bytes, or base64 text decoded (language.md 5.8)."""

    data: Expression
    content_type: str = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class CallerBody:
    """The whole body of the caller (language.md 5.9, 5.11).

    ``data`` is an input whose value over REST is the request body itself, sent byte for byte with
    its own Content-Type, and over MCP a JSON value. ``json``: it must be JSON.
    """

    data: Expression
    json: bool = False


Body: TypeAlias = (
    JsonBody
    | JsonTextBody
    | TextBody
    | YamlBody
    | FormBody
    | MultipartBody
    | BinaryBody
    | CallerBody
)

RawFormat = Literal[
    "json", "xml", "csv", "tsv", "psv", "yaml", "html", "markdown", "avro", "protobuf", "text",
    "binary",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class ResponseFormat:
    """How an answer is read; ``format`` is None when the document says none (language.md 7)."""

    format: RawFormat | None = None
    schema: str | None = None
    media_type: str | None = None
    max_size: int = 32 * 1024 * 1024
    max_binary_size: int = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ConsumedOperation:
    """One HTTP operation of an upstream, compiled.

    URL = base + path, joined by language.md 4.4; ``query_in_path`` is the written query part with
    its holes, sent before ``query``. ``template`` is the path as written, for spans and messages.
    """

    namespace: str
    name: str
    method: str
    upstream: Upstream
    path: tuple[UrlPiece, ...]
    template: str
    query_in_path: tuple[UrlPiece, ...] = ()
    query: tuple[Field, ...] = ()
    headers: tuple[Field, ...] = ()
    cookies: tuple[Field, ...] = ()
    body: Body | None = None
    response: ResponseFormat = ResponseFormat()
    outputs: Mapper | None = None
    description: str | None = None
    authentication: Authentication | None = None
    """The upstream's, or the resource's or operation's own (language.md 6.1)."""
    variables: tuple[Variable, ...] = field(default=(), repr=False)
    """Every variable a request needs, so that a missing one is known before anything is sent."""
