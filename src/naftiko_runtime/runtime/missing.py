"""Variables without a value, looked for at start and reported; nothing is refused for them."""

from collections.abc import Iterable, Iterator, Mapping

from naftiko_runtime.diagnostics import Found
from naftiko_runtime.engine.variables import Variables
from naftiko_runtime.errors import Diagnostic, Place
from naftiko_runtime.plan.capability import Capability, DeclaredVariable


def missing_variables(
    capability: Capability, environ: Mapping[str, str]
) -> Iterator[DeclaredVariable]:
    """Yield the variables in use that have no value now (language.md 2.6)."""
    variables = Variables(environ)
    return (each for each in capability.variables if not variables.presence(each.variable))


def report_missing(
    capabilities: Iterable[Capability], environ: Mapping[str, str]
) -> tuple[Diagnostic, ...]:
    """Return ``config/missing-variable`` for each document that has some."""
    found = Found()
    for capability in capabilities:
        for each in missing_variables(capability, environ):
            source = "" if each.source_name == each.variable.name else f" ({each.source_name})"
            message = f"variable {each.variable.name}{source} has no value; used in {each.used_in}"
            place = each.place if each.place.file else Place(capability.file)
            found.add("config/missing-variable", place, message)
    return found.merged()
