"""Which redirects are followed, and to what request (language.md 4.21)."""

from typing import Final
from urllib.parse import urljoin

from naftiko_runtime.engine.encoding import written
from naftiko_runtime.engine.exchange import Inbound, Outbound
from naftiko_runtime.engine.origins import Origin, divided
from naftiko_runtime.errors import UpstreamUnreachable

MOST: Final = 5
_SEE_OTHER: Final = 303
_MOVED: Final = (301, 302)
_REDIRECTS: Final = frozenset({*_MOVED, _SEE_OTHER, 307, 308})


def is_redirect(status: int) -> bool:
    return status in _REDIRECTS


def followed(request: Outbound, answer: Inbound) -> Outbound | None:
    """Return the request that a redirect leads to, or None when the answer is the upstream's.

    Only the same scheme, host and port are followed, and only what can be sent again.
    """
    target = answer.header("location")
    if not is_redirect(answer.status) or not target:
        return None
    try:
        url = written(urljoin(request.url, target).partition("#")[0])
        if Origin.parse(divided(url)[0]) != Origin.parse(divided(request.url)[0]):
            return None
    except (ValueError, UpstreamUnreachable):
        return None
    return _redirected(request, answer.status, url)


def _redirected(request: Outbound, status: int, url: str) -> Outbound | None:
    if status == _SEE_OTHER:
        return _reading(request, url)
    if status in _MOVED and request.method not in ("GET", "HEAD"):
        return None
    if not isinstance(request.body, bytes | None):
        return None
    return Outbound(request.method, url, request.headers, request.body, request.head_timeout)


def _reading(request: Outbound, url: str) -> Outbound:
    method = "HEAD" if request.method == "HEAD" else "GET"
    headers = tuple(pair for pair in request.headers if not pair[0].lower().startswith("content-"))
    return Outbound(method, url, headers, None, request.head_timeout)
