"""Texts with templates (language.md 3.2, 3.4): split once at load, linked by the compiler.

Nothing here knows what a name means; a hole is a name, how it was written, and where.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, TypeVar

HoleKind: TypeAlias = Literal["braces", "dollar", "angle"]
PlaceholderKind: TypeAlias = Literal["single", "braces", "dollar", "angle"]
Part = TypeVar("Part")

_TEMPLATE: Final = (
    r"\\(?P<escaped>\{\{|\$\{|<<)"
    r"|\{\{\{(?P<triple>[^{}]*)\}\}\}"
    r"|\{\{(?P<braces>[^{}]*)\}\}"
    r"|\$\{(?P<dollar>[^{}<>]*)\}"
    r"|<<(?P<angle>[^{}<>]*)>>"
)
_IN_TEXT: Final = re.compile(_TEMPLATE)
_IN_URL: Final = re.compile(rf"{_TEMPLATE}|\{{(?P<single>[^{{}}<>]*)\}}")
_SECTIONS: Final = ("#", "^", "/", ">", "!")
_OPERATORS: Final = ("#", ".", "/", ";", "?", "&")
_JSON_MARK: Final = re.compile(r'\\.|"', re.DOTALL)


class TemplateError(ValueError):
    """A template that is not supported (template/unsupported)."""


@dataclass(frozen=True, slots=True)
class Hole:
    """A template in a text; ``start`` is its offset there."""

    kind: HoleKind
    name: str
    start: int


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A placeholder of a path or base URI; ``slashes``: written ``{+x}`` (language.md 4.7)."""

    name: str
    kind: PlaceholderKind
    slashes: bool = False


def parse(text: str) -> tuple[str | Hole, ...]:
    """Split a text at its templates; raise ``TemplateError`` (language.md 3.2).

    Escapes are undone, neighbouring texts are one, and an empty text has no parts.
    """
    return _merged(_holes(text)) if _may_be_template(text) else _literal(text)


def whole(text: str) -> Hole | None:
    """Return the hole when a text is exactly one template (language.md 3.4)."""
    parts = parse(text)
    return parts[0] if len(parts) == 1 and isinstance(parts[0], Hole) else None


def placeholders(text: str) -> tuple[str | Placeholder, ...]:
    """Split a path or base URI; raise ``TemplateError`` (language.md 4.3, 4.5, 4.7)."""
    return _merged(_placeholders(text)) if _may_be_template(text) else _literal(text)


def _may_be_template(text: str) -> bool:
    """Tell whether a closer look is worth its time: most texts of a document are plain."""
    return "{" in text or "<<" in text


def _literal(text: str) -> tuple[str, ...]:
    return (text,) if text else ()


def json_context(parts: Sequence[str | Hole]) -> tuple[bool, ...]:
    """Return for each part whether it begins inside a JSON string (language.md 5.5)."""
    inside = False
    contexts: list[bool] = []
    for part in parts:
        contexts.append(inside)
        if isinstance(part, str):
            quotes = sum(mark == '"' for mark in _JSON_MARK.findall(part))
            inside ^= quotes % 2 == 1
    return tuple(contexts)


def _holes(text: str) -> Iterator[str | Hole]:
    for part in _split(_IN_TEXT, text):
        if isinstance(part, str):
            yield part
            continue
        kind, name = _read(part)
        yield name if kind == "text" else Hole(kind, name, part.start())


def _placeholders(text: str) -> Iterator[str | Placeholder]:
    for part in _split(_IN_URL, text):
        if isinstance(part, str):
            yield part
        elif part["single"] is not None:
            yield _single(part["single"], part.group())
        else:
            kind, name = _read(part)
            yield name if kind == "text" else Placeholder(name, kind)


def _split(pattern: re.Pattern[str], text: str) -> Iterator[str | re.Match[str]]:
    position = 0
    for match in pattern.finditer(text):
        yield text[position : match.start()]
        yield match
        position = match.end()
    yield text[position:]


def _read(match: re.Match[str]) -> tuple[HoleKind | Literal["text"], str]:
    """Return what a template is and its name, or a text to take literally."""
    written = match.group()
    if match["escaped"] is not None:
        return "text", match["escaped"]
    for kind in ("dollar", "angle"):
        if match[kind] is not None:
            name = match[kind].strip()
            return (kind, name) if name else ("text", written)
    inner = match["triple"] if match["triple"] is not None else match["braces"]
    name = inner.strip().removeprefix("&").strip()
    if not name:
        raise TemplateError(f"{written} names nothing")
    if name.startswith(_SECTIONS):
        raise TemplateError(f"{written}: Mustache sections are not supported, only {{{{NAME}}}}")
    if "<" in name or ">" in name:
        raise TemplateError(f"{written}: a name has no < or >")
    return "braces", name


def _single(inner: str, written: str) -> Placeholder:
    name = inner.strip()
    slashes = name.startswith("+")
    name = name.removeprefix("+").strip()
    if not name:
        raise TemplateError(f"{written} names nothing")
    if name.startswith(_OPERATORS):
        raise TemplateError(f"{written} is not supported, only {{NAME}} and {{+NAME}}")
    return Placeholder(name, "single", slashes)


def _merged(parts: Iterator[str | Part]) -> tuple[str | Part, ...]:
    merged: list[str | Part] = []
    for part in parts:
        last = merged[-1] if merged else None
        if isinstance(part, str) and isinstance(last, str):
            merged[-1] = last + part
        elif part != "":
            merged.append(part)
    return tuple(merged)
