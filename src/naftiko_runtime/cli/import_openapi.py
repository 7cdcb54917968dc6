"""``naftiko import openapi``: an OpenAPI description as a document (orchestration.md 7.A)."""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import httpx

from naftiko_runtime import __version__
from naftiko_runtime.cli.documents import STDIN
from naftiko_runtime.cli.output import Console
from naftiko_runtime.cli.parser import Parser, UsageError
from naftiko_runtime.names import kebab
from naftiko_runtime.openapi.import_api import Imported, Origin, import_api
from naftiko_runtime.openapi.import_capability import capability_of
from naftiko_runtime.openapi.import_source import NotOpenApi, read_description
from naftiko_runtime.openapi.import_text import as_json, as_yaml

_MOST: Final = 20 * 1024 * 1024
_REDIRECTS: Final = 5
_SECONDS: Final = 30.0
_WEB: Final = ("http://", "https://")
_STDOUT: Final = "-"


def configure(parser: Parser) -> None:
    """Add the arguments and options."""
    add = parser.add_argument
    add("source", metavar="PATH|URL", help="Swagger 2.0, OpenAPI 3.0 or 3.1; - is stdin")
    add("-o", "--output", metavar="FILE", help="default NS-consumes.yml; - is stdout")
    add("-n", "--namespace", metavar="NS", help="namespace of the API (default: from its title)")
    add("-f", "--format", choices=("yaml", "json"), help="default yaml")
    add("--capability", action="store_true", help="write a capability that serves every operation")
    add("--official", action="store_true", help="write only what the official schema allows")
    add("--force", action="store_true", help="replace an existing file")
    add("--json", action="store_true", help="print what was done as one JSON value")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Write the document; 1 when its file exists, 2 when there is nothing to import."""
    given = vars(arguments)
    source = given["source"]
    text, origin = _read(source)
    try:
        root = read_description(text)
    except NotOpenApi as exc:
        raise UsageError(f"{source}: {exc}") from exc
    official = bool(given.get("official"))
    imported = import_api(root, origin, namespace=_namespace(given), official=official)
    target = given.get("output") or _target(imported, given)
    if target != _STDOUT and Path(target).exists() and not given.get("force"):
        console.failure(f"{target} exists; --force replaces it, -o writes another")
        return 1
    _write(imported, target, given, console)
    return 0


def _namespace(given: Mapping[str, Any]) -> str | None:
    written = given.get("namespace")
    if written is None:
        return None
    namespace = kebab(written)
    if not namespace:
        raise UsageError(f"--namespace {written!r} has no letter or digit")
    return namespace


def _target(imported: Imported, given: Mapping[str, Any]) -> str:
    suffix = "json" if given.get("format") == "json" else "yml"
    kind = ".naftiko" if given.get("capability") else "-consumes"
    return f"{imported.namespace}{kind}.{suffix}"


def _write(imported: Imported, target: str, given: Mapping[str, Any], console: Console) -> None:
    document = capability_of(imported) if given.get("capability") else imported.document
    text = as_json(document) if given.get("format") == "json" else as_yaml(document)
    for warning in imported.warnings:
        console.note(warning.text())
    count = len(imported.operations)
    done = f"imported {count} operation{'' if count == 1 else 's'}"
    if target == _STDOUT:
        console.result(text.rstrip("\n"))
        console.note(done)
        return
    try:
        Path(target).write_text(text, encoding="utf-8", newline="\n")
    except OSError as exc:
        raise UsageError(f"{target}: {(exc.strerror or 'not writable').lower()}") from exc
    if console.json:
        warnings = [
            {
                "code": f"openapi/{each.code}",
                "pointer": each.pointer,
                "message": each.message,
                "count": each.count,
            }
            for each in imported.warnings
        ]
        console.value({"file": target, "operations": count, "warnings": warnings})
    else:
        console.result(f"{done} into {target}")


def _read(source: str) -> tuple[str, Origin]:
    if source == STDIN:
        return _decoded(sys.stdin.buffer.read(_MOST + 1), "stdin"), Origin(Path.cwd())
    if source.lower().startswith(_WEB):
        content, url = _fetched(source)
        return _decoded(content, source), Origin(url=url)
    path = Path(source)
    try:
        content = path.read_bytes()
    except OSError as exc:
        raise UsageError(f"{source}: {(exc.strerror or 'not readable').lower()}") from exc
    return _decoded(content, source), Origin(path.parent)


def _decoded(content: bytes, source: str) -> str:
    if len(content) > _MOST:
        raise UsageError(f"{source}: more than 20 MiB")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise UsageError(f"{source}: not UTF-8") from exc


def _fetched(url: str) -> tuple[bytes, str]:
    """Return what a URL answers and where it was found at last (7.1)."""
    headers = {"user-agent": f"naftiko-runtime/{__version__}", "accept": "*/*"}
    client = httpx.Client(
        follow_redirects=True, max_redirects=_REDIRECTS, timeout=_SECONDS, headers=headers
    )
    try:
        with client, client.stream("GET", url) as reply:
            if reply.status_code != httpx.codes.OK:
                raise UsageError(f"{url} answered {reply.status_code} {reply.reason_phrase}")
            content = bytearray()
            for chunk in reply.iter_bytes():
                content += chunk
                if len(content) > _MOST:
                    break
            return bytes(content), str(reply.url)
    except (httpx.HTTPError, httpx.InvalidURL) as exc:
        raise UsageError(f"{url}: {exc or type(exc).__name__}") from exc
