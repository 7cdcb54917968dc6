"""One posted JSON-RPC message: its headers, its body, and what kind of message it is (MCP-4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, NoReturn

from mcp_types import INVALID_REQUEST, PARSE_ERROR, PROTOCOL_VERSION_META_KEY
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS

from naftiko_runtime.adapters.asgi import RawHeader, Receive, Scope
from naftiko_runtime.errors import BodyTooLarge
from naftiko_runtime.values import Json, parsed, reread

Kind = Literal["request", "notification", "response"]
_BLANKS: Final = b" \t"
_VERSION: Final = b"mcp-protocol-version"
_READ: Final = frozenset(
    {b"accept", b"content-type", b"mcp-method", b"mcp-name", b"mcp-session-id", _VERSION}
)
_ROUTING: Final = frozenset({b"mcp-method", b"mcp-name", _VERSION})
_PLAIN_JSON: Final = "application/json"
_NOT_ONE: Final = "Body must be a single JSON-RPC request or notification object"


class Refused(Exception):
    """A body that is no JSON-RPC message: answered 400 with ``code`` and a null id."""

    def __init__(self, code: int, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(message)


class CallerGone(Exception):
    """The caller left before its body was complete."""


@dataclass(frozen=True, slots=True)
class Heads:
    """The headers that decide what happens; absent ones are None, values have no outer blanks."""

    accept: str | None = None
    content_type: str = ""
    version: str | None = None
    method: str | None = None
    name: str | None = None
    session: str | None = None
    is_repeated: bool = False
    """A routing header stands twice."""
    is_padded: bool = False
    """A routing header has outer blanks, which the SDK would take for part of the value."""

    @property
    def is_old(self) -> bool:
        """Whether the request is of the handshake era (MCP-3)."""
        return self.version is None or self.version in HANDSHAKE_PROTOCOL_VERSIONS

    @property
    def wants_stream(self) -> bool:
        return self.accept is not None and "text/event-stream" in self.accept

    @property
    def takes_json(self) -> bool:
        """Whether JSON is certainly acceptable; rarer spellings are the SDK's to judge."""
        return self.accept is None or "application/json" in self.accept or self.accept == "*/*"

    @property
    def is_json(self) -> bool:
        return self.content_type.partition(";")[0].strip().lower() == _PLAIN_JSON


@dataclass(frozen=True, slots=True)
class Posted:
    """A message as it came, and what it is."""

    body: bytes
    content: Mapping[str, Json]
    kind: Kind

    @property
    def method(self) -> str:
        return str(self.content.get("method", ""))

    @property
    def params(self) -> Mapping[str, Json]:
        params = self.content.get("params")
        return params if isinstance(params, Mapping) else {}

    @property
    def meta(self) -> Mapping[str, Json]:
        meta = self.params.get("_meta")
        return meta if isinstance(meta, Mapping) else {}

    @property
    def is_enveloped(self) -> bool:
        """Whether it says of itself that it is of the new era."""
        return self.kind == "request" and PROTOCOL_VERSION_META_KEY in self.meta


def heads_of(scope: Scope) -> Heads:
    """Return the headers of interest; the first of several values counts."""
    found: dict[bytes, str] = {}
    is_repeated = is_padded = False
    for name, raw in scope["headers"]:
        if name not in _READ:
            continue
        value = raw.strip(_BLANKS)
        if name in _ROUTING:
            is_repeated = is_repeated or name in found
            is_padded = is_padded or len(value) != len(raw)
        found.setdefault(name, value.decode("latin-1"))
    return Heads(
        accept=found.get(b"accept"),
        content_type=found.get(b"content-type", ""),
        version=found.get(_VERSION),
        method=found.get(b"mcp-method"),
        name=found.get(b"mcp-name"),
        session=found.get(b"mcp-session-id"),
        is_repeated=is_repeated,
        is_padded=is_padded,
    )


def repaired(scope: Scope, heads: Heads, posted: Posted | None = None) -> Scope:
    """Return the scope as the SDK should see it.

    Blanks around routing headers are gone, the Content-Type is spelled plainly, a missing Accept is
    ``application/json``, and a message of the new era without a version header gets an empty one,
    which is a mismatch.
    """
    added: list[RawHeader] = []
    if heads.accept is None:
        added.append((b"accept", b"application/json"))
    if heads.version is None and posted is not None and posted.is_enveloped:
        added.append((_VERSION, b""))
    if not added and not heads.is_padded and heads.content_type == _PLAIN_JSON:
        return scope
    return {**scope, "headers": [*map(_repaired_header, scope["headers"]), *added]}


def _repaired_header(header: RawHeader) -> RawHeader:
    name, value = header
    if name in _ROUTING:
        return name, value.strip(_BLANKS)
    return (name, _PLAIN_JSON.encode()) if name == b"content-type" else header


async def body_of(scope: Scope, receive: Receive, limit: int) -> bytes:
    """Return the whole body; raise ``BodyTooLarge`` over ``limit`` bytes, ``CallerGone``."""
    length = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    if length.isdigit() and int(length) > limit:
        _refuse_size(limit)
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise CallerGone
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            _refuse_size(limit)
        chunks.append(chunk)
        if not message.get("more_body", False):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _refuse_size(limit: int) -> NoReturn:
    raise BodyTooLarge(f"the body has more than {limit} bytes")


def posted_of(body: bytes) -> Posted:
    """Return the message in a body; raise ``Refused`` for everything else, batches included."""
    try:
        content = content_of(body)
    except (ValueError, RecursionError):
        raise Refused(PARSE_ERROR, "Parse error") from None
    if not isinstance(content, dict) or content.get("jsonrpc") != "2.0":
        raise Refused(INVALID_REQUEST, _NOT_ONE)
    kind = _kind(content)
    if kind is None:
        raise Refused(INVALID_REQUEST, _NOT_ONE)
    return Posted(body, content, kind)


def content_of(body: bytes) -> Json:
    """Return the value of a body; what is no JSON raises ``ValueError`` or ``RecursionError``."""
    try:
        return parsed(body)
    except ValueError:
        return reread(body.decode())  # half surrogate pairs, perhaps


def _kind(content: Mapping[str, Json]) -> Kind | None:
    if "method" in content:
        return _kind_of_call(content)
    answers = ("result" in content) != ("error" in content)
    return "response" if answers and "id" in content else None


def _kind_of_call(content: Mapping[str, Json]) -> Kind | None:
    params = content.get("params")
    if not isinstance(content["method"], str) or not isinstance(params, dict | None):
        return None
    if "id" not in content:
        return "notification"
    key = content["id"]
    is_id = isinstance(key, str) or (isinstance(key, int) and not isinstance(key, bool))
    return "request" if is_id else None
