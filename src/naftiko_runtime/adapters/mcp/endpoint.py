"""One MCP endpoint over HTTP, alive as long as its listener."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

from naftiko_runtime.adapters.asgi import App
from naftiko_runtime.adapters.mcp.admission import Admission
from naftiko_runtime.adapters.mcp.changes import Changes
from naftiko_runtime.adapters.mcp.server import McpServer
from naftiko_runtime.adapters.mcp.serving import Serving
from naftiko_runtime.adapters.mcp.view import McpView


class McpEndpoint:
    """An async context manager; ``asgi`` serves every request of its path while it is entered.

    ``serving.lease`` gives what is served now, so that a reload needs nothing but ``announce``.
    ``keys`` (32 bytes each) seal questions to users and are shared by workers (MCP-23). Without
    ``lane`` every request takes the way through the SDK.
    """

    def __init__(self, serving: Serving, *, keys: Sequence[bytes] = (), lane: bool = True) -> None:
        self._changes = Changes()
        self.server = McpServer(serving, self._changes, keys)
        self._managers = (self._manager(serving, json=True), self._manager(serving, json=False))
        self.asgi: App = Admission(serving, self._changes, self._managers, lane=lane)
        self._stack = AsyncExitStack()

    def _manager(self, serving: Serving, *, json: bool) -> StreamableHTTPSessionManager:
        limit = serving.limits.mcp_body
        return StreamableHTTPSessionManager(
            self.server, stateless=True, json_response=json, max_request_body_size=limit
        )

    async def __aenter__(self) -> Self:
        for manager in self._managers:
            await self._stack.enter_async_context(manager.run())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End streams and cancel what still runs; leave it in the task that entered it."""
        self._changes.close()
        await self._stack.aclose()

    async def announce(self, before: McpView, after: McpView) -> None:
        """Tell listening clients which lists a reload changed (MCP-29)."""
        await self._changes.announce(before, after)

    def close_streams(self) -> None:
        """End long-lived streams, as a stop begins with (LST-8)."""
        self._changes.close()
