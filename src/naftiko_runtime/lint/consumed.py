"""Rules about consumed APIs: base URIs, paths, transport, tunnels (orchestration.md 8.2)."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from naftiko_runtime.expressions.template import TemplateError, parse
from naftiko_runtime.lint.hosts import is_internal, is_loopback, is_public, parts_of_url
from naftiko_runtime.lint.reach import operations_of
from naftiko_runtime.lint.subject import Finding, Part, Subject
from naftiko_runtime.tree import Node, text_of


def base_uris(subject: Subject) -> Iterator[Finding]:
    """``consumes-baseuri-no-trailing-slash`` and ``baseuri-not-example``."""
    for part in subject.of("consumes"):
        text, place = part.text("baseUri") or "", part.node.at("baseUri")
        if text.endswith("/"):
            message = f"baseUri of {part.name!r} ends with /; paths begin with one, so remove it"
            yield Finding("consumes-baseuri-no-trailing-slash", place, message)
        if "example.com" in text:
            message = f"baseUri of {part.name!r} is an example; write the API's own"
            yield Finding("baseuri-not-example", place, message)


def paths(subject: Subject) -> Iterator[Finding]:
    """``consumed-resource-no-query-in-path``."""
    for part in subject.of("consumed-resource", "consumed-operation"):
        if "?" in (part.text("path") or ""):
            message = "a query in a consumed path; declare inputParameters in: query"
            yield Finding("consumed-resource-no-query-in-path", part.node.at("path"), message)


def plain_http(subject: Subject) -> Iterator[Finding]:
    """``plain-http``: of base URIs and token endpoints."""
    for part in subject.of("consumes"):
        yield from _plain(part.node, "baseUri", f"baseUri of {part.name!r}", _has_credentials(part))
    for part in subject.of("authentication"):
        adapter = part.within("consumes")
        if adapter is not None:
            what = f"tokenEndpoint of {adapter.name!r}"
            yield from _plain(part.node, "tokenEndpoint", what, credentials=True)


def _plain(node: Node, key: str, what: str, credentials: bool) -> Iterator[Finding]:  # noqa: FBT001 - one of two callers' facts
    url = parts_of_url(text_of(node.get(key)) or "")
    if url is None or url.scheme.lower() != "http" or is_internal(url.hostname or ""):
        return
    seen = "credentials and data" if credentials else "data"
    message = f"{what} is http, so {seen} can be read on the way; use https"
    yield Finding("plain-http", node.at(key), message, "error" if credentials else None)


def _has_credentials(part: Part) -> bool:
    authentication = part.node.get("authentication")
    return isinstance(authentication, Node) and text_of(authentication.get("type")) != "none"


def secret_in_url(subject: Subject) -> Iterator[Finding]:
    """``secret-in-url``: outbound authentication in the query."""
    for part in subject.of("authentication"):
        if part.within("consumes") is None:
            continue
        key = next((k for k in ("placement", "parameters") if _in_query(part.node, k)), None)
        if key is not None:
            message = (
                "the credential goes in the query, which logs and proxies keep; "
                "use a header if the API takes one"
            )
            yield Finding("secret-in-url", part.node.at(key), message)


def _in_query(node: Node, key: str) -> bool:
    value: Any = node.get(key)
    return bool(value) if key == "parameters" else (text_of(value) or "").lower() == "query"


def timeouts(subject: Subject) -> Iterator[Finding]:
    """``no-timeout``: of the namespaces that something calls."""
    if subject.capability is None:
        return
    used = {
        operation.namespace
        for exposure in subject.capability.exposures
        for operation in operations_of(exposure)
    }
    for part in subject.of("consumes"):
        name = part.text("namespace") or ""
        if name in used and not any(fnmatchcase(name, each) for each in subject.settings.timeout):
            message = (
                f"{name!r} has no timeout of its own, so an answer may take 300 s; "
                f"serve it with --set timeout.{name}=SECONDS"
            )
            yield Finding("no-timeout", part.node.at("namespace"), message)


def tunnels(subject: Subject) -> Iterator[Finding]:
    """Apply the three rules of tunnels."""
    declared = bind_keys(subject)
    for part in subject.of("tunnel"):
        adapter = part.above
        url = parts_of_url((adapter.text("baseUri") if adapter else None) or "")
        host = (url.hostname if url is not None else None) or ""
        yield from _identity(part, declared)
        if part.text("fallback") == "direct" and host and not is_loopback(host):
            message = (
                f"without the tunnel, calls go straight to {host}; remove fallback if they must not"
            )
            yield Finding("tunnel-fallback-direct-warns", part.node.at("fallback"), message)
        if host and is_public(host) and adapter is not None:
            message = f"{host} is a public host; a tunnel is for private ones"
            place = adapter.node.at("baseUri")
            yield Finding("tunnel-with-public-baseuri-warns", place, message)


def _identity(part: Part, declared: frozenset[str]) -> Iterator[Finding]:
    for name in template_names(part.text("identity") or ""):
        if name.rpartition(".")[2] not in declared:
            message = f"{{{{{name}}}}} is no key of a bind; declare it under binds"
            yield Finding("tunnel-identity-must-bind", part.node.at("identity"), message)


def bind_keys(subject: Subject) -> frozenset[str]:
    """Return the names of all declared variables."""
    keys = (part.node.get("keys") for part in subject.of("bind"))
    return frozenset(name for each in keys if isinstance(each, Node) for name in each)


def template_names(text: str) -> list[str]:
    """Return the names in the templates of a text; none of a text that is no template."""
    try:
        return [part.name for part in parse(text) if not isinstance(part, str)]
    except TemplateError:
        return []
