"""Compiles request bodies, declared and derived (language.md 5)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from naftiko_runtime.compiler.needs import Need, Needs
from naftiko_runtime.compiler.sides import ConsumedSide
from naftiko_runtime.errors import Place
from naftiko_runtime.expressions.reference import Expression, FromInput, Literal, ObjectOf, Template
from naftiko_runtime.expressions.template import TemplateError, json_context, parse, whole
from naftiko_runtime.plan.upstream import (
    BinaryBody,
    Body,
    CallerBody,
    FormBody,
    JsonBody,
    JsonTextBody,
    MultipartBody,
    Part,
    TextBody,
    YamlBody,
)
from naftiko_runtime.spec.consumes import Body as BodySpec
from naftiko_runtime.spec.consumes import ConsumedOperation, Parameter
from naftiko_runtime.values import Json, compact

_WRITES: Final = ("POST", "PUT", "PATCH", "DELETE")
_WRITES_WITH_BODY: Final = ("POST", "PUT", "PATCH")
_TEXTS: Final = {
    "text": "text/plain; charset=utf-8",
    "xml": "application/xml",
    "sparql": "application/sparql-query",
    "yaml": "application/yaml",
}


@dataclass(frozen=True, slots=True)
class BodyPlan:
    """A compiled body.

    ``members`` are the top-level names of JSON data (5.4); ``derived``: the caller's body is
    relayed (5.9); ``sole`` is the only ``in: body`` parameter, an object or array, which a
    ``with`` entry ``rest.body`` makes the whole body (5.11).
    """

    body: Body | None
    members: frozenset[str] = frozenset()
    derived: bool = False
    sole: str | None = None


def body_of(
    side: ConsumedSide,
    method: str,
    operation: ConsumedOperation,
    parameters: Sequence[Parameter],
) -> BodyPlan:
    """Return the body of an operation; raise ``Unresolved`` for an unknown type (5.1)."""
    body_parameters = [parameter for parameter in parameters if parameter.in_ == "body"]
    if operation.body is not None and operation.body.data is not None:
        plan = _declared(side, operation.body, parameters)
        _share(side.needs, plan.body)
        return plan
    if body_parameters:
        plan = _from_parameters(side, method, body_parameters)
        _share(side.needs, plan.body)
        return plan
    if method in _WRITES:
        return _derived(side, operation)
    return BodyPlan(None)


def _share(needs: Needs, body: Body | None) -> None:
    """Decide what ``rest.body`` is inside a larger body (3.2, 5.4).

    Where other parts are inputs of their own, it is one as well: the member ``body`` of what the
    caller sends, as its siblings are. Alone it is the whole body, as a value.
    """
    known = needs.each.get("body")
    if known is None or known.kind not in ("body", "whole") or _is_one_value(body):
        return
    others = any(need.kind == "body" for need in needs.each.values() if need is not known)
    if others:
        needs.each["body"] = replace(known, kind="body", source=None, share="member")
    elif known.kind == "whole":
        needs.each["body"] = replace(known, kind="body", share="value")


def _is_one_value(body: Body | None) -> bool:
    """Tell whether a body is one value, which may be the caller's bytes."""
    match body:
        case CallerBody() | BinaryBody():
            return True
        case JsonBody(data=data):
            return isinstance(data, FromInput)
        case TextBody(parts=(FromInput(),), xml=False):
            return True
        case _:
            return False


def _derived(side: ConsumedSide, operation: ConsumedOperation) -> BodyPlan:
    side.world.found.add(
        "dialect/derived-body",
        operation.place,
        f"{side.label} declares no body; the caller's is relayed over REST, "
        "an optional argument body is offered over MCP",
    )
    need = Need("body", "whole", operation.place)
    return BodyPlan(CallerBody(_whole(side.needs, need)), derived=True)


def _whole(needs: Needs, need: Need) -> FromInput:
    """Record the whole body under a name of its own when ``body`` is a parameter already."""
    if need.name in needs.each and needs.each[need.name].kind != "whole":
        need = Need("requestBody", "whole", need.place, need.parameter)
    return needs.add(need)


def _from_parameters(side: ConsumedSide, method: str, parameters: Sequence[Parameter]) -> BodyPlan:
    only = parameters[0]
    side.world.found.add(
        "dialect/body-parameter",
        only.place,
        f"{side.label}: parameters in body without a body make one JSON body",
    )
    if len(parameters) == 1 and only.name == "body" and not only.has("value"):
        need = Need("body", "whole", only.place, only, required=only.required is True)
        return BodyPlan(CallerBody(side.needs.add(need), json=True))
    members = tuple((parameter.name, _member(side, parameter)) for parameter in parameters)
    sole = only.name if len(parameters) == 1 and only.type in ("object", "array") else None
    skip_empty = method not in _WRITES_WITH_BODY
    return BodyPlan(JsonBody(ObjectOf(members), skip_empty=skip_empty), sole=sole)


def _member(side: ConsumedSide, parameter: Parameter) -> Expression:
    if parameter.has("value") and parameter.value is not None:
        return side.json(parameter.value, "value", parameter.at("value"))
    required = parameter.required is True and not parameter.has("default")
    need = Need(parameter.name, "body", parameter.place, parameter, required=required)
    return side.needs.add(need)


