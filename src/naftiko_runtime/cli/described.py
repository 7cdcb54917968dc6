"""A compiled document as data to print: adapters, functions, upstreams, variables (6.9)."""

import re
from collections.abc import Mapping
from typing import Any, Final, assert_never

from naftiko_runtime.cli.functions import Named, named_functions
from naftiko_runtime.engine.variables import Variables
from naftiko_runtime.plan.capability import Capability
from naftiko_runtime.plan.exposure import Exposure, McpExposure
from naftiko_runtime.plan.function import (
    Action,
    Call,
    CallStep,
    Constant,
    Forward,
    Input,
    LookupStep,
    Refer,
    ScriptStep,
    Step,
    Steps,
    Unavailable,
)
from naftiko_runtime.plan.upstream import UrlHole, UrlPiece
from naftiko_runtime.runtime.states import type_of
from naftiko_runtime.values import Json

_MODES: Final[Mapping[type[Action], str]] = {
    Call: "call",
    Steps: "steps",
    Constant: "mock",
    Refer: "ref",
    Forward: "forward",
    Unavailable: "unavailable",
}
_WORDS: Final = re.compile(r"(?<!^)(?=[A-Z])")


def described(capability: Capability, environ: Mapping[str, str]) -> dict[str, Any]:
    """Return everything about one document; never the value of a variable."""
    variables = Variables(environ)
    return {
        "file": capability.file,
        "label": capability.label,
        "version": capability.version,
        "specVersion": f"{capability.family} {capability.spec_version}",
        "adapters": [_adapter(each) for each in capability.exposures],
        "functions": [
            described_function(each)
            for each in named_functions(capability)
            if each.kind != "consumed"
        ],
        "consumes": [
            {
                "namespace": each.namespace,
                "baseUri": url_text(each.base),
                "authentication": _kind(each.authentication),
            }
            for each in capability.upstreams
        ],
        "variables": [
            {
                "name": each.variable.name,
                "bind": each.bind,
                "source": each.source_name,
                "usedIn": each.used_in,
                "set": variables.presence(each.variable),
            }
            for each in capability.variables
        ],
    }


def _adapter(exposure: Exposure) -> dict[str, Json]:
    address = exposure.address
    path = "/mcp" if isinstance(exposure, McpExposure) else ""
    origin = "stdio" if address is None else f"http://{address.host or 'localhost'}:{address.port}"
    return {
        "type": type_of(exposure),
        "namespace": exposure.namespace,
        "url": origin if address is None else origin + path,
        "authentication": _kind(exposure.authentication),
    }


def _kind(authentication: object) -> str | None:
    """Return the kind of an authentication as a word: ``ApiKeys`` is ``api-keys``."""
    if authentication is None:
        return None
    name = type(authentication).__name__.removeprefix("Inbound")
    return _WORDS.sub("-", name).lower()


def described_function(named: Named, *, with_schemas: bool = False) -> dict[str, Any]:
    """Return one function: where it is, what it does, what it takes."""
    function = named.function
    shown: dict[str, Any] = {
        "kind": named.kind,
        "namespace": named.namespace,
        "name": named.name,
        "description": function.description,
        "mode": _MODES[type(function.action)],
        "target": _target(function.action),
        "inputs": [_input(each) for each in function.inputs if each.constant is None],
    }
    if named.route is not None:
        shown |= {"method": named.route.method, "path": named.route.template}
    if named.tool is not None and named.tool.annotations:
        shown["hints"] = dict(named.tool.annotations)
    if isinstance(function.action, Unavailable):
        shown["unavailable"] = function.action.diagnostic.as_json()
    if with_schemas:
        shown["inputSchema"] = _schema(named)
        if function.output_schema is not None:
            shown["outputSchema"] = dict(function.output_schema)
    return shown


def _schema(named: Named) -> dict[str, Json]:
    if named.tool is not None:
        return dict(named.tool.input_schema)
    inputs = [each for each in named.function.inputs if each.constant is None]
    return {
        "type": "object",
        "properties": {each.shown: dict(each.schema) for each in inputs},
        "required": [each.shown for each in inputs if each.required],
    }


def _input(each: Input) -> dict[str, Json]:
    return {
        "name": each.shown,
        "in": each.place,
        "type": each.type,
        "required": each.required,
        "description": each.description,
    }


def _target(action: Action) -> str:
    """Return what a function calls; nothing for a mock."""
    target = ""
    match action:
        case Call(operation=operation):
            url = url_text(operation.upstream.base) + operation.template
            target = f"{operation.namespace}.{operation.name} ({operation.method} {url})"
        case Steps(steps=steps):
            named = enumerate(steps)
            target = ", ".join(f"{_step(each)}{_order(steps, index)}" for index, each in named)
        case Refer(function=function):
            target = function.name
        case Forward(upstream=upstream):
            target = upstream.namespace
        case Constant() | Unavailable():
            pass
        case other:
            assert_never(other)
    return target


def _order(steps: tuple[Step, ...], index: int) -> str:
    """Return what a step waits for, or that it begins at once beside those before it."""
    waits = [steps[earlier].name for earlier in steps[index].waits_for]
    if waits:
        return f" (after {', '.join(waits)})"
    return " (at once)" if index else ""


def _step(step: Step) -> str:
    match step:
        case CallStep(name=name, call=call):
            return f"{name}: {call.operation.namespace}.{call.operation.name}"
        case LookupStep(name=name, source=source):
            return f"{name}: lookup in {source}"
        case ScriptStep(name=name, script=script):
            return f"{name}: {script.language}"
        case other:
            assert_never(other)


def url_text(pieces: tuple[UrlPiece, ...]) -> str:
    """Return a URL as written, its holes in braces."""
    return "".join(f"{{{piece.name}}}" if isinstance(piece, UrlHole) else piece for piece in pieces)
