"""An OpenAPI description as a consumes document (orchestration.md 7.A)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from naftiko_runtime.names import kebab
from naftiko_runtime.openapi import import_swagger
from naftiko_runtime.openapi.import_bodies import Bodies
from naftiko_runtime.openapi.import_names import Names, upper_snake
from naftiko_runtime.openapi.import_parameters import (
    Parameters,
    PathText,
    merged,
    path_text,
)
from naftiko_runtime.openapi.import_responses import Responses, Shape
from naftiko_runtime.openapi.import_schema import Schemas
from naftiko_runtime.openapi.import_security import (
    NONE,
    Block,
    Security,
    most_common,
    scopes_of,
    variables_in,
)
from naftiko_runtime.openapi.import_servers import base_uri
from naftiko_runtime.openapi.import_source import References, text
from naftiko_runtime.openapi.import_warnings import Warned, Warnings

_METHODS: Final = ("get", "post", "put", "patch", "delete")
_LEFT_OUT: Final = ("head", "options", "trace")
_LONGEST: Final = 500
_VERSION: Final = "1.0.0-alpha2"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a description was read: its folder or its URL, for relative references."""

    folder: Path | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """An imported operation: its map, and what a capability over it needs to know."""

    written: dict[str, Any]
    path: str
    query: str
    """The query that its path was written with."""
    shape: Shape


@dataclass(frozen=True, slots=True)
class Imported:
    """The document of one API; ``operations`` are the maps in it, in order."""

    namespace: str
    document: dict[str, Any]
    operations: tuple[Operation, ...]
    warnings: tuple[Warned, ...]


def import_api(
    root: Mapping[str, Any], origin: Origin, *, namespace: str | None = None, official: bool = False
) -> Imported:
    """Return the consumes document of a description.

    ``official`` keeps to the official alpha2 schema (7.2).
    """
    return _Import(root, origin, namespace, official=official).imported()


