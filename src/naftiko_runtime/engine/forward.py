"""Passes a whole request on to an upstream (exposes.md REST-14)."""

from typing import Final

from naftiko_runtime.engine import encoding
from naftiko_runtime.engine.answers import is_failed, relayed
from naftiko_runtime.engine.bodies import relayed_body
from naftiko_runtime.engine.exchange import Outbound
from naftiko_runtime.engine.locations import joined, refused
from naftiko_runtime.engine.request import Pairs, body_headers, with_query
from naftiko_runtime.engine.result import FORWARDED, ForwardRequest, Relayed
from naftiko_runtime.engine.running import Run
from naftiko_runtime.engine.scope import InvocationScope
from naftiko_runtime.expressions.reference import Literal
from naftiko_runtime.plan.function import Forward

_OURS: Final = frozenset(("host", "content-length", "transfer-encoding", "connection"))
_BODY: Final = Literal("body")


async def forwarded(action: Forward, scope: InvocationScope, run: Run) -> Relayed:
    """Send the caller's request to the upstream; its answer is relayed, always.

    The scope has the ``ForwardRequest`` as input ``FORWARDED``.
    """
    given: ForwardRequest = scope.inputs[FORWARDED]
    client = run.engine.client(run.engine.forwarding(action))
    own = await client.request(scope, relayed=True)
    sending = client.send(scope, relayed=True)
    request = await _request(own, given, action, run)
    answer = await sending.start(request)
    run.keep(sending)
    return relayed(answer, None, failed=is_failed(answer.status))


async def _request(own: Outbound, given: ForwardRequest, action: Forward, run: Run) -> Outbound:
    """Return the caller's request with what the consumed adapter says laid over it."""
    headers = _headers(own, given, action)
    headers += [pair for pair in run.caller.trace if pair[0].lower() not in _names(headers)]
    body = None
    if given.body is not None:
        kind = next((value for name, value in headers if name.lower() == "content-type"), None)
        body = await relayed_body(given.body, kind, _BODY, run.engine.options.limits.body)
    headers += body_headers(headers, body, given.method)
    content = None if body is None else body.content
    return Outbound(given.method, _url(own, given), tuple(headers), content, own.head_timeout)


def _headers(own: Outbound, given: ForwardRequest, action: Forward) -> list[tuple[str, str]]:
    caller = [pair for pair in given.headers if pair[0].lower() not in _OURS]
    consumed = {field.name.lower() for field in action.headers}
    laid_over = [pair for pair in own.headers if pair[0].lower() in consumed]
    kept = [pair for pair in caller if pair[0].lower() not in _names(laid_over)]
    defaults = [
        pair for pair in own.headers if pair[0].lower() not in consumed | _names(kept) | _OURS
    ]
    return [*defaults, *kept, *laid_over]


def _names(headers: list[tuple[str, str]] | Pairs) -> set[str]:
    return {name.lower() for name, _ in headers}


def _url(own: Outbound, given: ForwardRequest) -> str:
    base, _, consumed = own.url.partition("?")
    url = base
    if given.rest_of_path is not None:
        if any(encoding.is_dots(segment) for segment in given.rest_of_path.split("/")):
            raise refused("path", "must not have . or .. as a segment")
        url = joined(base, f"/{encoding.written(given.rest_of_path).removeprefix('/')}")
    pairs = [encoding.written(part) for part in (given.query, consumed) if part]
    return with_query(url, pairs)
