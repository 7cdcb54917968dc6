"""Bodies as they arrive (exposes.md MCP-4)."""

from collections.abc import Iterator
from typing import Any

import pytest

from naftiko_runtime.adapters.mcp.posted import CallerGone, body_of, heads_of, repaired
from naftiko_runtime.errors import BodyTooLarge

pytestmark = pytest.mark.anyio


def scope(**headers: str) -> Any:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http", "headers": raw}


def receiving(*chunks: bytes, gone: bool = False) -> Any:
    """Return a ``receive`` that gives chunks, then the end or a disconnect."""
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks
    ]
    end = {"type": "http.disconnect"} if gone else {"type": "http.request"}
    remaining: Iterator[dict[str, Any]] = iter([*messages, end])

    async def receive() -> Any:
        return next(remaining)

    return receive


async def test_chunks_are_joined() -> None:
    assert await body_of(scope(), receiving(b"a", b"", b"bc"), 3) == b"abc"


async def test_a_body_over_the_limit_is_refused_before_and_while_it_is_read() -> None:
    with pytest.raises(BodyTooLarge):
        await body_of(scope(content_length="4"), receiving(), 3)
    with pytest.raises(BodyTooLarge):
        await body_of(scope(), receiving(b"ab", b"cd"), 3)


async def test_a_caller_that_leaves_early_is_noticed() -> None:
    with pytest.raises(CallerGone):
        await body_of(scope(), receiving(b"a", gone=True), 3)


async def test_a_scope_that_needs_no_repair_stays_itself() -> None:
    plain = scope(accept="*/*", content_type="application/json", mcp_name="a")
    assert repaired(plain, heads_of(plain)) is plain
