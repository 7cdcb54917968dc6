"""Composing YAML text to nodes, with libyaml where PyYAML has it.

A node without an explicit tag has ``tag`` None, so that 1.1 resolution, dates and merge keys
never happen. Composing recurses, in C without a limit, so text that looks deep is counted.
"""

import re
from typing import Any, Final

import yaml
from yaml.composer import Composer
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner

_DEEP: Final = re.compile(r"(?m)^[ \t?:-]{200}")
"""Block nesting needs a column or an indicator for each second level; libyaml limits the flow."""


class TooDeep(Exception):
    """More levels than are composed; ``mark`` is where."""

    def __init__(self, mark: Any) -> None:
        self.mark = mark
        super().__init__("too deep")


class _Untagged:
    """Answers the composer's questions: no tag is ever added, positions are of no interest."""

    def resolve(self, _kind: type, _value: Any, _implicit: Any) -> None:
        return None

    def descend_resolver(self, _parent: Any, _index: Any) -> None:
        return None

    def ascend_resolver(self) -> None:
        return None


class _Counted:
    """The same, and counts the levels."""

    levels = 0
    limit = 0

    def resolve(self, _kind: type, _value: Any, _implicit: Any) -> None:
        return None

    def descend_resolver(self, parent: Any, _index: Any) -> None:
        self.levels += 1
        if self.levels > self.limit:
            raise TooDeep(parent.start_mark)

    def ascend_resolver(self) -> None:
        self.levels -= 1


class _Pure(_Counted, Reader, Scanner, Parser, Composer):
    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)


if yaml.__with_libyaml__:
    from yaml._yaml import CParser

    class _Fast(_Untagged, CParser):
        pass

    class _FastCounted(_Counted, CParser):
        pass


def composer(text: str, limit: int) -> Any:
    """Return an object with PyYAML's ``check_node``, ``get_node``, ``peek_event``, ``dispose``.

    ``get_node`` raises ``TooDeep`` for text far deeper than ``limit`` levels; what is only a
    little deeper is composed.
    """
    if yaml.__with_libyaml__ and not _DEEP.search(text):
        return _Fast(text)
    nodes = _FastCounted(text) if yaml.__with_libyaml__ else _Pure(text)
    nodes.limit = limit + 1
    return nodes
