"""The upstream request that a call must become (language.md 4, 5), from slots and given values."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from oracle.authentication import Credential
from oracle.bodies import Body
from oracle.given import Given
from oracle.linking import Refused, loose
from oracle.reading import joined
from oracle.slots import URL_HOLE
from oracle.templates import ABSENT, Wanted, text_of

_NAME_SAFE = "!$'()*,-./:;?@[\\]^_`{|}~"


@dataclass(frozen=True)
class Request:
    """What must arrive; ``parts`` instead of ``body`` for a multipart form."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None
    parts: list[tuple[str, str]] | None = None


def expected(given: Given, credential: Credential) -> Request:
    """Return the request that a call must become."""
    consumed = given.wiring.consumed
    url = joined(base_url(given), _path(given))
    pairs = [*_query(given), *credential.query(given.variable)]
    if pairs:
        url += ("&" if "?" in url else "?") + "&".join(pairs)
    headers = dict(_headers(given))
    body = Body(given, credential.members(given.variable))
    content, kind = body.content()
    if kind is not None and "content-type" not in headers:
        headers["content-type"] = kind
    for name, value in credential.headers(given.variable).items():
        headers[name.lower()] = value
    parts = body.parts() if kind == "multipart/form-data" else None
    return Request(consumed.method, url, headers, content, parts)


def base_url(given: Given) -> str:
    """Return the base URI with everything filled (language.md 4.3)."""

    def fill(hole: re.Match[str]) -> str:
        name = next(group for group in hole.groups() if group is not None)
        if hole[4] is None:
            return text_of(given.look(name if hole[1] else f"env.{name.removeprefix('env.')}"))
        return _base_value(given, name)

    return URL_HOLE.sub(fill, given.wiring.consumed.base)


def _base_value(given: Given, name: str) -> str:
    setting = given.settings.get((given.wiring.consumed.namespace, name))
    if setting is not None:
        return setting
    for slot in given.wiring.slots:
        if slot.place == "base" and slot.name == name:
            value = given.slot(slot)
            in_path = (
                f"{{{name}}}" in given.wiring.consumed.base.partition("://")[2].partition("/")[2]
            )
            return quote(text_of(value), safe="-._~") if in_path else text_of(value)
    declared = given.wiring.document.variables
    ending = [each for each in declared if loose(each).endswith(loose(name))]
    if name in declared or len(ending) == 1:
        return given.variable(name if name in declared else ending[0])
    given.unset.add(name)
    return "unset"


def _path(given: Given) -> str:
    def fill(hole: re.Match[str]) -> str:
        name = next(group for group in hole.groups() if group is not None)
        declared = given.wiring.names.variable(name) if hole[1] is not None else None
        if declared is None and given.wiring.is_variable(name):
            declared = name
        value = given.variable(declared) if declared else given.scope(Wanted(name))
        if isinstance(value, list | dict) or value is ABSENT:
            raise Refused("invalid-input")
        return quote(text_of(value), safe="-._~")

    path = URL_HOLE.sub(fill, given.wiring.consumed.path.split("#")[0])
    for slot in given.wiring.slots:
        if slot.place == "appended":
            end = "/" if path.endswith("/") else ""
            path = f"{path.rstrip('/')}/{quote(text_of(given.slot(slot)), safe='-._~')}{end}"
    return path


def _query(given: Given) -> Iterator[str]:
    for slot in given.wiring.slots:
        if slot.place == "query":
            value = given.slot(slot)
            for each in value if isinstance(value, list) else [value]:
                if each is not ABSENT and each is not None:
                    yield f"{quote(slot.name, safe=_NAME_SAFE)}={quote(text_of(each), safe='-._~')}"


def _headers(given: Given) -> Iterator[tuple[str, str]]:
    cookies = []
    for slot in given.wiring.slots:
        if slot.place not in ("header", "cookie"):
            continue
        value = given.slot(slot)
        if value is ABSENT:
            continue
        text = ", ".join(map(text_of, value)) if isinstance(value, list) else text_of(value)
        if slot.place == "cookie":
            cookies.append(f"{slot.name}={quote(text)}")
        else:
            yield slot.name.lower(), text.strip()
    if cookies:
        yield "cookie", "; ".join(cookies)
