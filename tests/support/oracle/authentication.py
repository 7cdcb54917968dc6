"""What outbound authentication adds to a request (language.md 6)."""

import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from oracle.linking import Refused
from oracle.reading import Json
from oracle.templates import ABSENT, Names, Wanted, filled, in_template

Variable = Callable[[str], str]
SIGNED = "AWS4-HMAC-SHA256 "
"""What a signature begins with; the rest depends on the time."""


@dataclass(frozen=True)
class Credential:
    """The authentication block of one consumed API."""

    block: Mapping[str, Json]
    names: Names

    @property
    def kind(self) -> str:
        return str(self.block.get("type", "none")).lower()

    def check(self) -> None:
        """Raise ``Refused`` for a block under which nothing may be sent (language.md 6.4)."""
        if self.kind not in ("none", "bearer", "basic", "apikey", "header", "query", "aws-sig-v4"):
            raise Refused("auth/unsupported-type")
        if self.kind == "apikey" and self._placement() not in ("header", "query", "cookie", "body"):
            raise Refused("auth/incomplete")

    def owned(self) -> frozenset[tuple[str, str]]:
        """Return places and names (of headers in lower case) that it fills."""
        if self.kind in ("bearer", "basic", "aws-sig-v4"):
            return frozenset({("header", "authorization")})
        return frozenset(
            (place, name.casefold() if place == "header" else name)
            for place, name, _ in self._keys()
        )

    def headers(self, variable: Variable) -> Mapping[str, str]:
        if self.kind == "bearer":
            token = self._text(self.block.get("token", self.block.get("value")), variable)
            return {"Authorization": token if token.startswith("Bearer ") else f"Bearer {token}"}
        if self.kind == "basic":
            pair = [
                self._text(self.block.get(key) or "", variable) for key in ("username", "password")
            ]
            return {"Authorization": f"Basic {base64.b64encode(':'.join(pair).encode()).decode()}"}
        if self.kind == "aws-sig-v4":
            keys = [self._text(value, variable) for value in self.block.values()]
            return {"Authorization": SIGNED} if all(keys) else {}
        return dict(self._filled("header", variable))

    def query(self, variable: Variable) -> list[str]:
        pairs = self._filled("query", variable)
        return [f"{name}={quote(value, safe='-._~')}" for name, value in pairs]

    def members(self, variable: Variable) -> Mapping[str, str]:
        return dict(self._filled("body", variable))

    def _filled(self, place: str, variable: Variable) -> Iterator[tuple[str, str]]:
        for where, name, value in self._keys():
            if where == place:
                yield name, self._text(value, variable)

    def _keys(self) -> Iterator[tuple[str, str, Json]]:
        """Yield place, name and value in every spelling (language.md 6.4)."""
        block = self.block
        if self.kind not in ("apikey", "header", "query"):
            return
        if isinstance(block.get("headers"), Mapping):
            yield from (("header", str(name), value) for name, value in block["headers"].items())
        elif "header" in block:
            value = block.get("value", block.get("token", block.get("key")))
            yield "header", str(block["header"]), value
        else:
            yield self._placement(), str(block.get("name", block.get("key"))), block.get("value")

    def _placement(self) -> str:
        return str(self.block.get("placement", self.block.get("in", "header")))

    def _text(self, value: Json, variable: Variable) -> str:
        reading = _Variables(variable)
        found = filled(str(value), in_template(self.names, reading.input, reading))
        if found is ABSENT:
            raise Refused("template/unresolved")
        return str(found)


@dataclass(frozen=True)
class _Variables:
    """A caller without inputs: authentication takes nothing else (language.md 3.9)."""

    variable: Variable

    def input(self, wanted: Wanted) -> Json:
        return ABSENT
