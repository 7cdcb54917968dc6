"""FastMCP over the same upstream, from its OpenAPI description; no state, JSON answers."""

import json
import sys
from pathlib import Path

import httpx2 as httpx
from fastmcp import FastMCP

PORT, UPSTREAM = int(sys.argv[1]), sys.argv[2]
DESCRIPTION = json.loads(Path(sys.argv[3]).read_text())

limits = httpx.Limits(max_connections=200, max_keepalive_connections=200)
client = httpx.AsyncClient(base_url=UPSTREAM, headers={"Authorization": "benchmark"}, limits=limits)
server = FastMCP.from_openapi(openapi_spec=DESCRIPTION, client=client, name="exports")
server.run(
    transport="http",
    host="127.0.0.1",
    port=PORT,
    path="/mcp",
    stateless_http=True,
    json_response=True,
    log_level="WARNING",
    show_banner=False,
    uvicorn_config={"access_log": False},
)
