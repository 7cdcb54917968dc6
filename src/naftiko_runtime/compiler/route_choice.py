"""Which inputs choose one of several operations with one route (exposes.md REST-4)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from naftiko_runtime.compiler.templates import Surroundings
from naftiko_runtime.expressions.template import Hole, TemplateError, parse
from naftiko_runtime.names import matching
from naftiko_runtime.plan.function import Input
from naftiko_runtime.values import Json

_GIVEN: Final = frozenset({"path", "environment"})


def choosing_inputs(
    around: Surroundings, entries: Mapping[str, Json], inputs: Sequence[Input]
) -> tuple[str, ...]:
    """Return the inputs that ``with`` refers to and that the route itself does not give.

    However the references are written (language.md 3.2); those to variables and to the whole body
    are none.
    """
    asked = [each for each in inputs if _is_asked(each)]
    names = [*(each.name for each in asked), *(each.key for each in asked)]
    found = (_known(name, names) for value in entries.values() for name in _named(around, value))
    return tuple(dict.fromkeys(name for name in found if name is not None))


def _is_asked(given: Input) -> bool:
    """Tell whether a request can have an input or not: a route always has its variables."""
    return given.place not in _GIVEN and given.constant is None and not given.whole


def _known(name: str, names: Sequence[str]) -> str | None:
    """Return the input of that name, else the one that a dotted name begins with (3.7)."""
    return matching(name, names) or matching(name.partition(".")[0], names)


def _named(around: Surroundings, value: Json) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for element in value:
            yield from _named(around, element)
    elif isinstance(value, str):
        yield from _in_text(around, value)


def _in_text(around: Surroundings, text: str) -> Iterator[str]:
    reference = around.input_name(text.strip())
    if reference is not None:
        yield reference.name
        return
    try:
        parts = parse(text)
    except TemplateError:
        return
    for hole in parts:
        if isinstance(hole, Hole):
            named = around.input_name(hole.name)
            yield named.name if named is not None else hole.name
