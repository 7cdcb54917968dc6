"""Upstream requests as people may see them: captured on their way, secrets masked."""

import re
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import unquote_plus

from naftiko_runtime.adapters.control.actions import Trial
from naftiko_runtime.engine.engine import Engine
from naftiko_runtime.engine.exchange import Exchange, Inbound, Outbound
from naftiko_runtime.engine.inputs import check_arguments
from naftiko_runtime.engine.invoke import invoke
from naftiko_runtime.engine.result import Binary, Relayed, Result, Want
from naftiko_runtime.errors import InvocationError, UpstreamUnreachable
from naftiko_runtime.plan.capability import Capability
from naftiko_runtime.plan.function import Function
from naftiko_runtime.plan.upstream import ApiKeys, Authentication, Token
from naftiko_runtime.values import Json

_CREDENTIALS: Final = frozenset({"authorization", "proxy-authorization", "cookie"})
_MASK: Final = "***"
_PAIR: Final = re.compile(r"([?&])([^=&#]+)=[^&#]*")


@dataclass(frozen=True, slots=True)
class Places:
    """Where credentials stand: names of headers, in lower case, and of query parameters."""

    headers: frozenset[str] = frozenset()
    query: frozenset[str] = frozenset()


def credential_places(capabilities: Iterable[Capability]) -> Places:
    """Return where the consumed authentication of documents puts credentials."""
    found = [
        pair
        for capability in capabilities
        for operation in capability.operations
        for pair in _named(operation.authentication)
    ]
    headers = {name.lower() for place, name in found if place == "header"}
    return Places(frozenset(headers), frozenset(name for place, name in found if place == "query"))


def _named(authentication: Authentication | None) -> Iterator[tuple[str, str]]:
    match authentication:
        case ApiKeys(keys=keys):
            yield from ((key.placement, key.name) for key in keys)
        case Token(placement=placement, placement_name=name):
            yield placement, name
        case _:
            return


class Recording:
    """An exchange that keeps what is sent, and sends it unless there is nobody to send it to."""

    def __init__(self, exchange: Exchange | None) -> None:
        self.requests: list[Outbound] = []
        self._exchange = exchange

    def send(self, request: Outbound) -> AbstractAsyncContextManager[Inbound]:
        """Keep the request and perform the exchange; a dry one raises."""
        self.requests.append(request)
        if self._exchange is None:
            return self._not_sent(len(self.requests) - 1)
        return self._exchange.send(request)

    async def close(self) -> None:
        """Close nothing: the exchange belongs to somebody else."""

    @asynccontextmanager
    async def _not_sent(self, index: int) -> AsyncIterator[Inbound]:
        """Read the body instead of an upstream, so that it can be shown."""
        request = self.requests[index]
        if request.body is not None and not isinstance(request.body, bytes):
            body = b"".join([chunk async for chunk in request.body])
            self.requests[index] = replace(request, body=body)
        raise UpstreamUnreachable("nothing is sent in a dry run")
        yield  # the type needs a generator


async def tried(
    function: Function,
    arguments: Mapping[str, Json],
    engine: Engine,
    shown: Callable[[Outbound], Json],
) -> Trial:
    """Run a function with the arguments of a tool call; show what went upstream, masked."""
    recording = Recording(engine.exchange)
    recorded = replace(engine.renewed(), exchange=recording)
    began = time.perf_counter()
    try:
        inputs = check_arguments(function, arguments)
        async with invoke(function, inputs, recorded, Want.VALUE) as result:
            answer = await _answer(result)
    except InvocationError as error:
        answer = {"status": error.status, "body": problem_members(error)}
    duration = round((time.perf_counter() - began) * 1000, 1)
    requests = [shown(request) for request in recording.requests]
    return Trial(requests, answer, duration)


async def _answer(result: Result) -> dict[str, Json]:
    if isinstance(result, Relayed):
        body = b"".join([chunk async for chunk in result.chunks()])
        return {"status": result.status, "body": body.decode(errors="replace")}
    value = result.value
    body_value = value.described() if isinstance(value, Binary) else value
    return {"status": result.status, "body": body_value}


def problem_members(error: InvocationError) -> dict[str, Json]:
    """Return the members of a problem (language.md 1.11)."""
    return {
        "type": f"urn:naftiko:problem:{error.problem}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        **error.members,
    }


def shown_request(
    request: Outbound, scrub: Callable[[str], str], places: Places
) -> dict[str, Json]:
    """Return ``{"method", "url", "headers", "body"}`` with every secret masked.

    What stands in ``places`` is masked whatever it is: a literal in the document is no known
    secret, and a short one is not looked for.
    """
    headers = [
        [name, _MASK if name.lower() in places.headers else _shown_header(name, value, scrub)]
        for name, value in request.headers
    ]
    return {
        "method": request.method,
        "url": scrub(_PAIR.sub(lambda pair: _shown_pair(pair, places), request.url)),
        "headers": headers,
        "body": _shown_body(request.body, scrub),
    }


def _shown_header(name: str, value: str, scrub: Callable[[str], str]) -> str:
    if name.lower() not in _CREDENTIALS:
        return scrub(value)
    # a literal in the document is no known secret, so credentials are masked by their place
    scheme, blank, _ = value.partition(" ")
    return f"{scheme} {_MASK}" if blank and name.lower() != "cookie" else _MASK


def _shown_pair(pair: re.Match[str], places: Places) -> str:
    return f"{pair[1]}{pair[2]}={_MASK}" if unquote_plus(pair[2]) in places.query else pair[0]


def _shown_body(body: object, scrub: Callable[[str], str]) -> str | None:
    if body is None:
        return None
    if not isinstance(body, bytes):
        return "(streamed)"
    try:
        return scrub(body.decode())
    except UnicodeDecodeError:
        return f"({len(body)} bytes)"
