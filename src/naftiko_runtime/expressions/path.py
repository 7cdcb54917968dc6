"""JSONPath (language.md 8): definite paths are tuple walks, the rest is jsonpath-ng."""

from dataclasses import dataclass

from naftiko_runtime.values import Absent, Json


@dataclass(frozen=True, slots=True)
class Path:
    """Contract: ``Path.parse(text)`` raises ``PathError``; ``select`` gives a value or ABSENT."""

    text: str

    @classmethod
    def parse(cls, text: str) -> "Path":
        raise NotImplementedError

    def select(self, value: Json) -> Json | Absent:
        raise NotImplementedError
