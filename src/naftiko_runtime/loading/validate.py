"""Tree to spec: unknown keys and wrong kinds are reported, removed, and the rest is kept.

pydantic says where it disagrees; the path is looked up in the tree, which knows the line
(language.md 1.7).
"""

from collections.abc import Sequence
from functools import partial
from typing import Final, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from naftiko_runtime.diagnostics import Found
from naftiko_runtime.dialect.words import article
from naftiko_runtime.errors import Diagnostic
from naftiko_runtime.loading.paths import (
    Path,
    at,
    edited,
    enclosing,
    kinds,
    located,
    place_at,
    without,
)
from naftiko_runtime.names import nearest
from naftiko_runtime.spec.document import Document, Library
from naftiko_runtime.spec.kinds import known_keys
from naftiko_runtime.tree import Node

_ROUNDS: Final = 8
"""Each round removes all that pydantic complained about; one is the rule, two are enough."""
_KINDS: Final = {
    "string_type": "a text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
    "list_type": "a list",
    "dict_type": "a map",
    "model_type": "a map",
    "union_tag_invalid": "a map",
}


M = TypeVar("M", Document, Library)


def validated(model: type[M], tree: Node, file: str, found: Found) -> tuple[M, Node]:
    """Return the model of a normalised tree, and the tree without what was refused.

    Unknown keys of other files than ``file`` are dropped silently (orchestration.md 4.5).
    """
    for _ in range(_ROUNDS):
        try:
            return model.model_validate(tree), tree
        except ValidationError as error:
            errors = error.errors(include_url=False, include_input=False)
            tree = _repaired(tree, errors, file, found)
    return model.model_validate(tree), tree


def _repaired(tree: Node, errors: Sequence[ErrorDetails], file: str, found: Found) -> Node:
    unknown: set[Path] = set()
    wrong: dict[Path, Diagnostic] = {}
    missing: set[Path] = set()
    for error in errors:
        path = located(tree, error["loc"])
        if error["type"] == "extra_forbidden":
            unknown.add(path)
            _report_unknown(tree, path, file, found)
        elif path not in wrong:
            wrong[path] = _report_wrong(tree, path, error, found)
            missing |= {path} if error["type"] == "missing" else set()
    for path, diagnostic in wrong.items():
        tree = _broken(tree, path, diagnostic)
    for path in missing:
        tree = edited(tree, path[:-1], partial(_filled, key=str(path[-1])))
    kept: Node = without(tree, unknown | (wrong.keys() - missing))
    return kept


def _filled(node: Node, key: str) -> Node:
    return node.replaced({**node, key: ""})


def _broken(tree: Node, path: Path, diagnostic: Diagnostic) -> Node:
    part = enclosing(tree, path)
    return tree if part is None else edited(tree, part, lambda node: node.breaking(diagnostic))


def _report_unknown(tree: Node, path: Path, file: str, found: Found) -> None:
    parent: Node = at(tree, path[:-1])
    if parent.place.file != file:
        return
    key = str(path[-1])
    kind = kinds(tree, path[:-1])[-1]
    near = nearest(key, known_keys(kind))
    meant = f'; did you mean "{near}"?' if near else "; it is ignored"
    message = f'"{key}" is no key of {article(kind)}{meant}'
    found.add("dialect/unknown-key", parent.key_at(key), message)


def _report_wrong(tree: Node, path: Path, error: ErrorDetails, found: Found) -> Diagnostic:
    place = place_at(tree, path)
    if error["type"] == "missing":
        kind = kinds(tree, path[:-1])[-1]
        return found.add("document/wrong-kind", place, f'{article(kind)} needs "{path[-1]}"')
    expected = error.get("ctx", {}).get("expected", "of another kind")
    right = _KINDS.get(error["type"], expected)
    return found.add("document/wrong-kind", place, f"{_name(path)} must be {right}")


def _name(path: Path) -> str:
    names = [part for part in path if isinstance(part, str)]
    last = path[-1] if path else ""
    return f'"{last}"' if isinstance(last, str) else f'entry {last + 1} of "{names[-1]}"'
