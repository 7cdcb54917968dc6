"""``naftiko schema``: the JSON Schema of documents, for editors (orchestration.md 6.13)."""

import argparse
import json
from pathlib import Path
from typing import Any, Final

from naftiko_runtime.cli.output import Console
from naftiko_runtime.cli.parser import Parser, UsageError
from naftiko_runtime.loading.document_schema import document_schema
from naftiko_runtime.loading.schema import schema_of
from naftiko_runtime.loading.versions import FAMILIES, KNOWN
from naftiko_runtime.names import suggestion

_STDOUT: Final = "-"
_SCHEMAS: Final = "NAFTIKO_SCHEMAS"


def configure(parser: Parser) -> None:
    """Add the arguments and options."""
    add = parser.add_argument
    add(
        "version",
        nargs="?",
        metavar="VERSION",
        help="an official version; default: all that is read",
    )
    add("-o", "--output", metavar="FILE", help="default - (stdout)")
    add("--list", action="store_true", help="print the versions and exit")
    add(
        "--schemas",
        metavar="PATH",
        help="file, or folder, of official schemas, which are not part of this program",
    )
    add("--json", action="store_true", help="the schema is JSON anyway; --list as a JSON value")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print or write a schema; 1 when an official one is not at hand."""
    given = vars(arguments)
    if given.get("list"):
        _list(console)
        return 0
    version = given.get("version")
    schema = document_schema() if version is None else _official(version, given, console)
    if schema is None:
        return 1
    text = json.dumps(schema, indent=2, ensure_ascii=False)
    output = given.get("output", _STDOUT)
    if output == _STDOUT:
        console.result(text)
        return 0
    try:
        Path(output).write_text(f"{text}\n", encoding="utf-8")
    except OSError as exc:
        raise UsageError(f"{output}: {(exc.strerror or 'not writable').lower()}") from exc
    console.note(f"wrote {output}")
    return 0


def _list(console: Console) -> None:
    if console.json:
        console.value({family: list(KNOWN[family]) for family in FAMILIES})
        return
    for family in FAMILIES:
        for version in KNOWN[family]:
            console.result(f"{family} {version}")


def _official(version: str, given: dict[str, Any], console: Console) -> Any:
    """Return an official schema that somebody has at hand; say where it is looked for."""
    family = next((each for each in FAMILIES if version in KNOWN[each]), None)
    if family is None:
        known = [each for versions in KNOWN.values() for each in versions]
        raise UsageError(f"version {version!r} is not known{suggestion(version, known) or ''}")
    schemas = given.get("schemas") or console.environ.get(_SCHEMAS)
    schema = schema_of(schemas, family, version) if schemas else None
    if schema is None:
        where = f"{schemas} does not hold it" if schemas else f"give --schemas PATH or {_SCHEMAS}"
        console.failure(
            f"the official schema of {version} is not part of this program; {where}; "
            "without VERSION the program's own is printed"
        )
    return schema
