"""The exposed side of a plan: finished values that adapters serve."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Literal, TypeAlias

from naftiko_runtime.errors import NOWHERE, Diagnostic, Place
from naftiko_runtime.expressions.reference import Expression
from naftiko_runtime.plan.function import Function
from naftiko_runtime.plan.prompt import Prompt
from naftiko_runtime.values import Json


@dataclass(frozen=True, slots=True)
class InboundBearer:
    token: Expression


@dataclass(frozen=True, slots=True)
class InboundBasic:
    username: Expression
    password: Expression
    digest: bool = False


@dataclass(frozen=True, slots=True)
class InboundKey:
    name: str
    value: Expression
    placement: Literal["header", "query", "cookie"]


@dataclass(frozen=True, slots=True)
class InboundOAuth2:
    """An OAuth 2 resource server (exposes.md AUTH-7)."""

    issuer: Expression
    resource: Expression | None
    audience: Expression | None
    scopes: tuple[str, ...]
    introspection: bool = False
    client_id: Expression | None = None
    client_secret: Expression | None = None


InboundAuthentication: TypeAlias = InboundBearer | InboundBasic | InboundKey | InboundOAuth2


@dataclass(frozen=True, slots=True)
class CorsPolicy:
    origins: tuple[str, ...]
    headers: tuple[str, ...] = ()
    credentials: bool = False
    max_age: int = 600


@dataclass(frozen=True, slots=True)
class Address:
    """Where an adapter listens; host None is loopback (exposes.md LST-1)."""

    host: str | None
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        if self.host is None or self.host == "localhost":
            return True
        try:
            return ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return False


@dataclass(frozen=True, slots=True)
class RouteHole:
    """A placeholder of an exposed path segment; ``rest`` takes the remaining path."""

    name: str
    rest: bool = False


Segment: TypeAlias = tuple[str | RouteHole, ...]
"""One path segment: literal, placeholder, or a mixture of both (exposes.md REST-2)."""


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path template; method ``*`` is any that no route of its shape declares.

    ``conditions`` are query pairs that must be in the request (REST-2.5); a None value means the
    bare key. ``wanted`` are the ``with`` input names that choose between equal routes (REST-4).
    """

    method: str
    segments: tuple[Segment, ...]
    template: str
    function: Function
    place: Place
    operation_id: str = ""
    conditions: tuple[tuple[str, str | None], ...] = ()
    wanted: tuple[str, ...] = ()
    summary: str | None = None
    description: str | None = None
    tags: tuple[str, ...] = ()
    media_type: str | None = None
    responses: Mapping[str, Json] = field(default_factory=dict)
    conditional: bool = False
    """Conditional and range headers go upstream (REST-13): a relayed GET."""
    max_binary_size: int | None = None
    trailing_slash: bool = False


@dataclass(frozen=True, slots=True)
class RestExposure:
    namespace: str
    address: Address
    routes: tuple[Route, ...]
    description: str | None = None
    authentication: InboundAuthentication | None = None
    cors: CorsPolicy | None = None
    place: Place = NOWHERE
    security: Mapping[str, Json] = field(default_factory=dict)
    """The OpenAPI security scheme of ``authentication``."""


@dataclass(frozen=True, slots=True)
class Tool:
    """One MCP tool; ``name`` is as listed, ``written`` as in the document (MCP-10)."""

    name: str
    written: str
    function: Function
    title: str | None
    description: str
    input_schema: Mapping[str, Json]
    output_schema: Mapping[str, Json] | None = None
    annotations: Mapping[str, Json] = field(default_factory=dict)
    meta: Mapping[str, Json] = field(default_factory=dict)
    confirm: Expression | None = None
    blocks: bool = False
    """The function's value is a list of MCP content blocks, sent as they are: an extension."""
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class UriHole:
    name: str
    rest: bool = False


@dataclass(frozen=True, slots=True)
class ResourceExposure:
    """A dynamic resource (``function``) or a folder of files (``folder``) (MCP-25, MCP-26)."""

    name: str
    uri: str
    pieces: tuple[str | UriHole, ...]
    title: str | None
    description: str | None
    mime_type: str | None
    function: Function | None = None
    folder: str | None = None
    binary: bool = False
    meta: Mapping[str, Json] = field(default_factory=dict)

    @property
    def is_template(self) -> bool:
        return any(isinstance(piece, UriHole) for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class McpExposure:
    namespace: str
    address: Address | None
    """None over stdio."""
    tools: tuple[Tool, ...]
    resources: tuple[ResourceExposure, ...] = ()
    prompts: tuple[Prompt, ...] = ()
    title: str | None = None
    version: str = "unspecified"
    description: str | None = None
    """The document's; ``instructions`` is the adapter's (MCP-6)."""
    instructions: str | None = None
    ttl_ms: int = 0
    cache_scope: Literal["private", "public"] = "private"
    authentication: InboundAuthentication | None = None
    cors: CorsPolicy | None = None
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class SkillTool:
    """A tool of a skill: derived from an adapter's function, an instruction file, or words."""

    name: str
    description: str | None
    kind: Literal["derived", "instruction", "described"]
    target_namespace: str | None = None
    action: str | None = None
    mode: Literal["mcp", "rest"] | None = None
    instruction: str | None = None
    function: Function | None = None
    route: str | None = None
    input_schema: Mapping[str, Json] | None = None
    unavailable: str | None = None


@dataclass(frozen=True, slots=True)
class Skill:
    """One skill; ``folder`` is a real path, None when there are no files (SKL-5)."""

    name: str
    description: str | None
    members: Mapping[str, Json]
    """license, compatibility, argument-hint, allowed-tools, … as written."""
    tools: tuple[SkillTool, ...]
    folder: str | None = None


@dataclass(frozen=True, slots=True)
class SkillExposure:
    namespace: str
    address: Address
    skills: tuple[Skill, ...]
    description: str | None = None
    authentication: InboundAuthentication | None = None
    cors: CorsPolicy | None = None
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Scripting:
    """Governance of scripts; None where the document is silent (CTL-11)."""

    enabled: bool | None = None
    default_location: str | None = None
    default_language: str | None = None
    timeout: int | None = None
    statement_limit: int | None = None
    allowed_languages: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Telemetry:
    """What is recorded and where it goes (OBS-1)."""

    metrics: bool = False
    traces: bool = False
    sampling: float = 1.0
    propagation: Literal["w3c", "b3"] = "w3c"
    buffer_size: int = 100
    otlp_endpoint: Expression | None = None


@dataclass(frozen=True, slots=True)
class ControlExposure:
    namespace: str
    address: Address
    health: bool = True
    info: bool = False
    reload: bool = False
    validate: bool = False
    logs_levels: bool = False
    logs_stream: bool = False
    logs_subscribers: int = 5
    scripting: Scripting | None = None
    telemetry: Telemetry = Telemetry()
    authentication: InboundAuthentication | None = None
    place: Place = NOWHERE


Exposure: TypeAlias = RestExposure | McpExposure | SkillExposure | ControlExposure


@dataclass(frozen=True, slots=True)
class Withheld:
    """An adapter that is not served, and why."""

    namespace: str
    diagnostic: Diagnostic


JsonObject: TypeAlias = dict[str, Any]
