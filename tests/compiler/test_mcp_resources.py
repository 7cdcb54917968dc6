"""Resources of MCP adapters: exposes.md MCP-25."""

import pytest
from laboratory import laboratory

from naftiko_runtime.plan.exposure import McpExposure
from naftiko_runtime.plan.function import Call, Function

DOCUMENT = """
naftiko: 1.0.0-alpha2
capability:
  consumes: [{type: http, namespace: up, baseUri: 'http://up.test', resources: [
    {name: o, path: '/o/{{key}}', operations: [{name: get, method: GET, inputParameters: [
      {name: key, in: path}, {name: q, in: query}]}]}]}]
  exposes: [{type: mcp, namespace: m, port: 9090, resources: [
    {name: r, uri: 'shop://o/{id}', description: d, call: up.get, with: {key: WRITTEN, q: Q}}]}]
"""


def function(written: str, query: str = "x") -> Function:
    text = DOCUMENT.replace("WRITTEN", f"'{written}'").replace("Q}", f"'{query}'}}")
    (exposure,) = laboratory(text).plan.exposures
    assert isinstance(exposure, McpExposure)
    (resource,) = exposure.resources
    assert resource.function is not None
    return resource.function


@pytest.mark.parametrize("written", ["{id}", "m.id", "tools.id"])
def test_a_variable_of_the_uri_is_an_input_in_every_form(written: str) -> None:
    assert function(written) == function("{{id}}")


def test_a_variable_may_stand_within_a_text() -> None:
    assert function("{{id}}", "no-{id}") == function("{{id}}", "no-{{id}}")
    assert function("{{id}}", "no-{id}") != function("{{id}}", "no-x")


def test_other_single_braces_are_text() -> None:
    action = function("{{id}}", "{other}").action
    assert isinstance(action, Call)
    assert "{other}" in repr(action)
