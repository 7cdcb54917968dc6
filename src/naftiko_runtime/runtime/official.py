"""Checks documents against the official schemas that somebody has at hand (language.md 1.10)."""

from naftiko_runtime.diagnostics import Found
from naftiko_runtime.loading.schema import check_official, check_schema, schema_of
from naftiko_runtime.loading.versions import FAMILIES, KNOWN
from naftiko_runtime.options import RuntimeOptions
from naftiko_runtime.tree import Node, Tree


def check(source: Tree | None, options: RuntimeOptions, found: Found) -> None:
    """Report violations of the declared version's schema, or of that of ``options.schema``.

    Without the schema there is ``schema/missing`` (info). Raises ``StartError`` for a schema that
    cannot be read.
    """
    version = options.schema or ""
    family = next((each for each in FAMILIES if version in KNOWN[each]), None)
    if family is None or not isinstance(source, Node):
        # the declared version's, or the one file that was given
        check_official(source, options.schemas, found)
        return
    schema = schema_of(options.schemas, family, version) if options.schemas else None
    if schema is not None:
        check_schema(source, version, schema, found)
        return
    message = f"the official schema of {family} {version} is not at hand; give --schemas PATH"
    found.add("schema/missing", source.place, message)
