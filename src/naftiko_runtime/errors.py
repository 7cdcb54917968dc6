"""The exception tree, and what a problem of a document is.

NaftikoError
├─ DocumentError              load: .diagnostics, all of them                exit 2
├─ StartError                 a socket, an option, a missing extra           exit 1
└─ InvocationError            a call: .problem .status .title .detail and members; no secrets
   ├─ InvalidInput            400 invalid-input            .errors
   ├─ BodyTooLarge            413 body-too-large
   ├─ UnsupportedMediaType    415 unsupported-media-type
   ├─ FunctionUnavailable     501 unavailable              .code of the load-time diagnostic
   ├─ Misconfigured           500 configuration            .variables
   ├─ TemplateFailed          500 template      ScriptFailed         500 script
   ├─ UpstreamUnreachable     502 upstream-unreachable     connect, TLS, reset, protocol
   ├─ UpstreamTimeout         504 upstream-timeout
   ├─ UndecodableResponse     502 upstream-undecodable
   ├─ ResponseTooLarge        502 upstream-too-large
   ├─ LoginFailed             502 upstream-authentication
   └─ Overloaded              503 overloaded               a limit was reached
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal

Severity = Literal["error", "warning", "info"]
Effect = Literal["refused", "unavailable", "tolerated", "none"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in a document: 1-based line and column, and its JSON pointer."""

    file: str
    line: int = 1
    column: int = 1
    pointer: str = ""


NOWHERE: Final = Place("")
"""The place of what was made without a document."""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem of a document (language.md 1.9); ``places`` are the first ten when it repeats."""

    code: str
    severity: Severity
    effect: Effect
    place: Place
    message: str
    count: int = 1
    places: tuple[Place, ...] = ()

    def text(self) -> str:
        """``FILE:LINE:COL: SEVERITY CODE: MESSAGE (N more places)``."""
        more = f" ({self.count - 1} more places)" if self.count > 1 else ""
        place = f"{self.place.file}:{self.place.line}:{self.place.column}"
        return f"{place}: {self.severity} {self.code}: {self.message}{more}"

    def as_json(self) -> dict[str, Any]:
        """Return the members of language.md 1.9 as one JSON object."""
        members: dict[str, Any] = {
            "code": self.code,
            "severity": self.severity,
            "effect": self.effect,
            "file": self.place.file,
            "line": self.place.line,
            "column": self.place.column,
            "path": self.place.pointer,
            "message": self.message,
        }
        if self.count > 1:
            members["count"] = self.count
            members["places"] = [
                {"file": p.file, "line": p.line, "column": p.column, "path": p.pointer}
                for p in self.places
            ]
        return members


class NaftikoError(Exception):
    """Everything this package raises on purpose."""


class DocumentError(NaftikoError):
    """A document was refused; ``diagnostics`` holds every problem that was found."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__("\n".join(diagnostic.text() for diagnostic in self.diagnostics))


class StartError(NaftikoError):
    """The runtime cannot start: a socket, an option, a missing extra."""


class InvocationError(NaftikoError):
    """A call failed; becomes a problem (RFC 9457) on HTTP and an ``isError`` result on MCP."""

    problem: ClassVar[str] = "internal"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Internal error"

    def __init__(self, detail: str, members: Mapping[str, Any] | None = None) -> None:
        self.detail = detail
        self.members: dict[str, Any] = dict(members or {})
        super().__init__(detail)


class InvalidInput(InvocationError):
    """The caller's values are wrong; ``faults`` are ``{"name", "in", "message"}`` each."""

    problem, status, title = "invalid-input", 400, "Invalid input"

    def __init__(self, faults: Sequence[Mapping[str, str]]) -> None:
        self.faults = tuple(faults)
        detail = "; ".join(f"{fault['name']}: {fault['message']}" for fault in faults)
        super().__init__(detail, {"errors": [dict(fault) for fault in faults]})


class BodyTooLarge(InvocationError):
    """The caller's body exceeds what may be read."""

    problem, status, title = "body-too-large", 413, "Body too large"


class UnsupportedMediaType(InvocationError):
    """The caller's body has a media type that the operation cannot read."""

    problem, status, title = "unsupported-media-type", 415, "Unsupported media type"


class FunctionUnavailable(InvocationError):
    """The document has an error here; ``code`` is the load-time diagnostic's."""

    problem, status, title = "unavailable", 501, "Not available"

    def __init__(self, detail: str, code: str) -> None:
        super().__init__(detail, {"code": code})
        self.code = code


class Misconfigured(InvocationError):
    """A variable or setting is missing; ``variables`` names them."""

    problem, status, title = "configuration", 500, "Configuration"

    def __init__(self, detail: str, variables: Sequence[str]) -> None:
        super().__init__(detail, {"variables": list(variables)})
        self.variables = tuple(variables)


class TemplateFailed(InvocationError):
    """A body template does not give valid JSON."""

    problem, status, title = "template", 500, "Template failed"


class ScriptFailed(InvocationError):
    """A script raised, ran out of a limit, or left no JSON."""

    problem, status, title = "script", 500, "Script failed"


class UpstreamUnreachable(InvocationError):
    """No connection, reset, TLS or protocol failure."""

    problem, status, title = "upstream-unreachable", 502, "Upstream unreachable"


class UpstreamTimeout(InvocationError):
    """No answer in time."""

    problem, status, title = "upstream-timeout", 504, "Upstream timeout"


class UndecodableResponse(InvocationError):
    """The upstream's body is not what ``outputRawFormat`` says."""

    problem, status, title = "upstream-undecodable", 502, "Upstream answer not understood"


class ResponseTooLarge(InvocationError):
    """A body that must be parsed exceeds its limit."""

    problem, status, title = "upstream-too-large", 502, "Upstream answer too large"


class LoginFailed(InvocationError):
    """A token endpoint failed; never carries its body."""

    problem, status, title = "upstream-authentication", 502, "Upstream authentication failed"


class Overloaded(InvocationError):
    """A limit of this process was reached."""

    problem, status, title = "overloaded", 503, "Overloaded"
