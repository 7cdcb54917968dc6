"""Filters of paths, ``[?(@.price < 10 && @.title)]``: read here, evaluated by jsonpath-ng.

jsonpath-ng reads some filters as something else without a word (a literal on the left, a bare
word, a name that is one of its keywords). So a filter is taken apart here, what is not ours is
refused, and the rest is handed over in the one form that means what language.md 8.3 says.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from jsonpath_ng import JSONPath
from jsonpath_ng.exceptions import JSONPathError
from jsonpath_ng.ext.parser import parse as parse_jsonpath

from naftiko_runtime.expressions.quotes import QUOTED, unquoted
from naftiko_runtime.values import Json

_NAME: Final = r"[^\W\d][\w-]*"
_TOKEN: Final = re.compile(
    rf"""\s*(?:
    (?P<text>{QUOTED})
    |(?P<pattern>/(?:[^/\\]|\\.)+/[ims]*)
    |(?P<number>-?\d{{1,300}}(?:\.\d{{1,300}})?(?![\w.]))
    |(?P<word>(?:true|false|null)(?!\w))
    |(?P<compare>=~|==|!=|<=|>=|<|>)
    |(?P<logic>&&|\|\||!|\(|\))
    |(?P<path>@(?:\.\.?(?:{_NAME}|\*)|\.\d{{1,15}}(?!\w)|\[\s*(?:\*|-?\d{{1,15}}|{QUOTED})\s*\])*)
    )\s*""",
    re.VERBOSE | re.DOTALL,
)
_STEP: Final = re.compile(
    rf"(?P<dots>\.\.?)(?P<name>{_NAME}|\d+|\*)|\[\s*(?:(?P<index>\*|-?\d+)|(?P<quoted>{QUOTED}))\s*\]",
    re.DOTALL,
)
_PLAIN: Final = re.compile(r"(?!where)[A-Za-z_][A-Za-z0-9_-]*")
_LITERALS: Final = ("text", "pattern", "number", "word")
_COMPARISONS: Final = ("=~", "==", "!=", "<=", ">=", "<", ">")
_DEEPEST: Final = 20
"""Parentheses within each other; each one costs jsonpath-ng a few frames."""


class FilterError(ValueError):
    """The text is no filter; says why."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition on one element."""

    expression: JSONPath

    def holds(self, value: Json) -> bool:
        return bool(self.expression.find([value]))


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


def parse_filter(text: str) -> Filter:
    """Return a filter, written without its ``?``; raise ``FilterError``."""
    tokens = tuple(_tokens(text))
    _check(tokens)
    normal = " ".join(_normal(tokens))
    try:
        return Filter(parse_jsonpath(f"$[?({normal})]"))
    except (JSONPathError, RecursionError) as error:
        raise FilterError(f"{text!r} is not understood: {error}") from error


def _tokens(text: str) -> Iterator[_Token]:
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise FilterError(f"{text[position:]!r} is not understood; quote texts, begin at @")
        yield _Token(match.lastgroup, match.group(match.lastgroup))
        position = match.end()


def _check(tokens: Sequence[_Token]) -> None:
    """Refuse what jsonpath-ng would accept with another meaning."""
    depth = 0
    before = ""
    for token in tokens:
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        if depth > _DEEPEST:
            raise FilterError(f"more than {_DEEPEST} parentheses within each other")
        if token.kind in _LITERALS and before not in _COMPARISONS:
            raise FilterError(f"{token.text} may only stand right of a comparison")
        if before == "=~" and token.kind not in ("pattern", "text"):
            raise FilterError("=~ wants a pattern: =~ /text/ or =~ 'text'")
        if token.kind == "pattern" and before != "=~":
            raise FilterError(f"{token.text} may only stand right of =~")
        before = token.text


def _normal(tokens: Sequence[_Token]) -> Iterator[str]:
    before = ""
    for token in tokens:
        if before == "=~":
            yield _quote(_pattern(token))
        elif token.kind == "text":
            yield _quote(unquoted(token.text))
        elif token.kind == "path":
            yield "".join(("@", *(_step(match) for match in _STEP.finditer(token.text))))
        else:
            yield token.text
        before = token.text


def _pattern(token: _Token) -> str:
    body, _, flags = token.text[1:].rpartition("/")
    expression = unquoted(token.text) if token.kind == "text" else body
    try:
        re.compile(expression)
    except (re.error, OverflowError, RecursionError) as error:
        raise FilterError(f"{expression!r} is no regular expression: {error}") from error
    return f"(?{flags}){expression}" if flags and token.kind == "pattern" else expression


def _step(match: re.Match[str]) -> str:
    """Return one step of a path inside a filter as jsonpath-ng reads it."""
    dots, name = match["dots"], match["name"]
    if match["index"] is not None:
        return f"[{match['index']}]"
    if name is None:
        name = unquoted(match["quoted"])
        if name == "*":
            raise FilterError("a member called * cannot be named in a filter")
    elif name == "*" or name.isdigit():
        return f"..{name}" if dots == ".." else f"[{name}]"
    elif _PLAIN.fullmatch(name):
        return f"{dots}{name}"
    elif dots == "..":
        raise FilterError(f"{name!r} cannot stand behind .. in a filter")
    return f"[{_quote(name)}]"


def _quote(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
