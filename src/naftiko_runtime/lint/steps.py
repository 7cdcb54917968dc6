"""Rules about steps (orchestration.md 8.2)."""

import re
from collections.abc import Iterator
from typing import Any, Final

from naftiko_runtime.lint.consumed import template_names
from naftiko_runtime.lint.secrets import is_literal
from naftiko_runtime.lint.subject import Finding, Part, Subject, scalars
from naftiko_runtime.plan.function import Call, CallStep, Refer, Steps
from naftiko_runtime.tree import Items, Node, text_of

_NAME: Final = re.compile(r"[A-Za-z0-9_-]+")
_REFERENCE: Final = re.compile(r"\$|(?:rest|tools)\.")


def names(subject: Subject) -> Iterator[Finding]:
    """``steps-name-pattern``."""
    for part in subject.of("step"):
        name = part.text("name")
        if name is not None and not _NAME.fullmatch(name):
            message = f"step name {name!r} has other characters than letters, digits, - and _"
            yield Finding("steps-name-pattern", part.node.at("name"), message)


def script_defaults(subject: Subject) -> Iterator[Finding]:
    """``script-defaults-required``: what 2.16 would have to guess."""
    scripting = next(iter(subject.of("scripting")), None)
    defaults = scripting.node if scripting is not None else {}
    for part in subject.of("step"):
        if part.text("type") != "script":
            continue
        for key, default in (("language", "defaultLanguage"), ("location", "defaultLocation")):
            if not part.text(key) and not text_of(defaults.get(default)):
                message = (
                    f"step {part.name!r} has no {key}; write it, or management.scripting.{default} "
                    "of a control adapter"
                )
                yield Finding("script-defaults-required", part.node.place, message)


def constant_lookups(subject: Subject) -> Iterator[Finding]:
    """``lookup-constant``."""
    namespaces = {part.text("namespace") for part in subject.parts} - {None}
    for part in subject.of("step"):
        text = text_of(part.node.get("lookupValue"))
        if part.text("type") != "lookup" or text is None or not is_literal(text):
            continue
        first = text.partition(".")[0]
        refers = _REFERENCE.match(text) or first in namespaces or first in _siblings(part)
        if not refers:
            message = (
                f"step {part.name!r} always looks up the same value; refer to an input or step"
            )
            yield Finding("lookup-constant", part.node.at("lookupValue"), message)


def _siblings(part: Part) -> set[str]:
    steps = part.above.node.get("steps") if part.above is not None else None
    return {name for step in _maps(steps) if (name := text_of(step.get("name")))}


def unused(subject: Subject) -> Iterator[Finding]:
    """``step-unused``: a step whose value goes nowhere."""
    for function in subject.whole():
        steps = list(_maps(function.node.get("steps")))
        mappings = list(_maps(function.node.get("mappings")))
        silent = _reading(subject, function)
        for index, step in enumerate(steps):
            name = text_of(step.get("name"))
            kind = text_of(step.get("type"))
            judged = kind in ("lookup", "script") or (bool(mappings) and name in silent)
            if not judged or not name or _is_used(name, steps, index, function.node):
                continue
            message = f"nothing refers to step {name!r}; remove it, or use its value"
            yield Finding("step-unused", step.at("name"), message)


def _is_used(name: str, steps: list[Node], index: int, function: Node) -> bool:
    is_last = index == len(steps) - 1
    if is_last and not _maps_steps(function):
        return True
    later = steps[index + 1 :]
    if any(text_of(step.get("type")) == "script" for step in later):
        return True
    texts = [_text for step in later for _text, _ in scalars(step, step.place)]
    for key in ("mappings", "outputParameters"):
        texts += [text for text, _ in scalars(function.get(key), function.place)]
    return any(_mentions(text, name) for text in texts)


def _maps_steps(function: Node) -> bool:
    """Tell whether mappings decide the result, and none takes the last value as it is."""
    mappings = list(_maps(function.get("mappings")))
    return bool(mappings) and all(text_of(each.get("value")) != "$" for each in mappings)


def _mentions(text: str, name: str) -> bool:
    places = (text, *template_names(text))
    return any(
        re.match(rf"\$?\.?{re.escape(name)}(?=[.\[]|$)", place.strip()) is not None
        for place in places
    )


def _reading(subject: Subject, function: Part) -> set[str]:
    """Return the names of the call steps that only read."""
    compiled = subject.functions.get(function.node.place)
    action: Any = compiled.action if compiled is not None else _shared(subject, function)
    if isinstance(action, Refer):
        action = action.function.action
    steps = action.steps if isinstance(action, Steps) else ()
    calls: list[tuple[str, Call]] = [(s.name, s.call) for s in steps if isinstance(s, CallStep)]
    return {name for name, call in calls if call.operation.method in ("GET", "HEAD")}


def _shared(subject: Subject, function: Part) -> Any:
    if subject.capability is None or function.above is None:
        return None
    key = f"{function.above.text('namespace')}.{function.text('name')}"
    shared = subject.capability.functions.get(key)
    return shared.action if shared is not None else None


def _maps(items: object) -> Iterator[Node]:
    yield from (
        (each for each in items if isinstance(each, Node)) if isinstance(items, Items) else ()
    )
