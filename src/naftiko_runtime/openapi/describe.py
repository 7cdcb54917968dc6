"""REST adapters as one OpenAPI document: what is served, exported, and shown on the docs page.

Pure: exposures in, JSON out (exposes.md REST-16, orchestration.md 7.10 to 7.12).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from naftiko_runtime.openapi.described_operation import operation_of, path_parameters
from naftiko_runtime.openapi.described_path import DescribedPath, paths_of
from naftiko_runtime.openapi.described_schema import as_3_0, component_name
from naftiko_runtime.plan.capability import Capability
from naftiko_runtime.plan.exposure import InboundOAuth2, RestExposure
from naftiko_runtime.plan.function import Forward
from naftiko_runtime.values import Json

Version = Literal["3.1", "3.0"]
Document = dict[str, Any]

_VERSIONS: Final[Mapping[Version, str]] = {"3.1": "3.1.0", "3.0": "3.0.3"}
_SEVERAL: Final = "naftiko"
_PROBLEM: Final = {
    "type": "object",
    "description": "A problem by RFC 9457",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "requestId": {"type": "string"},
        "code": {"type": "string"},
        "variables": {"type": "array", "items": {"type": "string"}},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "name": {"type": "string"},
                    "in": {"type": "string"},
                    "message": {"type": "string"},
                },
            },
        },
    },
}
_PROBLEM_RESPONSE: Final = {
    "description": "A problem of the runtime, or an error of the upstream as it came",
    "content": {
        "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}},
        "*/*": {},
    },
}


@dataclass(frozen=True, slots=True)
class Info:
    """The ``info`` object."""

    title: str = _SEVERAL
    description: str | None = None
    version: str = "unspecified"


def info_of(capabilities: Iterable[Capability | None]) -> Info:
    """Return what one document says of itself; several are called ``naftiko``."""
    found = {id(each): each for each in capabilities if each is not None}
    if len(found) != 1:
        return Info()
    (capability,) = found.values()
    return Info(
        capability.label or _SEVERAL, capability.description, capability.version or "unspecified"
    )


def describe(
    exposures: Sequence[RestExposure],
    info: Info = Info(),
    *,
    version: Version = "3.1",
    servers: Sequence[str] = ("/",),
) -> Document:
    """Return a valid OpenAPI document of everything these adapters serve."""
    schemes = {
        _scheme(exposure): dict(exposure.security) for exposure in exposures if exposure.security
    }
    document: Document = {
        "openapi": _VERSIONS[version],
        "info": _info(info),
        "servers": [{"url": url} for url in servers],
        "paths": _paths(exposures),
        "components": {
            "schemas": {"Problem": _PROBLEM},
            "responses": {"Problem": _PROBLEM_RESPONSE},
            **({"securitySchemes": schemes} if schemes else {}),
        },
    }
    return document if version == "3.1" else as_3_0(document)


def _info(info: Info) -> Json:
    members = {"title": info.title, "description": info.description, "version": info.version}
    return {name: value for name, value in members.items() if value is not None}


def _paths(exposures: Sequence[RestExposure]) -> dict[str, Json]:
    names = _Unique()
    paths: dict[str, Json] = {}
    for described in paths_of(exposures):
        item = paths.setdefault(described.text, {})
        action = described.route.function.action
        if isinstance(action, Forward):
            item["x-naftiko-forward"] = action.upstream.namespace
            item["parameters"] = path_parameters(described)
        else:
            operation_id = names.unique(
                described.route.operation_id or described.route.function.name
            )
            operation = operation_of(described, operation_id)
            item[described.route.method.lower()] = operation | _security(described)
    return paths


def _security(described: DescribedPath) -> Json:
    exposure = described.exposure
    if not exposure.security:
        return {}
    authentication = exposure.authentication
    scopes = list(authentication.scopes) if isinstance(authentication, InboundOAuth2) else []
    return {"security": [{_scheme(exposure): scopes}]}


def _scheme(exposure: RestExposure) -> str:
    return component_name(exposure.namespace)


class _Unique:
    """Gives every operation a name of its own: ``NAME``, ``NAME-2``, ``NAME-3``."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def unique(self, name: str) -> str:
        found, number = name, 1
        while found in self._taken:
            number += 1
            found = f"{name}-{number}"
        self._taken.add(found)
        return found
