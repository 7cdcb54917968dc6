"""The switch of a listener: exchanged between requests, counted, ended (LST-8, LST-11)."""

import asyncio
import json
from typing import Any

import pytest

from naftiko_runtime.adapters.guards import ListenerRules, TransferBroken, guarded_listener
from naftiko_runtime.runtime.late import Late
from naftiko_runtime.runtime.switch import Switch, Usage

pytestmark = pytest.mark.anyio


def scope() -> dict[str, Any]:
    return {
        "type": "http",
        "method": "GET",
        "path": "/a",
        "raw_path": b"/a",
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
    }


async def receive() -> dict[str, Any]:
    return {"type": "http.disconnect"}


class Sent:
    """The server's side: takes one answer and refuses a second beginning, as uvicorn does."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []

    async def __call__(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start" and self.messages:
            raise RuntimeError("the answer has begun")
        self.messages.append(message)


class Waiting:
    """An app that answers when it is let go; ``begins`` sends its head at once."""

    def __init__(self, *, begins: bool = False) -> None:
        self.begins = begins
        self.entered = asyncio.Event()
        self.go_on = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self.begins:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        self.entered.set()
        await self.go_on.wait()


async def test_a_replaced_app_ends_its_requests_and_gets_no_new_ones() -> None:
    old, new = Waiting(), Waiting()
    old_usage, new_usage = Usage(), Usage()
    switch = Switch(old, old_usage)
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        group.create_task(switch(scope(), receive, Sent()))  # type: ignore[arg-type]
        await old.entered.wait()
        switch.put(new, new_usage)
        group.create_task(switch(scope(), receive, Sent()))  # type: ignore[arg-type]
        await new.entered.wait()
        assert (old_usage.count, new_usage.count) == (1, 1)
        unused = group.create_task(old_usage.unused(5))
        old.go_on.set()
        await unused
        assert (old_usage.count, new_usage.count) == (0, 1)
        new.go_on.set()


async def test_what_is_used_too_long_is_given_up() -> None:
    usage = Usage()
    usage.count = 1
    async with asyncio.timeout(5):
        await usage.unused(0.01)
    assert usage.count == 1


@pytest.mark.parametrize("is_guarded", [False, True])
async def test_a_cancelled_request_is_told_that_the_process_stops(*, is_guarded: bool) -> None:
    app: Any = Waiting()
    waiting = app
    if is_guarded:
        app = guarded_listener(app, ListenerRules())
    sent = Sent()
    task = asyncio.ensure_future(Switch(app, Usage())(scope(), receive, sent))  # type: ignore[arg-type]
    await waiting.entered.wait()
    task.cancel()
    async with asyncio.timeout(5):
        await task
    start, body = sent.messages
    problem = json.loads(body["body"])
    headers = dict(start["headers"])
    assert (start["status"], headers[b"retry-after"]) == (503, b"1")
    assert problem["type"] == "urn:naftiko:problem:stopping"
    assert headers[b"x-request-id"].decode() == problem["requestId"]


async def test_a_cancelled_answer_is_broken_off() -> None:
    waiting = Waiting(begins=True)
    task = asyncio.ensure_future(Switch(waiting, Usage())(scope(), receive, Sent()))  # type: ignore[arg-type]
    await waiting.entered.wait()
    task.cancel()
    with pytest.raises(TransferBroken):
        await task


async def test_requests_wait_for_an_app_that_is_late() -> None:
    late, app = Late(), Waiting()
    app.go_on.set()
    async with asyncio.timeout(5):
        task = asyncio.ensure_future(late(scope(), receive, Sent()))  # type: ignore[arg-type]
        await asyncio.sleep(0)
        assert not app.entered.is_set()
        late.put(app)
        await task
    assert app.entered.is_set()
