"""The rules of ``naftiko lint``: ids, severities, one sentence each (orchestration.md 8.2).

The table is text because it is read by people first; ``docs/lint.md`` says more of each.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, get_args

from naftiko_runtime.errors import Severity
from naftiko_runtime.names import suggestion

PREFIX: Final = "lint/"
_ALIASES: Final = ("lint/", "naftiko-", "ikanos-")
_RENAMED: Final = {"aggregate-flow-description": "aggregate-function-description"}
OFF: Final = "off"


@dataclass(frozen=True, slots=True)
class LintRule:
    """One rule; ``severity`` is None when it is off unless asked for."""

    id: str
    severity: Severity | None
    summary: str

    @property
    def shown_severity(self) -> str:
        return self.severity or OFF


_TABLE: Final = """
namespaces-unique error a namespace stands twice in one section, or in two sections (warning)
consumes-baseuri-no-trailing-slash warning a base URI ends with a slash
consumed-resource-no-query-in-path warning a consumed path holds a query
rest-resource-path-no-trailing-slash warning an exposed path ends with a slash
rest-resource-path-no-query warning an exposed path holds a query
address-not-example warning an address under example.com
baseuri-not-example off a base URI under example.com
aggregate-function-description warning an aggregate function without description
aggregate-semantics-consistency warning hints or a method contradict the semantics of the function
mcp-auth-stdio-conflict warning authentication on an MCP adapter over stdio
oauth2-https-authserver error an authorization server without https
oauth2-resource-https warning an OAuth 2 resource without https
oauth2-scopes-defined warning an OAuth 2 adapter without scopes
info-tags off info without tags
consumes-description warning a consumed API without description
rest-resource-description warning an exposed resource without description
rest-operation-description off a REST operation without description
steps-name-pattern warning a step name with other characters than letters, digits, - and _
no-script-tags-in-markdown error a script tag in a label or description
no-eval-in-markdown error a call of eval in a label or description
control-port-singleton-and-unique error two control adapters, or one on another adapter's port
control-address-localhost-warning off a control address that is the default anyway
script-defaults-required error a script step that nothing gives a language or location
import-from-required error an import that names no file
import-import-required error an import that does not say what to import
import-unique-alias error two imports of a section under one name
import-from-not-self warning a document that imports itself
standalone-no-imports info a library file that imports from others
exposes-namespace-required error an adapter without namespace
aggregates-namespace-required error an aggregate without namespace
aggregates-unique-function-name error a function twice in an aggregate
tunnel-identity-must-bind error a tunnel identity that names no declared bind key
tunnel-fallback-direct-warns warning a tunnel that falls back to calling directly
tunnel-with-public-baseuri-warns info a tunnel to a host that is public
literal-secret error a secret written into the document
plain-http warning http instead of https (error where credentials are sent)
open-listener warning a port open to the network without authentication
no-timeout info a consumed API in use without a timeout of its own
long-name warning a tool, prompt or input name that clients refuse (info above 50 characters)
wildcard-cors warning every origin may read the answers
credential-input warning a caller's value becomes an upstream credential
secret-in-url warning outbound authentication in the query, where logs show it
expose-secret-output warning a bind's variable in an answer
tool-description warning a tool without a description of 10 characters
many-tools info an MCP adapter with more than 100 tools
read-only-write info readOnly over a writing method
method-differs info REST method and consumed method differ
operation-unused info consumed operations that nothing calls
required-unfed info a required consumed parameter that with does not feed
with-unused warning a with key that matches nothing
lookup-constant info a lookup for a value that never changes
step-unused warning a step that nothing refers to
object-without-properties off an exposed object without properties has no output schema
"""

_SEVERITIES: Final[Mapping[str, Severity]] = {name: name for name in get_args(Severity)}


def _rule(line: str) -> LintRule:
    name, severity, summary = line.split(maxsplit=2)
    return LintRule(f"{PREFIX}{name}", _SEVERITIES.get(severity), summary)


RULES: Final[Mapping[str, LintRule]] = {
    rule.id: rule for rule in map(_rule, _TABLE.strip().splitlines())
}
"""Rules by id, in the order of the specification."""


class UnknownRule(ValueError):
    """An id or a severity that lint does not know; the message says what was meant."""


def rule_id(written: str) -> str:
    """Return the id of a rule written as ``lint/NAME``, ``naftiko-NAME`` or ``ikanos-NAME``.

    The bare NAME is taken too. Raises ``UnknownRule``.
    """
    prefix = next((each for each in _ALIASES if written.startswith(each)), "")
    name = written.removeprefix(prefix)
    rule = f"{PREFIX}{_RENAMED.get(name, name)}"
    if rule in RULES:
        return rule
    known = [*RULES, *(f"naftiko-{each.removeprefix(PREFIX)}" for each in RULES)]
    hint = suggestion(written, known) or "; --list shows the rules"
    raise UnknownRule(f"{written!r} is no lint rule{hint}")


def severity_of(written: str) -> Severity | None:
    """Return a severity; None for ``off``. Raises ``UnknownRule``."""
    if written == OFF:
        return None
    if written not in _SEVERITIES:
        known = f"{OFF}, info, warning, error"
        raise UnknownRule(f"{written!r} is no severity; use {known}")
    return _SEVERITIES[written]


def with_overrides(pairs: Iterable[tuple[str, str]]) -> dict[str, Severity | None]:
    """Return the severities that options set, by rule id; the later of equals counts.

    Raises ``UnknownRule``.
    """
    return {rule_id(rule): severity_of(severity) for rule, severity in pairs}
