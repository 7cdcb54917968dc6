"""JSON values, their text forms, and the one that is not there."""

import json
from typing import Any, Final, TypeAlias, final

Json: TypeAlias = Any
"""``None``, ``bool``, ``int``, ``float``, ``str``, ``list[Json]`` or ``dict[str, Json]``."""


@final
class Absent:
    """The type of ``ABSENT``: not given, not found (language.md, Terms)."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "ABSENT"

    def __bool__(self) -> bool:
        return False


ABSENT: Final = Absent()


def compact(value: Json) -> str:
    """Return JSON without spaces, members in order, non-ASCII as it is (language.md 5.3)."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def text_of(value: Json) -> str:
    """Return the text form of a value: text as it is, everything else as JSON (language.md 3.4)."""
    return value if isinstance(value, str) else compact(value)

