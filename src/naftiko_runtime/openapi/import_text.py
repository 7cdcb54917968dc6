"""A document as YAML or JSON text: the same bytes for the same document (7.1)."""

import json
from typing import Any, Final

import yaml

from naftiko_runtime.yaml12 import resolve_scalar

MARK: Final = "# @naftiko\n"


class _Dumper(yaml.SafeDumper):
    """Writes no aliases, and quotes every text that YAML 1.2 would read as something else."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: FBT001, FBT002 - the signature is PyYAML's
        super().increase_indent(flow, indentless=False)


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = None
    if "\n" in value:
        style = "|"
    elif not isinstance(resolve_scalar(value), str) or "{{" in value:
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def as_yaml(document: dict[str, Any]) -> str:
    """Return a document as YAML in written order, with the mark of its kind on top."""
    text = yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return f"{MARK}{text}"


def as_json(document: dict[str, Any]) -> str:
    """Return a document as indented JSON in written order."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
