"""Compiles inbound authentication (exposes.md 4); an unusable block withholds the adapter."""

from dataclasses import dataclass

from naftiko_runtime.compiler.templates import Unresolved, link_text
from naftiko_runtime.compiler.world import World
from naftiko_runtime.expressions.reference import Expression, FromVariable
from naftiko_runtime.expressions.template import Hole
from naftiko_runtime.plan.exposure import (
    CorsPolicy,
    InboundAuthentication,
    InboundBasic,
    InboundBearer,
    InboundKey,
    InboundOAuth2,
    JsonObject,
)
from naftiko_runtime.spec.authentication import Authentication
from naftiko_runtime.spec.exposes_rest import Adapter


@dataclass(frozen=True, slots=True)
class _Block:
    world: World
    label: str
    origin: str | None
    block: Authentication

    def optional(self, key: str, text: str | None) -> Expression | None:
        if text is None:
            return None
        place = self.block.at(key)

        def resolve(hole: Hole, embedded: bool) -> Expression:  # noqa: FBT001
            variable = self.world.around.variable(hole, self.origin, place, self.label)
            if variable is None:
                variable = self.world.variables.undeclared(hole.name, place, self.label)
            return FromVariable(variable)

        return link_text(text, resolve, self.world.around, place)

    def needed(self, key: str, text: str | None) -> Expression:
        expression = self.optional(key, text)
        if expression is None:
            raise self.incomplete(key)
        return expression

    def incomplete(self, key: str) -> Unresolved:
        message = (
            f"{self.label}: authentication of type {self.block.type} needs {key}; it is not served"
        )
        return self.world.around.unresolved("auth/incomplete", self.block.place, message)


def inbound_of(world: World, adapter: Adapter, label: str) -> InboundAuthentication | None:
    """Return how callers of an adapter are checked; raise ``Unresolved`` (AUTH-2)."""
    spec = adapter.authentication
    if spec is None or spec.type == "none":
        return None
    if spec.broken is not None:
        raise Unresolved(spec.broken)
    block = _Block(world, label, adapter.origin, spec)
    match spec.type:
        case "bearer":
            return InboundBearer(block.needed("token", spec.token or spec.value))
        case "basic" | "digest":
            username = block.needed("username", spec.username)
            password = block.needed("password", spec.password)
            return InboundBasic(username, password, digest=spec.type == "digest")
        case "apikey":
            return _key(block)
        case "oauth2":
            return _oauth2(block)
        case _:
            message = (
                f"{label}: authentication type {spec.type!r} is not supported; it is not served"
            )
            raise world.around.unresolved("auth/unsupported-type", spec.at("type"), message)


def _key(block: _Block) -> InboundKey:
    spec = block.block
    name, value, placement = spec.key, spec.value, (spec.placement or "header").lower()
    if spec.headers:
        name, value = spec.headers[0].name, spec.headers[0].value
    elif spec.parameters:
        name, value, placement = spec.parameters[0].name, spec.parameters[0].value, "query"
    if name is None:
        raise block.incomplete("key")
    secret = block.needed("value", value)
    match placement:
        case "header" | "query" | "cookie":
            return InboundKey(name, secret, placement)
        case _:
            raise block.incomplete("placement header, query or cookie")


def _oauth2(block: _Block) -> InboundOAuth2:
    spec = block.block
    introspection = (spec.token_validation or "jwks").lower() == "introspection"
    client_id = block.optional("clientId", spec.client_id)
    client_secret = block.optional("clientSecret", spec.client_secret)
    if introspection and (client_id is None or client_secret is None):
        raise block.incomplete("clientId and clientSecret for introspection")
    return InboundOAuth2(
        issuer=block.needed("authorizationServerUri", spec.authorization_server_uri),
        resource=block.optional("resource", spec.resource),
        audience=block.optional("audience", spec.audience),
        scopes=tuple(spec.scopes or (spec.scope or "").split()),
        introspection=introspection,
        client_id=client_id,
        client_secret=client_secret,
    )


def credential_names(authentication: InboundAuthentication | None) -> frozenset[str]:
    """Return the lower-case names under which a caller presents its credentials (6.3)."""
    if authentication is None:
        return frozenset()
    if isinstance(authentication, InboundKey):
        return frozenset({authentication.name.lower()})
    return frozenset({"authorization"})


def cors_of(adapter: Adapter) -> CorsPolicy | None:
    """Return which browsers' pages may call an adapter (REST-15)."""
    cors = adapter.cors
    if cors is None:
        return None
    return CorsPolicy(tuple(cors.origins), tuple(cors.headers), cors.credentials, int(cors.max_age))


def security_scheme(authentication: InboundAuthentication | None, spec: Adapter) -> JsonObject:
    """Return the OpenAPI security scheme of an adapter (REST-16)."""
    match authentication:
        case None:
            return {}
        case InboundBearer():
            return {"type": "http", "scheme": "bearer"}
        case InboundBasic():
            return {"type": "http", "scheme": "digest" if authentication.digest else "basic"}
        case InboundKey():
            return {"type": "apiKey", "in": authentication.placement, "name": authentication.name}
        case InboundOAuth2():
            return _oauth2_scheme(authentication, spec)


def _oauth2_scheme(authentication: InboundOAuth2, spec: Adapter) -> JsonObject:
    block = spec.authentication
    scopes = dict.fromkeys(authentication.scopes, "")
    if block is not None and block.token_endpoint:
        flow = {"tokenUrl": block.token_endpoint, "scopes": scopes}
        return {"type": "oauth2", "flows": {"clientCredentials": flow}}
    issuer = (block.authorization_server_uri if block is not None else None) or ""
    url = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
    return {"type": "openIdConnect", "openIdConnectUrl": url}