class _Import:
    """One run: what all parts of a description share."""

    def __init__(
        self, root: Mapping[str, Any], origin: Origin, namespace: str | None, *, official: bool
    ) -> None:
        self._root = root
        self._origin = origin
        self._official = official
        self.warnings = Warnings()
        self._info = root["info"] if isinstance(root.get("info"), Mapping) else {}
        self._label = text(self._info.get("title")) or "Unknown API"
        self.namespace = namespace or kebab(self._label) or "unknown-api"
        self.references = References(root, origin.folder, self.warnings)
        self.schemas = Schemas(self.references, self.warnings)
        self._names = Names(self.warnings)
        self._secret_prefix = f"{upper_snake(self.namespace)}_"
        self._security = self._securities()

    def imported(self) -> Imported:
        """Return everything."""
        blocks: list[Block] = []
        resources = []
        operations = []
        names = Names(self.warnings)
        for path, item in self._paths():
            pointer = f"/paths/{path.replace('~', '~0').replace('/', '~1')}"
            written = path_text(path, self.warnings, pointer)
            found = list(self._operations(item, written, path, pointer))
            if not found:
                continue
            name = names.given(_resource_name(path), pointer)
            resources.append(
                {"name": name, "path": written.text, "operations": [o.written for o, _ in found]}
            )
            operations += [operation for operation, _ in found]
            blocks += [block for _, block in found]
        usual = most_common(blocks)
        for operation, block in zip(operations, blocks, strict=True):
            self._authenticate(operation, block, usual)
        document = self._document(resources, usual)
        return Imported(self.namespace, document, tuple(operations), tuple(self.warnings))

    def _document(self, resources: list[dict[str, Any]], usual: Block) -> dict[str, Any]:
        description = self._description()
        servers = self._root.get("servers")
        known = servers if isinstance(servers, list) else []
        if import_swagger.is_swagger(self._root):
            known = import_swagger.servers(self._root)
        consumes: dict[str, Any] = {"type": "http", "namespace": self.namespace}
        consumes["description"] = description
        consumes["baseUri"] = base_uri(known, self._origin.url, self.namespace, self.warnings)
        if usual != NONE:
            consumes["authentication"] = usual
        consumes["resources"] = resources
        document: dict[str, Any] = {"naftiko": _VERSION}
        document["info"] = {"label": self._label, "description": description}
        variables = self._variables(resources, usual)
        if variables:
            document["binds"] = [{"namespace": "env", "keys": {name: name for name in variables}}]
        document["consumes"] = [consumes]
        return document

    def _variables(self, resources: list[dict[str, Any]], usual: Block) -> list[str]:
        own = [
            operation["authentication"]
            for resource in resources
            for operation in resource["operations"]
            if "authentication" in operation
        ]
        return variables_in([usual, *own])

    def _description(self) -> str:
        found = text(self._info.get("description")) or text(self._info.get("summary"))
        paragraph = (found or self._label).replace("\r\n", "\n").split("\n\n")[0].strip()
        return paragraph if len(paragraph) <= _LONGEST else f"{paragraph[: _LONGEST - 1].rstrip()}…"

    def _paths(self) -> Iterator[tuple[str, dict[str, Any]]]:
        paths = self._root.get("paths")
        for path, item in paths.items() if isinstance(paths, Mapping) else ():
            if not str(path).startswith("x-") and isinstance(item, Mapping):
                yield str(path), self.references.followed(item, f"/paths/{path}")

    def _operations(
        self, item: Mapping[str, Any], path: PathText, written: str, pointer: str
    ) -> Iterator[tuple[Operation, Block]]:
        for method in _LEFT_OUT:
            if method in item:
                message = f"{method.upper()} {written} is left out"
                self.warnings.add("method", f"{pointer}/{method}", message)
        self._check_servers(item, pointer)
        for method in item:
            operation = item[method]
            if method in _METHODS and isinstance(operation, Mapping):
                at = f"{pointer}/{method}"
                self._check_servers(operation, at)
                yield self._operation(method, operation, (item, path, written), at)

    def _check_servers(self, part: Mapping[str, Any], pointer: str) -> None:
        if part.get("servers"):
            message = "a server of its own is not used; the first of the description is"
            self.warnings.add("server", f"{pointer}/servers", message)

    def _operation(
        self,
        method: str,
        operation: Mapping[str, Any],
        around: tuple[Mapping[str, Any], PathText, str],
        pointer: str,
    ) -> tuple[Operation, Block]:
        item, path, template = around
        block = self._security.block(operation.get("security", self._root.get("security")), pointer)
        wanted = kebab(str(operation.get("operationId") or ""))
        name = self._names.given(wanted or f"{method}-{_resource_name(template)}", pointer)
        answer = self._answer(operation, pointer)
        written = {
            "name": name,
            **_words(operation, name),
            "method": method.upper(),
            **self._request(item, operation, path, pointer),
            **answer.keys,
        }
        return Operation(written, path.text, path.query, answer.shape), block

    def _request(
        self, item: Mapping[str, Any], operation: Mapping[str, Any], path: PathText, pointer: str
    ) -> dict[str, Any]:
        parameters, request = self._inputs(item, operation, pointer)
        inputs = Parameters(self.schemas, self.warnings, self._official).written(
            parameters, path, pointer
        )
        bodies = Bodies(self.schemas, self.warnings, self._secret_prefix, self._official)
        body = bodies.written(request, [*inputs, *({"name": hole} for hole in path.holes)], pointer)
        every = [*inputs, *body.parameters]
        return {
            **({"inputParameters": every} if every else {}),
            **({"body": body.body} if body.body is not None else {}),
        }

    def _inputs(
        self, item: Mapping[str, Any], operation: Mapping[str, Any], pointer: str
    ) -> tuple[list[dict[str, Any]], Mapping[str, Any]]:
        """Return parameters and request body of an operation, as OpenAPI 3 has them."""
        outer = [self.references.followed(each, pointer) for each in _list(item.get("parameters"))]
        inner = [
            self.references.followed(each, pointer) for each in _list(operation.get("parameters"))
        ]
        parameters = merged(outer, inner)
        if not import_swagger.is_swagger(self._root):
            return parameters, self.references.followed(operation.get("requestBody"), pointer)
        consumes = _list(operation.get("consumes", self._root.get("consumes")))
        request = import_swagger.request_body(parameters, consumes)
        kept = [each for each in parameters if each.get("in") not in ("body", "formData")]
        return [import_swagger.parameter(each) for each in kept], request or {}

    def _answer(self, operation: Mapping[str, Any], pointer: str) -> Any:
        written = operation.get("responses")
        responses = (
            {str(key): each for key, each in written.items()}
            if isinstance(written, Mapping)
            else {}
        )
        if import_swagger.is_swagger(self._root):
            produces = _list(operation.get("produces", self._root.get("produces")))
            responses = {
                key: import_swagger.response(self.references.followed(each, pointer), produces)
                for key, each in responses.items()
            }
        return Responses(self.schemas, self.warnings, self._official).answer(responses, pointer)

    def _securities(self) -> Security:
        components = self._root.get("components")
        schemes: Any = (
            components.get("securitySchemes") if isinstance(components, Mapping) else None
        )
        if import_swagger.is_swagger(self._root):
            schemes = import_swagger.schemes(self._root)
        wanted = [self._root.get("security")]
        for _, item in self._paths():
            wanted += [
                item[m].get("security") for m in _METHODS if isinstance(item.get(m), Mapping)
            ]
        known = schemes if isinstance(schemes, Mapping) else {}
        return Security(
            self.namespace, known, self.references, self.warnings, scopes_of(wanted), self._official
        )

    def _authenticate(self, operation: Operation, block: Block, usual: Block) -> None:
        if block == usual:
            return
        if self._official:
            message = "authentication of its own; the official schema has only the adapter's"
            self.warnings.add("security", f"/operations/{operation.written['name']}", message)
            return
        place = list(operation.written)
        before = {key: operation.written[key] for key in place[: place.index("method") + 1]}
        after = {key: value for key, value in operation.written.items() if key not in before}
        operation.written.clear()
        operation.written.update({**before, "authentication": dict(block), **after})


def _words(operation: Mapping[str, Any], name: str) -> dict[str, str]:
    """Return label and description; a label says when an operation is deprecated (7.3)."""
    label = text(operation.get("summary"))
    if operation.get("deprecated") is True:
        label = f"[Deprecated] {label or name}"
    description = text(operation.get("description"))
    written = {"label": label, "description": description}
    return {key: value for key, value in written.items() if value}


def _resource_name(path: str) -> str:
    return kebab(path) or "root"


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
