"""What a consumed operation needs from whoever calls it: its arguments, by name."""

from dataclasses import dataclass, field, replace
from typing import Final, Literal

from naftiko_runtime.compiler.templates import InputSource
from naftiko_runtime.errors import Place
from naftiko_runtime.expressions.reference import Expression, FromInput
from naftiko_runtime.plan.upstream import Hole
from naftiko_runtime.spec.consumes import Parameter

NeedKind = Literal["path", "query", "header", "cookie", "body", "whole", "value", "auth", "base"]
"""Where an argument goes: a placeholder, a parameter, a variable or member of the body, the whole
body, a template inside a parameter's value, the authentication, or the base URI."""

TEXTUAL: Final = frozenset({"path", "query", "header", "cookie", "base"})
DERIVED: Final = frozenset({"path", "query", "header", "cookie", "body", "whole"})
OPTIONAL_PLACES: Final = frozenset({"query", "header", "cookie"})


@dataclass(frozen=True, slots=True)
class Need:
    """One argument; ``required``: nothing can be sent without it.

    ``fallback`` is the variable that is read when nothing feeds it; ``environment`` says that an
    undeclared upper-case name may be one (language.md 2.4).
    """

    name: str
    kind: NeedKind
    place: Place
    parameter: Parameter | None = None
    required: bool = False
    embedded: bool = False
    source: InputSource | None = None
    fallback: Expression | None = None
    environment: bool = False
    mode: Hole | None = None
    """How an input may stand in a base URI (4.3); None: it may not."""
    share: Literal["member", "value"] | None = None
    """What ``rest.body`` is in a body of more parts: the member of that name when others are
    members too, else the whole body as a value."""

    @property
    def textual(self) -> bool:
        return self.kind in TEXTUAL

    @property
    def optional_parameter(self) -> bool:
        return self.kind in OPTIONAL_PLACES and not self.required


@dataclass(slots=True)
class Needs:
    """Collects needs while one operation is compiled; one name is one need."""

    each: dict[str, Need] = field(default_factory=dict)

    def add(self, need: Need) -> FromInput:
        """Record a need and return the expression that reads it."""
        known = self.each.get(need.name)
        self.each[need.name] = need if known is None else _joined(known, need)
        return FromInput(need.name)

    def in_order(self) -> tuple[Need, ...]:
        """Return placeholders in path order, parameters, body variables, the body (10.5)."""
        return tuple(sorted(self.each.values(), key=lambda need: _ORDER[need.kind]))


_ORDER: Final[dict[NeedKind, int]] = {
    "base": 0,
    "path": 1,
    "query": 2,
    "header": 2,
    "cookie": 2,
    "value": 3,
    "auth": 3,
    "body": 4,
    "whole": 5,
}


def _joined(known: Need, other: Need) -> Need:
    first, second = (known, other) if _ORDER[known.kind] <= _ORDER[other.kind] else (other, known)
    return replace(
        first,
        parameter=first.parameter or second.parameter,
        required=first.required or second.required,
        embedded=first.embedded or second.embedded,
        source=first.source or second.source,
        fallback=first.fallback or second.fallback,
    )
