"""Rules about texts and names: descriptions, namespaces, markup (orchestration.md 8.2)."""

import re
from collections.abc import Iterator
from typing import Final

from naftiko_runtime.lint.subject import Finding, Part, Subject
from naftiko_runtime.tree import Items, Node, text_of

_SECTIONS: Final = ("consumes", "exposes", "binds")
_SCRIPT: Final = re.compile(r"<\s*script\b", re.IGNORECASE)
_EVAL: Final = re.compile(r"\beval\s*\(")
_SHORTEST: Final = 10


def namespaces(subject: Subject) -> Iterator[Finding]:
    """``namespaces-unique``."""
    seen: dict[str, tuple[str, int]] = {}
    for section in _SECTIONS:
        for node in _entries(subject, section):
            name = text_of(node.get("namespace"))
            if not name:
                continue
            place = node.at("namespace")
            first = seen.get(name)
            if first is None:
                seen[name] = (section, place.line)
            elif first[0] == section:
                what = f"namespace {name!r} stands twice in {section} (line {first[1]}); rename one"
                yield Finding("namespaces-unique", place, what)
            else:
                what = f"namespace {name!r} stands in {first[0]} too; rename one"
                yield Finding("namespaces-unique", place, what, "warning")


def _entries(subject: Subject, section: str) -> Iterator[Node]:
    items = subject.tree.get(section)
    yield from (node for node in items or () if isinstance(node, Node))


def info(subject: Subject) -> Iterator[Finding]:
    """``info-tags``."""
    node = subject.tree.get("info")
    tags = node.get("tags") if isinstance(node, Node) else None
    if not tags:
        place = node.place if isinstance(node, Node) else subject.tree.place
        yield Finding("info-tags", place, "info has no tags; tags help people to find this")


def markup(subject: Subject) -> Iterator[Finding]:
    """``no-script-tags-in-markdown`` and ``no-eval-in-markdown``."""
    for part in subject.parts:
        for key in ("label", "description"):
            text = part.text(key) or ""
            place = part.node.at(key)
            if _SCRIPT.search(text):
                what = f"{key} holds a <script> tag; remove it, pages show it as it is"
                yield Finding("no-script-tags-in-markdown", place, what)
            if _EVAL.search(text):
                what = f"{key} holds eval(…); remove it, or name the function in other words"
                yield Finding("no-eval-in-markdown", place, what)


_DESCRIBED: Final = {
    "consumes": ("consumes-description", "consumed namespace"),
    "rest-resource": ("rest-resource-description", "exposed resource"),
    "rest-operation": ("rest-operation-description", "REST operation"),
    "function": ("aggregate-function-description", "aggregate function"),
}


def descriptions(subject: Subject) -> Iterator[Finding]:
    """Report what has no description where people or models need one."""
    for part in subject.of(*_DESCRIBED):
        rule, what = _DESCRIBED[part.kind]
        shared = _shared(subject, part) if part.kind == "rest-operation" else None
        if not part.text("description") and not (shared and shared.text("description")):
            message = f"{what} {part.name!r} has no description; say what it is for"
            yield Finding(rule, part.node.place, message)


def tool_descriptions(subject: Subject) -> Iterator[Finding]:
    """``tool-description``: models choose tools by it."""
    for part in subject.of("tool"):
        shared = _shared(subject, part)
        text = part.text("description") or (shared and shared.text("description")) or ""
        if len(text.strip()) >= _SHORTEST:
            continue
        key = "description" if "description" in part.node else "name"
        what = "no description" if not text.strip() else f"a description below {_SHORTEST} letters"
        message = f"tool {part.name!r} has {what}; say what it does and when to use it"
        yield Finding("tool-description", part.node.at(key), message)


def _shared(subject: Subject, part: Part) -> Part | None:
    ref = part.text("ref")
    return shared_function(subject, ref) if ref else None


def shared_function(subject: Subject, ref: str) -> Part | None:
    """Return the aggregate function that a ``ref`` names (orchestration.md 3.2)."""
    for part in subject.of("function"):
        name = part.text("name") or ""
        namespace = part.above.text("namespace") if part.above is not None else None
        if ref in (name, f"{namespace}.{name}"):
            return part
    return None


def objects(subject: Subject) -> Iterator[Finding]:
    """``object-without-properties``."""
    for part in subject.of("output"):
        bare = not part.node.get("properties") and "values" not in part.node
        if part.text("type") == "object" and bare:
            message = (
                f"output {part.text('name') or 'of type object'!r} has no properties, so its "
                "schema is open; name them"
            )
            yield Finding("object-without-properties", part.node.at("type"), message)


def function_names(subject: Subject) -> Iterator[Finding]:
    """``aggregates-namespace-required`` and ``aggregates-unique-function-name``."""
    for part in subject.of("aggregate"):
        if not part.text("namespace"):
            message = f"aggregate {part.name!r} has no namespace; ref needs one"
            yield Finding("aggregates-namespace-required", part.node.place, message)
        seen: dict[str, int] = {}
        functions = part.node.get("functions")
        for node in functions if isinstance(functions, Items) else ():
            name = text_of(node.get("name")) if isinstance(node, Node) else None
            if not name:
                continue
            if name in seen:
                message = f"function {name!r} stands on line {seen[name]} too; only that one counts"
                yield Finding("aggregates-unique-function-name", node.at("name"), message)
            seen.setdefault(name, node.at("name").line)
