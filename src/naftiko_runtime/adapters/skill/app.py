"""The skill adapter as an ASGI app: a catalogue that never runs a tool (exposes.md 5)."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, TypeAlias
from urllib.parse import unquote

from starlette.responses import JSONResponse, Response, StreamingResponse

from naftiko_runtime.adapters.asgi import App, Message, Receive, Scope, Send
from naftiko_runtime.adapters.cors import Cors, cors_of
from naftiko_runtime.adapters.problems import (
    Problem,
    answer,
    method_not_allowed,
    not_found,
    path_of,
)
from naftiko_runtime.adapters.skill.catalogue import catalogue, detail
from naftiko_runtime.adapters.skill.pages import contents, download, file_page, manifest
from naftiko_runtime.adapters.visit import visit_of
from naftiko_runtime.observability.telemetry import UNMATCHED, Endpoint
from naftiko_runtime.plan.exposure import Skill, SkillExposure

_METHODS: Final = ("GET", "HEAD", "OPTIONS")

Page: TypeAlias = Callable[[], Awaitable[Response | Problem]]


@dataclass(frozen=True, slots=True)
class _Adapter:
    """What an adapter adds to every answer: the namespace for telemetry, and CORS headers."""

    namespace: str
    label: str
    cors: Cors | None

    def endpoint(self, route: str) -> Endpoint:
        return Endpoint("skill", self.namespace, route or UNMATCHED, route, self.label)


@dataclass(frozen=True, slots=True)
class _Match:
    """What a path names; no ``page``: nothing."""

    adapter: _Adapter
    route: str = ""
    page: Page | None = None


@dataclass(frozen=True, slots=True)
class _Entry:
    """A skill in the catalogue; its description is made once."""

    adapter: _Adapter
    skill: Skill
    described: Response = field(repr=False)


def skill_app(
    exposures: Sequence[SkillExposure],
    *,
    labels: Mapping[str, str] | None = None,
    cors_origins: Iterable[str] = (),
) -> App:
    """Return the app of all skill adapters of a listener, at least one; it serves ``/skills…``.

    Of equal skill names the first wins (SKL-1). ``labels`` are the documents' labels by adapter
    namespace, for telemetry; ``cors_origins`` are those of ``--cors-origin``.
    """
    match = _matcher(exposures, labels or {}, cors_origins)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        matched = match(scope)
        _begin(scope, matched)
        reply = await _reply(scope, matched)
        if isinstance(reply, Problem):
            await answer(reply, scope, send)
        elif scope["method"] == "HEAD":
            await _head_of(reply)(scope, receive, _without_body(send))
        else:
            await reply(scope, receive, send)

    return app


def skill_arrival(
    exposures: Sequence[SkillExposure],
    *,
    labels: Mapping[str, str] | None = None,
    cors_origins: Iterable[str] = (),
) -> Callable[[Scope], None]:
    """Return what the app of these adapters does first, for requests that do not reach it."""
    match = _matcher(exposures, labels or {}, cors_origins)
    return lambda scope: _begin(scope, match(scope))


def _matcher(
    exposures: Sequence[SkillExposure], labels: Mapping[str, str], cors_origins: Iterable[str]
) -> Callable[[Scope], _Match]:
    origins = tuple(cors_origins)
    adapters = [
        _Adapter(each.namespace, labels.get(each.namespace, ""), cors_of(each.cors, origins))
        for each in exposures
    ]
    entries: dict[str, _Entry] = {}
    for adapter, exposure in zip(adapters, exposures, strict=True):
        for skill in exposure.skills:
            entries.setdefault(skill.name, _Entry(adapter, skill, JSONResponse(detail(skill))))
    listed = JSONResponse(catalogue(entry.skill for entry in entries.values()))
    nothing = _Match(adapters[0])
    return lambda scope: _match(entries, nothing, listed, path_of(scope).split("/")[1:])


def _match(
    entries: Mapping[str, _Entry], nothing: _Match, listed: Response, segments: Sequence[str]
) -> _Match:
    """Match undecoded segments, so that an encoded slash stays inside its segment."""
    match segments:
        case ["skills"] | ["skills", ""]:
            return _Match(nothing.adapter, "/skills", partial(_constant, listed))
        case ["skills", name, *rest]:
            entry = entries.get(unquote(name))
            return nothing if entry is None else _match_skill(entry, rest)
        case _:
            return nothing


_PAGES: Final[Mapping[tuple[str, ...], Callable[[Skill], Awaitable[Response | Problem]]]] = {
    ("contents",): contents,
    ("download",): download,
    ("SKILL.md",): manifest,
}


def _match_skill(entry: _Entry, rest: Sequence[str]) -> _Match:
    if rest in ([], [""]):
        return _Match(entry.adapter, "/skills/{name}", partial(_constant, entry.described))
    if page := _PAGES.get(tuple(rest)):
        return _Match(entry.adapter, f"/skills/{{name}}/{rest[0]}", partial(page, entry.skill))
    if rest[0] == "contents":
        file = partial(file_page, entry.skill, "/".join(rest[1:]))
        return _Match(entry.adapter, "/skills/{name}/contents/{file}", file)
    return _Match(entry.adapter)


async def _constant(response: Response) -> Response:
    return response


def _begin(scope: Scope, matched: _Match) -> None:
    visit = visit_of(scope)
    visit.arrival.matched(matched.adapter.endpoint(matched.route))
    if scope["method"] == "OPTIONS":
        return
    if matched.adapter.cors is not None and visit.origin is not None:
        visit.headers.extend(matched.adapter.cors.actual(visit.origin))


async def _reply(scope: Scope, matched: _Match) -> Response | Problem:
    if matched.page is None:
        return not_found(path_of(scope))
    method = scope["method"]
    if method == "OPTIONS":
        return _options(scope, matched.adapter.cors)
    if method not in _METHODS:
        return method_not_allowed(method, _METHODS)
    return await matched.page()


def _options(scope: Scope, cors: Cors | None) -> Response:
    response = Response(status_code=204, headers={"Allow": ", ".join(_METHODS)})
    origin = visit_of(scope).origin
    wanted = any(name == b"access-control-request-method" for name, _ in scope["headers"])
    if cors is not None and wanted and cors.allows(origin) and origin is not None:
        response.raw_headers.extend(cors.preflight(origin, ("GET", "HEAD")))
    return response


def _head_of(reply: Response) -> Response:
    """Return a reply with these headers; a stream is not begun for nobody."""
    if not isinstance(reply, StreamingResponse):
        return reply
    head = Response()
    head.raw_headers = reply.raw_headers
    return head


def _without_body(send: Send) -> Send:
    async def head_only(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return head_only
