"""``.naftiko-lint.yaml``: severities of rules for a folder of documents (orchestration.md 8.2)."""

from pathlib import Path
from typing import Final

from naftiko_runtime.diagnostics import Found
from naftiko_runtime.errors import Severity
from naftiko_runtime.lint.catalogue import UnknownRule, with_overrides
from naftiko_runtime.loading.source import parse
from naftiko_runtime.names import suggestion
from naftiko_runtime.tree import Node, text_of

FILE_NAME: Final = ".naftiko-lint.yaml"
_KEYS: Final = ("rules",)


class BadSettings(ValueError):
    """A settings file that cannot be used; the message names the file and what is wrong."""


def beside(file: str) -> Path | None:
    """Return the settings file in the folder of a document, if there is one."""
    path = Path(file).parent / FILE_NAME
    return path if path.is_file() else None


def severities_in(path: Path) -> dict[str, Severity | None]:
    """Return the severities that a settings file sets, by rule id; raise ``BadSettings``."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadSettings(f"{path}: {(error.strerror or 'not readable').lower()}") from error
    found = Found()
    tree = parse(content, str(path), found)
    if found.refused:
        raise BadSettings(found.merged()[0].text())
    return _severities(tree, path)


def _severities(tree: object, path: Path) -> dict[str, Severity | None]:
    if tree is None:
        return {}
    if not isinstance(tree, Node):
        raise BadSettings(f"{path}: must be a map, as rules: {{lint/plain-http: off}}")
    for key in tree:
        if key not in _KEYS:
            place = tree.key_at(key)
            hint = suggestion(key, _KEYS) or "; the only key is rules"
            raise BadSettings(f"{path}:{place.line}: {key!r} is no key{hint}")
    rules = tree.get("rules")
    if not isinstance(rules, Node):
        raise BadSettings(f"{path}: rules must be a map of rule to severity")
    try:
        return with_overrides((key, text_of(value) or "") for key, value in rules.items())
    except UnknownRule as error:
        raise BadSettings(f"{path}: {error}") from error
