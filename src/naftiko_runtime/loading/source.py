"""Text to tree with places: the one YAML reader of the runtime (language.md 1.1, 1.2).

libyaml composes the nodes, this module resolves scalars and keys itself. Every fault is a
diagnostic with its place; only a fault that hides the rest of the text ends the reading.
"""

import re
from collections.abc import Container
from typing import Any, Final

import yaml

from naftiko_runtime.diagnostics import Found
from naftiko_runtime.errors import Place
from naftiko_runtime.loading.scalars import TAGS, resolved, tagged
from naftiko_runtime.loading.words import BOOLEANS, boolean_key
from naftiko_runtime.loading.yaml_nodes import TooDeep, composer
from naftiko_runtime.tree import Items, Marks, Node, Scalar, Tree, escaped

MAX_BYTES: Final = 8 * 1024 * 1024
MAX_LEVELS: Final = 100
MAX_NODES: Final = 200_000

_UNPRINTABLE: Final = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_SURROGATES: Final = re.compile(r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")


def parse(content: bytes, file: str, found: Found) -> Tree | None:
    """Return the tree of a YAML or JSON document; None when there is none to speak of.

    Everything that refuses the document by language.md 1.1 is added to ``found``; never raises.
    """
    text = _decoded(content, file, found)
    if text is None:
        return None
    root = _composed(text, file, found)
    if root is None:
        return None
    try:
        return _Builder(file, found).tree(root, "", 1)
    except _Refused:
        return None


_LETTERS: Final = frozenset("abcdeghijklmopqrsuvwxyzABCDEGHIJKLMOPQRSUVWXYZ{$<")
"""First characters of plain scalars that are text whatever follows."""


class _Refused(Exception):
    """The rest of the document cannot be read; the reason is recorded."""


def _decoded(content: bytes, file: str, found: Found) -> str | None:
    if len(content) > MAX_BYTES:
        message = f"{len(content)} bytes; at most {MAX_BYTES} (8 MiB) are read"
        found.add("document/too-large", Place(file), message)
        return None
    try:
        return content.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8")
        message = f"byte 0x{content[error.start]:02x} is not UTF-8; save the file as UTF-8"
        found.add("document/not-utf8", _place_after(before, file), message)
        return None


def _place_after(before: str, file: str) -> Place:
    lines = before.removeprefix("\ufeff").split("\n")
    return Place(file, len(lines), len(lines[-1]) + 1)


def _composed(text: str, file: str, found: Found) -> Any:
    try:
        return _single(text, file, found)
    except yaml.reader.ReaderError:
        bad = _UNPRINTABLE.search(text)
        place = _place_after(text[: bad.start()] if bad else "", file)
        name = f"U+{ord(bad.group()):04X}" if bad else "a control character"
        found.add("document/not-yaml", place, f"{name} is not allowed in YAML; escape or remove it")
    except yaml.MarkedYAMLError as error:
        joined = _SURROGATES.sub(_joined, text) if text.lstrip()[:1] in ("{", "[") else text
        if joined != text:
            return _composed(joined, file, found)
        if "nesting depth" in str(error.problem):
            _too_deep(error.problem_mark, file, found)
        else:
            place = _place_of(error, file)
            found.add("document/not-yaml", place, _sentence(error, _character(text, place)))
    return None


def _single(text: str, file: str, found: Found) -> Any:
    nodes = composer(text, MAX_LEVELS)
    root = None
    try:
        if nodes.check_node():
            root = nodes.get_node()
        if nodes.check_node():
            line = _separator(text, nodes.peek_event().start_mark.line)
            message = "a second document begins here; a file holds one"
            found.add("document/several", Place(file, line), message)
    except TooDeep as error:
        _too_deep(error.mark, file, found)
        return None
    finally:
        nodes.dispose()
    return root


def _separator(text: str, line: int) -> int:
    """Return the line, from 1, of the ``---`` at or before a line from 0; else that line."""
    lines = text.splitlines()[: line + 1]
    marked = [number for number, each in enumerate(lines, 1) if each.startswith("---")]
    return marked[-1] if marked else line + 1


def _too_deep(mark: Any, file: str, found: Found) -> None:
    place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file)
    found.add("document/too-large", place, f"more than {MAX_LEVELS} levels")


def _joined(match: re.Match[str]) -> str:
    """JSON writes a character beyond the basic plane as two escapes, which YAML does not know."""
    high, low = (int(half, 16) for half in match.groups())
    return f"\\U{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):08x}"


def _place_of(error: yaml.MarkedYAMLError, file: str) -> Place:
    mark = error.problem_mark or error.context_mark
    return Place(file, mark.line + 1, mark.column + 1) if mark else Place(file)


def _character(text: str, place: Place) -> str:
    lines = text.splitlines()
    line = lines[place.line - 1] if place.line <= len(lines) else ""
    return line[place.column - 1 : place.column]


