"""stdio launched by a configuration file as users write it, through the official client."""

import json
import sys
from pathlib import Path
from typing import Any

import anyio
import mcp
import pytest
from mcp.client.stdio import StdioServerParameters, stdio_client

pytestmark = [pytest.mark.real, pytest.mark.anyio]
DOCUMENT = """
naftiko: 1.0.0-alpha2
info: {label: Desk, description: Speaks over pipes}
capability:
  exposes:
    - type: mcp
      port: 9090
      namespace: desk
      surplus: this key is a warning
      tools: [{name: it, description: It, outputParameters: [{type: string, value: it}]}]
"""


@pytest.fixture
def launch(tmp_path: Path) -> dict[str, Any]:
    """Return what a client reads out of its configuration file."""
    document = tmp_path / "desk.yml"
    document.write_text(DOCUMENT)
    configuration = tmp_path / "mcp.json"
    command = {"command": "naftiko", "args": ["serve", str(document), "--stdio"]}
    configuration.write_text(json.dumps({"mcpServers": {"desk": command}}))
    return json.loads(configuration.read_text())["mcpServers"]["desk"]


def parameters(launch: dict[str, Any]) -> StdioServerParameters:
    """Return the launch with `naftiko` on the PATH, as it is once installed."""
    return StdioServerParameters(
        command=str(Path(sys.executable).with_name(launch["command"])), args=launch["args"]
    )


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_tool_is_called_and_warnings_stay_out_of_the_protocol(
    launch: dict[str, Any], tmp_path: Path, mode: Any
) -> None:
    with (tmp_path / "stderr").open("w+") as stderr:
        async with mcp.Client(stdio_client(parameters(launch), stderr), mode=mode) as client:
            called = await client.call_tool("it", {})
        stderr.seek(0)
        said = stderr.read()
    assert called.content[0].text == "it"
    assert "surplus" in said
    assert "desk.yml:9" in said


async def test_stdout_has_one_message_a_line_and_nothing_else(launch: dict[str, Any]) -> None:
    asked = [
        {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "initialize",
            "params": {
                "protocolVersion": "2025-11-25",
                "capabilities": {},
                "clientInfo": {"name": "t", "version": "1"},
            },
        },
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        "no message",
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "it"}},
    ]
    text = "\n".join(each if isinstance(each, str) else json.dumps(each) for each in asked) + "\n"
    program = parameters(launch)
    with anyio.fail_after(60):
        done = await anyio.run_process([program.command, *program.args], input=text.encode())
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [each.get("id") for each in answers] == [1, 2]
    assert {each["jsonrpc"] for each in answers} == {"2.0"}
