"""The console: one page, the data that it shows, and the call that it tries (exposes.md CTL-12)."""

import base64
import os
from functools import cache
from importlib.resources import files
from typing import Final

from starlette.responses import HTMLResponse, Response

from naftiko_runtime.adapters.control.asked import Asked, rejected
from naftiko_runtime.adapters.control.describe import described, function_named
from naftiko_runtime.adapters.control.pages import all_diagnostics

_NONCE: Final = "@NONCE@"
_NAMES: Final = ("file", "namespace", "operation")
_PARTS: Final = ("html", "css", "js")


async def page(asked: Asked) -> Response:
    """Return the page; only its own script and style run in it."""
    nonce = base64.b64encode(os.urandom(18)).decode()
    policy = (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}';"
        " connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none';"
        " frame-ancestors 'none'"
    )
    headers = {"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer"}
    return HTMLResponse(_page().replace(_NONCE, nonce), headers=headers)


async def data(asked: Asked) -> Response:
    """Return the documents and which other routes the page may use."""
    address = asked.actions.address
    documents = [described(plan, address) for plan in asked.actions.capabilities()]
    diagnostics = [each.as_json() for each in all_diagnostics(asked.actions)]
    return asked.json(
        {"documents": documents, "diagnostics": diagnostics, "routes": list(asked.switches)}
    )


async def call(asked: Asked) -> Response:
    """Run ``{"file", "namespace", "operation", "inputs"}``; show what went upstream, masked."""
    wanted = await asked.object()
    file, namespace, operation = (str(wanted.get(key)) for key in _NAMES)
    inputs = wanted.get("inputs", {})
    if not isinstance(inputs, dict):
        raise rejected("inputs", "must be an object")
    plans = asked.actions.capabilities()
    function = function_named(plans, file, namespace, operation)
    if function is None:
        raise rejected("operation", f"{operation} of {namespace} is not served")
    trial = await asked.actions.call(function, inputs)
    return asked.json(
        {
            "requests": list(trial.requests),
            "answer": trial.answer,
            "durationMs": trial.duration_ms,
        }
    )


@cache
def _page() -> str:
    folder = files("naftiko_runtime.adapters.control")
    html, style, script = (folder.joinpath(f"console.{kind}").read_text("utf-8") for kind in _PARTS)
    return html.replace("@STYLE@", style).replace("@SCRIPT@", script)