def _sentence(error: yaml.MarkedYAMLError, character: str) -> str:
    problem = error.problem or "a syntax error"
    if character == "\t":
        return "a tab where indentation is expected; use spaces"
    return f"not YAML: {problem}" + (f" ({error.context})" if error.context else "")


class _Builder:
    """Turns composed nodes into a tree; counts what aliases unfold to."""

    def __init__(self, file: str, found: Found) -> None:
        self.file = file
        self.found = found
        self.nodes = 0

    def tree(self, node: Any, pointer: str, level: int) -> Tree:
        if node.id == "scalar":
            return self._scalar(node, pointer)
        place = self._place(node, pointer)
        self.nodes += len(node.value) + 1
        if level > MAX_LEVELS:
            self._refuse(f"more than {MAX_LEVELS} levels", place)
        if self.nodes > MAX_NODES:
            self._refuse(f"more than {MAX_NODES} nodes with all aliases written out", place)
        if node.id == "mapping":
            self._check_tag(node, "map", pointer)
            return self._map(node, place, level + 1)
        self._check_tag(node, "seq", pointer)
        return self._list(node, place, level + 1)

    def _place(self, node: Any, pointer: str) -> Place:
        mark = node.start_mark
        return Place(self.file, mark.line + 1, mark.column + 1, pointer)

    def _refuse(self, message: str, place: Place) -> None:
        self.found.add("document/too-large", place, message)
        raise _Refused

    def _scalar(self, node: Any, pointer: str) -> str | Scalar:
        text: str = node.value
        if node.tag is None:
            return text if node.style else resolved(text)
        name = TAGS.get(node.tag, "")
        value = tagged(text, name) if name not in ("", "map", "seq") else None
        if value is None:
            self._bad_tag(node, pointer)
            return text
        return value

    def _check_tag(self, node: Any, expected: str, pointer: str) -> None:
        if node.tag is not None and TAGS.get(node.tag) != expected:
            self._bad_tag(node, pointer)

    def _bad_tag(self, node: Any, pointer: str) -> None:
        tag = node.tag.replace("tag:yaml.org,2002:", "!!")
        known = ", ".join(f"!!{name}" for name in TAGS.values())
        fits = "does not fit its value" if node.tag in TAGS else f"is not one of {known}"
        message = f"the tag {tag} {fits}"
        self.found.add("document/not-yaml", self._place(node, pointer), message)

    def _list(self, node: Any, place: Place, level: int) -> Items:
        items: list[Any] = []
        marks: list[tuple[int, int]] = []
        for index, child in enumerate(node.value):
            mark = child.start_mark
            marks.append((mark.line + 1, mark.column + 1))
            items.append(self.tree(child, f"{place.pointer}/{index}", level))
        return Items(items, place=place, marks=marks)

    def _map(self, node: Any, place: Place, level: int) -> Node:
        members: dict[str, Any] = {}
        marks: dict[str, Marks] = {}
        pointer = place.pointer
        for key_node, child in node.value:
            key = key_node.value
            if key_node.id != "scalar" or key in BOOLEANS or key in members:
                key = self._rare_key(key_node, child, pointer, members)
                if key is None:
                    continue
            start, mark = key_node.start_mark, child.start_mark
            marks[key] = (start.line + 1, start.column + 1, mark.line + 1, mark.column + 1)
            if child.id == "scalar" and child.tag is None:
                text = child.value
                members[key] = text if child.style or text[:1] in _LETTERS else resolved(text)
            else:
                members[key] = self.tree(child, f"{pointer}/{escaped(key)}", level)
        return Node(members, place=place, marks=marks)

    def _rare_key(self, node: Any, value: Any, pointer: str, before: Container[str]) -> str | None:
        key = self._key(node, value, pointer)
        if key is not None and key in before:
            self._duplicate(key, node, pointer)
            return None
        return key

    def _duplicate(self, key: str, node: Any, pointer: str) -> None:
        place = self._place(node, f"{pointer}/{escaped(key)}")
        message = f'the key "{key}" stands twice in one mapping; remove one'
        self.found.add("document/duplicate-key", place, message)

    def _key(self, node: Any, value: Any, pointer: str) -> str | None:
        if node.id != "scalar":
            message = "a key must be text, not a map or a list"
            self.found.add("document/not-yaml", self._place(node, pointer), message)
            return None
        key: str = node.value
        if key not in BOOLEANS or node.style or value.id != "scalar":
            return key
        name = boolean_key(key, value.value)
        if name is None:
            return key
        message = f'the key {key} is read as "{name}", the input it refers to; quote it'
        place = self._place(node, f"{pointer}/{escaped(key)}")
        self.found.add("dialect/boolean-key", place, message)
        return name
