"""``naftiko inspect`` shows which steps wait and which begin at once (orchestration.md 2.7, 6.9)."""

from pathlib import Path

import pytest

from naftiko_runtime.cli.main import main

DOCUMENT = """
naftiko: 1.0.0-alpha2
capability:
  consumes: [{namespace: up, baseUri: http://up.test, resources: [{path: /a, operations: [{name: a}, {name: make, method: POST, body: {type: json, data: {x: 1}}}]}, {path: /b, operations: [{name: b, inputParameters: [{name: id, in: query}]}]}]}]
  exposes:
    - type: mcp
      namespace: m
      port: 9090
      tools:
        - name: t
          description: Reads, then writes
          steps:
            - {type: call, name: one, call: up.a}
            - {type: call, name: two, call: up.b}
            - {type: call, name: three, call: up.b, with: {id: one.id}}
            - {type: call, name: four, call: up.make}
"""


def test_the_order_of_steps_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "steps.yml"
    file.write_text(DOCUMENT)
    assert main(["inspect", str(file)], {}) == 0
    assert (
        "one: up.a, two: up.b (at once), three: up.b (after one), "
        "four: up.make (after one, two, three)"
    ) in capsys.readouterr().out
