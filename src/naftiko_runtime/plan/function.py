"""The unit of invocation: inputs, an action, an output."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from naftiko_runtime.errors import Diagnostic
from naftiko_runtime.expressions.mapper import Mapper
from naftiko_runtime.expressions.path import Path
from naftiko_runtime.expressions.reference import Expression
from naftiko_runtime.expressions.table import Table, table_of
from naftiko_runtime.plan.upstream import ConsumedOperation, Field, Upstream
from naftiko_runtime.values import ABSENT, Absent, Json

ValueType = Literal["string", "integer", "number", "boolean", "array", "object"]
InputPlace = Literal[
    "path",  # route variable or resource template variable
    "query",
    "header",
    "cookie",
    "member",  # member of the JSON or form body; ``key`` or ``path`` selects it
    "body",  # the whole body
    "derived",  # query, then (``feeds_header``) header, then body member (language.md 10.4)
    "argument",  # MCP argument
    "environment",  # environment variable ``key``
]


@dataclass(frozen=True, slots=True)
class Input:
    """One named value of the caller, with its checks (language.md 10.4 to 10.9).

    ``name`` is its key in the scope; ``key`` what the caller calls it; ``shown`` the safe name of
    a tool schema (10.11). ``textual``: it comes from or goes to a path, query, header or cookie,
    so text is converted (10.8). ``constant`` replaces whatever the caller sends.
    """

    name: str
    place: InputPlace
    key: str
    shown: str
    type: ValueType | None = None
    required: bool = False
    description: str | None = None
    default: Json | Absent = ABSENT
    constant: Expression | None = None
    enum: tuple[Json, ...] | None = None
    pattern: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    schema: Mapping[str, Json] = field(default_factory=dict)
    """The JSON Schema of this input as listed: type, description, items, enum, …"""
    textual: bool = False
    feeds_header: bool = False
    feeds_path: bool = False
    path: Path | None = None
    validator: Any = field(default=None, compare=False, repr=False)
    """A ``jsonschema`` validator when ``schema`` goes deeper than a scalar's checks."""
    nullable: bool = False
    """Null is the value null: an untyped body variable (language.md 10.9)."""
    raw: bool = False
    """Over REST the value is the request body itself, relayed byte for byte (language.md 5.9)."""
    whole: bool = False
    """It is the whole request body, whichever adapter gives it."""
    json: bool = False
    """A raw body that must be JSON: REST reads and checks it before it is relayed (5.11)."""


@dataclass(frozen=True, slots=True)
class Relay:
    """The upstream's body passes as it is (language.md 7.3, 7.5, 9.3)."""


@dataclass(frozen=True, slots=True)
class Reshape:
    """The answer is parsed by its raw format and mapped (language.md 9)."""

    mapper: Mapper
    table: Table | None = field(init=False, compare=False, repr=False)
    """The same mapping for JSON text, when it is one of those that are read faster."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "table", table_of(self.mapper))


Output: TypeAlias = Relay | Reshape


@dataclass(frozen=True, slots=True)
class Call:
    """One request to an upstream; ``arguments`` feed its parameters (language.md 10.3)."""

    operation: ConsumedOperation
    arguments: Mapping[str, Expression]


@dataclass(frozen=True, slots=True)
class NamedOutput:
    """A named consumed output of a call step (orchestration.md 2.10).

    ``each``: over an array it is evaluated on every element; otherwise on the whole array.
    """

    name: str
    mapper: Mapper
    each: bool


@dataclass(frozen=True, slots=True)
class CallStep:
    """A request whose decoded answer is stored under ``name`` (orchestration.md 2.9, 2.10).

    Without ``unnamed`` and ``named`` the raw value is stored.
    """

    name: str
    call: Call
    unnamed: Mapper | None = None
    named: tuple[NamedOutput, ...] = ()
    continues: bool = False
    waits_for: tuple[int, ...] = ()
    """Indexes of the steps that must have ended before this one begins (2.7)."""


@dataclass(frozen=True, slots=True)
class LookupStep:
    """Rows of an earlier step found by a value (orchestration.md 2.11 to 2.15)."""

    name: str
    rows: Expression
    source: str
    match: str
    value: Expression
    outputs: tuple[tuple[str, Path], ...]
    waits_for: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Script:
    """A script's sources, in order; the last is the file itself (orchestration.md 2.16 to 2.21)."""

    language: Literal["javascript", "python"]
    files: tuple[str, ...]
    timeout: float
    memory: int = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ScriptStep:
    """A script whose ``result`` is stored under ``name``."""

    name: str
    script: Script
    arguments: tuple[tuple[str, Expression], ...]
    continues: bool = False
    waits_for: tuple[int, ...] = ()


Step: TypeAlias = CallStep | LookupStep | ScriptStep


@dataclass(frozen=True, slots=True)
class LastValue:
    """``$`` in a mapping, or no outputs: the value of the last step that stored one."""


@dataclass(frozen=True, slots=True)
class StepResult:
    """One member of the result: nested member names, and where its value comes from (2.25)."""

    target: tuple[str, ...]
    value: Expression | LastValue


@dataclass(frozen=True, slots=True)
class Steps:
    """Steps in written order, then ``results`` (with mappings) or ``output`` (without).

    ``output`` is applied to the last stored value and sees the steps (orchestration.md 2.27);
    None: the last value itself. ``relays``: then the last step's answer passes as it is.
    """

    steps: tuple[Step, ...]
    results: tuple[StepResult, ...] | None = None
    output: Mapper | None = None
    relays: bool = False


@dataclass(frozen=True, slots=True)
class Constant:
    """A mock: the mapper is applied to nothing, its constants see inputs and variables (11)."""

    mapper: Mapper


@dataclass(frozen=True, slots=True)
class Refer:
    """Runs another function in its own scope (orchestration.md 3.4)."""

    function: "Function"
    arguments: Mapping[str, Expression]


@dataclass(frozen=True, slots=True)
class Forward:
    """Passes a request on to an upstream (exposes.md REST-14)."""

    upstream: Upstream
    trusted_headers: tuple[str, ...]
    query: tuple[Field, ...]
    headers: tuple[Field, ...]
    rest_variable: str | None
    credentials: bool
    """Whether ``Authorization`` and ``Cookie`` may pass when listed by name."""


@dataclass(frozen=True, slots=True)
class Unavailable:
    """The document has an error here; every invocation answers it (language.md 1.8)."""

    diagnostic: Diagnostic


Action: TypeAlias = Call | Steps | Constant | Refer | Forward | Unavailable


@dataclass(frozen=True, slots=True)
class Function:
    """What an adapter, the command line or another function invokes."""

    name: str
    inputs: tuple[Input, ...]
    action: Action
    output: Output = Relay()
    output_schema: Mapping[str, Json] | None = None
    description: str | None = None
    label: str | None = None
    closed: bool = True
    """Unknown MCP arguments are refused (language.md 10.7)."""
