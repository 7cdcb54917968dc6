"""``naftiko`` on an ``httpx.AsyncClient`` exchange, which is what users would write first."""

from collections.abc import AsyncIterable
from contextlib import asynccontextmanager
from typing import Any

import httpx

from naftiko_runtime.cli.main import main
from naftiko_runtime.engine import engine
from naftiko_runtime.engine.exchange import Outbound, joined
from naftiko_runtime.options import RuntimeOptions


class Answer:
    def __init__(self, response: httpx.Response) -> None:
        self._response = response
        self.status = response.status_code
        self.fields = response.headers.raw
        self.headers = tuple((name.lower(), value) for name, value in response.headers.items())

    def ready(self) -> None:
        return None

    def header(self, name: str) -> str | None:
        return joined(self.headers, name)

    def chunks(self) -> Any:
        return self._response.aiter_raw()


class ClientExchange:
    def __init__(self, options: RuntimeOptions) -> None:
        limits = httpx.Limits(max_connections=1000, max_keepalive_connections=options.limits.pool)
        self._client = httpx.AsyncClient(limits=limits, timeout=60)

    @asynccontextmanager
    async def send(self, request: Outbound) -> AsyncIterable[Answer]:
        built = self._client.build_request(
            request.method, request.url, headers=request.headers, content=request.body
        )
        response = await self._client.send(built, stream=True)
        try:
            yield Answer(response)
        finally:
            await response.aclose()

    async def close(self) -> None:
        await self._client.aclose()


engine.Http1Exchange = ClientExchange
raise SystemExit(main())
