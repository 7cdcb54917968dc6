"""A whole compiled document."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from naftiko_runtime.errors import NOWHERE, Diagnostic, Place
from naftiko_runtime.expressions.reference import Variable
from naftiko_runtime.plan.exposure import Exposure, Withheld
from naftiko_runtime.plan.function import Function
from naftiko_runtime.plan.upstream import ConsumedOperation, Upstream
from naftiko_runtime.values import Json


@dataclass(frozen=True, slots=True)
class DeclaredVariable:
    """A variable in use: for ``validate --env``, readiness and the load-time warning (2.6)."""

    variable: Variable
    bind: str | None
    source_name: str
    used_in: str
    place: Place = NOWHERE
    """Where it is declared, or where it is used when nothing declares it."""


@dataclass(frozen=True, slots=True)
class Capability:
    """The plan of one document: immutable, printable, comparable."""

    file: str
    label: str | None
    description: str | None
    version: str | None
    """``info.version``."""
    family: str
    spec_version: str
    upstreams: tuple[Upstream, ...]
    operations: tuple[ConsumedOperation, ...]
    functions: Mapping[str, Function]
    """Aggregate functions by ``namespace.name``."""
    exposures: tuple[Exposure, ...]
    withheld: tuple[Withheld, ...] = ()
    variables: tuple[DeclaredVariable, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    info: Mapping[str, Json] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    """Every file that was read for it, for watching."""
    digest: str = ""
