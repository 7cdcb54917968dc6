"""Rules about adapters and what they expose (orchestration.md 8.2)."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from naftiko_runtime.dialect.shape import ADAPTERS
from naftiko_runtime.errors import Place
from naftiko_runtime.lint.hosts import is_loopback, parts_of_url
from naftiko_runtime.lint.reach import uses_credentials
from naftiko_runtime.lint.subject import Finding, Part, Subject
from naftiko_runtime.lint.writing import shared_function
from naftiko_runtime.tree import Items, Node, text_of

_EXAMPLE: Final = "example.com"
_OPEN: Final = "without authentication; add authentication, or listen on localhost"


def paths(subject: Subject) -> Iterator[Finding]:
    """``rest-resource-path-no-trailing-slash`` and ``rest-resource-path-no-query``."""
    for part in subject.of("rest-resource", "rest-operation"):
        path, place = part.text("path") or "", part.node.at("path")
        if path.endswith("/") and path != "/":
            message = f"path {path!r} ends with /; with and without it are one route, so remove it"
            yield Finding("rest-resource-path-no-trailing-slash", place, message)
        if "?" in path:
            message = f"path {path!r} holds a query; declare inputParameters in: query"
            yield Finding("rest-resource-path-no-query", place, message)


def addresses(subject: Subject) -> Iterator[Finding]:
    """``address-not-example`` and ``control-address-localhost-warning``."""
    for part in subject.of(*ADAPTERS):
        address, place = part.text("address"), part.node.at("address")
        if address is None:
            continue
        if address == _EXAMPLE or address.endswith(f".{_EXAMPLE}"):
            message = f"address {address!r} is an example; write one of this machine"
            yield Finding("address-not-example", place, message)
        if part.kind == "control" and is_loopback(address):
            message = f"address {address!r} is the default of a control adapter; it can be left out"
            yield Finding("control-address-localhost-warning", place, message)


def namespaces(subject: Subject) -> Iterator[Finding]:
    """``exposes-namespace-required``."""
    for part in subject.of("rest", "mcp", "skill"):
        if not part.text("namespace"):
            message = f"{part.kind} adapter without namespace; options and imports need one"
            yield Finding("exposes-namespace-required", part.node.place, message)


def control_ports(subject: Subject) -> Iterator[Finding]:
    """``control-port-singleton-and-unique``."""
    rule = "control-port-singleton-and-unique"
    control = list(subject.of("control"))
    for part in control[1:]:
        line = control[0].node.place.line
        message = f"a control adapter stands on line {line} already; keep one"
        yield Finding(rule, part.node.place, message)
    ports = {part.text("port"): part for part in subject.of("rest", "mcp", "skill")}
    for part in control:
        other = ports.get(part.text("port"))
        if part.text("port") is not None and other is not None:
            message = (
                f"port {part.text('port')} is that of {other.name!r} too; give control its own"
            )
            yield Finding(rule, part.node.at("port"), message)


def open_listeners(subject: Subject) -> Iterator[Finding]:
    """``open-listener``; an error when callers can use a credential of the runtime."""
    exposures = subject.capability.exposures if subject.capability is not None else ()
    risky = {each.place for each in exposures if uses_credentials(each)}
    for part in subject.of(*ADAPTERS):
        address = subject.host or part.text("address")
        is_stdio = part.text("transport") == "stdio"
        if address is None or is_loopback(address) or is_stdio or _has_authentication(part):
            continue
        is_risky = part.node.place in risky
        used = "; callers use the credentials of this document" if is_risky else ""
        message = f"{part.kind} adapter {part.name!r} is open on {address} {_OPEN}{used}"
        key = "address" if "address" in part.node else "type"
        yield Finding("open-listener", part.node.at(key), message, "error" if is_risky else None)


def _has_authentication(part: Part) -> bool:
    block = part.node.get("authentication")
    return isinstance(block, Node) and text_of(block.get("type")) != "none"


def stdio(subject: Subject) -> Iterator[Finding]:
    """``mcp-auth-stdio-conflict``."""
    for part in subject.of("mcp"):
        if part.text("transport") == "stdio" and _has_authentication(part):
            message = "authentication has no effect over stdio; remove it"
            yield Finding("mcp-auth-stdio-conflict", part.node.at("authentication"), message)


def oauth2(subject: Subject) -> Iterator[Finding]:
    """Apply the three rules of inbound OAuth 2."""
    for part in subject.of("authentication"):
        if part.within(*ADAPTERS) is None or part.text("type") != "oauth2":
            continue
        for key, rule in (
            ("authorizationServerUri", "oauth2-https-authserver"),
            ("resource", "oauth2-resource-https"),
        ):
            url = parts_of_url(part.text(key) or "")
            insecure = url is not None and url.scheme.lower() != "https"
            if insecure and url is not None and not is_loopback(url.hostname or ""):
                yield Finding(rule, part.node.at(key), f"{key} must be an https URL")
        if not part.node.get("scopes"):
            message = "no scopes; without them every token of the server is let in"
            yield Finding("oauth2-scopes-defined", part.node.place, message)


def cors(subject: Subject) -> Iterator[Finding]:
    """``wildcard-cors``."""
    for part in subject.of("cors"):
        origins = part.node.get("origins")
        listed = origins if isinstance(origins, Items) else Items(place=part.node.place)
        for index, origin in enumerate(listed):
            if text_of(origin) == "*":
                message = '"*" lets pages of every origin read the answers; name the origins'
                yield Finding("wildcard-cors", listed.at(index), message)


def semantics(subject: Subject) -> Iterator[Finding]:
    """``aggregate-semantics-consistency``."""
    for part in subject.of("tool", "rest-operation"):
        ref = part.text("ref")
        function = shared_function(subject, ref) if ref else None
        meant = function.node.get("semantics") if function is not None else None
        if isinstance(meant, Node):
            check = _hints if part.kind == "tool" else _method
            for place, what in check(
                part, _Meant(_flag(meant, "safe"), _flag(meant, "idempotent"))
            ):
                message = f"{what}; {ref!r} says otherwise in its semantics"
                yield Finding("aggregate-semantics-consistency", place, message)


def _flag(node: Node, key: str) -> bool | None:
    value = getattr(node.get(key), "value", None)
    return value if isinstance(value, bool) else None


class _Meant(NamedTuple):
    """What the semantics of a function say; None where they are silent."""

    safe: bool | None
    idempotent: bool | None


def _hints(part: Part, meant: _Meant) -> Iterator[tuple[Place, str]]:
    hints = part.node.get("hints")
    if not isinstance(hints, Node):
        return
    read_only, repeats = _flag(hints, "readOnly"), _flag(hints, "idempotent")
    if None not in (meant.safe, read_only) and meant.safe != read_only:
        yield hints.at("readOnly"), f"hints.readOnly is {str(read_only).lower()}"
    if meant.safe and _flag(hints, "destructive"):
        yield hints.at("destructive"), "hints.destructive is true"
    if None not in (meant.idempotent, repeats) and meant.idempotent != repeats:
        yield hints.at("idempotent"), f"hints.idempotent is {str(repeats).lower()}"


def _method(part: Part, meant: _Meant) -> Iterator[tuple[Place, str]]:
    method, place = (part.text("method") or "").upper(), part.node.at("method")
    if not method:
        return
    if meant.safe is not None and meant.safe != (method == "GET"):
        word = "safe" if meant.safe else "not safe"
        yield place, f"method {method} of a function that is {word}"
    if meant.idempotent and method == "POST":
        yield place, "method POST of a function that is idempotent"
