"""Credentials that need no exchange of their own: bearer, basic, API keys (language.md 6.4)."""

import base64
import re
from collections.abc import Iterator
from typing import Final, assert_never

from naftiko_runtime.engine import encoding
from naftiko_runtime.engine.credentials import Credentials
from naftiko_runtime.engine.locations import refused
from naftiko_runtime.errors import Misconfigured
from naftiko_runtime.expressions.reference import (
    Either,
    Expression,
    FromInput,
    FromStep,
    FromVariable,
    ListOf,
    Member,
    ObjectOf,
    Scope,
    Template,
)
from naftiko_runtime.plan.upstream import ApiKeys, Basic, Bearer, Key
from naftiko_runtime.values import ABSENT, text_of

_UNSENDABLE: Final = re.compile(r"[\r\n\0]")


def simple_credentials(authentication: Bearer | Basic | ApiKeys, scope: Scope) -> Credentials:
    """Return what is sent; raise ``Misconfigured`` for a value that no header can hold (2.7)."""
    match authentication:
        case Bearer(token=token):
            text = header_safe(token, scope)
            value = text if text.startswith("Bearer ") else f"Bearer {text}"
            return Credentials((("Authorization", value),))
        case Basic():
            return Credentials((("Authorization", basic(authentication, scope)),))
        case ApiKeys(keys=keys):
            return _keys(keys, scope)
        case other:
            assert_never(other)


def basic(authentication: Basic, scope: Scope) -> str:
    """Return ``Basic base64(user:password)`` in UTF-8; an absent password is the empty text."""
    password = authentication.password
    pair = f"{text(authentication.username, scope)}:{text(password, scope) if password else ''}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


def _keys(keys: tuple[Key, ...], scope: Scope) -> Credentials:
    headers, query, cookies, members = [], [], [], []
    for key in keys:
        match key.placement:
            case "header":
                headers.append((key.name, header_safe(key.value, scope)))
            case "query":
                value = encoding.query(text(key.value, scope))
                query.append(f"{encoding.query_name(key.name)}={value}")
            case "cookie":
                cookies.append((key.name, text(key.value, scope)))
            case "body":
                members.append((key.name, text(key.value, scope)))
            case other:
                assert_never(other)
    return Credentials(tuple(headers), tuple(query), tuple(cookies), tuple(members))


def text(expression: Expression, scope: Scope) -> str:
    """Return the text of an authentication value (language.md 3.5).

    Raises ``InvalidInput`` when an input that it needs is absent.
    """
    value = expression.evaluate(scope)
    if value is ABSENT or value is None:
        raise refused(next(inputs_of(expression), "authentication"), "is required", "argument")
    return text_of(value)


def header_safe(expression: Expression, scope: Scope) -> str:
    """Return a text that a header can hold (language.md 2.7)."""
    value = text(expression, scope)
    if not _UNSENDABLE.search(value):
        return value.strip()
    names = list(dict.fromkeys(variables_of(expression)))
    detail = f"{', '.join(names) or 'authentication'} has line breaks or NUL, no header can hold it"
    raise Misconfigured(detail, names)


def _parts(expression: Expression) -> Iterator[Expression]:
    """Yield an expression and everything inside."""
    yield expression
    match expression:
        case Template(parts=parts):
            children = [part for part in parts if not isinstance(part, str)]
        case ObjectOf(members=members):
            children = [member for _, member in members]
        case ListOf(elements=elements):
            children = list(elements)
        case Either(alternatives=alternatives):
            children = list(alternatives)
        case Member(base=base):
            children = [base]
        case _:
            children = []
    for child in children:
        yield from _parts(child)


def variables_of(expression: Expression) -> Iterator[str]:
    """Yield the names of the variables in an expression."""
    for part in _parts(expression):
        if isinstance(part, FromVariable):
            yield part.variable.name


def inputs_of(expression: Expression) -> Iterator[str]:
    """Yield the names of the inputs and steps in an expression."""
    for part in _parts(expression):
        if isinstance(part, FromInput | FromStep):
            yield part.name
