"""A complete capability over an imported API: every operation over REST and MCP (7.2)."""

from collections.abc import Iterator
from typing import Any, Final

from naftiko_runtime.openapi.import_api import Imported, Operation

_REST_PORT, _MCP_PORT = 8080, 9090
_HINTS: Final[dict[str, dict[str, bool]]] = {
    "GET": {"readOnly": True},
    "PUT": {"idempotent": True},
    "DELETE": {"destructive": True, "idempotent": True},
}
_SHAPES: Final = ("object", "array")


def capability_of(imported: Imported) -> dict[str, Any]:
    """Return the document with ``NS-rest`` on 8080 and ``NS-mcp`` on 9090."""
    document = dict(imported.document)
    consumes = document.pop("consumes")
    namespace = imported.namespace
    label = document["info"]["label"]
    exposes = [
        {
            "type": "rest",
            "namespace": f"{namespace}-rest",
            "port": _REST_PORT,
            "resources": _resources(imported, consumes[0]["resources"]),
        },
        {
            "type": "mcp",
            "namespace": f"{namespace}-mcp",
            "port": _MCP_PORT,
            "description": f"Tools of {label}",
            "tools": [_tool(each, namespace) for each in imported.operations],
        },
    ]
    return {**document, "capability": {"consumes": consumes, "exposes": exposes}}


def _resources(imported: Imported, resources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return one exposed resource per path; operations of equal paths are told apart (7.2)."""
    by_map = {id(each.written): each for each in imported.operations}
    label = imported.document["info"]["label"]
    exposed: dict[str, dict[str, Any]] = {}
    routes: set[tuple[str, str]] = set()
    for resource in resources:
        for operation in (by_map[id(each)] for each in resource["operations"]):
            method = operation.written["method"]
            path = next(each for each in _paths(operation) if (method, each) not in routes)
            routes.add((method, path))
            described = f"{label}: {operation.path}"
            entry = exposed.setdefault(path, _resource(resource["name"], path, described))
            entry["operations"].append(_operation(operation, imported.namespace))
    return list(exposed.values())


def _paths(operation: Operation) -> Iterator[str]:
    """Yield the paths that an operation can be served on, the best first."""
    path = f"/v1{operation.path.replace('{{', '{').replace('}}', '}')}"
    yield path
    if operation.query:
        yield f"{path}?{operation.query}"
    yield f"{path.rstrip('/')}/{operation.written['name']}"


def _resource(name: str, path: str, description: str) -> dict[str, Any]:
    return {"name": name, "description": description, "path": path, "operations": []}


def _operation(operation: Operation, namespace: str) -> dict[str, Any]:
    written = operation.written
    return {
        "method": written["method"],
        "name": written["name"],
        **{key: written[key] for key in ("label", "description") if key in written},
        "call": f"{namespace}.{written['name']}",
        **_outputs(operation),
    }


def _tool(operation: Operation, namespace: str) -> dict[str, Any]:
    written = operation.written
    label = written.get("label")
    described = written.get("description") or label or f"{written['method']} {operation.path}"
    hints = _HINTS.get(written["method"])
    return {
        "name": written["name"],
        **({"label": label} if label else {}),
        "description": described,
        **({"hints": dict(hints)} if hints else {}),
        "call": f"{namespace}.{written['name']}",
        **_outputs(operation),
    }


def _outputs(operation: Operation) -> dict[str, Any]:
    """Return the identity, which passes an answer on as it is and says what it is."""
    if operation.shape not in _SHAPES or "outputRawFormat" in operation.written:
        return {}
    return {"outputParameters": [{"type": operation.shape, "mapping": "$."}]}
