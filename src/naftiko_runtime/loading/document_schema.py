"""The JSON Schema of everything that the runtime reads, for editors (orchestration.md 6.13).

It is made of the spec models and the table of what stands where, so it cannot fall behind. It is
as tolerant as the runtime: unknown keys are allowed, and keyed maps stand wherever lists do.
"""

from collections.abc import Iterator, Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, assert_never, get_args, get_origin

from pydantic.fields import FieldInfo

from naftiko_runtime.dialect.shape import ADAPTERS, CHILDREN, Child, Form
from naftiko_runtime.loading.versions import FAMILIES, KNOWN, SECTIONS
from naftiko_runtime.spec.descriptions import description_of
from naftiko_runtime.spec.kinds import MODELS, known_keys

Schema = dict[str, Any]

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_TYPES: Final[Mapping[Any, Schema]] = {
    str: {"type": ["string", "number", "boolean", "null"]},
    bool: {"type": ["boolean", "null"]},
    int: {"type": ["integer", "null"]},
    float: {"type": ["number", "null"]},
    list: {"type": ["array", "null"]},
    dict: {"type": ["object", "null"]},
}
_ANY: Final[Schema] = {}
_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
_VALUES: Final = ("string", "integer", "number", "boolean", "array", "object")
_SUGGESTED: Final[Mapping[str, tuple[str, ...]]] = {
    "consumed-operation.method": _METHODS,
    "rest-operation.method": _METHODS[:5],
    "parameter.in": ("path", "query", "header", "cookie", "body", "environment"),
    "input.in": ("path", "query", "header", "cookie", "body"),
    "parameter.type": _VALUES,
    "input.type": _VALUES,
    "output.type": _VALUES,
    "consumed-output.type": _VALUES,
    "consumed-operation.outputRawFormat": (
        *("json", "xml", "csv", "tsv", "psv", "yaml", "html", "markdown", "avro", "protobuf"),
        *("text", "binary"),
    ),
    "authentication.type": (
        *("bearer", "basic", "digest", "apikey", "oauth2", "token-refresh", "aws-sig-v4", "none"),
    ),
    "authentication.placement": ("header", "query", "cookie", "body"),
    "body.type": (
        *("json", "text", "xml", "sparql", "yaml", "formUrlEncoded", "multipartForm", "binary"),
    ),
    "step.type": ("call", "lookup", "script"),
    "step.onError": ("stop", "continue"),
    "mcp.transport": ("http", "stdio"),
    "mcp.cacheScope": ("private", "public"),
    "message.role": ("user", "assistant"),
    "traces.propagation": ("w3c", "b3"),
}
"""Values that editors offer; others may still be written."""

_OPEN: Final = frozenset(
    [
        "output.mapping",
        "output.type",
        "consumed-output.mapping",
        "consumed-output.type",
        "bind.keys",
    ]
    + [f"{kind}.call" for kind in (*CHILDREN, "step")]
)
"""Keys that are read in several forms, so only their description is given."""

_SPELLINGS: Final[Mapping[str, Mapping[str, str]]] = {
    "*": {"display": "label"},
    "info": {"title": "label"},
    "aggregate": {"flows": "functions"},
    "mapping": {"target": "targetName"},
    "prompt": {"messages": "template"},
    "consumes": {"auth": "authentication", "headers": "inputParameters"},
    "consumed-resource": {"auth": "authentication", "headers": "inputParameters"},
    "consumed-operation": {"auth": "authentication", "headers": "inputParameters", "id": "name"},
    "authentication": {"in": "placement", "header": "key", "name": "key"},
    "skill-source": {"namespace": "sourceNamespace", "name": "action"},
    "step": {"inputParameters": "with"},
    "rest-operation": {"id": "name"},
    "tool": {"id": "name"},
    "function": {"id": "name"},
    **{kind: {"auth": "authentication"} for kind in ADAPTERS},
}
"""By kind, keys of other versions and of published documents → what they are read as."""

_LOOSE: Final[Mapping[str, tuple[str, ...]]] = {
    "body": ("string", "array", "number", "boolean"),
    "log-settings": ("boolean",),
}
_NAMED_VALUES: Final = ("authentication.headers", "authentication.parameters")
_IMPORT: Final = ("from", "location", "import", "as")


def document_schema() -> Schema:
    """Return the schema; every key has a description."""
    definitions = {kind: _kind(kind) for kind in MODELS if kind not in ("document", "library")}
    definitions["adapter"] = _adapter()
    sections = {
        section: _described("document", section, _child(CHILDREN["document"][section]))
        for section in SECTIONS
    }
    older = {"externalRefs": _described("document", "externalRefs", _child(_BIND))}
    root: Schema = {
        **{family: _version(family) for family in FAMILIES},
        **{key: _described("document", key, _TYPES[str]) for key in ("label", "description")},
        "info": _described("document", "info", _ref("info")),
        **sections,
        **older,
        "capability": _described(
            "document", "capability", {"type": ["object", "null"], "properties": sections | older}
        ),
    }
    return {
        "$schema": _DIALECT,
        "title": "Capability document",
        "description": "Everything that naftiko-runtime reads, in all versions of both families.",
        "type": "object",
        "properties": root,
        "oneOf": [{"required": [family]} for family in FAMILIES],
        "$defs": definitions,
    }


