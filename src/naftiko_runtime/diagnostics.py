"""The collector of what is found in one document."""

from collections.abc import Iterable

from naftiko_runtime.codes import CODES
from naftiko_runtime.errors import Diagnostic, Place, Severity


class Found:
    """Collects the problems of one document; ``add`` never raises, so all of them are reported."""

    def __init__(self) -> None:
        self._each: dict[Diagnostic, None] = {}

    def add(
        self, code: str, place: Place, message: str, *, severity: Severity | None = None
    ) -> Diagnostic:
        """Record one problem and return it; severity and effect are the code's own.

        The same problem at the same place counts once, however many functions meet it.
        """
        rule = CODES[code]
        diagnostic = Diagnostic(code, severity or rule.severity, rule.effect, place, message)
        self._each.setdefault(diagnostic)
        return diagnostic

    def extend(self, diagnostics: Iterable[Diagnostic]) -> None:
        self._each.update(dict.fromkeys(diagnostics))

    @property
    def refused(self) -> bool:
        return any(diagnostic.effect == "refused" for diagnostic in self._each)

    @property
    def each(self) -> tuple[Diagnostic, ...]:
        """Every problem at every place, in the order found."""
        return tuple(self._each)

    def merged(self) -> tuple[Diagnostic, ...]:
        """Return one diagnostic per code, in the order first found (language.md 1.9)."""
        return merged(tuple(self._each))


def merged(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Return one diagnostic per file and code: the first place, the count, the first ten places."""
    groups: dict[tuple[str, str], list[Diagnostic]] = {}
    for diagnostic in diagnostics:
        groups.setdefault((diagnostic.place.file, diagnostic.code), []).append(diagnostic)
    return tuple(_folded(group) for group in groups.values())


def _folded(group: list[Diagnostic]) -> Diagnostic:
    first = group[0]
    if len(group) == 1:
        return first
    places = tuple(diagnostic.place for diagnostic in group)
    return Diagnostic(
        first.code,
        first.severity,
        first.effect,
        first.place,
        first.message,
        sum(diagnostic.count for diagnostic in group),
        places[:10],
    )
