"""What each exception of httpx is to a caller, and transports that are not httpx's own."""

from typing import Any

import httpx
import pytest

from naftiko_runtime.engine.exchange import Outbound
from naftiko_runtime.engine.exchange_httpx import ERRORS, HttpxExchange, translated
from naftiko_runtime.errors import UpstreamTimeout, UpstreamUnreachable

pytestmark = pytest.mark.anyio


def exceptions_of_httpx() -> list[type[Exception]]:
    return [
        each
        for each in vars(httpx).values()
        if isinstance(each, type) and issubclass(each, Exception)
    ]


@pytest.mark.parametrize("kind", exceptions_of_httpx())
def test_every_exception_of_the_library_has_an_entry(kind: type[Exception]) -> None:
    assert kind in ERRORS
    ours, reason = ERRORS[kind]
    expected = UpstreamTimeout if issubclass(kind, httpx.TimeoutException) else UpstreamUnreachable
    assert ours is expected
    error = translated(kind.__new__(kind), "http://up.test")
    assert (type(error), error.detail) == (expected, f"http://up.test: {reason}")


def test_the_nearest_class_counts() -> None:
    class Own(httpx.ReadTimeout):
        pass

    assert isinstance(translated(Own("x"), "http://up.test"), UpstreamTimeout)


async def test_an_error_of_a_transport_is_translated() -> None:
    async def fail(request: httpx.Request) -> Any:
        raise httpx.ConnectError("secret detail", request=request)

    exchange = HttpxExchange(httpx.MockTransport(fail))
    with pytest.raises(UpstreamUnreachable) as caught:
        async with exchange.send(Outbound("GET", "http://me:pw@up.test/?k=v", ())):
            pass
    assert caught.value.detail == "http://up.test: no connection"


async def test_an_asgi_application_is_an_upstream() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        message = await receive()
        headers = [(b"content-type", b"text/plain")]
        await send({"type": "http.response.start", "status": 201, "headers": headers})
        await send({"type": "http.response.body", "body": message["body"] + scope["raw_path"]})

    exchange = HttpxExchange(httpx.ASGITransport(app))
    request = Outbound("POST", "http://up.test/a%2Fb", (("Content-Length", "2"),), b"hi")
    async with exchange.send(request) as answer:
        assert (answer.status, answer.header("content-type")) == (201, "text/plain")
        assert b"".join([piece async for piece in answer.chunks()]) == b"hi/a%2Fb"
    await exchange.close()
