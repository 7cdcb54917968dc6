"""COM-3, COM-4, LST-10: ids, Host and Origin, load, and bugs."""

import logging
from typing import Any

import anyio
import httpx
import pytest

from naftiko_runtime.adapters.guards import (
    ListenerRules,
    TransferBroken,
    guarded_listener,
    rules_of,
)
from naftiko_runtime.observability.telemetry import Endpoint
from naftiko_runtime.options import RuntimeOptions
from naftiko_runtime.plan.exposure import Address, CorsPolicy, McpExposure, RestExposure
from naftiko_runtime.plan.listener import ListenerKey, ListenerPlan, Placed

pytestmark = pytest.mark.anyio


async def fine(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"fine"})


async def status(rules: ListenerRules, host: str | None, origin: str | None = None) -> int:
    headers = [] if host is None else [(b"host", host.encode())]
    headers += [(b"origin", origin.encode())] if origin else []
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "headers": headers,
    }
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await guarded_listener(fine, rules)(scope, _never, send)
    return int(sent[0]["status"])


async def _never() -> Any:
    await anyio.sleep_forever()


LOOPBACK = ListenerRules(hosts=("shop.internal",), origins=("https://app.example",))
OPEN = ListenerRules(loopback=False)
NAMED = ListenerRules(loopback=False, hosts=("shop.example", "2001:db8::1"))


@pytest.mark.parametrize(
    ("rules", "host", "expected"),
    [
        (LOOPBACK, "localhost", 200),
        (LOOPBACK, "LOCALHOST:8080", 200),
        (LOOPBACK, "127.0.0.1:1", 200),
        (LOOPBACK, "[::1]:8080", 200),
        (LOOPBACK, "shop.internal:80", 200),
        (LOOPBACK, "evil.example", 421),
        (LOOPBACK, "127.0.0.1.evil.example", 421),
        (LOOPBACK, "localhost.evil.example:80", 421),
        (LOOPBACK, "", 421),
        (LOOPBACK, None, 421),
        (OPEN, "anything", 200),
        (OPEN, None, 200),
        (NAMED, "shop.example:8443", 200),
        (NAMED, "[2001:db8::1]:80", 200),
        (NAMED, "localhost", 421),
    ],
)
async def test_host_is_checked(rules: ListenerRules, host: str | None, expected: int) -> None:
    assert await status(rules, host) == expected


@pytest.mark.parametrize(
    ("rules", "host", "origin", "expected"),
    [
        (LOOPBACK, "localhost:8080", "http://localhost:3000", 200),
        (LOOPBACK, "localhost:8080", "http://127.0.0.1", 200),
        (LOOPBACK, "localhost:8080", "https://[::1]:1", 200),
        (LOOPBACK, "localhost:8080", "https://app.example", 200),
        (LOOPBACK, "localhost:8080", "https://APP.example", 200),
        (LOOPBACK, "localhost:8080", "https://app.example:444", 403),
        (LOOPBACK, "localhost:8080", "http://app.example", 403),
        (LOOPBACK, "localhost:8080", "http://localhost.evil.example", 403),
        (LOOPBACK, "localhost:8080", "null", 403),
        (LOOPBACK, "shop.internal", "http://shop.internal", 200),
        (OPEN, "shop.example", "http://shop.example", 200),
        (OPEN, "shop.example", "https://shop.example:443", 200),
        (OPEN, "shop.example:443", "https://shop.example", 200),
        (OPEN, "shop.example:8443", "https://shop.example", 403),
        (OPEN, "shop.example", "http://localhost", 403),
        (OPEN, "shop.example", "null", 403),
        (ListenerRules(loopback=False, origins=("*",)), "a", "https://b", 200),
        (ListenerRules(loopback=False, origins=("*",)), "a", "null", 403),
    ],
)
async def test_origin_is_checked(
    rules: ListenerRules, host: str, origin: str, expected: int
) -> None:
    assert await status(rules, host, origin) == expected


async def test_a_second_host_header_is_misdirected() -> None:
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"host", b"evil.example")],
    }
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await guarded_listener(fine, LOOPBACK)(scope, _never, send)
    assert sent[0]["status"] == 421


async def test_a_refusal_is_logged_with_the_option_that_would_allow_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    await status(LOOPBACK, "evil.example")
    await status(LOOPBACK, "localhost", "https://evil.example")
    assert caplog.messages == [
        "refused Host 'evil.example'; --allow-host evil.example would allow it",
        "refused Origin 'https://evil.example'; --allow-origin https://evil.example would allow it",
    ]


