"""Swagger 2.0 operations, security and servers in the words of OpenAPI 3."""

from collections.abc import Mapping
from typing import Any, Final

_SCHEMA_KEYS: Final = ("type", "format", "enum", "items", "default", "minimum", "maximum")
_FLOWS: Final = {
    "application": "clientCredentials",
    "accessCode": "authorizationCode",
    "implicit": "implicit",
    "password": "password",
}
_JSON: Final = "application/json"
_FORM: Final = "application/x-www-form-urlencoded"
_MULTIPART: Final = "multipart/form-data"


def is_swagger(root: Mapping[str, Any]) -> bool:
    return "swagger" in root


def servers(root: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return ``schemes``, ``host`` and ``basePath`` as one server, https first."""
    host, base = root.get("host"), str(root.get("basePath") or "")
    if not host:
        return [{"url": base}] if base.strip("/") else []
    schemes = root.get("schemes")
    known = [str(each) for each in schemes] if isinstance(schemes, list) else []
    scheme = "https" if "https" in known or not known else known[0]
    return [{"url": f"{scheme}://{host}/{base.lstrip('/')}"}]


def schemes(root: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``securityDefinitions`` as security schemes."""
    written = root.get("securityDefinitions")
    return {
        name: _scheme(each)
        for name, each in (written if isinstance(written, dict) else {}).items()
        if isinstance(each, Mapping)
    }


def _scheme(each: Mapping[str, Any]) -> dict[str, Any]:
    type_ = each.get("type")
    if type_ == "basic":
        return {"type": "http", "scheme": "basic"}
    if type_ == "oauth2":
        flow = _FLOWS.get(str(each.get("flow")), "implicit")
        keys = {"tokenUrl": each.get("tokenUrl"), "scopes": each.get("scopes") or {}}
        return {"type": "oauth2", "flows": {flow: keys}}
    return dict(each)


def parameter(written: Mapping[str, Any]) -> dict[str, Any]:
    """Return a path, query or header parameter with its schema apart."""
    kept = {key: value for key, value in written.items() if key not in _SCHEMA_KEYS}
    schema = {key: written[key] for key in _SCHEMA_KEYS if key in written}
    collection = written.get("collectionFormat")
    if written.get("type") == "array" and collection != "multi":
        # without a collectionFormat it is csv, which OpenAPI 3 calls explode: false
        kept["explode"] = False
    return {**kept, "schema": schema}


def request_body(parameters: list[dict[str, Any]], consumes: list[str]) -> dict[str, Any] | None:
    """Return the ``body`` or ``formData`` parameters of an operation as a request body."""
    body = next((each for each in parameters if each.get("in") == "body"), None)
    if body is not None:
        types = consumes or [_JSON]
        return {
            "required": body.get("required") is True,
            "description": body.get("description"),
            "content": {type_: {"schema": body.get("schema") or {}} for type_ in types},
        }
    fields = [each for each in parameters if each.get("in") == "formData"]
    return _form(fields, consumes) if fields else None


def _form(fields: list[dict[str, Any]], consumes: list[str]) -> dict[str, Any]:
    has_file = any(each.get("type") == "file" for each in fields)
    type_ = _MULTIPART if has_file or (_MULTIPART in consumes and _FORM not in consumes) else _FORM
    properties = {
        str(each.get("name")): {
            **{key: each[key] for key in (*_SCHEMA_KEYS, "description") if key in each},
            **({"type": "string", "format": "binary"} if each.get("type") == "file" else {}),
        }
        for each in fields
    }
    required = [str(each.get("name")) for each in fields if each.get("required") is True]
    schema = {"type": "object", "properties": properties, "required": required}
    return {"required": bool(required), "content": {type_: {"schema": schema}}}


def response(written: Mapping[str, Any], produces: list[str]) -> dict[str, Any]:
    """Return a response with ``content``."""
    if not written.get("schema"):
        return dict(written)
    types = produces or [_JSON]
    return {**written, "content": {type_: {"schema": written["schema"]} for type_ in types}}
