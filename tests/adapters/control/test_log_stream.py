"""The log as server-sent events (CTL-8), read while it is sent."""

import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx
import pytest
from anyio.abc import ObjectReceiveStream

from naftiko_runtime.adapters.asgi import App, Message
from naftiko_runtime.adapters.control.actions import ControlActions
from naftiko_runtime.adapters.control.app import control_app
from naftiko_runtime.observability.feed import LogFeed
from naftiko_runtime.observability.redaction import Redactor
from naftiko_runtime.plan.exposure import Address, ControlExposure

pytestmark = pytest.mark.anyio

ENGINE = logging.getLogger("naftiko_runtime.engine.test")
OTHER = logging.getLogger("elsewhere")


async def unused(*_: object) -> Any:
    raise AssertionError


def app_of(feed: LogFeed, subscribers: int = 5) -> App:
    exposure = ControlExposure(
        "ops", Address(None, 9191), logs_stream=True, logs_subscribers=subscribers
    )
    actions = ControlActions(
        ready=unused,
        capabilities=tuple,
        status=unused,
        config=unused,
        reload=unused,
        validate=unused,
        levels=unused,
        set_level=unused,
        logs=feed.subscribed,
        metrics=unused,
        traces=unused,
        trace=unused,
        scripting=unused,
        set_scripting=unused,
        call=unused,
        address=unused,
    )
    return control_app(exposure, actions)


@pytest.fixture
def feed() -> LogFeed:
    redactor = Redactor()
    redactor.learn("s3cret-token")
    return LogFeed(redactor)


@asynccontextmanager
async def streaming(app: App, query: str = "") -> AsyncIterator[ObjectReceiveStream[str]]:
    """Open the stream, wait until it is subscribed, and give what it sends."""
    sender, receiver = anyio.create_memory_object_stream[str](1000)
    gone = anyio.Event()

    async def receive() -> Message:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body" and message["body"]:
            await sender.send(message["body"].decode())

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/logs/stream",
        "raw_path": b"/logs/stream",
        "query_string": query.encode(),
        "headers": [],
    }

    async def serve() -> None:
        async with sender:
            await app(scope, receive, send)

    with anyio.fail_after(5):
        async with anyio.create_task_group() as group, receiver:
            group.start_soon(serve)
            assert await receiver.receive() == ": open\n\n"
            yield receiver
            gone.set()


async def test_records_arrive_as_scrubbed_events_with_growing_numbers(feed: LogFeed) -> None:
    async with streaming(app_of(feed)) as events:
        ENGINE.warning("token s3cret-token", extra={"fields": {"status": 502}})
        ENGINE.error("again")
        first, second = await events.receive(), await events.receive()
    kind, number, data, *_ = first.split("\n")
    record = json.loads(data.removeprefix("data: "))
    assert (kind, number) == ("event: log", "id: 1")
    assert record | {"timestamp": ""} == {
        "timestamp": "",
        "level": "WARN",
        "logger": "naftiko_runtime.engine.test",
        "message": "token ***",
        "status": 502,
    }
    assert second.startswith("event: log\nid: 2\n")


async def test_a_reader_gets_its_level_and_its_logger_only(feed: LogFeed) -> None:
    async with streaming(app_of(feed), "level=error&logger=naftiko_runtime") as events:
        ENGINE.warning("too low")
        OTHER.error("elsewhere")
        logging.getLogger("naftiko_runtimes").error("another name")
        ENGINE.error("wanted")
        assert '"message": "wanted"' in await events.receive()


async def test_an_unknown_level_is_refused(feed: LogFeed) -> None:
    transport = httpx.ASGITransport(app_of(feed))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        reply = await http.get("/logs/stream?level=loud")
    assert (reply.status_code, reply.json()["type"]) == (400, "urn:naftiko:problem:invalid-input")


async def test_head_of_the_stream_ends_at_once(feed: LogFeed) -> None:
    transport = httpx.ASGITransport(app_of(feed))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        with anyio.fail_after(5):
            reply = await http.head("/logs/stream")
    assert (reply.status_code, len(feed)) == (200, 0)
    assert reply.headers["content-type"].startswith("text/event-stream")


async def test_only_so_many_readers_are_served(feed: LogFeed) -> None:
    app = app_of(feed, subscribers=1)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        async with streaming(app):
            refused = await http.get("/logs/stream")
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert refused.json()["type"] == "urn:naftiko:problem:overloaded"
        async with streaming(app):
            assert len(feed) == 1
    assert len(feed) == 0


async def test_a_slow_reader_learns_how_many_records_it_lost(feed: LogFeed) -> None:
    with feed.subscribed("INFO", "ROOT") as reader:
        for number in range(1012):
            ENGINE.warning("record %d", number)
        lost, next_one = await reader.next(), await reader.next()
    assert lost is not None
    assert (lost.dropped, json.loads(lost.data)) == (True, {"count": 12})
    assert next_one is not None
    assert json.loads(next_one.data)["message"] == "record 12"


async def test_records_of_other_threads_wake_the_reader(feed: LogFeed) -> None:
    async with streaming(app_of(feed)) as events:
        await anyio.to_thread.run_sync(ENGINE.warning, "from a thread")
        assert '"message": "from a thread"' in await events.receive()


async def test_the_stream_ends_when_the_runtime_stops(feed: LogFeed) -> None:
    async with streaming(app_of(feed)) as events:
        ENGINE.warning("last")
        feed.end()
        assert '"message": "last"' in await events.receive()
        with pytest.raises(anyio.EndOfStream):
            await events.receive()


async def test_nothing_listens_to_the_log_without_readers(feed: LogFeed) -> None:
    assert feed not in logging.getLogger().handlers
    async with streaming(app_of(feed)):
        assert feed in logging.getLogger().handlers
    assert feed not in logging.getLogger().handlers
