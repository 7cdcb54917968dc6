"""Compiles outbound authentication (language.md 6)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias
from typing import Literal as OneOf

from pydantic import ValidationError

from naftiko_runtime.compiler.sides import ConsumedSide
from naftiko_runtime.dialect.authentication import auth_spelling
from naftiko_runtime.dialect.shape import Report
from naftiko_runtime.errors import Place
from naftiko_runtime.expressions.path import Path, PathError
from naftiko_runtime.expressions.reference import Expression, Literal, ObjectOf
from naftiko_runtime.plan.upstream import (
    ApiKeys,
    Authentication,
    Basic,
    Bearer,
    Digest,
    Key,
    SignatureV4,
    Token,
)
from naftiko_runtime.spec.authentication import Authentication as Block
from naftiko_runtime.spec.consumes import (
    ConsumedOperation,
    ConsumedResource,
    Consumes,
    Parameter,
)
from naftiko_runtime.tree import Node, grown
from naftiko_runtime.values import Json

_PLACEMENTS: Final = ("header", "query", "cookie", "body")
_AWS: Final = "amazonaws.com"
TokenPlacement: TypeAlias = OneOf["bearer", "header", "query"]


@dataclass(frozen=True, slots=True)
class Credentials:
    """A compiled block and the places it owns: ``(in, name)``, header names in lower case."""

    authentication: Authentication | None
    owned: frozenset[tuple[str, str]] = frozenset()
    names: frozenset[str] = frozenset()

    def owns(self, parameter: Parameter) -> bool:
        """Tell whether a parameter repeats the authentication (6.2)."""
        name = parameter.name.lower() if parameter.in_ == "header" else parameter.name
        return (parameter.in_ or "", name) in self.owned


NO_CREDENTIALS: Final = Credentials(None)


@dataclass(frozen=True, slots=True)
class _Block:
    """One block with the side that links its templates."""

    side: ConsumedSide
    block: Block

    def text(self, key: str, value: str | None) -> Expression | None:
        return None if value is None else self.side.text(value, "auth", self.block.at(key))

    def needed(self, key: str, value: str | None) -> Expression:
        """Return a part that the type cannot do without; raise ``Unresolved`` (auth/incomplete)."""
        expression = self.text(key, value)
        if expression is None:
            raise self.incomplete(key)
        return expression

    def incomplete(self, key: str) -> Exception:
        message = f"{self.side.label}: authentication of type {self.block.type} needs {key}"
        return self.side.world.around.unresolved("auth/incomplete", self.block.place, message)


def credentials_of(
    side: ConsumedSide, levels: tuple[Consumes, ConsumedResource, ConsumedOperation]
) -> Credentials:
    """Return the credentials of an operation; raise ``Unresolved`` when they cannot be sent."""
    adapter, resource, operation = levels
    world = side.world
    setting = world.setting(world.settings.authentication, adapter.namespace)
    if setting is not None:
        block: Block | None = block_of(side, setting, adapter.at("authentication"))
    else:
        block = operation.authentication or resource.authentication or adapter.authentication
    if block is None or block.type == "none":
        return NO_CREDENTIALS
    credentials = _compiled(_Block(side, block))
    _report_aws(side, adapter, block)
    return credentials


def block_of(side: ConsumedSide, setting: Json, place: Place) -> Block:
    """Return an authentication block given with ``--set authentication.NS`` (2.8)."""
    found = side.world.found
    try:
        return Block.model_validate(auth_spelling(_node(setting, place), Report(found)))
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()
        )
        message = f"{side.label}: the setting authentication is no authentication block: {faults}"
        raise side.world.around.unresolved("auth/incomplete", place, message) from error


def _node(setting: Json, place: Place) -> Node:
    tree = grown(setting, place)
    return tree if isinstance(tree, Node) else Node(place=place)


def _report_aws(side: ConsumedSide, adapter: Consumes, block: Block) -> None:
    if _AWS in adapter.base_uri and block.type != "aws-sig-v4":
        side.world.found.add(
            "auth/aws-needs-sigv4",
            block.place,
            f"{adapter.namespace}: AWS needs Signature 4; this sends {block.type} as declared. "
            "Use type aws-sig-v4",
        )


def _compiled(block: _Block) -> Credentials:
    kinds: Mapping[str, Callable[[_Block], Credentials]] = {
        "bearer": _bearer,
        "basic": _basic,
        "digest": _digest,
        "apikey": _api_keys,
        "aws-sig-v4": _signature,
        "oauth2": _oauth2,
        "token-refresh": _token_refresh,
    }
    compile_ = kinds.get(block.block.type)
    if compile_ is None:
        message = (
            f"{block.side.label}: authentication type {block.block.type!r} is not supported; "
            f"known: {', '.join(kinds)}, none"
        )
        place = block.block.at("type")
        raise block.side.world.around.unresolved("auth/unsupported-type", place, message)
    return compile_(block)


def _owning(authentication: Authentication, *places: tuple[str, str]) -> Credentials:
    owned = frozenset(
        (place, name.lower() if place == "header" else name) for place, name in places
    )
    return Credentials(authentication, owned, frozenset(name for _, name in places))


def _bearer(block: _Block) -> Credentials:
    token = block.needed("token", block.block.token or block.block.value)
    return _owning(Bearer(token), ("header", "Authorization"))


def _basic(block: _Block) -> Credentials:
    username = block.needed("username", block.block.username)
    password = block.text("password", block.block.password)
    return _owning(Basic(username, password), ("header", "Authorization"))


def _digest(block: _Block) -> Credentials:
    username = block.needed("username", block.block.username)
    password = block.text("password", block.block.password)
    return _owning(Digest(username, password), ("header", "Authorization"))


def _api_keys(block: _Block) -> Credentials:
    spec = block.block
    keys = [
        Key(entry.name, block.needed("headers", entry.value), "header")
        for entry in spec.headers or ()
    ]
    keys += [
        Key(entry.name, block.needed("parameters", entry.value), "query")
        for entry in spec.parameters or ()
    ]
    if not keys:
        keys = [_single_key(block)]
    return _owning(ApiKeys(tuple(keys)), *((key.placement, key.name) for key in keys))


def _single_key(block: _Block) -> Key:
    spec = block.block
    if spec.key is None:
        raise block.incomplete("key")
    placement = (spec.placement or "header").lower()
    for known in ("header", "query", "cookie", "body"):
        if placement == known:
            return Key(spec.key, block.needed("value", spec.value), known)
    message = (
        f"{block.side.label}: placement {spec.placement!r} is not one of {', '.join(_PLACEMENTS)}"
    )
    raise block.side.world.around.unresolved("auth/incomplete", spec.at("placement"), message)


def _signature(block: _Block) -> Credentials:
    spec = block.block
    signature = SignatureV4(
        block.needed("accessKeyId", spec.access_key_id),
        block.needed("secretKey", spec.secret_key),
        block.needed("region", spec.region),
        block.needed("service", spec.service),
        block.text("sessionToken", spec.session_token),
    )
    names = ("Authorization", "X-Amz-Date", "X-Amz-Security-Token")
    return _owning(signature, *(("header", name) for name in names))


def _oauth2(block: _Block) -> Credentials:
    spec = block.block
    grant = (spec.grant_type or "client-credentials").lower().replace("_", "-")
    client_id = block.needed("clientId", spec.client_id)
    secret = block.text("clientSecret", spec.client_secret)
    form: list[tuple[str, Expression]] = [("grant_type", Literal(grant.replace("-", "_")))]
    if grant == "refresh-token":
        form.append(("refresh_token", block.needed("refreshToken", spec.refresh_token)))
    elif grant != "client-credentials":
        message = f"{block.side.label}: grantType {spec.grant_type!r} is not supported"
        place = spec.at("grantType")
        raise block.side.world.around.unresolved("auth/unsupported-type", place, message)
    as_basic = (spec.client_authentication or "").lower() == "basic"
    if not as_basic:
        form.append(("client_id", client_id))
        form += [("client_secret", secret)] if secret is not None else []
    form += _optional_form(block)
    client = Basic(client_id, secret) if as_basic else None
    return _token(block, tuple(form), None, client)


def _optional_form(block: _Block) -> list[tuple[str, Expression]]:
    spec = block.block
    scope = spec.scope or (" ".join(spec.scopes) if spec.scopes else None)
    optional = (("scope", scope), ("audience", spec.audience), ("resource", spec.resource))
    return [
        (name, block.side.text(value, "auth", spec.at(name)))
        for name, value in optional
        if value is not None
    ]


def _token_refresh(block: _Block) -> Credentials:
    spec = block.block
    if spec.request is not None:
        request = block.side.json(spec.request, "auth", spec.at("request"))
    else:
        token = block.needed("refreshToken", spec.refresh_token)
        request = ObjectOf((("refresh", token),))
    return _token(block, None, request, None)


def _token(
    block: _Block,
    form: tuple[tuple[str, Expression], ...] | None,
    request: Expression | None,
    client: Basic | None,
) -> Credentials:
    spec = block.block
    field, expires = ("$.access_token", "$.expires_in") if form else ("$.access", "$.expires_in")
    placement, name = _token_placement(block)
    token = Token(
        endpoint=block.needed("tokenEndpoint", spec.token_endpoint),
        form=form,
        request=request,
        client=client,
        token_field=_path(block, "tokenField", spec.token_field or field),
        expires_in_field=_path(block, "expiresInField", spec.expires_in_field or expires),
        placement=placement,
        placement_name=name,
        safety_margin=float(60 if spec.safety_margin is None else spec.safety_margin),
    )
    place = "query" if placement == "query" else "header"
    return _owning(token, (place, name or "Authorization"))


def _token_placement(block: _Block) -> tuple[TokenPlacement, str]:
    spec = block.block
    placement = (spec.placement or "bearer").lower()
    if placement == "header":
        if spec.header_name is None:
            raise block.incomplete("headerName")
        return "header", spec.header_name
    if placement == "query":
        if spec.param_name is None:
            raise block.incomplete("paramName")
        return "query", spec.param_name
    return "bearer", ""


def _path(block: _Block, key: str, text: str) -> Path:
    try:
        return Path.parse(text)
    except PathError as error:
        message = f"{block.side.label}: {key}: {error}"
        raise block.side.world.around.unresolved(
            "path/invalid", block.block.at(key), message
        ) from error
