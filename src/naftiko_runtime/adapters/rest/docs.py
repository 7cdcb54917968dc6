"""``/docs`` and ``/openapi.json`` of a listener, for people and for tools (exposes.md REST-16, 17).

Both are made from the same description; adapters with authentication appear only in answers to
requests that pass it.
"""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib.resources import files
from typing import Final

from naftiko_runtime.adapters.asgi import RawHeader, Scope, Send, header
from naftiko_runtime.adapters.problems import Problem, answer, method_not_allowed, not_found
from naftiko_runtime.adapters.rest.query import parsed_query
from naftiko_runtime.adapters.rest.replies import encoded
from naftiko_runtime.adapters.rest.target import Adapter
from naftiko_runtime.openapi.describe import describe, info_of
from naftiko_runtime.plan.listener import Placed
from naftiko_runtime.values import compact

_OPENAPI: Final = b"/openapi.json"
_DOCS: Final = b"/docs"
_METHODS: Final = ("GET", "HEAD", "OPTIONS")
_POLICY: Final = (
    "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; "
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Docs:
    """Answers the two paths; descriptions are made when first asked for, and kept."""

    def __init__(self, placed: Sequence[Placed], adapters: Sequence[Adapter]) -> None:
        self._info = info_of(each.capability for each in placed)
        self._adapters = adapters
        self._described: dict[tuple[int, ...], bytes] = {}

    def serves(self, raw_path: bytes) -> bool:
        return raw_path in (_OPENAPI, _DOCS)

    async def answer(self, scope: Scope, send: Send) -> None:
        """Answer a request for one of the two paths."""
        if scope["method"] == "OPTIONS":
            headers = [(b"allow", ", ".join(_METHODS).encode())]
            await send({"type": "http.response.start", "status": 204, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
        elif scope["method"] not in _METHODS:
            await answer(method_not_allowed(scope["method"], _METHODS), scope, send)
        elif scope["raw_path"] == _DOCS:
            visible, problem = await self._visible(self._adapters, scope)
            if problem is not None and not visible:
                await answer(problem, scope, send)
            else:
                await self._page(self._description(visible), scope, send)
        else:
            await self._openapi(scope, send)

    async def _openapi(self, scope: Scope, send: Send) -> None:
        wanted = parsed_query(scope["query_string"]).get("adapter")
        chosen = [
            each for each in self._adapters if not wanted or each.exposure.namespace == wanted[0]
        ]
        if wanted and not chosen:
            await answer(not_found(f"/openapi.json?adapter={wanted[0]}"), scope, send)
            return
        visible, problem = await self._visible(chosen, scope)
        if problem is not None and not visible:
            await answer(problem, scope, send)
            return
        await _send_json(self._description(visible), scope, send)

    async def _visible(
        self, adapters: Sequence[Adapter], scope: Scope
    ) -> tuple[list[Adapter], Problem | None]:
        """Return the adapters that this request may see, and the refusal when it passes no gate."""
        gates = [each.gate for each in adapters if each.gate is not None]
        verdicts = [await gate.check(scope) for gate in gates]
        passed = {
            gate for gate, verdict in zip(gates, verdicts, strict=True) if not verdict.refusal
        }
        problem: Problem | None = None
        if gates and not passed:
            # counts as a failure, or else secrets could be guessed here without any delay
            admitted = await gates[0].admit(scope)
            problem = admitted if isinstance(admitted, Problem) else None
        return [each for each in adapters if each.gate is None or each.gate in passed], problem

    def _description(self, adapters: Sequence[Adapter]) -> bytes:
        key = tuple(self._adapters.index(each) for each in adapters)
        if key not in self._described:
            document = describe([each.exposure for each in adapters], self._info)
            self._described[key] = compact(document).encode()
        return self._described[key]

    async def _page(self, description: bytes, scope: Scope, send: Send) -> None:
        nonce = secrets.token_urlsafe(16)
        embedded = description.replace(b"<", b"\\u003c")
        guarded = b"yes" if any(each.gate for each in self._adapters) else b"no"
        parts = {
            b"{{nonce}}": nonce.encode(),
            b"{{guarded}}": guarded,
            b"{{openapi}}": embedded,
        }
        body = _filled(self._assets, parts)
        headers: list[RawHeader] = [
            (b"content-type", b"text/html; charset=utf-8"),
            (b"content-length", str(len(body)).encode()),
            (b"content-security-policy", _POLICY.format(nonce=nonce).encode()),
            (b"cache-control", b"no-store"),
            (b"referrer-policy", b"no-referrer"),
            (b"x-content-type-options", b"nosniff"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        shown = b"" if scope["method"] == "HEAD" else body
        await send({"type": "http.response.body", "body": shown})

    @cached_property
    def _assets(self) -> bytes:
        """The page with its style and script, one file."""
        folder = files("naftiko_runtime.adapters.rest")
        style = folder.joinpath("docs.css").read_bytes()
        script = folder.joinpath("docs.js").read_bytes()
        page = folder.joinpath("docs.html").read_bytes()
        return page.replace(b"{{style}}", style).replace(b"{{script}}", script)


def _filled(page: bytes, parts: Mapping[bytes, bytes]) -> bytes:
    for name, text in parts.items():
        page = page.replace(name, text)
    return page


async def _send_json(body: bytes, scope: Scope, send: Send) -> None:
    """Send a description with a weak ETag: compressed or not, it says the same."""
    etag = b'W/"%s"' % hashlib.sha256(body).hexdigest()[:32].encode()
    headers: list[RawHeader] = [(b"etag", etag), (b"cache-control", b"no-cache")]
    known = [each.strip() for each in (header(scope, b"if-none-match") or b"").split(b",")]
    if b"*" in known or etag in known or etag.removeprefix(b"W/") in known:
        await send({"type": "http.response.start", "status": 304, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
        return
    headers.append((b"content-type", b"application/json"))
    content = await encoded(body, headers, header(scope, b"accept-encoding"))
    headers.append((b"content-length", str(len(content)).encode()))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    shown = b"" if scope["method"] == "HEAD" else content
    await send({"type": "http.response.body", "body": shown})
