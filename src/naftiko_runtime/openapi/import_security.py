"""Security schemes as authentication blocks, with the variables that they need (7.8)."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from naftiko_runtime.openapi.import_names import upper_snake
from naftiko_runtime.openapi.import_source import References, text
from naftiko_runtime.openapi.import_warnings import Warnings
from naftiko_runtime.values import compact

Block = dict[str, Any]
NONE: Final[Block] = {"type": "none"}
_PLACEMENTS: Final = ("header", "query", "cookie")


@dataclass(slots=True)
class Security:
    """The security of one API.

    ``schemes`` are those of OpenAPI 3; ``official`` allows only what the official schema knows.
    """

    namespace: str
    schemes: Mapping[str, Any]
    references: References
    warnings: Warnings
    scopes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By scheme, all scopes that operations ask for."""
    official: bool = False
    _variables: dict[tuple[str, str], str] = field(default_factory=dict)

    @property
    def variables(self) -> list[str]:
        """The variables that the blocks so far refer to."""
        return list(self._variables.values())

    def block(self, requirement: Any, pointer: str) -> Block:
        """Return the authentication of a ``security`` list: its first usable alternative."""
        alternatives = [each for each in _list(requirement) if isinstance(each, Mapping)]
        named = [each for each in alternatives if each]
        for each in named:
            found = self._alternative(list(each), pointer)
            if found is not None:
                return found
        if named and len(named) == len(alternatives):
            names = ", ".join(dict.fromkeys(name for each in named for name in each))
            self.warnings.add("security", pointer, f"{names} cannot be used; no authentication")
        return NONE

    def _alternative(self, names: list[str], pointer: str) -> Block | None:
        schemes = {
            name: self.references.followed(self.schemes.get(name), pointer) for name in names
        }
        if len(names) > 1 and all(_is_header_key(each) for each in schemes.values()):
            return self._headers(schemes)
        usable = [
            (name, found) for name in names if (found := self._one(name, schemes[name], pointer))
        ]
        if not usable:
            return None
        if len(names) > 1:
            message = f"{' with '.join(names)} are needed together; only {usable[0][0]} is used"
            self.warnings.add("security", pointer, message)
        return usable[0][1]

    def _headers(self, schemes: Mapping[str, Mapping[str, Any]]) -> Block | None:
        if self.official:
            return None
        headers = {
            str(each["name"]): self._value(name, upper_snake(str(each["name"])))
            for name, each in schemes.items()
        }
        return {"type": "apikey", "headers": headers}

    def _one(self, name: str, scheme: Mapping[str, Any], pointer: str) -> Block | None:
        match scheme.get("type"):
            case "apiKey":
                return self._key(name, scheme)
            case "http":
                return self._http(name, str(scheme.get("scheme", "")).lower())
            case "openIdConnect":
                return self._bearer(name)
            case "oauth2":
                return self._oauth2(name, scheme, pointer)
            case _:
                return None

    def _key(self, name: str, scheme: Mapping[str, Any]) -> Block | None:
        placement = scheme.get("in")
        allowed = _PLACEMENTS[:2] if self.official else _PLACEMENTS
        if placement not in allowed or not text(scheme.get("name")):
            return None
        key, value = str(scheme["name"]), self._value(name, "KEY")
        return {"type": "apikey", "key": key, "value": value, "placement": placement}

    def _http(self, name: str, scheme: str) -> Block | None:
        if scheme == "bearer":
            return self._bearer(name)
        if scheme not in ("basic", "digest"):
            return None
        return {
            "type": scheme,
            "username": self._value(name, "USERNAME"),
            "password": self._value(name, "PASSWORD"),
        }

    def _bearer(self, name: str) -> Block:
        return {"type": "bearer", "token": self._value(name, "TOKEN")}

    def _oauth2(self, name: str, scheme: Mapping[str, Any], pointer: str) -> Block:
        flows = scheme.get("flows")
        flow = flows.get("clientCredentials") if isinstance(flows, Mapping) else None
        endpoint = text(flow.get("tokenUrl")) if isinstance(flow, Mapping) else None
        if endpoint is None or self.official:
            kinds = ", ".join(flows) if isinstance(flows, Mapping) and flows else "no flow"
            message = f"{name} ({kinds}) needs a token from elsewhere; put it in a variable"
            self.warnings.add("oauth-flow", pointer, message)
            return self._bearer(name)
        scopes = list(self.scopes.get(name, ()))
        return {
            "type": "oauth2",
            "tokenEndpoint": endpoint,
            "clientId": self._value(name, "CLIENT_ID"),
            "clientSecret": self._value(name, "CLIENT_SECRET"),
            **({"scopes": scopes} if scopes else {}),
        }

    def _value(self, scheme: str, suffix: str) -> str:
        """Return a template of the variable for one secret; two schemes share only a token."""
        shared = suffix == "TOKEN"
        key = ("" if shared else scheme, suffix)
        if key not in self._variables:
            base = f"{upper_snake(self.namespace)}_{suffix}"
            taken = [name for name in self._variables.values() if name.startswith(base)]
            self._variables[key] = f"{base}_{len(taken) + 1}" if taken else base
        return f"{{{{{self._variables[key]}}}}}"


def _is_header_key(scheme: Mapping[str, Any]) -> bool:
    return scheme.get("type") == "apiKey" and scheme.get("in") == "header" and "name" in scheme


def most_common(blocks: Iterable[Block]) -> Block:
    """Return the block of the most operations; the first of equals."""
    counted: Counter[str] = Counter()
    first: dict[str, Block] = {}
    for block in blocks:
        key = compact(block)
        first.setdefault(key, block)
        counted[key] += 1
    return first[counted.most_common(1)[0][0]] if counted else NONE


def variables_in(value: Any) -> list[str]:
    """Return the variables that authentication blocks refer to, in order."""
    if isinstance(value, str):
        return [value[2:-2]] if value.startswith("{{") and value.endswith("}}") else []
    parts = value.values() if isinstance(value, Mapping) else value
    parts = parts if not isinstance(value, bool | int | float | None) else ()
    return list(dict.fromkeys(name for part in parts for name in variables_in(part)))


def scopes_of(requirements: Iterable[Any]) -> dict[str, list[str]]:
    """Return all scopes of requirements by scheme, in order."""
    found: dict[str, dict[str, None]] = {}
    for requirement in requirements:
        for alternative in _list(requirement):
            for name, scopes in alternative.items() if isinstance(alternative, Mapping) else ():
                found.setdefault(name, {}).update(dict.fromkeys(map(str, _list(scopes))))
    return {name: list(scopes) for name, scopes in found.items()}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