def test_rules_come_from_options_and_the_adapters_cors() -> None:
    cors = CorsPolicy(("https://a.example",))
    placed = (
        Placed(RestExposure("r", Address(None, 1), (), cors=cors), None),
        Placed(McpExposure("m", Address(None, 1), ()), None),
    )
    options = RuntimeOptions(
        allow_hosts=("h",), allow_origins=("https://b",), cors_origins=("https://c",)
    )
    key = ListenerKey("127.0.0.2", 1)
    assert rules_of(ListenerPlan(key, placed), options) == ListenerRules(
        loopback=True,
        hosts=("h",),
        origins=("https://b", "https://c", "https://a.example"),
        concurrency=1000,
    )
    hosts = {"::": False, "10.0.0.1": False, "[::1]": True, "localhost": True, None: True}
    hosts |= {"shop.example": False}
    for host, loopback in hosts.items():
        rules = rules_of(ListenerPlan(ListenerKey(host, 1), placed), options)
        assert rules.loopback is loopback


async def test_more_requests_than_allowed_in_flight_are_503() -> None:
    release = anyio.Event()
    held = anyio.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        held.set()
        await release.wait()
        await fine(scope, receive, send)

    app = guarded_listener(slow, ListenerRules(concurrency=1))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        with anyio.fail_after(5):
            async with anyio.create_task_group() as group:
                group.start_soon(client.get, "/")
                await held.wait()
                refused = await client.get("/")
                release.set()
        after = await client.get("/")
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert refused.json()["type"] == "urn:naftiko:problem:overloaded"
    assert after.status_code == 200


class Told:
    """Telemetry that remembers what it is told."""

    request_id = "0" * 32

    def __init__(self) -> None:
        self.ends: list[tuple[int, str | None, int, int]] = []

    def arrived(self, scope: Any, wanted_id: str | None = None) -> "Told":
        return self

    def matched(self, endpoint: Endpoint) -> None:
        pass

    def ended(
        self, status: int, error: str | None = None, received: int = 0, sent: int = 0
    ) -> None:
        self.ends.append((status, error, received, sent))


async def told(app: Any, **members: Any) -> Told:
    telemetry = Told()
    guarded: Any = guarded_listener(app, ListenerRules(), telemetry, **members)  # type: ignore[arg-type]
    transport = httpx.ASGITransport(guarded, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        await client.get("/")
    return telemetry


async def test_a_bug_is_answered_without_detail_and_logged_with_its_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def buggy(scope: Any, receive: Any, send: Any) -> None:
        raise KeyError("s3cret")

    transport = httpx.ASGITransport(guarded_listener(buggy, ListenerRules()))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        response = await client.get("/x", headers={"x-request-id": "r-1"})
    assert response.status_code == 500
    assert response.json() == {
        "type": "urn:naftiko:problem:internal",
        "title": "Internal error",
        "status": 500,
        "detail": "request r-1 failed",
        "instance": "/x",
        "requestId": "r-1",
    }
    (record,) = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert record.getMessage() == "request r-1 failed"
    assert record.exc_info is not None


async def test_telemetry_is_told_of_every_end() -> None:
    async def buggy(scope: Any, receive: Any, send: Any) -> None:
        raise KeyError

    async def broken(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ab", "more_body": True})
        raise TransferBroken

    async def gone(scope: Any, receive: Any, send: Any) -> None:
        pass

    assert (await told(fine)).ends == [(200, None, 0, 4)]
    ((status_, error, _, sent),) = (await told(buggy)).ends
    assert (status_, error, sent > 0) == (500, "internal", True)
    assert (await told(broken)).ends == [(200, "upstream-unreachable", 0, 2)]
    telemetry = Told()
    guarded: Any = guarded_listener(gone, ListenerRules(), telemetry)  # type: ignore[arg-type]
    scope = {"type": "http", "headers": [(b"host", b"localhost")]}
    await guarded(scope, _never, _never)
    assert telemetry.ends == [(499, "cancelled", 0, 0)]


async def test_a_bug_after_the_answer_began_breaks_the_transfer() -> None:
    async def buggy(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise KeyError

    transport = httpx.ASGITransport(guarded_listener(buggy, ListenerRules()))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        with pytest.raises(TransferBroken):
            await client.get("/")


async def test_what_is_not_http_is_passed_on() -> None:
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["type"])

    await guarded_listener(app, ListenerRules())({"type": "lifespan"}, _never, _never)  # type: ignore[arg-type]
    assert seen == ["lifespan"]
