"""``naftiko export openapi``: a REST adapter as an OpenAPI document (orchestration.md 7.10)."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from naftiko_runtime.cli.documents import loaded
from naftiko_runtime.cli.options import add_document_options, runtime_options
from naftiko_runtime.cli.output import Console
from naftiko_runtime.cli.parser import Parser, UsageError
from naftiko_runtime.errors import DocumentError
from naftiko_runtime.openapi.describe import describe, info_of
from naftiko_runtime.plan.exposure import Address, RestExposure

_STDOUT: Final = "-"
_VERSIONS: Final = ("3.0", "3.1")


def configure(parser: Parser) -> None:
    """Add the arguments and options."""
    parser.add_argument("file", metavar="FILE", help="the document")
    parser.add_argument("-o", "--output", metavar="FILE", help="default openapi.yaml; - is stdout")
    parser.add_argument("-f", "--format", choices=("yaml", "json"), help="default yaml")
    parser.add_argument("-a", "--adapter", metavar="NS", help="the REST adapter (default: first)")
    parser.add_argument("--spec-version", metavar="VERSION", help="3.1 (default) or 3.0")
    add_document_options(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Write the document; 1 when there is no such REST adapter."""
    given = vars(arguments)
    version = given.get("spec_version", "3.1")
    if version not in _VERSIONS:
        raise UsageError(f"--spec-version {version!r} is not one of {', '.join(_VERSIONS)}")
    (document, *_) = loaded([given["file"]], runtime_options(arguments))
    if document.capability is None:
        raise DocumentError(document.diagnostics)
    rest = [each for each in document.capability.exposures if isinstance(each, RestExposure)]
    exposure = _chosen(rest, given.get("adapter"), console)
    if exposure is None:
        return 1
    described = describe(
        [exposure],
        info_of([document.capability]),
        version=version,
        servers=[_origin(exposure.address)],
    )
    _write(described, given, console)
    return 0


def _chosen(
    rest: Sequence[RestExposure], wanted: str | None, console: Console
) -> RestExposure | None:
    names = [each.namespace for each in rest]
    if not rest or (wanted is not None and wanted not in names):
        known = f"; there are {', '.join(names)}" if names else ""
        console.failure(f"no REST adapter{f' {wanted!r}' if wanted else ''}{known}")
        return None
    if wanted is not None:
        return rest[names.index(wanted)]
    if len(names) > 1:
        console.note(f"naftiko: exporting {names[0]}; also there: {', '.join(names[1:])}")
    return rest[0]


def _origin(address: Address) -> str:
    everywhere = {"0.0.0.0", "::"}  # noqa: S104 - recognised, not bound
    host = address.host
    if host is None or host in everywhere or address.is_loopback:
        host = "localhost"
    return f"http://{f'[{host}]' if ':' in host else host}:{address.port}"


def _write(described: dict[str, Any], given: dict[str, Any], console: Console) -> None:
    kind = given.get("format", "yaml")
    if kind == "json":
        text = json.dumps(described, indent=2, ensure_ascii=False) + "\n"
    else:
        text = yaml.safe_dump(described, sort_keys=False, allow_unicode=True, width=100)
    output = given.get("output", f"openapi.{kind}")
    if output == _STDOUT:
        console.result(text.rstrip("\n"))
    else:
        Path(output).write_text(text, encoding="utf-8")
        console.note(f"wrote {output}")
