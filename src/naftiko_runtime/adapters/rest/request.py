"""A request as inputs are read from it: every part is parsed at most once, when first asked for."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote

from naftiko_runtime.adapters.asgi import Receive, Scope
from naftiko_runtime.adapters.rest.body import RequestBody
from naftiko_runtime.adapters.rest.content import Content, content_of, kind_of
from naftiko_runtime.adapters.rest.query import Query, parsed_query
from naftiko_runtime.adapters.visit import Visit

_QUOTED: Final = 2
_FRAMING: Final = frozenset((b"content-length", b"transfer-encoding", b"content-encoding"))


class Request:
    """One request; ``values`` are those of the route's placeholders, by name."""

    __slots__ = (
        "_body",
        "_content",
        "_cookies",
        "_limit",
        "_query",
        "_receive",
        "scope",
        "values",
        "visit",
    )

    def __init__(self, scope: Scope, receive: Receive, visit: Visit, limit: int) -> None:
        self.scope = scope
        self.values: Mapping[str, str] = {}
        self._receive = receive
        self.visit = visit
        self._limit = limit
        self._query: Query | None = None
        self._cookies: dict[str, str] | None = None
        self._body: RequestBody | None = None
        self._content: Content | None = None

    @property
    def query(self) -> Query:
        if self._query is None:
            self._query = parsed_query(self.scope["query_string"])
        return self._query

    @property
    def body(self) -> RequestBody:
        """The body, decoded; raises ``UnsupportedMediaType`` for an unknown Content-Encoding."""
        if self._body is None:
            self._body = RequestBody(self.scope, self._receive, self.visit, self._limit)
        return self._body

    @property
    def is_bodiless(self) -> bool:
        """Whether there is certainly no body: known without making one, for most requests."""
        if self._body is not None:
            return self._body.is_empty
        for name, _ in self.scope["headers"]:  # noqa: SIM110 - any() costs three times as much
            if name in _FRAMING:
                return False
        return True

    @property
    def broke_off(self) -> bool:
        """Whether the caller left while the body was being read."""
        return self._body is not None and self._body.gone

    async def until_gone(self) -> None:
        """Return when the caller has left; a body that nobody wants is received and dropped."""
        if self._body is not None:
            await self._body.until_gone()
            return
        while (await self._receive())["type"] != "http.disconnect":
            pass

    def forwarded_body(self) -> RequestBody:
        """Return the body as sent, its Content-Encoding included (exposes.md REST-14)."""
        self._body = RequestBody(self.scope, self._receive, self.visit, self._limit, encoded=True)
        return self._body

    @property
    def cookies(self) -> Mapping[str, str]:
        """Cookies by name, percent-decoded, quotes removed; the first of equal names counts."""
        if self._cookies is None:
            self._cookies = {}
            for pair in (self.header(b"cookie") or "").replace(", ", "; ").split(";"):
                name, found, value = pair.strip().partition("=")
                if found:
                    self._cookies.setdefault(name, unquote(_unquoted(value)))
        return self._cookies

    def header(self, name: bytes) -> str | None:
        """Return a header, several lines joined with ``, ``; UTF-8, or else Latin-1."""
        values = [value for key, value in self.scope["headers"] if key == name]
        if not values:
            return None
        joined = values[0] if len(values) == 1 else b", ".join(values)
        try:
            return str(joined.decode())
        except UnicodeDecodeError:
            return str(joined.decode("latin-1"))

    @property
    def has_content(self) -> bool:
        """Whether there is a body of a type that has members: JSON or a form."""
        return not self.body.is_empty and kind_of(self.body.content_type) is not None

    async def content(self, *, only_json: bool = False) -> Content:
        """Return the parsed body; raises ``InvalidInput`` and ``UnsupportedMediaType`` (REST-8)."""
        if self._content is None:
            self._content = await content_of(self.body, only_json=only_json)
        return self._content


def _unquoted(value: str) -> str:
    if len(value) >= _QUOTED and value[0] == value[-1] == '"':
        return value[1:-1]
    return value
