"""An app that is still being made while its listener is open: requests wait for it."""

import asyncio

from naftiko_runtime.adapters.asgi import App, Receive, Scope, Send


class Late:
    """Stands for an app until it is ready, and passes requests on from then on."""

    __slots__ = ("_app", "_ready")

    def __init__(self) -> None:
        self._app: App | None = None
        self._ready = asyncio.Event()

    def put(self, app: App) -> None:
        """Let the waiting requests and all later ones go to ``app``."""
        self._app = app
        self._ready.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._app
        while app is None:
            await self._ready.wait()
            app = self._app
        await app(scope, receive, send)
