"""Authentication blocks, outbound and inbound, after the dialect made their spellings one."""

from pydantic import Field

from naftiko_runtime.spec.model import Flag, JsonValue, Number, SpecModel, Text, Texts


class NamedValue(SpecModel):
    """One name with its value, as in a list of credential headers or query parameters."""

    name: Text
    value: Text


class Authentication(SpecModel):
    """One block; which keys count depends on ``type`` (language.md 6.4, 6.7, exposes.md 4)."""

    type: Text = Field(description="bearer, basic, digest, apikey, oauth2, token-refresh, …")
    # bearer, basic, digest
    token: Text | None = Field(None, description="Bearer token.")
    username: Text | None = None
    password: Text | None = None
    # apikey: one key, or several headers, or several query parameters
    key: Text | None = Field(None, description="Name of the header, query parameter or cookie.")
    value: Text | None = Field(None, description="The secret, usually a template.")
    placement: Text | None = Field(None, description="header (default), query, cookie or body.")
    headers: list[NamedValue] | None = Field(None, description="One header per entry.")
    parameters: list[NamedValue] | None = Field(None, description="One query parameter per entry.")
    # aws-sig-v4
    access_key_id: Text | None = None
    secret_key: Text | None = None
    session_token: Text | None = None
    region: Text | None = None
    service: Text | None = None
    # oauth2, token-refresh
    token_endpoint: Text | None = None
    grant_type: Text | None = None
    client_id: Text | None = None
    client_secret: Text | None = None
    client_authentication: Text | None = None
    scope: Text | None = None
    scopes: Texts | None = None
    audience: Text | None = None
    resource: Text | None = None
    refresh_token: Text | None = None
    request: JsonValue = None
    token_field: Text | None = None
    expires_in_field: Text | None = None
    header_name: Text | None = None
    param_name: Text | None = None
    safety_margin: Number | None = None
    # inbound oauth2
    authorization_server_uri: Text | None = None
    token_validation: Text | None = None
    optional: Flag | None = None
