"""MCP tools/call beside FastMCP's ``from_openapi``, in both eras of the protocol."""

import json
import shutil
import urllib.request
from functools import partial
from typing import Any, Final, TypeAlias

from bodies import description
from load import Load, Sample, interleaved, wrk
from report import Outcome, compared, rate_target
from servers import PEERS, SEED, SETUPS, NotMeasured, Place, Server, free_port, naftiko, nginx
from settings import Effort
from stdio import NAFTIKO_STDIO, Speaker, per_second

TOOL: Final = "list-all-export-snapshots"
THEIR_TOOL: Final = TOOL.replace("-", "_")
NEW, OLD = "2026-07-28", "2025-06-18"
Call: TypeAlias = tuple[dict[str, str], str]
_META: Final = "io.modelcontextprotocol"


def http(place: Place, effort: Effort) -> Outcome:
    """Plain calls over HTTP in the modern and in the handshake era, without sessions."""
    upstream = nginx(place).upstream.url
    ours = naftiko(place, "naftiko", upstream).ready()
    theirs, url = _fastmcp(place, upstream)
    loads = {}
    for version in (NEW, OLD):
        call = tool_call(version, TOOL)
        loads[f"naftiko {version}"] = _load(place, ours.server, ours.mcp, call, effort)
        call = tool_call(version, THEIR_TOOL)
        loads[f"FastMCP {version}"] = _load(place, theirs, url, call, effort)
    samples = interleaved(loads, effort.rounds)
    targets = [
        target
        for version in (NEW, OLD)
        for target in rate_target(samples, f"naftiko {version}", f"FastMCP {version}", 5)
    ]
    return Outcome("MCP tools/call over HTTP, 32 connections", compared(samples), targets)


def _fastmcp(place: Place, upstream: str) -> tuple[Server, str]:
    python = PEERS / "fastmcp" / "bin" / "python"
    if not python.exists():
        raise NotMeasured("FastMCP is not installed (scripts/bench does it)")
    port = free_port()
    url = f"http://127.0.0.1:{port}/mcp"
    spec = place.write("openapi.json", json.dumps(description(TOOL, upstream)))
    command = [python, SETUPS / "fastmcp_server.py", str(port), upstream, spec]
    return place.start("fastmcp", command, url), url


def _load(place: Place, server: Server, url: str, call: Call, effort: Effort) -> "partial[Sample]":
    headers, body = call
    _check(url, headers, body)
    lines = [f'wrk.headers["{name}"] = "{value}"' for name, value in headers.items()]
    lines += ['wrk.method = "POST"', f"wrk.body = [[{body}]]"]
    script = place.write(f"{server.name}-{headers['MCP-Protocol-Version']}.lua", "\n".join(lines))
    return partial(wrk, Load(url, script), effort.seconds, server)


def tool_call(version: str, tool: str) -> Call:
    """Return the headers and the body of one call as clients of that version send it."""
    params: dict[str, Any] = {"name": tool, "arguments": {"id": 7}}
    headers = {
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": version,
    }
    if version == NEW:
        params["_meta"] = {
            f"{_META}/protocolVersion": version,
            f"{_META}/clientCapabilities": {},
            f"{_META}/clientInfo": {"name": "bench", "version": "1"},
        }
        headers |= {"Mcp-Method": "tools/call", "Mcp-Name": tool}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    return headers, json.dumps(message)


def _check(url: str, headers: dict[str, str], body: str) -> None:
    """See once that the answer is a result with the upstream's content."""
    request = urllib.request.Request(url, body.encode(), headers)  # noqa: S310 - our own address
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        found = json.loads(answer.read())
    if found.get("result", {}).get("isError") is not False or "nightly" not in json.dumps(found):
        raise NotMeasured(f"{url}: not the expected result: {json.dumps(found)[:300]}")


def stdio(place: Place, effort: Effort) -> Outcome:
    """Calls over standard streams, eight under way, beside awslabs.openapi-mcp-server."""
    upstream = nginx(place).upstream.url
    program = PEERS / "awslabs" / "bin" / "awslabs.openapi-mcp-server"
    if not program.exists() or shutil.which(str(program)) is None:
        raise NotMeasured("awslabs.openapi-mcp-server is not installed (scripts/bench does it)")
    spec = place.write("openapi.json", json.dumps(description(TOOL, upstream)))
    theirs = [str(program), "--api-name", "exports", "--api-url", upstream]
    theirs += ["--spec-path", str(spec)]
    ours = [*NAFTIKO_STDIO, str(SEED), "--set", f"baseUri.*={upstream}"]
    speakers = {
        "naftiko": (Speaker.start(place, "naftiko", ours), TOOL),
        "awslabs.openapi-mcp-server": (Speaker.start(place, "awslabs", theirs), THEIR_TOOL),
    }
    loads = {
        name: partial(per_second, speaker, tool, effort.seconds)
        for name, (speaker, tool) in speakers.items()
    }
    samples = interleaved(loads, effort.rounds)
    targets = rate_target(samples, "naftiko", "awslabs.openapi-mcp-server", 1)
    return Outcome("MCP tools/call over stdio, 2025-06-18", compared(samples), targets)
