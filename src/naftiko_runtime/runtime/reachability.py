"""Whether upstreams answer, for readiness with ``?upstreams=true`` (exposes.md CTL-3)."""

import asyncio
import time
from collections.abc import Iterable
from typing import Final

from naftiko_runtime.engine.engine import Engine
from naftiko_runtime.engine.exchange import Outbound
from naftiko_runtime.engine.locations import base_location
from naftiko_runtime.engine.request import USER_AGENT
from naftiko_runtime.engine.scope import InvocationScope
from naftiko_runtime.errors import InvocationError
from naftiko_runtime.plan.upstream import Upstream
from naftiko_runtime.values import Json

_PATIENCE: Final = 2.0
_KEPT: Final = 10.0


class Reachability:
    """Asks each upstream once in a while; any HTTP status counts as an answer."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, dict[str, Json]]] = {}

    async def of(self, upstreams: Iterable[Upstream], engine: Engine) -> list[Json]:
        """Return ``{"namespace", "reachable", "durationMs"}`` of each upstream."""
        return list(await asyncio.gather(*(self._of(each, engine) for each in upstreams)))

    async def _of(self, upstream: Upstream, engine: Engine) -> dict[str, Json]:
        asked_at, answer = self._known.get(upstream.key, (0.0, {}))
        if answer and time.monotonic() - asked_at < _KEPT:
            return answer
        began = time.monotonic()
        reachable = await _answers(upstream, engine)
        duration = round((time.monotonic() - began) * 1000, 1)
        answer = {
            "namespace": upstream.namespace,
            "reachable": reachable,
            "durationMs": duration,
        }
        self._known[upstream.key] = (began, answer)
        return answer


async def _answers(upstream: Upstream, engine: Engine) -> bool:
    try:
        url = base_location(upstream).url(InvocationScope({}, engine.variables))
        headers = (("User-Agent", USER_AGENT), ("Accept", "*/*"))
        request = Outbound("GET", url, headers, head_timeout=_PATIENCE)
        async with asyncio.timeout(_PATIENCE), engine.exchange.send(request):
            return True
    except (InvocationError, TimeoutError):
        return False
