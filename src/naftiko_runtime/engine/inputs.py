"""Checks what a caller gave for a function's inputs, before anything is sent.

What does not depend on the call (conversions, checks, names by spelling) is made once per
function and kept while its plan lives.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Final

from naftiko_runtime.engine.conversion import checks_of, class_of, converted
from naftiko_runtime.engine.scope import InvocationScope
from naftiko_runtime.engine.variables import Variables
from naftiko_runtime.errors import InvalidInput, Misconfigured
from naftiko_runtime.names import folded
from naftiko_runtime.plan.function import Function, Input, Unavailable
from naftiko_runtime.values import ABSENT, Absent, Json

_JSON_VALUES: Final = (str, int, float, dict, list, type(None))
_PLACES: Final = {"member": "body", "derived": "query"}
_MOST_TABLES: Final = 10_000


class _Row:
    """One input with its checks; ``fits`` is the class whose values need no check of their type."""

    __slots__ = ("checks", "each", "fits", "others")

    def __init__(self, each: Input) -> None:
        self.each = each
        self.fits = class_of(each.type)
        self.checks = checks_of(each)
        self.others = self.checks if self.fits is None else self.checks[1:]

    def value(self, given: Json | Absent) -> tuple[Json | Absent, str | None]:
        """Return the value for a call, or ABSENT, and what is wrong with it."""
        each = self.each
        if isinstance(given, Absent) or (given is None and not each.nullable):
            if each.default is not ABSENT:
                return each.default, None
            return ABSENT, "is required" if each.required else None
        if given is None:
            return given, None
        if not isinstance(given, _JSON_VALUES):
            # the caller's body itself; what was parsed of it is checked (5.11)
            complaint = None if given.parsed is ABSENT else self._complaint(given.parsed)
            return given, complaint
        value = converted(given, each.type, each.schema) if each.textual else given
        complaint = self._complaint(value)
        return (value, None) if complaint is None else (ABSENT, complaint)

    def _complaint(self, value: Json) -> str | None:
        for check in self.others if type(value) is self.fits else self.checks:
            complaint = check(value)
            if complaint is not None:
                return complaint
        return None


class _Table:
    """Everything about a tuple of inputs that no call changes."""

    def __init__(self, inputs: tuple[Input, ...]) -> None:
        self.inputs = inputs
        self.rows = tuple(
            _Row(each) for each in inputs if each.constant is None and each.place != "environment"
        )
        self.given_here = tuple(
            _Row(each)
            for each in inputs
            if each.constant is not None or each.place == "environment"
        )
        shown = [row.each.shown for row in self.rows]
        self.known = ", ".join(shown)
        self.ignored = frozenset(
            name
            for row in self.given_here
            for name in (row.each.name, row.each.key, row.each.shown)
        )
        self.names = {
            **{row.each.name: row.each.name for row in self.rows},
            **{row.each.key: row.each.name for row in self.rows},
            **{row.each.shown: row.each.name for row in self.rows},
        }
        pairs = {(folded(name), target) for name, target in self.names.items()}
        spellings = Counter(spelling for spelling, _ in pairs)
        self.spelled = {spelling: target for spelling, target in pairs if spellings[spelling] == 1}

    def named(self, argument: str) -> str | None:
        """Return the name of the input that an argument means (language.md 3.8, 10.11)."""
        found = self.names.get(argument)
        return found if found is not None else self.spelled.get(folded(argument))


_tables: dict[int, _Table] = {}
"""By the identity of the inputs, which the table itself keeps alive."""


def _table(inputs: tuple[Input, ...]) -> _Table:
    table = _tables.get(id(inputs))
    if table is None or table.inputs is not inputs:
        if len(_tables) >= _MOST_TABLES:
            _tables.clear()
        table = _tables[id(inputs)] = _Table(inputs)
    return table


def forget() -> None:
    """Let go of every table: after a reload most are of functions that are gone.

    Those that are used again are made again.
    """
    _tables.clear()


def check(inputs: tuple[Input, ...], given: Mapping[str, Json]) -> dict[str, Json]:
    """Return checked values by ``Input.name``; what is absent has no entry (language.md 10.9).

    ``given`` is by ``Input.name``. Raises ``InvalidInput`` with all faults in input order.
    Constants and environment inputs are left to ``settled``.
    """
    values: dict[str, Json] = {}
    faults: list[dict[str, str]] = []
    for row in _table(inputs).rows:
        each = row.each
        value, complaint = row.value(given.get(each.name, ABSENT))
        if complaint is not None:
            place = _PLACES.get(each.place, each.place)
            faults.append({"name": each.name, "in": place, "message": complaint})
        elif value is not ABSENT:
            values[each.name] = value
    if faults:
        raise InvalidInput(faults)
    return values


def check_arguments(function: Function, arguments: Mapping[str, Json]) -> dict[str, Json]:
    """Return checked values by ``Input.name`` for arguments under their listed names.

    An argument is found by its listed name, its written one, or by spelling (language.md 3.8,
    10.11). Raises ``InvalidInput`` with all faults, unknown arguments among them (10.7).
    """
    if isinstance(function.action, Unavailable):
        return {}  # its diagnostic is the answer, whatever was given
    table = _table(function.inputs)
    given, strangers = _sorted(table, arguments, closed=function.closed)
    values: dict[str, Json] = {}
    faults: list[dict[str, str]] = []
    for row in table.rows:
        value, complaint = row.value(given.get(row.each.name, ABSENT))
        if complaint is not None:
            faults.append({"name": row.each.shown, "in": "argument", "message": complaint})
        elif value is not ABSENT:
            values[row.each.name] = value
    if strangers or faults:
        raise InvalidInput([*strangers, *faults])
    return values


def _sorted(
    table: _Table, arguments: Mapping[str, Json], *, closed: bool
) -> tuple[dict[str, Json], list[dict[str, str]]]:
    """Return arguments by the name of their input, and the faults of those that have none."""
    given: dict[str, Json] = {}
    strangers: list[dict[str, str]] = []
    for argument, value in arguments.items():
        name = table.named(argument)
        if name is not None:
            given.setdefault(name, value)
        elif closed and argument not in table.ignored:
            message = f"unknown; known: {table.known}"
            strangers.append({"name": argument, "in": "argument", "message": message})
    return given, strangers


def settled(
    inputs: tuple[Input, ...], values: Mapping[str, Json], variables: Variables
) -> Mapping[str, Json]:
    """Return values together with those that no caller gives: constants, environment (10.4).

    Raises ``Misconfigured`` for an environment variable that is required or does not fit.
    """
    rows = _table(inputs).given_here
    if not rows:
        return values
    scope = InvocationScope(values, variables)
    found = dict(values)
    for row in rows:
        each = row.each
        constant = each.constant
        given = variables.environment(each.key) if constant is None else constant.evaluate(scope)
        value, complaint = row.value(given)
        if complaint is not None:
            raise Misconfigured(f"{each.key}: {complaint}", [each.key])
        if value is not ABSENT:
            found[each.name] = value
    return found
