"""Finds rows of an earlier step by a value (orchestration.md 2.11 to 2.15)."""

import logging
from collections.abc import Iterable
from typing import Final

from naftiko_runtime.engine.scope import InvocationScope
from naftiko_runtime.expressions.path import Path
from naftiko_runtime.expressions.reference import StoredArray, StoredObject
from naftiko_runtime.plan.function import LookupStep
from naftiko_runtime.values import ABSENT, Absent, Json, compact

_LOG: Final = logging.getLogger("naftiko_runtime.engine")


def look_up(step: LookupStep, scope: InvocationScope) -> Json | Absent:
    """Return what a lookup stores: a row, a list of rows, or nothing."""
    wanted = step.value.evaluate(scope)
    if wanted is ABSENT or wanted is None:
        return ABSENT
    rows = _indexed(_rows(step, scope), step.match)
    if not isinstance(wanted, list):
        row = _found(rows, wanted)
        return ABSENT if row is None else _selected(step, row)
    found = (_found(rows, value) for value in wanted)
    return [_selected(step, row) for row in found if row is not None]


def _found(rows: dict[str, dict[str, Json]], wanted: Json) -> dict[str, Json] | None:
    key = _key(wanted)
    return None if key is None else rows.get(key)


def _rows(step: LookupStep, scope: InvocationScope) -> list[dict[str, Json]]:
    """Return the rows that the index gives (2.12)."""
    value = step.rows.evaluate(scope)
    if isinstance(value, list):
        return [row for row in value if isinstance(row, dict)]
    if not isinstance(value, dict):
        return []
    if _member(value, step.match) is not ABSENT:
        return [value]
    for candidate in (value, _behind(value)):
        inner = _only_list(candidate)
        if inner is not None:
            _LOG.info("lookup/unwrapped: step %s found its rows inside %s", step.name, step.source)
            return inner
    return []


def _behind(value: Json) -> Json:
    return value.behind if isinstance(value, StoredObject | StoredArray) else None


def _only_list(value: Json) -> list[dict[str, Json]] | None:
    """Return the one member that is a list of objects; None when none or several are."""
    members = value.values() if isinstance(value, dict) else ()
    lists = [member for member in members if _is_table(member)]
    return lists[0] if len(lists) == 1 else None


def _is_table(value: Json) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def _indexed(rows: Iterable[dict[str, Json]], match: str) -> dict[str, dict[str, Json]]:
    """Return rows by their matched member, once for all values: the first equal row wins (2.14)."""
    indexed: dict[str, dict[str, Json]] = {}
    for row in rows:
        key = _key(_member(row, match))
        if key is not None:
            indexed.setdefault(key, row)
    return indexed


def _member(row: dict[str, Json], match: str) -> Json | Absent:
    """Return the member of exactly this name, else of the dotted path (2.11)."""
    return row[match] if match in row else Path.of_names(match).select(row)


def _key(value: Json | Absent) -> str | None:
    """Return what equal values share: a number's value, else the text form (2.14).

    None for null, objects and arrays, which equal nothing.
    """
    if value is ABSENT or value is None or isinstance(value, dict | list):
        return None
    if isinstance(value, float) and value.is_integer():
        return compact(int(value))
    return value if isinstance(value, str) else compact(value)


def _selected(step: LookupStep, row: dict[str, Json]) -> Json:
    """Return the listed members of a row, missing ones null; the whole row without a list."""
    if not step.outputs:
        return row
    values = ((name, path.select(row)) for name, path in step.outputs)
    return {name: None if value is ABSENT else value for name, value in values}