_BIND: Final = Child("bind", Form.LIST)


def _version(family: str) -> Schema:
    known = {"anyOf": [{"enum": list(KNOWN[family])}, {"type": ["string", "number"]}]}
    return _described("document", family, known)


def _kind(kind: str) -> Schema:
    """Return the schema of a kind of map."""
    properties = {key: _key(kind, key) for key in known_keys(kind)}
    for spelling, key in {**_SPELLINGS["*"], **_SPELLINGS.get(kind, {})}.items():
        if key in properties and spelling not in properties:
            properties[spelling] = _spelled(properties[key], key, exact=spelling != "headers")
    if kind in ("bind", "consumes", "aggregate"):
        properties |= _imports(properties)
    return {"type": "object", "properties": properties}


def _spelled(schema: Schema, key: str, *, exact: bool) -> Schema:
    read_as = {"description": f"Read as {key}. {schema['description']}"}
    return {**schema, **read_as} if exact and key != "with" else read_as


def _imports(known: Schema) -> Schema:
    """Return the keys of an entry that is taken from another file (orchestration.md 4.1)."""
    return {key: _described("import", key, _TYPES[str]) for key in _IMPORT if key not in known}


def _adapter() -> Schema:
    """Return the schema of an exposed adapter, which its ``type`` decides."""
    kinds = [
        {
            "if": {"properties": {"type": {"enum": names}}, "required": ["type"]},
            "then": _ref(kind),
        }
        for kind, names in (
            *(("rest", ["rest", "api"]), ("mcp", ["mcp"])),
            *(("skill", ["skill"]), ("control", ["control"])),
        )
    ]
    type_ = {"anyOf": [{"enum": list(ADAPTERS)}, _TYPES[str]]}
    properties = {"type": _described("adapter", "type", type_), **_imports({})}
    return {"type": "object", "properties": properties, "allOf": kinds}


def _key(kind: str, key: str) -> Schema:
    child = CHILDREN.get(kind, {}).get(key)
    name = f"{kind}.{key}"
    if name in _OPEN:
        schema = _ANY
    elif child is not None or name in _NAMED_VALUES:
        schema = _child(child or Child("named-value", Form.LIST))
    elif kind in ADAPTERS and key == "type":
        schema = {"enum": ["rest", "api"] if kind == "rest" else [kind]}
    else:
        schema = _value(kind, key)
    if name in _SUGGESTED:
        schema = {"anyOf": [{"enum": list(_SUGGESTED[name])}, schema]}
    return _described(kind, key, schema)


def _described(kind: str, key: str, schema: Schema) -> Schema:
    """Return a schema with its sentence: the table's, else that of the model's field."""
    field = _field(kind, key)
    said = description_of(kind, key) or (field.description if field is not None else None)
    return {"description": said or key, **schema}


def _field(kind: str, key: str) -> FieldInfo | None:
    model = MODELS.get(kind)
    fields = model.model_fields.values() if model is not None else ()
    return next((each for each in fields if each.alias == key), None)


def _ref(kind: str) -> Schema:
    return {"anyOf": [{"$ref": f"#/$defs/{kind}"}, {"type": "null"}]}


def _child(child: Child) -> Schema:
    """Return the schema of what holds maps: one, a list of them, or a map by name."""
    one = _ref(child.kind)
    value = _ANY if child.kind == "named-value" else one
    by_name = {"type": "object", "additionalProperties": value}
    listed = {"type": "array", "items": one}
    match child.form:
        case Form.ONE:
            # a body may be text, log routes may be one switch
            others = _LOOSE.get(child.kind, ())
            return {"anyOf": [*one["anyOf"], *({"type": each} for each in others)]}
        case Form.ONE_OR_LIST:
            return {"anyOf": [listed, {"type": ["object", "null"]}]}
        case Form.LIST | Form.NAMED:
            return {"anyOf": [listed, by_name, {"type": "null"}]}
        case other:
            assert_never(other)


def _value(kind: str, key: str) -> Schema:
    """Return the schema of a plain value by the type of its field."""
    field = _field(kind, key)
    origins = set(_origins(field.annotation)) if field is not None else set()
    known = [origin for origin in _TYPES if origin in origins]
    if not known or len(known) > 1:
        return _ANY
    return _TYPES[known[0]]


def _origins(annotation: Any) -> Iterator[Any]:
    """Yield what an annotation allows, without ``None`` and what is in its brackets."""
    origin = get_origin(annotation)
    if origin in (Union, UnionType, Annotated):
        parts = get_args(annotation)
        for part in parts[:1] if origin is Annotated else parts:
            yield from _origins(part)
    elif origin is Literal:
        yield str
    elif annotation is not NoneType:
        yield origin or annotation