def _declared(side: ConsumedSide, body: BodySpec, parameters: Sequence[Parameter]) -> BodyPlan:
    place = body.at("data")
    typed = any(
        parameter.in_ == "header" and parameter.name.lower() == "content-type"
        for parameter in parameters
    )
    kind, media_type = body.type, None
    if kind == "json" or kind.endswith("+json") or kind == "application/json":
        media_type = kind if "/" in kind else "application/json"
        return _json(side, body.data, media_type, place)
    if kind == "raw":
        return BodyPlan(
            _json_text(side, str(body.data), "application/json", place, strict=not typed)
        )
    if kind in _TEXTS:
        return BodyPlan(_text(side, kind, body.data, _TEXTS[kind], place))
    return BodyPlan(_structured(side, kind, body, place))


def _structured(side: ConsumedSide, kind: str, body: BodySpec, place: Place) -> Body:
    if kind == "formUrlEncoded":
        return _form(side, body.data, place)
    if kind == "multipartForm":
        return MultipartBody(_parts(side, body.data, place))
    if kind == "binary":
        return BinaryBody(_binary(side, body.data, place))
    if "/" in kind:
        return _other(side, kind, body.data, place)
    message = f"{side.label}: body type {kind!r} is not known; write json, text or a media type"
    raise side.world.around.unresolved("body/unknown-type", body.at("type"), message)


def _json(side: ConsumedSide, data: Json, media_type: str, place: Place) -> BodyPlan:
    if isinstance(data, str) and not _is_whole(side, data, place):
        return BodyPlan(_json_text(side, data, media_type, place, strict=True))
    members = frozenset(data) if isinstance(data, dict) else frozenset()
    return BodyPlan(JsonBody(side.json(data, "body", place), media_type), members)


def _is_whole(side: ConsumedSide, text: str, place: Place) -> bool:
    try:
        return whole(text.strip()) is not None
    except TemplateError as error:
        raise side.world.around.unresolved("template/unsupported", place, str(error)) from error


def _json_text(
    side: ConsumedSide, text: str, media_type: str, place: Place, *, strict: bool
) -> JsonTextBody:
    try:
        parts = parse(text)
    except TemplateError as error:
        raise side.world.around.unresolved("template/unsupported", place, str(error)) from error
    inside = json_context(parts)
    resolve = side.resolver("body", place)
    linked: list[str | tuple[bool, Expression]] = []
    for part, in_string in zip(parts, inside, strict=True):
        # absent holes have a text of their own here, so an embedded one is not required
        linked.append(part if isinstance(part, str) else (in_string, resolve(part, False)))  # noqa: FBT003
    return JsonTextBody(tuple(linked), media_type, strict)


def _text(side: ConsumedSide, kind: str, data: Json, media_type: str, place: Place) -> Body:
    if isinstance(data, str):
        return TextBody(_text_parts(side, data, place), media_type, xml=kind == "xml")
    if kind == "yaml":
        return YamlBody(side.json(data, "body", place), media_type)
    if isinstance(data, dict | list):
        # compact JSON, whatever the type says (5.1)
        return JsonBody(side.json(data, "body", place), media_type)
    return TextBody((compact(data),), media_type)


def _text_parts(side: ConsumedSide, text: str, place: Place) -> tuple[str | Expression, ...]:
    value = side.text(text, "body", place)
    if isinstance(value, Template):
        return value.parts
    if isinstance(value, Literal):
        return (str(value.value),)
    return (value,)


def _form(side: ConsumedSide, data: Json, place: Place) -> Body:
    if not isinstance(data, dict):
        media_type = "application/x-www-form-urlencoded"
        return TextBody(_text_parts(side, str(data), place), media_type)
    return FormBody(tuple((name, side.json(value, "body", place)) for name, value in data.items()))


def _parts(side: ConsumedSide, data: Json, place: Place) -> tuple[Part, ...]:
    if isinstance(data, dict):
        return tuple(Part(name, side.json(value, "body", place)) for name, value in data.items())
    parts = [part for part in data if isinstance(part, dict)] if isinstance(data, list) else []
    return tuple(
        Part(
            str(part.get("name", "")),
            side.json(part.get("value"), "body", place),
            _optional(side, part.get("filename"), place),
            _optional(side, part.get("contentType"), place),
        )
        for part in parts
    )


def _optional(side: ConsumedSide, value: Json, place: Place) -> Expression | None:
    return None if value is None else side.json(value, "body", place)


def _binary(side: ConsumedSide, data: Json, place: Place) -> Expression:
    text = str(data)
    hole = whole(text) if _is_whole(side, text, place) else None
    if hole is not None and hole.name in ("body", "rest.body", "tools.body"):
        return _whole(side.needs, Need("body", "whole", place))
    return side.text(text, "body", place)


def _other(side: ConsumedSide, kind: str, data: Json, place: Place) -> Body:
    if isinstance(data, str):
        if _is_whole(side, data, place):
            return BinaryBody(_binary(side, data, place), kind)
        return TextBody(_text_parts(side, data, place), kind)
    return JsonBody(side.json(data, "body", place), kind)
