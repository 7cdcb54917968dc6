"""``resources/list``, ``resources/templates/list`` and ``resources/read`` (exposes.md 3.3)."""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import anyio.to_thread
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    PaginatedRequestParams,
    ReadResourceRequestParams,
)

from naftiko_runtime.adapters.mcp.context import Context, is_modern
from naftiko_runtime.adapters.mcp.folders import (
    MOST_FILES,
    TooLarge,
    contents_of,
    files_of,
    listed_file,
    path_in,
    text_in,
    uri_of,
)
from naftiko_runtime.adapters.mcp.paging import kept_for, list_result
from naftiko_runtime.adapters.mcp.results import LOGGER
from naftiko_runtime.adapters.mcp.serving import Served, Serving
from naftiko_runtime.adapters.mcp.upstream_errors import status_line
from naftiko_runtime.adapters.mcp.view import McpView, ServedResource
from naftiko_runtime.engine.inputs import check_arguments
from naftiko_runtime.engine.invoke import invoke
from naftiko_runtime.engine.result import Binary, Relayed, Value, Want
from naftiko_runtime.errors import InvocationError
from naftiko_runtime.plan.exposure import ResourceExposure
from naftiko_runtime.plan.function import Function
from naftiko_runtime.values import Json, compact

_UNKNOWN_OF_OLD: Final = -32002
_GONE: Final = (404, 410)
_JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class Reading:
    """A request for one URI."""

    serving: Serving
    served: Served
    uri: str
    is_modern: bool

    def unknown(self) -> MCPError:
        """Return the error of the era for a resource that is not there (MCP-5)."""
        code = INVALID_PARAMS if self.is_modern else _UNKNOWN_OF_OLD
        return MCPError(code, f"Unknown resource: {self.uri}", {"uri": self.uri})

    def failed(self, message: str, status: int) -> MCPError:
        """Return the error for a resource that could not be read."""
        return MCPError(INTERNAL_ERROR, message, {"uri": self.uri, "status": status})


async def list_resources(
    serving: Serving, ctx: Context, params: PaginatedRequestParams | None
) -> dict[str, Json]:
    """Answer ``resources/list``: dynamic ones and the files of folders, in document order."""
    with serving.lease() as served:
        view = served.view
        entries = await anyio.to_thread.run_sync(lambda: list(_entries(view)))
        return list_result("resources", entries, params, serving.limits.mcp_page, view)


def _entries(view: McpView) -> Iterator[Mapping[str, Json]]:
    for served in view.exact:
        if served.resource.folder is None:
            yield served.listed
        else:
            yield from _files(served.resource, served.resource.folder)


def _files(resource: ResourceExposure, folder: str) -> Iterator[Mapping[str, Json]]:
    found, has_more = files_of(folder)
    if has_more:
        LOGGER.warning("resource %s: only %d files are listed", resource.name, MOST_FILES)
    for file in found:
        uri = uri_of(resource.uri, file.relative)
        yield listed_file(resource.name, resource.title, uri, file)


async def list_templates(
    serving: Serving, ctx: Context, params: PaginatedRequestParams | None
) -> dict[str, Json]:
    """Answer ``resources/templates/list``."""
    with serving.lease() as served:
        entries = [template.listed for template in served.view.templates]
        key, size = "resourceTemplates", serving.limits.mcp_page
        return list_result(key, entries, params, size, served.view)


async def read_resource(
    serving: Serving, ctx: Context, params: ReadResourceRequestParams
) -> dict[str, Json]:
    """Answer ``resources/read``: exact URIs first, then templates in document order (MCP-25)."""
    with serving.lease() as served:
        reading = Reading(serving, served, str(params.uri), is_modern(ctx))
        for candidate in (*served.view.exact, *served.view.templates):
            if (contents := await _contents(reading, candidate)) is not None:
                return kept_for(served.view) | {"contents": [contents]}
        raise reading.unknown()


async def _contents(reading: Reading, candidate: ServedResource) -> dict[str, Json] | None:
    """Return what stands at the URI, None when it belongs to another resource."""
    resource = candidate.resource
    if resource.folder is not None:
        return await _file(reading, resource, resource.folder)
    variables = candidate.matcher.values(reading.uri)
    if variables is None or resource.function is None:
        return None
    try:
        return await _dynamic(reading, resource, resource.function, variables)
    except InvocationError as problem:
        detail = reading.serving.scrub(problem.detail)
        raise reading.failed(f"{problem.title}: {detail}", problem.status) from problem


async def _file(
    reading: Reading, resource: ResourceExposure, folder: str
) -> dict[str, Json] | None:
    def read() -> tuple[str, bytes] | None:
        path = path_in(folder, resource.uri, reading.uri)
        return None if path is None else contents_of(path, reading.serving.limits.binary)

    try:
        found = await anyio.to_thread.run_sync(read)
    except TooLarge:
        limit = reading.serving.limits.binary
        raise reading.failed(f"File too large: more than {limit} bytes", 500) from None
    except OSError:
        return None
    if found is None:
        return None
    media_type, data = found
    return _written(reading.uri, media_type, text_in(media_type, data), data)


async def _dynamic(
    reading: Reading, resource: ResourceExposure, function: Function, variables: Mapping[str, str]
) -> dict[str, Json]:
    inputs = check_arguments(function, variables)
    async with invoke(function, inputs, reading.served.engine, Want.VALUE) as result:
        if not isinstance(result, Relayed):
            return _value(reading.uri, resource, result)
    if result.status in _GONE:
        raise reading.unknown()
    raise reading.failed(status_line(result.status), result.status)


def _value(uri: str, resource: ResourceExposure, result: Value) -> dict[str, Json]:
    """Return JSON and text as ``text``, bytes (and everything of ``binary: true``) as ``blob``."""
    value = result.value
    if isinstance(value, Binary):
        return _written(uri, resource.mime_type or value.content_type, None, value.data)
    media_type = resource.mime_type or _upstream_type(result) or _JSON
    is_text = isinstance(value, str) and (result.text or not _is_json(media_type))
    text = value if is_text else compact(value)
    data = text.encode("utf-8", "replace")
    return _written(uri, media_type, None if resource.binary else data.decode(), data)


def _upstream_type(result: Value) -> str | None:
    """Return the upstream's media type, unless the value was reshaped into JSON from another."""
    media_type = result.content_type.partition(";")[0].strip().lower()
    return media_type if media_type and (result.text or _is_json(media_type)) else None


def _is_json(media_type: str) -> bool:
    return media_type.endswith(("/json", "+json"))


def _written(uri: str, media_type: str, text: str | None, data: bytes) -> dict[str, Json]:
    content = {"blob": base64.b64encode(data).decode()} if text is None else {"text": text}
    return {"mimeType": media_type, "uri": uri, **content}
