"""A consumed operation and its arguments make a request (language.md 4.3 to 4.21).

``Blueprint`` is what is known of an operation before any call: joined, encoded, in order.
"""

import re
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final, TypeAlias

from naftiko_runtime.engine import encoding
from naftiko_runtime.engine.bodies import FORM, Payload, is_json, payload
from naftiko_runtime.engine.credentials import Credentials
from naftiko_runtime.engine.exchange import Outbound
from naftiko_runtime.engine.locations import Location, location, refused
from naftiko_runtime.errors import Misconfigured
from naftiko_runtime.expressions.reference import FromVariable, Scope
from naftiko_runtime.plan.upstream import ConsumedOperation, Field
from naftiko_runtime.values import ABSENT, Json, compact_bytes, parsed

USER_AGENT: Final = f"naftiko-runtime/{version('naftiko-runtime')}"
ACCEPT: Final = "application/json, */*;q=0.8"
_UNSENDABLE: Final = re.compile(r"[\r\n\0]")
_SIZED: Final = frozenset(("POST", "PUT", "PATCH"))
Pairs: TypeAlias = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Blueprint:
    """An operation as far as it is known; ``defaults`` are the headers unless declared (4.20)."""

    operation: ConsumedOperation
    location: Location
    defaults: dict[bool, Pairs]
    """By whether the body is relayed."""
    conditional_defaults: dict[bool, Pairs]
    """Those of which a parameter may take the place."""


def blueprint(operation: ConsumedOperation) -> Blueprint:
    """Return what is known of an operation's requests before any call."""
    declared = {field.name.lower() for field in operation.headers}
    fixed, open_ = {}, {}
    for relayed in (False, True):
        headers = (
            ("Accept", ACCEPT),
            ("Accept-Encoding", "identity" if relayed else "gzip"),
            ("User-Agent", USER_AGENT),
        )
        fixed[relayed] = tuple(pair for pair in headers if pair[0].lower() not in declared)
        open_[relayed] = tuple(pair for pair in headers if pair[0].lower() in declared)
    return Blueprint(operation, location(operation), fixed, open_)


async def outbound(
    plan: Blueprint, scope: Scope, more: Pairs = (), *, relayed: bool, limit: int
) -> Outbound:
    """Return the request of one call, without credentials (``authenticated`` adds them).

    ``more`` are headers that no parameter gives; ``relayed``: the answer's body is passed on as it
    comes, so it must come unencoded; ``limit``: bytes of the caller's body that may be read.
    Raises ``InvalidInput`` for values that have no place, ``Misconfigured``, ``TemplateFailed``.
    """
    operation = plan.operation
    try:
        url = plan.location.url(scope)
        headers = _headers(plan, scope, relayed=relayed)
        if more:
            given = {name.lower() for name, _ in headers}
            headers += [pair for pair in more if pair[0].lower() not in given]
        pairs = [pair for field in operation.query for pair in _pairs(field, scope)]
        if operation.cookies:
            cookies = [pair for field in operation.cookies for pair in _cookie(field, scope)]
            headers = with_cookies(headers, cookies)
        body = await payload(operation.body, scope, limit) if operation.body is not None else None
    except UnicodeEncodeError as error:
        raise refused(operation.name, "a text is not valid Unicode", "body") from error
    headers += body_headers(headers, body, operation.method)
    content = None if body is None else body.content
    timeout = operation.upstream.head_timeout
    return Outbound(operation.method, with_query(url, pairs), tuple(headers), content, timeout)


def with_headers(request: Outbound, credentials: Credentials) -> Outbound:
    """Return a request with headers that authentication owns, in place of those there (6.2)."""
    names = credentials.names
    headers = [pair for pair in request.headers if pair[0].lower() not in names]
    headers += credentials.headers
    return Outbound(request.method, request.url, tuple(headers), request.body, request.head_timeout)


async def authenticated(request: Outbound, credentials: Credentials) -> Outbound:
    """Return a request with all that authentication owns, in place of what has its name (6.2)."""
    if credentials.headers:
        request = with_headers(request, credentials)
    headers = list(request.headers)
    body, pairs = request.body, list(credentials.query)
    if credentials.members:
        body, headers, unplaced = await _with_members(request, credentials.members)
        pairs += unplaced
    if credentials.cookies:
        cookies = [f"{name}={encoding.cookie(value)}" for name, value in credentials.cookies]
        headers = with_cookies(headers, cookies)
    url = with_query(request.url, pairs)
    return Outbound(request.method, url, tuple(headers), body, request.head_timeout)


