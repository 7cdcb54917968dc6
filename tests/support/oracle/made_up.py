"""Values that a caller gives and variables that are set: distinctive, of the declared types."""

import re
from collections.abc import Mapping

from oracle.inputs import Input, Wiring
from oracle.linking import loose
from oracle.reading import Json

_ARRAY = ["a b", "ç/2&"]
_OBJECT = {"k": "v & ü", "n": [1, None]}
_ANYTHING = {"deep": [{"x": "é", "no": None}, 2.5, True], "empty": {}}
_PARTS = frozenset({"multipart", "form", "formUrlEncoded", "xml", "yaml"})


def value_of(given: Input, wiring: Wiring) -> Json:
    """Return a value for an input that fits everything it feeds."""
    base = [slot for slot in given.feeds if slot.place == "base"]
    if base:
        return for_base(base[0].name, wiring.consumed.base)
    salt = sum(given.name.encode())
    typed = {
        "integer": 1000 + salt,
        "number": salt + 0.25,
        "boolean": salt % 2 == 0,
        "array": [*_ARRAY, given.name],
        "object": {**_OBJECT, "of": given.name},
        "string": _text(given),
    }
    return typed[given.type] if given.type in typed else _untyped(given, wiring)


def _text(given: Input) -> str:
    """Return text with what must be encoded; a header of the caller's own is plain."""
    if is_header(given):
        return f"{given.name} h/1;2"
    return f"{given.name} ü/&?#=+%25 1"


def _untyped(given: Input, wiring: Wiring) -> Json:
    body = wiring.consumed.body
    kind = body.get("type") if isinstance(body, Mapping) else None
    if given.is_textual or kind in _PARTS or not reads_json(given, wiring):
        return _text(given)
    return {**_ANYTHING, "of": given.name} if given.feeds else _text(given)


def reads_json(given: Input, wiring: Wiring) -> bool:
    """Tell whether the caller gives the value as JSON: an argument, or (part of) a JSON body."""
    if wiring.exposed.kind == "mcp":
        return True
    if given.route or given.place in ("query", "header", "path"):
        return False
    has_body = wiring.exposed.method in ("POST", "PUT", "PATCH", "DELETE")
    return given.place == "body" or (has_body and not given.is_textual)


def is_header(given: Input) -> bool:
    """Tell whether REST callers give it as a header."""
    if given.place == "header":
        return True
    special = {"accept", "content-type", "content-length", "host", "user-agent", "range"}
    derived = given.declared is None and given.place is None and given.route is None
    only = bool(given.feeds) and all(slot.place == "header" for slot in given.feeds)
    return derived and only and given.name.casefold() not in special


def for_base(name: str, base: str) -> str:
    """Return what may stand at a placeholder of a base URI (language.md 4.3)."""
    at = re.search(r"\{+\s*" + re.escape(name), base)
    before = base[: at.start()] if at else ""
    if not before:
        return "https://set.test/root"
    if before.endswith(":"):
        return "8443"
    return f"label-{len(name)}" if "/" not in before.partition("://")[2] else f"{name}.1"


def variable_value(name: str, bases: str) -> str:
    """Return a value for a variable, as its place in a base URI asks for."""
    shown = name.lower().replace("_", "-")
    before = _use(name, bases)
    if before is None:
        return f"s3cret of {name}/+="
    if not before:
        return f"https://{shown}.test/root"
    if before.endswith(":"):
        return "8443"
    return f"v-{shown}"


def _use(name: str, bases: str) -> str | None:
    """Return what stands before a variable in a base URI, also where it fills its end (4.3)."""
    hole = re.compile(r"(?:\{\{?|\$\{|<<)\s*(?:env\.)?([^{}<>]+?)\s*(?:\}\}?|>>)")
    for base in bases.split():
        for found in hole.finditer(base):
            if found[1] == name or loose(name).endswith(loose(found[1])):
                return base[: found.start()]
    return None
