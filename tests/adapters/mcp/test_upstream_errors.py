"""Error answers of upstreams as texts (language.md 7.1, exposes.md MCP-17)."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from inbound import FakeInbound

from naftiko_runtime.adapters.mcp.upstream_errors import upstream_outcome
from naftiko_runtime.engine.result import Relayed
from naftiko_runtime.errors import UpstreamUnreachable

pytestmark = pytest.mark.anyio


@dataclass
class Answer(FakeInbound):
    """An answer in chunks, which may break off at their end."""

    status: int
    headers: tuple[tuple[str, str], ...]
    pieces: tuple[bytes, ...]
    breaks: bool = False

    async def chunks(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            yield piece
        if self.breaks:
            raise UpstreamUnreachable("cut short")


def relayed(*chunks: bytes, status: int = 500, breaks: bool = False, **headers: str) -> Relayed:
    """Return an open error answer that gives these chunks."""
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Relayed(Answer(status, named, chunks, breaks), failed=True, operation=None)


async def text_of(answer: Relayed) -> str:
    return str((await upstream_outcome(answer, str)).result["content"][0]["text"])


async def meta_of(answer: Relayed) -> Any:
    return (await upstream_outcome(answer, str)).result["_meta"]["naftiko/upstream"]


async def test_a_body_that_breaks_off_shows_what_there_was() -> None:
    answer = relayed(b"half ", b"of it", breaks=True, content_type="text/plain")
    assert await text_of(answer) == "HTTP 500 Internal Server Error\nhalf of it"


async def test_an_endless_body_is_not_read_to_its_end() -> None:
    chunks = [b"x" * 65536] * 100
    answer = relayed(*chunks, content_type="text/plain")
    assert (await text_of(answer)).endswith("x… [cut, more than 1048576 bytes in all]")
    sized = relayed(*chunks, content_type="text/plain", content_length="6553600")
    assert (await text_of(sized)).endswith("x… [cut, 6553600 bytes in all]")


@pytest.mark.parametrize(
    ("media_type", "body", "shown"),
    [
        ("application/problem+json", b'{"a":1}', '{"a":1}'),
        ("application/soap+xml", b"<a/>", "<a/>"),
        ("text/html; charset=no-such", b"<p>", "<p>"),
        ("application/octet-stream", b"\x00\x01", "application/octet-stream, 2 bytes"),
        ("", b"words", "words"),
        ("", b"\x00", "application/octet-stream, 1 bytes"),
    ],
)
async def test_texts_are_shown_and_other_bodies_described(
    media_type: str, body: bytes, shown: str
) -> None:
    headers = {"content_type": media_type} if media_type else {}
    assert await text_of(relayed(body, **headers)) == f"HTTP 500 Internal Server Error\n{shown}"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("120", 120), ("soon", None), ("Wed, 21 Oct 2015 07:28:00 GMT", 0), ("-5", None)],
)
async def test_retry_after_is_given_in_seconds(value: str, seconds: int | None) -> None:
    assert (await meta_of(relayed(retry_after=value))).get("retryAfter") == seconds


async def test_retry_after_may_be_a_date() -> None:
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    assert 95 <= (await meta_of(relayed(retry_after=moment)))["retryAfter"] <= 100


async def test_an_answer_of_no_operation_says_only_its_status() -> None:
    assert await meta_of(relayed(status=503)) == {"status": 503}