def _headers(plan: Blueprint, scope: Scope, *, relayed: bool) -> list[tuple[str, str]]:
    headers = list(plan.defaults[relayed])
    for field in plan.operation.headers:
        text = _header(field, scope)
        if text is not None:
            headers.append((field.name, text))
    if plan.conditional_defaults[relayed]:
        given = {name.lower() for name, _ in headers}
        headers += [
            pair for pair in plan.conditional_defaults[relayed] if pair[0].lower() not in given
        ]
    return headers


def _value(field: Field, scope: Scope, place: str) -> Json:
    value = field.value.evaluate(scope)
    if value is not ABSENT and value is not None:
        return value
    if field.required:
        raise refused(field.label, "has no value", place)
    return None


def _header(field: Field, scope: Scope) -> str | None:
    value = _value(field, scope, "header")
    if value is None:
        return None
    text = encoding.header_text(value)
    if not _UNSENDABLE.search(text):
        return text
    if isinstance(field.value, FromVariable):
        raise unsendable(field.value.variable.name)
    raise refused(field.label, "must not have line breaks or NUL", "header")


def unsendable(variable: str) -> Misconfigured:
    """Return the problem of a variable that a header cannot hold (language.md 2.7)."""
    return Misconfigured(f"{variable} has line breaks or NUL, no header can hold it", [variable])


def _pairs(field: Field, scope: Scope) -> list[str]:
    value = _value(field, scope, "query")
    if value is None:
        return []
    return [f"{field.name}={encoding.query(text)}" for text in encoding.texts(value)]


def _cookie(field: Field, scope: Scope) -> list[str]:
    value = _value(field, scope, "cookie")
    return [f"{field.name}={encoding.cookie(text)}" for text in encoding.texts(value)]


def with_query(url: str, pairs: list[str]) -> str:
    """Return a URL with more query pairs at its end; what stands there already stays."""
    if not pairs:
        return url
    return f"{url}{'&' if '?' in url else '?'}{'&'.join(pairs)}"


def with_cookies(headers: list[tuple[str, str]], cookies: list[str]) -> list[tuple[str, str]]:
    """Return headers with one Cookie that has all cookies (language.md 4.18)."""
    if not cookies:
        return headers
    given = [value for name, value in headers if name.lower() == "cookie"]
    others = [pair for pair in headers if pair[0].lower() != "cookie"]
    return [*others, ("Cookie", "; ".join((*given, *cookies)))]


def body_headers(headers: list[tuple[str, str]], body: Payload | None, method: str) -> Pairs:
    """Return Content-Type and Content-Length of a body, or of none (language.md 4.20, 5.1)."""
    if body is None:
        return (("Content-Length", "0"),) if method in _SIZED else ()
    length = () if body.length is None else (("Content-Length", str(body.length)),)
    if body.content_type is None or any(name.lower() == "content-type" for name, _ in headers):
        return length
    return (("Content-Type", body.content_type), *length)


async def _with_members(
    request: Outbound, members: Pairs
) -> tuple[bytes | None, list[tuple[str, str]], list[str]]:
    """Return a JSON or form body with more members, else the members as query pairs (6.4)."""
    pairs = [f"{encoding.query_name(name)}={encoding.query(value)}" for name, value in members]
    headers, body = list(request.headers), request.body
    kind = next((value for name, value in headers if name.lower() == "content-type"), "")
    if body is None:
        return None, headers, pairs
    content = body if isinstance(body, bytes) else b"".join([piece async for piece in body])
    extended = _extended(content, kind, members)
    if extended is None:
        extended, unplaced = content, pairs
    else:
        unplaced = []
    headers = [pair for pair in headers if pair[0].lower() != "content-length"]
    return extended, [*headers, ("Content-Length", str(len(extended)))], unplaced


def _extended(content: bytes, content_type: str, members: Pairs) -> bytes | None:
    essence = content_type.partition(";")[0].strip().lower()
    if essence == FORM:
        pairs = [f"{encoding.form(name)}={encoding.form(value)}" for name, value in members]
        return b"&".join((*((content,) if content else ()), "&".join(pairs).encode()))
    if not is_json(essence):
        return None
    try:
        value = parsed(content)
    except ValueError:
        return None
    return compact_bytes(value | dict(members)) if isinstance(value, dict) else None
