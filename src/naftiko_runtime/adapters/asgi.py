"""The types of ASGI 3 as this package uses them."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
RawHeader: TypeAlias = tuple[bytes, bytes]
RawHeaders: TypeAlias = tuple[RawHeader, ...]


def header(scope: Scope, name: bytes) -> bytes | None:
    """Return the first value of a header; ``name`` in lower case."""
    for key, value in scope["headers"]:
        if key == name:
            return bytes(value)
    return None
