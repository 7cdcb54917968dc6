"""``literal-secret`` and its kin: credentials in documents and answers (orchestration.md 8.3)."""

import re
from collections.abc import Iterator
from typing import Any, Final

from naftiko_runtime.errors import Place
from naftiko_runtime.expressions.reference import (
    Expression,
    FromInput,
    FromVariable,
    Literal,
    Missing,
)
from naftiko_runtime.expressions.template import TemplateError, parse
from naftiko_runtime.lint.consumed import bind_keys, template_names
from naftiko_runtime.lint.hosts import parts_of_url
from naftiko_runtime.lint.reach import calls_of
from naftiko_runtime.lint.subject import Finding, Part, Subject, scalars
from naftiko_runtime.plan.function import Call
from naftiko_runtime.tree import Items, Node, text_of

_RULE: Final = "literal-secret"
_KEYS: Final = ("token", "value", "password", "clientSecret", "secretKey", "refreshToken")
_LISTS: Final = ("headers", "parameters")
_NAMED: Final = ("authorization", "apikey", "token", "secret", "password")
_PLACES: Final = ("header", "query", "cookie")
_KNOWN: Final = (
    ("an API key (sk-…)", re.compile(r"(?<![A-Za-z0-9])sk-[A-Za-z0-9_-]{20,}")),
    ("a GitHub token", re.compile(r"gh[pousr]_[A-Za-z0-9]{36,}")),
    ("an AWS access key", re.compile(r"AKIA[0-9A-Z]{16}")),
    ("a Slack token", re.compile(r"xox[abprs]-[A-Za-z0-9-]{10,}")),
    ("a JSON Web Token", re.compile(r"eyJ[A-Za-z0-9_-]+\.eyJ[A-Za-z0-9_-]+\.")),
    ("a private key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")),
)
_REMEDY: Final = "declare a variable under binds and write {{NAME}}"


def literal_secrets(subject: Subject) -> Iterator[Finding]:
    """``literal-secret``; the message names the key, never the text."""
    declared = bind_keys(subject)
    for part in subject.of("authentication"):
        yield from _block(part.node, declared)
    for part in subject.of("parameter", "input"):
        yield from _constant(part, declared)
    for part in subject.of("consumes"):
        yield from _user_info(part)
    yield from _known(subject)


def is_literal(text: str | None) -> bool:
    """Tell whether a text is there and holds no template."""
    if not text or re.fullmatch(r"\$env\.\S+", text.strip()):
        return False
    try:
        return all(isinstance(part, str) for part in parse(text))
    except TemplateError:
        return False


def _block(node: Node, declared: frozenset[str]) -> Iterator[Finding]:
    for key in _KEYS:
        if is_literal(text_of(node.get(key))):
            yield _finding(node, key, key, declared)
    for key in _LISTS:
        entries = node.get(key)
        for entry in entries if isinstance(entries, Items) else ():
            if isinstance(entry, Node) and is_literal(text_of(entry.get("value"))):
                yield _finding(entry, "value", f"{key}.{text_of(entry.get('name'))}", declared)


def _constant(part: Part, declared: frozenset[str]) -> Iterator[Finding]:
    name = re.sub(r"[-_]", "", (part.text("name") or "").lower())
    is_secret = (part.text("in") or "").lower() in _PLACES and any(w in name for w in _NAMED)
    if is_secret and is_literal(part.text("value")):
        yield _finding(part.node, "value", f"value of {part.text('name')}", declared)


def _finding(node: Node, key: str, shown: str, declared: frozenset[str]) -> Finding:
    text = text_of(node.get(key)) or ""
    meant = f'did you mean "{{{{{text}}}}}"?' if text in declared else _REMEDY
    return Finding(_RULE, node.at(key), f"{shown} is written into the document; {meant}")


def _user_info(part: Part) -> Iterator[Finding]:
    url = parts_of_url(part.text("baseUri") or "")
    if url is not None and url.password and is_literal(url.password):
        message = f"baseUri of {part.name!r} holds a password; use authentication: {{type: basic}}"
        yield Finding(_RULE, part.node.at("baseUri"), message)


def _known(subject: Subject) -> Iterator[Finding]:
    """Report texts that can be nothing but a secret, wherever they stand."""
    for tree in (subject.source, subject.tree):
        for text, place in scalars(tree, subject.tree.place):
            kind = next((what for what, pattern in _KNOWN if pattern.search(text)), None)
            if kind is not None:
                key = place.pointer.rpartition("/")[2]
                yield Finding(_RULE, place, f"{key!r} holds what looks like {kind}; {_REMEDY}")


def secret_outputs(subject: Subject) -> Iterator[Finding]:
    """``expose-secret-output``: a bind's variable in an exposed constant or mock value."""
    declared = bind_keys(subject)
    for part in subject.of("output", "mapping"):
        for key in ("value", "const"):
            found = _variable(part.node.get(key), declared)
            if found is not None:
                message = f"the answer holds {{{{{found}}}}}, which a bind declares; leave it out"
                yield Finding("expose-secret-output", part.node.at(key), message)


def _variable(value: Any, declared: frozenset[str]) -> str | None:
    text = text_of(value)
    names = template_names(text) if text else []
    return next((each for each in names if each.rpartition(".")[2] in declared), None)


def credential_inputs(subject: Subject) -> Iterator[Finding]:
    """``credential-input``: callers decide with which credential an upstream is called."""
    for part in subject.of("tool", "rest-operation"):
        function = subject.functions.get(part.node.place)
        for call in calls_of(function.action) if function is not None else ():
            yield from _credentials(part, call)


def _credentials(part: Part, call: Call) -> Iterator[Finding]:
    operation = call.operation
    for header in operation.headers:
        if _is_credential(header.name.lower()) and _is_fed(header.value, call):
            message = (
                f"{part.name!r} sends a caller's value as {header.name} of {operation.namespace}."
                f"{operation.name}; use authentication with a bind"
            )
            yield Finding("credential-input", _fed_at(part.node, header.label), message)


def _is_credential(name: str) -> bool:
    return name in ("authorization", "cookie") or name.endswith("-key")


def _is_fed(value: Expression, call: Call) -> bool:
    """Tell whether a caller has a say in a header."""
    fed = call.arguments.get(value.name) if isinstance(value, FromInput) else None
    return fed is not None and not isinstance(fed, Literal | Missing | FromVariable)


def _fed_at(node: Node, name: str) -> Place:
    entries = node.get("with")
    return entries.at(name) if isinstance(entries, Node) and name in entries else node.place
