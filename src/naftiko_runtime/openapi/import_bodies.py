"""Request bodies of an imported operation (orchestration.md 7.5)."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from naftiko_runtime.openapi.import_media import BodyKind, chosen_body
from naftiko_runtime.openapi.import_parameters import Parameter, is_official_name, typed
from naftiko_runtime.openapi.import_schema import Schemas, described, type_of
from naftiko_runtime.openapi.import_warnings import Warnings

_SAFE: Final = re.compile(r"[A-Za-z0-9_$@\[\].:-]+")
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_.-]+")
_SCOPED: Final = ("rest.", "tools.", "env.", "$this.", "$")


@dataclass(frozen=True, slots=True)
class Body:
    """The ``body`` of a consumed operation and the parameters that describe its variables."""

    body: Any = None
    parameters: list[Parameter] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Member:
    """A property of a body: its name, the variable that fills it, its schema."""

    name: str
    variable: str
    schema: Any
    required: bool

    @property
    def template(self) -> str:
        return f"{{{{{self.variable}}}}}"


@dataclass(frozen=True, slots=True)
class Bodies:
    """Writes request bodies; names with ``reserved`` in front are variables in templates."""

    schemas: Schemas
    warnings: Warnings
    reserved: str = ""
    official: bool = False

    def written(self, request: Mapping[str, Any], taken: list[Parameter], pointer: str) -> Body:
        """Return how a request body is sent; nothing declared where it is derived (L 5.9)."""
        content = request.get("content")
        choice = chosen_body(content) if isinstance(content, Mapping) else None
        if choice is None:
            return Body()
        kind, media_type, media = choice
        at = f"{pointer}/requestBody"
        schema = media.get("schema") if isinstance(media, Mapping) else None
        flat = self.schemas.flat(schema or {}, at)
        needed = request.get("required") is True
        names = {each["name"] for each in taken}
        members = list(self._members(flat, names, at))
        match kind:
            case "json":
                return self._json(flat, members, media_type, required=needed, pointer=at)
            case "form" | "multipart":
                return self._fields(kind, members, at)
            case "binary":
                return self._binary(at)
            case _:
                message = f"{media_type} has no form of its own; the caller's body is relayed"
                self.warnings.add("body-type", at, message)
                return Body()

    def _members(self, flat: Mapping[str, Any], names: set[str], pointer: str) -> Iterator[Member]:
        required = flat.get("required") or ()
        variables = set(names)
        for name, schema in self.schemas.properties(flat).items():
            if name and not _is_read_only(self.schemas.references.followed(schema, pointer)):
                variable = self._variable(str(name), variables)
                variables.add(variable)
                yield Member(str(name), variable, schema, name in required)

    def _variable(self, name: str, names: set[str]) -> str:
        """Return the template name of a property, apart from parameters and variables."""
        is_plain = _SAFE.fullmatch(name) and not name.startswith(_SCOPED)
        variable = name if is_plain else _UNSAFE.sub("_", name).strip("_.") or "field"
        while variable in names or self._means_other(variable):
            variable = f"{variable.replace('.', '_')}_body"
        return variable

    def _means_other(self, variable: str) -> bool:
        is_secret = bool(self.reserved) and variable.startswith(self.reserved)
        return variable.startswith(_SCOPED) or (is_secret and not variable.endswith("_body"))

    def _json(
        self,
        flat: Mapping[str, Any],
        members: list[Member],
        media_type: str,
        *,
        required: bool,
        pointer: str,
    ) -> Body:
        exact = media_type.endswith("+json") and not self.official
        if not members or type_of(flat) != "object":
            whole = self._whole(flat, required=required, pointer=pointer)
            # derived, the body would be sent as application/json, which a patch is not
            body = {"type": media_type, "data": "{{rest.body}}"} if exact else None
            return Body(body, whole)
        type_ = media_type if exact else "json"
        data = {each.name: each.template for each in members}
        return Body({"type": type_, "data": data}, self._described(members, pointer))

    def _whole(self, flat: Mapping[str, Any], *, required: bool, pointer: str) -> list[Parameter]:
        written: Parameter = {"name": "body", "in": "body"}
        if self.official:
            return [written]
        keys = self.schemas.input_keys(flat, pointer)
        return [typed(written, keys, described(flat), required=required)]

    def _fields(self, kind: BodyKind, members: list[Member], pointer: str) -> Body:
        if not members:
            self.warnings.add("body-type", pointer, "a form without fields; the body is relayed")
            return Body()
        parameters = self._described(members, pointer)
        if kind == "form":
            data = {each.name: each.template for each in members}
            return Body({"type": "formUrlEncoded", "data": data}, parameters)
        parts = [self._part(each, pointer) for each in members]
        return Body({"type": "multipartForm", "data": parts}, parameters)

    def _part(self, member: Member, pointer: str) -> dict[str, Any]:
        part = {"name": member.name, "value": member.template}
        flat = self.schemas.flat(member.schema, pointer)
        media_type = flat.get("contentMediaType")
        if flat.get("format") != "binary" and not isinstance(media_type, str):
            return part
        content_type = media_type if isinstance(media_type, str) else "application/octet-stream"
        return {**part, "filename": member.name, "contentType": content_type}

    def _binary(self, pointer: str) -> Body:
        if self.official:
            message = "the official schema has no binary body; the caller's body is relayed"
            self.warnings.add("binary", pointer, message)
            return Body()
        return Body({"type": "binary", "data": "{{body}}"})

    def _described(self, members: list[Member], pointer: str) -> list[Parameter]:
        """Return ``in: body`` parameters, which give the variables their checks (L 5.12)."""
        parameters = []
        for each in members:
            written: Parameter = {"name": each.variable, "in": "body"}
            if self.official:
                if is_official_name(each.variable):
                    parameters.append(written)
                continue
            at = f"{pointer}/{each.name}"
            flat = self.schemas.flat(each.schema, at)
            keys = self.schemas.input_keys(each.schema, at)
            parameters.append(typed(written, keys, described(flat), required=each.required))
        return parameters


def _is_read_only(schema: Mapping[str, Any]) -> bool:
    return schema.get("readOnly") is True
