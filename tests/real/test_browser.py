"""The docs page and the console in headless Chromium: a click sends, and the answer is shown."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import PROGRAM, Page, browser
from live_process import live
from openapi_stand_in import serving_app
from processes import ROOT
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from naftiko_runtime.demo.checks import Tokens
from naftiko_runtime.demo.label_studio import label_studio
from naftiko_runtime.demo.sample import fill
from naftiko_runtime.demo.studio import Studio

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(PROGRAM is None, reason="no Chromium on the PATH"),
]
ARTEFACTS = ROOT / ".cache" / "artefacts"
DOCUMENT = """
naftiko: 1.0.0-alpha2
info: {label: Shop, description: Orders of a small shop}
binds: [{namespace: env, keys: {SHOP_TOKEN: SHOP_TOKEN}}]
capability:
  consumes:
    - type: http
      namespace: shop-api
      baseUri: http://127.0.0.1:9
      authentication: {type: bearer, token: "{{SHOP_TOKEN}}"}
      resources: [{path: "/orders/{id}", operations: [{name: get-order, method: GET, inputParameters: [{name: id, in: path, type: integer}]}]}]
  exposes:
    - type: rest
      port: 8080
      namespace: shop-rest
      resources: [{name: order, path: "/v1/orders/{id}", operations: [{name: get-order, method: GET, call: shop-api.get-order, with: {id: rest.id}}]}]
"""


@pytest.fixture
def urls(tmp_path: Path) -> Iterator[dict[str, str]]:
    async def order(request: Request) -> JSONResponse:
        assert request.headers["authorization"] == "Bearer hush-hush"
        return JSONResponse({"id": request.path_params["id"], "note": "<b>from the shop</b>"})

    document = tmp_path / "shop.yml"
    document.write_text(DOCUMENT)
    options = ("--console", "--control", "0")
    with (
        serving_app(Starlette(routes=[Route("/orders/{id}", order)])) as shop,
        live(
            document,
            *options,
            adapters=2,
            upstreams={"shop-api": shop},
            environ={"SHOP_TOKEN": "hush-hush"},
        ) as served,
    ):
        yield dict(served.urls)


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    with browser(tmp_path / "profile") as page:
        yield page


def test_the_docs_page_tries_an_operation(urls: dict[str, str], page: Page) -> None:
    page.open(f"{urls['shop-rest']}/docs")
    page.click("document.querySelector('details.operation summary')")
    page.until("document.querySelector('details.operation form button')")
    page.write("document.querySelector('details.operation form input')", "7")
    page.click("document.querySelector('details.operation form button')")
    result = "document.querySelector('details.operation form [role=status]')"
    page.until(f"{result}.querySelector('.status')")
    page.screenshot(ARTEFACTS / "docs.png")
    shown = page.evaluate(f"{result}.innerText")
    assert "200" in shown
    assert "/v1/orders/7" in shown
    answer = page.evaluate(f"[...{result}.querySelectorAll('pre')].at(-1).textContent")
    assert json.loads(answer) == {"id": "7", "note": "<b>from the shop</b>"}
    assert page.complaints == []


def test_the_docs_page_shows_a_problem(urls: dict[str, str], page: Page) -> None:
    page.open(f"{urls['shop-rest']}/docs")
    page.click("document.querySelector('details.operation summary')")
    page.until("document.querySelector('details.operation form button')")
    page.write("document.querySelector('details.operation form input')", "seven")
    page.click("document.querySelector('details.operation form button')")
    result = "document.querySelector('details.operation form [role=status]')"
    shown = page.until(f"{result}.querySelector('.status') && {result}.innerText")
    assert "400" in shown
    assert "must be an integer" in shown


def test_the_console_tries_an_operation_and_masks_its_secret(
    urls: dict[str, str], page: Page
) -> None:
    page.open(f"{urls['control']}/console")
    page.until("document.querySelector('.pick')")
    page.click("document.querySelector('.pick')")
    page.until("document.querySelector('#operation form')")
    page.write("document.querySelector('#operation form input, #operation form textarea')", "7")
    page.click("document.querySelector('#operation form button')")
    shown = page.until(
        "document.querySelector('#operation').innerText.includes('from the shop') "
        "&& document.querySelector('#operation').innerText"
    )
    assert "/orders/7" in shown
    assert "***" in shown
    assert "hush-hush" not in page.evaluate("document.documentElement.outerHTML")
    assert page.complaints == []


def test_the_console_shows_the_bundled_capability_as_the_documentation_pictures_it(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = Studio()
    fill(studio)
    # a relative name, as people write it: the picture is for everybody
    monkeypatch.chdir(ROOT)
    document = Path("capabilities/label-studio-exports.yaml")
    options = ("--console", "--control", "0")
    with (
        serving_app(label_studio(studio, Tokens("t0ken-of-a-demo"))) as upstream,
        live(
            document,
            *options,
            adapters=3,
            upstreams={"label-studio-*": upstream},
            environ={"LABEL_STUDIO_API_KEY": "Token t0ken-of-a-demo"},
        ) as served,
    ):
        page.open(f"{served.urls['control']}/console")
        picked = (
            "[...document.querySelectorAll('.pick')]"
            ".find((each) => each.innerText.startsWith('GET /v1/api/projects/{id}/exports'))"
        )
        page.until(picked)
        page.click(picked)
        page.until("document.querySelector('#operation form input')")
        page.write("document.querySelector('#operation form input')", "1")
        page.click("document.querySelector('#operation form button')")
        page.until("document.querySelector('#operation').innerText.includes('First snapshot')")
        page.evaluate("window.scrollTo({top: 0, behavior: 'instant'})")
        page.screenshot(ARTEFACTS / "console.png")
        assert "Authorization: ***" in page.evaluate("document.body.innerText")
        assert "t0ken-of-a-demo" not in page.evaluate("document.documentElement.outerHTML")
