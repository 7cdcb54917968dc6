"""Documents as operators may see them: normalised, without secrets (exposes.md CTL-5)."""

import re
from typing import Any, Final

from naftiko_runtime.tree import Node, plain
from naftiko_runtime.values import Json

MASK: Final = "***"
_CREDENTIAL: Final = frozenset(
    {"token", "value", "password", "clientSecret", "secretKey", "refreshToken", "sessionToken"}
)
_SECTIONS: Final = ("consumes", "aggregates", "exposes")
_NAMED: Final = re.compile(r"authorization|api[-_]?key|token|secret|password", re.IGNORECASE)
_USER: Final = re.compile(r"(?<=://)[^/@]+(?=@)")
_TEMPLATE: Final = re.compile(r"\{\{|<<|\$\{")
_PARAMETER_PLACES: Final = frozenset({"header", "query", "cookie"})


def shown_document(tree: Node) -> Json:
    """Return a normalised document as it could be written, every secret literal ``***``.

    Templates are shown as they stand: they name variables, never values.
    """
    members = plain(tree)
    family, version = members.pop("family", "naftiko"), members.pop("version", "")
    sections = {name: members.pop(name) for name in _SECTIONS if members.get(name)}
    shown = {family: version, **{name: value for name, value in members.items() if value}}
    if sections:
        shown["capability"] = sections
    return _masked(shown)


def _masked(value: Json) -> Json:
    if isinstance(value, list):
        return [_masked(each) for each in value]
    if not isinstance(value, dict):
        return value
    shown = {name: _masked(member) for name, member in value.items()}
    if isinstance(value.get("authentication"), dict):
        shown["authentication"] = _credentials(value["authentication"])
    if isinstance(value.get("baseUri"), str):
        shown["baseUri"] = _USER.sub(MASK, value["baseUri"])
    if value.get("in") in _PARAMETER_PLACES and _NAMED.search(str(value.get("name", ""))):
        for key in ("value", "const", "default"):
            if key in value:
                shown[key] = _literal(value[key])
    return shown


def _credentials(block: dict[str, Any]) -> dict[str, Json]:
    """Mask the literals of an authentication block; a ``key`` without value is the secret."""
    secret = _CREDENTIAL | (frozenset() if "value" in block else {"key"})
    return {
        name: {header: _literal(text) for header, text in value.items()}
        if name == "headers" and isinstance(value, dict)
        else _literal(value)
        if name in secret
        else _masked(value)
        for name, value in block.items()
    }


def _literal(value: Json) -> Json:
    """Return ``***`` for a literal, and a template as it is."""
    if value is None or value == "" or (isinstance(value, str) and _TEMPLATE.search(value)):
        return value
    return MASK
