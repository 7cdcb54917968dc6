from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "capabilities" / "label-studio-exports.yaml"
SEED = ROOT.parent / "shared" / "seed" / "label-studio-exports.txt"


@pytest.fixture(scope="module")
def capability() -> dict[str, Any]:
    return yaml.safe_load(DOCUMENT.read_text(encoding="utf-8"))["capability"]


@pytest.mark.skipif(not SEED.exists(), reason="the document as handed over is not here")
def test_the_document_differs_from_the_seed_in_indentation_only() -> None:
    handed_over = SEED.read_text(encoding="utf-8").splitlines()
    yaml_part = handed_over[handed_over.index("naftiko: 1.0.0-alpha2") :]
    ours = DOCUMENT.read_text(encoding="utf-8").splitlines()
    assert [line.lstrip(" ") for line in ours] == yaml_part
    assert len(ours) == 505


def test_six_consumed_resources_have_eight_operations(capability: dict[str, Any]) -> None:
    (consumed,) = capability["consumes"]
    operations = [
        (resource["path"], operation["method"], operation["name"])
        for resource in consumed["resources"]
        for operation in resource["operations"]
    ]
    assert operations == [
        ("/api/projects/{id}/export", "GET", "downloadsync"),
        ("/api/projects/{id}/export/formats", "GET", "listformats"),
        ("/api/projects/{id}/exports/", "GET", "list"),
        ("/api/projects/{id}/exports/", "POST", "create"),
        ("/api/projects/{id}/exports/{export_pk}", "GET", "get"),
        ("/api/projects/{id}/exports/{export_pk}", "DELETE", "delete"),
        ("/api/projects/{id}/exports/{export_pk}/convert", "POST", "convert"),
        ("/api/projects/{id}/exports/{export_pk}/download", "GET", "download"),
    ]


def test_the_authentication_belongs_to_the_consumed_adapter(capability: dict[str, Any]) -> None:
    (consumed,) = capability["consumes"]
    assert consumed["baseUri"] == "http://localhost:8000"
    assert consumed["authentication"] == {
        "type": "apikey",
        "key": "Authorization",
        "value": "{{env.LABEL_STUDIO_API_KEY}}",
        "placement": "header",
    }


def test_every_consumed_operation_is_exposed_over_rest_and_as_a_tool(
    capability: dict[str, Any],
) -> None:
    (consumed,) = capability["consumes"]
    rest, mcp = capability["exposes"]
    calls = [
        f"{consumed['namespace']}.{operation['name']}"
        for resource in consumed["resources"]
        for operation in resource["operations"]
    ]
    assert (rest["type"], rest["port"]) == ("rest", 8080)
    assert (mcp["type"], mcp["port"], mcp["transport"]) == ("mcp", 9090, "http")
    assert len(rest["resources"]) == 6
    assert [op["call"] for res in rest["resources"] for op in res["operations"]] == calls
    assert [tool["call"] for tool in mcp["tools"]] == calls


def test_a_tool_has_hints_arguments_and_an_identity_output(capability: dict[str, Any]) -> None:
    tool = next(t for t in capability["exposes"][1]["tools"] if t["name"].startswith("download"))
    assert tool["hints"] == {"readOnly": True, "destructive": False, "idempotent": True}
    assert tool["with"] == {
        "export_pk": "tools.export_pk",
        "id": "tools.id",
        "exportType": "tools.exportType",
        "Authorization": "tools.Authorization",
    }
    assert tool["outputParameters"] == [{"type": "object", "mapping": "$."}]
