"""What a caller sends for given input values: a REST request or tool arguments."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from oracle.inputs import Input, Wiring, route_variables
from oracle.made_up import is_header, reads_json, value_of
from oracle.reading import Json
from oracle.templates import text_of


@dataclass(frozen=True)
class RestCall:
    """A request as it is written on the wire."""

    method: str
    path: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None

    @property
    def raw_headers(self) -> list[tuple[bytes, bytes]]:
        own = [(name.lower().encode(), value.encode()) for name, value in self.headers]
        length = str(len(self.body)).encode() if self.body is not None else None
        return own if length is None else [*own, (b"content-length", length)]


@dataclass(frozen=True)
class ArgumentCall:
    """A tool call as it is posted."""

    body: bytes

    @property
    def request(self) -> RestCall:
        kind = ("content-type", "application/json"), ("accept", "application/json")
        version = ("mcp-protocol-version", "2025-11-25")
        return RestCall("POST", "/mcp", headers=(*kind, version), body=self.body)


def values(wiring: Wiring, *, bare: bool = False) -> dict[str, Json]:
    """Return a value for every input, or only for those that are needed."""
    given: dict[str, Json] = {}
    routes: dict[str, Json] = {}
    for each in wiring.inputs:
        if bare and not each.needed and each.route is None:
            continue
        value = value_of(each, wiring)
        given[each.name] = routes.setdefault(each.route, value) if each.route else value
    return given


def safe_names(wiring: Wiring) -> dict[str, str]:
    """Return input name → name in the tool's schema (language.md 10.11)."""
    names: dict[str, str] = {}
    for each in wiring.inputs:
        name = each.name
        if not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", name):
            name = re.sub(r"[^A-Za-z0-9_.-]+", "_", name).strip("_")[:64]
        unique, count = name, 1
        while unique in names.values():
            count += 1
            unique = f"{name}_{count}"
        names[each.name] = unique
    return names


@dataclass(frozen=True)
class RestWriter:
    """Writes the REST request that carries some values."""

    wiring: Wiring
    given: Mapping[str, Json]

    def call(self) -> RestCall:
        exposed = self.wiring.exposed
        path, _, condition = exposed.path.split("#")[0].partition("?")
        query = [part for part in condition.split("&") if part]
        query += [f"{key}={value}" for key, value in self._query() if key not in condition]
        body = self.body()
        headers = [(name, text_of(value)) for name, value in self._headers()]
        if body is not None:
            headers.append(("content-type", "application/json"))
        return RestCall(exposed.method, self._path(path), "&".join(query), tuple(headers), body)

    def _inputs(self) -> Iterator[tuple[Input, Json]]:
        for each in self.wiring.inputs:
            if each.name in self.given and each.route is None:
                yield each, self.given[each.name]

    def _path(self, path: str) -> str:
        given = {each.route: self.given.get(each.name) for each in self.wiring.inputs}
        filled = "/" + path.lstrip("/")
        for name in route_variables(self.wiring.exposed.path):
            value = given.get(name)
            text = "unused" if value is None else text_of(value)
            hole = r"\{+\+?\s*" + re.escape(name) + r"\s*\}+"
            filled = re.sub(hole, quote(text, safe="").replace("\\", "%5C"), filled, count=1)
        return filled

    def _query(self) -> Iterator[tuple[str, str]]:
        for each, value in self._inputs():
            if is_header(each) or each.whole or self.is_member(each):
                continue
            for one in value if isinstance(value, list) else [value]:
                yield quote(each.name, safe=""), quote(text_of(one), safe="")

    def _headers(self) -> Iterator[tuple[str, Json]]:
        return ((each.name, value) for each, value in self._inputs() if is_header(each))

    def is_member(self, each: Input) -> bool:
        return reads_json(each, self.wiring) and not each.whole

    @property
    def relays(self) -> bool:
        """Whether the whole body goes upstream as it is written (language.md 5.9, 5.11)."""
        return any(each.whole for each in self.wiring.inputs)

    def body(self) -> bytes | None:
        """Return the JSON body: an object of the members, or the whole value.

        It is spelled so that a relayed body can be told from one written anew.
        """
        found: dict[str, Json] = {}
        for each, value in self._inputs():
            if self.is_member(each):
                _put(found, self._member_path(each), value)
        whole = [value for each, value in self._inputs() if each.whole]
        if not found and not whole:
            return None
        return json.dumps(found or whole[0], indent=1, ensure_ascii=False).encode()

    def _member_path(self, each: Input) -> list[str]:
        mapping = str((each.declared or {}).get("mapping", ""))
        return mapping[2:].split(".") if mapping.startswith("$.") else [each.name]


def _put(target: dict[str, Json], path: list[str], value: Json) -> None:
    for step in path[:-1]:
        target = target.setdefault(step, {})
    target[path[-1]] = value
