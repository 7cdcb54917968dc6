"""``naftiko call``: runs one function as an adapter would, without a port (6.10)."""

import argparse
import asyncio
import base64
import json
import sys
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from naftiko_runtime.cli.documents import loaded
from naftiko_runtime.cli.functions import function_named
from naftiko_runtime.cli.options import (
    add_document_options,
    add_upstream_options,
    runtime_options,
)
from naftiko_runtime.cli.output import Console
from naftiko_runtime.cli.parser import Parser, UsageError
from naftiko_runtime.cli.settings import environment
from naftiko_runtime.engine.conversion import converted
from naftiko_runtime.errors import DocumentError
from naftiko_runtime.plan.capability import Capability
from naftiko_runtime.plan.function import Function
from naftiko_runtime.runtime.single import Answer, CallFunction, CallRoute, Single, answered
from naftiko_runtime.values import Json, reread

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_FAILED: Final = 400
_PHRASES: Final = frozenset(HTTPStatus)


def configure(parser: Parser) -> None:
    """Add the arguments and options."""
    parser.add_argument("file", metavar="FILE", help="the document")
    parser.add_argument("name", metavar="NAME", help="tool, operation, NS.FN, or 'GET /path?query'")
    parser.add_argument(
        "values", nargs="*", metavar="KEY=VALUE", help="an input as text, or KEY:=JSON"
    )
    parser.add_argument("--input", metavar="JSON|@FILE|-", help="an object of inputs, or the body")
    parser.add_argument(
        "--dry-run", action="store_true", help="print the upstream request, send nothing"
    )
    parser.add_argument(
        "--trace", action="store_true", help="print the upstream requests on stderr"
    )
    parser.add_argument("-i", "--include", action="store_true", help="status and headers first")
    parser.add_argument("-o", "--output", metavar="FILE", help="write the body there")
    parser.add_argument("--json", action="store_true", help="print status and value as JSON")
    add_upstream_options(parser)
    add_document_options(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print the body of the answer; 0 for a status below 400."""
    given = vars(arguments)
    options = runtime_options(arguments)
    (document, *_) = loaded([given["file"]], options)
    if document.capability is None:
        raise DocumentError(document.diagnostics)
    environ = environment(given.get("env_file", ()), console.environ)
    wanted = _wanted(document.capability, given)
    single = Single(document.capability, options, environ, dry=given.get("dry_run", False))
    answer = asyncio.run(answered(single, wanted))
    if given.get("dry_run") and answer.requests:
        console.result(_request_text(answer.requests[0]))
        return 0
    if given.get("trace"):
        for request in answer.requests:
            console.note(_request_text(request))
    _print(answer, given, console)
    return 0 if answer.status < _FAILED else 1


def _wanted(capability: Capability, given: Mapping[str, Any]) -> CallFunction | CallRoute:
    name, pairs, source = given["name"], given.get("values", ()), given.get("input")
    method, blank, target = name.partition(" ")
    if blank and method.upper() in _METHODS:
        if pairs:
            raise UsageError("inputs of a REST call stand in its path, query and --input")
        body = None if source is None else _text_of(source).encode()
        return CallRoute(method.upper(), target.strip(), body)
    function = function_named(capability, name).function
    arguments = {} if source is None else _object_of(source)
    return CallFunction(function, arguments | _values(function, pairs))


def _text_of(source: str) -> str:
    """Return what ``--input`` names: JSON itself, ``@FILE``, or ``-`` for stdin."""
    if source == "-":
        return sys.stdin.read()
    if not source.startswith("@"):
        return source
    try:
        return Path(source[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise UsageError(f"--input {source}: {exc}") from exc


def _object_of(source: str) -> dict[str, Json]:
    value = _json(_text_of(source), "--input")
    if not isinstance(value, dict):
        raise UsageError("--input must be a JSON object of inputs")
    return value


def _json(text: str, what: str) -> Json:
    try:
        return reread(text)
    except ValueError as exc:
        raise UsageError(f"{what}: not JSON: {exc}") from exc


def _values(function: Function, pairs: Sequence[str]) -> dict[str, Json]:
    """Read ``KEY=VALUE``, text as its input's type (language.md 10.8), and ``KEY:=JSON``."""
    values: dict[str, Json] = {}
    for pair in pairs:
        key, separator, text = pair.partition("=")
        if not separator or not key:
            raise UsageError(f"{pair!r} is neither KEY=VALUE nor KEY:=JSON")
        if key.endswith(":"):
            values[key[:-1]] = _json(text, key[:-1])
        else:
            values[key] = _typed(function, key, text)
    return values


def _typed(function: Function, key: str, text: str) -> Json:
    for each in function.inputs:
        if key in (each.shown, each.key, each.name):
            return converted(text, each.type, each.schema)
    return text


def _print(answer: Answer, given: Mapping[str, Any], console: Console) -> None:
    if console.json:
        console.value(_as_json(answer))
        return
    if given.get("include"):
        phrase = HTTPStatus(answer.status).phrase if answer.status in _PHRASES else ""
        console.result(f"HTTP {answer.status} {phrase}".rstrip())
        for name, value in answer.headers:
            console.result(f"{name}: {value}")
        console.result("")
    if given.get("output"):
        Path(given["output"]).write_bytes(answer.body)
    else:
        console.bytes(answer.body)


def _as_json(answer: Answer) -> dict[str, Json]:
    kind = next((value for name, value in answer.headers if name.lower() == "content-type"), "")
    members: dict[str, Json] = {"status": answer.status}
    try:
        text = answer.body.decode()
    except UnicodeDecodeError:
        encoded = base64.b64encode(answer.body).decode()
        return members | {"contentType": kind, "size": len(answer.body), "base64": encoded}
    if not text:
        return members | {"value": None}
    try:
        return members | {"value": json.loads(text) if "json" in kind else text}
    except ValueError:
        return members | {"value": text}


def _request_text(request: Mapping[str, Any]) -> str:
    """Return an upstream request as lines, as it would go out."""
    lines = [f"{request['method']} {request['url']}"]
    lines += [f"{name}: {value}" for name, value in request["headers"]]
    body = request["body"]
    return "\n".join(lines if body is None else [*lines, "", body])
