"""``naftiko create capability``: a document to begin with (orchestration.md 6.11)."""

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from naftiko_runtime.cli.output import Console
from naftiko_runtime.cli.parser import Parser, UsageError
from naftiko_runtime.names import kebab

_REST_PORT, _MCP_PORT = 8080, 9090
_MOST: Final = 65535

_TEMPLATE: Final = """\
naftiko: 1.0.0-alpha2
info:
  label: {label}
  description: "{shown} over REST and MCP"
binds:
  - namespace: env
    keys:
      {token}: {token}
capability:
  consumes:
    - type: http
      namespace: {name}-api
      description: "The API behind {shown}"
      baseUri: {base_uri}
      authentication:
        type: bearer
        token: "{{{{{token}}}}}"
      resources:
        - name: root
          path: /
          operations:
            - name: get-root
              method: GET
  exposes:
    - type: rest
      port: {port}
      namespace: {name}-rest
      resources:
        - name: root
          description: What the API answers at its root
          path: /v1/{name}
          operations:
            - name: get-root
              method: GET
              call: {name}-api.get-root
    - type: mcp
      port: {mcp_port}
      namespace: {name}-mcp
      description: "{shown} for assistants"
      tools:
        - name: get-root
          description: "Read what {shown} answers at its root"
          call: {name}-api.get-root
"""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the new document is to hold."""

    name: str
    label: str
    base_uri: str
    port: int
    mcp_port: int


def configure(parser: Parser) -> None:
    """Add the options; what is left out is asked for on a terminal."""
    add = parser.add_argument
    add("--name", help="what the capability is called")
    add("--base-uri", metavar="URI", help="base URI of the API that it consumes")
    parser.without_environment(add("--port", help=f"port of the REST adapter ({_REST_PORT})"))
    add("--mcp-port", metavar="PORT", help=f"port of the MCP adapter ({_MCP_PORT})")
    add("-o", "--output", metavar="FILE", help="default NAME.naftiko.yaml")
    add("--force", action="store_true", help="replace an existing file")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Write the document; 1 when the file exists."""
    given = vars(arguments)
    plan = _plan(given, console)
    file = Path(given.get("output") or f"{plan.name}.naftiko.yaml")
    if file.exists() and not given.get("force"):
        console.failure(f"{file} exists; --force replaces it")
        return 1
    file.write_text(_document(plan), encoding="utf-8")
    console.result(f"created {file}")
    return 0


def _plan(given: Mapping[str, Any], console: Console) -> Plan:
    name = given.get("name") or _asked("Name", "--name", console)
    base_uri = given.get("base_uri") or _asked("Base URI", "--base-uri", console)
    short = kebab(name)
    if not short:
        raise UsageError(f"--name {name!r} has no letter or digit")
    if urlsplit(base_uri).scheme not in {"http", "https"} or not urlsplit(base_uri).netloc:
        raise UsageError(f"--base-uri {base_uri!r} is no http or https URI")
    return Plan(
        short,
        name,
        base_uri.rstrip("/"),
        _port("--port", given.get("port", str(_REST_PORT))),
        _port("--mcp-port", given.get("mcp_port", str(_MCP_PORT))),
    )


def _asked(what: str, option: str, console: Console) -> str:
    """Ask on a terminal; anywhere else the option is needed."""
    if not sys.stdin.isatty():
        raise UsageError(f"{option} is missing")
    console.err.write(f"{what}: ")
    console.err.flush()
    return sys.stdin.readline().strip()


def _port(option: str, text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= _MOST:
        raise UsageError(f"{option}: {text!r} is no port from 1 to {_MOST}")
    return int(text)


def _document(plan: Plan) -> str:
    token = f"{plan.name.upper().replace('-', '_')}_TOKEN"
    return _TEMPLATE.format(
        label=json.dumps(plan.label, ensure_ascii=False),
        shown=plan.label.replace('"', "'"),
        name=plan.name,
        token=token,
        base_uri=plan.base_uri,
        port=plan.port,
        mcp_port=plan.mcp_port,
    )
