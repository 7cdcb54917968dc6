"""REST-16 and REST-17: ``/openapi.json`` and ``/docs``."""

import json
import re
from typing import Any

import httpx
import pytest

from naftiko_runtime.expressions.reference import Literal
from naftiko_runtime.plan.exposure import Address, InboundBasic, InboundBearer, RestExposure

pytestmark = pytest.mark.anyio
TOKEN = {"authorization": "Bearer s3cret"}


def guarded(plans: Any) -> RestExposure:
    route = plans.route("GET", "/admin", plans.call("admin"))
    bearer = InboundBearer(Literal("s3cret"))
    scheme = {"type": "http", "scheme": "bearer"}
    return RestExposure(
        "admin", Address(None, 8080), (route,), authentication=bearer, security=scheme
    )


def opened(plans: Any) -> Any:
    return plans.route("GET", "/v1/orders", plans.call("list-orders"), tags=("</script>",))


async def test_openapi_describes_what_is_served_and_is_not_sent_twice(
    plans: Any, serve: Any
) -> None:
    async with serve(opened(plans)) as client:
        first = await client.get("/openapi.json")
        again = await client.get("/openapi.json", headers={"if-none-match": first.headers["etag"]})
        head = await client.head("/openapi.json")
    assert first.headers["content-type"] == "application/json"
    assert first.json()["openapi"] == "3.1.0"
    assert list(first.json()["paths"]) == ["/v1/orders"]
    assert (again.status_code, again.content) == (304, b"")
    assert (head.content, head.headers["etag"]) == (b"", first.headers["etag"])


async def test_adapters_with_authentication_appear_to_who_passes_it(plans: Any, serve: Any) -> None:
    async with serve(opened(plans), guarded(plans)) as client:
        without = (await client.get("/openapi.json")).json()
        wrong = (await client.get("/openapi.json", headers={"authorization": "Bearer x"})).json()
        passed = (await client.get("/openapi.json", headers=TOKEN)).json()
        one = (await client.get("/openapi.json?adapter=admin", headers=TOKEN)).json()
        refused = await client.get("/openapi.json?adapter=admin")
        unknown = await client.get("/openapi.json?adapter=nobody")
    assert list(without["paths"]) == list(wrong["paths"]) == ["/v1/orders"]
    assert list(passed["paths"]) == ["/v1/orders", "/admin"]
    assert passed["paths"]["/admin"]["get"]["security"] == [{"admin": []}]
    assert list(one["paths"]) == ["/admin"]
    assert (refused.status_code, unknown.status_code) == (401, 404)


async def test_a_listener_without_open_adapters_challenges_for_its_docs(
    plans: Any, serve: Any
) -> None:
    async with serve(guarded(plans)) as client:
        statuses = [
            (await client.get(path, headers=headers)).status_code
            for path in ("/docs", "/openapi.json")
            for headers in ({}, TOKEN)
        ]
    assert statuses == [401, 200, 401, 200]


async def test_digest_credentials_are_checked_once_for_the_docs(plans: Any, serve: Any) -> None:
    """A second check of one request would find its nonce used up."""

    block = InboundBasic(Literal("u"), Literal("p"), digest=True)
    route = plans.route("GET", "/admin", plans.call("admin"))
    exposure = RestExposure("admin", Address(None, 8080), (route,), authentication=block)
    async with serve(exposure) as client:
        response = await client.get("/openapi.json", auth=httpx.DigestAuth("u", "p"))
    assert list(response.json()["paths"]) == ["/admin"]


async def test_the_page_is_whole_and_nothing_of_the_document_is_markup(
    plans: Any, serve: Any
) -> None:
    async with serve(opened(plans)) as client:
        page = await client.get("/docs")
        other = await client.get("/docs")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    (nonce,) = set(re.findall(r'nonce="([^"]+)"', page.text))
    assert page.headers["content-security-policy"].startswith(
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; "
        "connect-src 'self'; img-src data:"
    )
    assert nonce not in other.text
    assert "{{" not in page.text
    embedded = re.search(r'<script type="application/json" id="openapi">(.*?)</script>', page.text)
    assert embedded is not None
    assert json.loads(embedded[1])["paths"]["/v1/orders"]["get"]["tags"] == ["</script>"]
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page.text)


@pytest.mark.parametrize("path", ["/docs", "/openapi.json"])
async def test_only_reading_is_allowed(plans: Any, serve: Any, path: str) -> None:
    async with serve(opened(plans)) as client:
        refused, options = await client.post(path), await client.options(path)
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert (options.status_code, options.headers["allow"]) == (204, "GET, HEAD, OPTIONS")


async def test_a_document_that_declares_docs_wins(plans: Any, serve: Any, upstream: Any) -> None:
    async with serve(plans.route("GET", "/docs", plans.call())) as client:
        assert (await client.get("/docs")).json() == {"ok": True}
        assert (await client.get("/openapi.json")).status_code == 200


async def test_docs_can_be_switched_off(plans: Any, serve: Any) -> None:
    async with serve(opened(plans), docs=False) as client:
        statuses = [(await client.get(path)).status_code for path in ("/docs", "/openapi.json")]
    assert statuses == [404, 404]


async def test_a_large_description_is_compressed(plans: Any, serve: Any) -> None:
    async with serve(opened(plans)) as client:
        response = await client.get("/openapi.json", headers={"accept-encoding": "gzip"})
    assert response.headers["content-encoding"] == "gzip"
    assert response.headers["vary"] == "Accept-Encoding"
