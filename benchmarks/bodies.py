"""What the upstream answers, and documents made for one scenario each."""

import json
from pathlib import Path
from typing import Any, Final

NAMESPACE: Final = "label-studio-subpackage-projects-subpackage-projects-exports"
LIST_BYTES: Final = 809


def snapshots(count: int) -> list[dict[str, Any]]:
    """Return export snapshots as the upstream of the seed lists them."""
    return [
        {
            "id": number,
            "title": f"nightly {number}",
            "status": "completed",
            "created_at": f"2026-05-{number % 28 + 1:02d}T08:00:00Z",
            "finished_at": f"2026-05-{number % 28 + 1:02d}T08:01:00Z",
            "created_by": {"id": 3, "email": "ada@example.org"},
            "counters": {"task_number": number * 10, "annotation_number": number * 7},
        }
        for number in range(1, count + 1)
    ]


def list_body() -> str:
    """Return a list of 809 bytes."""
    items = snapshots(3)
    items[0]["title"] += "." * (LIST_BYTES - len(json.dumps(items)))
    return json.dumps(items)


def write_upstream(folder: Path) -> None:
    """Write what nginx serves: project 7 has 809 bytes, project 20 has 20 items."""
    for project, body in ((7, list_body()), (20, json.dumps(snapshots(20)))):
        place = folder / "html" / "api" / "projects" / str(project) / "exports"
        place.mkdir(parents=True)
        (place / "index.json").write_text(body)
    (folder / "html" / "index.json").write_text("{}")


def mapped_document() -> str:
    """Return a document with the same list relayed, and mapped to 5 fields of each item."""
    fields = {
        "id": ("integer", "$.id"),
        "title": ("string", "$.title"),
        "state": ("string", "$.status"),
        "author": ("string", "$.created_by.email"),
        "tasks": ("integer", "$.counters.task_number"),
    }
    properties = {name: {"type": kind, "mapping": path} for name, (kind, path) in fields.items()}
    mapped = [
        {"type": "array", "mapping": "$.", "items": {"type": "object", "properties": properties}}
    ]
    relayed = [{"type": "object", "mapping": "$."}]
    resources = [
        _resource(f"/{name}/{{id}}", name, outputs)
        for name, outputs in (("relayed", relayed), ("mapped", mapped))
    ]
    return _document("Mapping", NAMESPACE, resources)


def many_documents(folder: Path, count: int) -> int:
    """Write so many capabilities of 8 operations each; return the number of operations."""
    for number in range(count):
        name = f"{NAMESPACE}-{number}" if number else NAMESPACE
        outputs = [{"type": "object", "mapping": "$."}]
        resources = [
            _resource(f"/c{number}/r{each}/{{id}}", f"list-{each}", outputs) for each in range(8)
        ]
        (folder / f"c{number}.yaml").write_text(_document(f"Capability {number}", name, resources))
    return count * 8


def _resource(path: str, name: str, outputs: list[dict[str, Any]]) -> dict[str, Any]:
    operation = {
        "method": "GET",
        "name": name,
        "call": "@.list",
        "with": {"id": "rest.id", "ordering": "rest.ordering"},
        "outputParameters": outputs,
    }
    return {"path": path, "name": name, "operations": [operation]}


def _document(label: str, namespace: str, resources: list[dict[str, Any]]) -> str:
    for resource in resources:
        for operation in resource["operations"]:
            operation["call"] = f"{namespace}.list"
    consumed = {
        "name": "list",
        "method": "GET",
        "outputRawFormat": "json",
        "inputParameters": [
            {"name": "id", "in": "path", "type": "integer", "required": True},
            {"name": "ordering", "in": "query", "type": "string"},
        ],
    }
    consumes = {
        "type": "http",
        "namespace": namespace,
        "baseUri": "http://localhost:8000",
        "resources": [
            {"name": "exports", "path": "/api/projects/{id}/exports/", "operations": [consumed]}
        ],
    }
    exposes = {
        "type": "rest",
        "namespace": f"{namespace}-rest",
        "port": 8080,
        "resources": resources,
    }
    return json.dumps(
        {
            "naftiko": "1.0.0-alpha2",
            "info": {"label": label, "description": "Made for a benchmark."},
            "capability": {"consumes": [consumes], "exposes": [exposes]},
        },
        indent=1,
    )


def transfers_document() -> str:
    """Return a document whose one path passes large bodies on in both directions."""
    operations = [
        {"name": "fetch", "method": "GET", "outputRawFormat": "binary"},
        {"name": "store", "method": "POST"},
    ]
    consumes = {
        "type": "http",
        "namespace": "files",
        "baseUri": "http://localhost:8000",
        "resources": [{"name": "large", "path": "/large", "operations": operations}],
    }
    calls = [
        {"method": "GET", "name": "fetch", "call": "files.fetch"},
        {"method": "POST", "name": "store", "call": "files.store"},
    ]
    resources = [{"path": "/large", "name": "large", "operations": calls}]
    exposes = {"type": "rest", "namespace": "files-rest", "port": 8080, "resources": resources}
    return json.dumps(
        {
            "naftiko": "1.0.0-alpha2",
            "info": {"label": "Transfers", "description": "Made for a benchmark."},
            "capability": {"consumes": [consumes], "exposes": [exposes]},
        }
    )


def description(tool: str, upstream: str) -> dict[str, Any]:
    """Return an OpenAPI description of the list, whose one operation is called ``tool``."""
    parameters = [
        {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}},
        {"name": "ordering", "in": "query", "schema": {"type": "string"}},
    ]
    operation = {
        "operationId": tool,
        "parameters": parameters,
        "responses": {"200": {"description": "The snapshots."}},
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Exports", "version": "1"},
        "servers": [{"url": upstream}],
        "paths": {"/api/projects/{id}/exports/": {"get": operation}},
    }
