"""What `naftiko demo` tells people to try: lines that work as they stand."""

import json
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Places:
    """The URLs of a demo and the token of its stand-in."""

    rest: str
    mcp: str
    upstream: str
    token: str = field(repr=False)

    @property
    def rest_port(self) -> int:
        return urlsplit(self.rest).port or 80

    @property
    def mcp_port(self) -> int:
        return urlsplit(self.mcp).port or 80


def commands(places: Places) -> list[str]:
    """Return shell commands that show what is served, in an order that works."""
    exports = f"{places.rest}/v1/api/projects/1/exports"
    json_type = "-H 'Content-Type: application/json'"
    return [
        f"curl -s {places.rest}/v1/api/projects/1/export/formats",
        f"curl -s {exports}",
        f'curl -s {json_type} -d \'{{"title": "from curl"}}\' {exports}',
        f"curl -s {exports}/1",
        f'curl -s {json_type} -d \'{{"export_type": "CSV"}}\' {exports}/1/convert',
        f"curl -s '{exports}/1/download?exportType=CSV'",
        f"curl -s '{places.rest}/v1/api/projects/1/export?export_type=CSV'",
        f"curl -s -X DELETE {exports}/2",
    ]


def tool_command(places: Places) -> str:
    """Return a shell command that calls a tool the way an MCP client does."""
    call = {"name": "list-all-export-snapshots", "arguments": {"id": 1}}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
    headers = "-H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream'"
    return f"curl -s {headers} -d '{json.dumps(message)}' {places.mcp}"


def client_configuration(places: Places) -> str:
    """Return the JSON that MCP clients read to find the demo's tools."""
    servers = {"mcpServers": {"label-studio": {"type": "http", "url": places.mcp}}}
    return json.dumps(servers, indent=2)


def guide(places: Places) -> str:
    """Return the text that follows the ready lines."""
    lines = "\n".join(f"  {command}" for command in commands(places))
    configuration = client_configuration(places).replace("\n", "\n  ")
    return f"""
Read what is served, in a browser:
  {places.rest}/docs

Try the REST API:
{lines}

Give the tools to an MCP client ({places.mcp}):
  {configuration}

Call a tool without a client:
  {tool_command(places)}

Ask the stand-in for Label Studio itself, as the runtime does:
  curl -s -H 'Authorization: Token {places.token}' {places.upstream}/api/projects/1/exports/

Ctrl-C stops everything."""
