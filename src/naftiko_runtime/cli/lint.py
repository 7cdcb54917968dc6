"""``naftiko lint``: load diagnostics and rules of good form (orchestration.md 6.8 and 8)."""

import argparse
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from naftiko_runtime import __version__
from naftiko_runtime.cli.documents import STDIN
from naftiko_runtime.cli.options import add_document_options
from naftiko_runtime.cli.output import Console, table
from naftiko_runtime.cli.parser import Parser, UsageError
from naftiko_runtime.cli.settings import settings_of
from naftiko_runtime.diagnostics import Found
from naftiko_runtime.engine.formats.extras import missing_extras
from naftiko_runtime.errors import Diagnostic, Severity, StartError
from naftiko_runtime.lint.catalogue import RULES, UnknownRule, with_overrides
from naftiko_runtime.lint.check import LintOptions, Report, judged
from naftiko_runtime.lint.fixes import FIXABLE, fixed
from naftiko_runtime.lint.sarif import counts, sarif
from naftiko_runtime.lint.settings import BadSettings, beside, severities_in
from naftiko_runtime.loading.source import parse
from naftiko_runtime.runtime.documents import DEFAULT_FILES, document_files

_LEVELS: Final[tuple[Severity, ...]] = ("error", "warning", "info")


def configure(parser: Parser) -> None:
    """Add the arguments and options."""
    add = parser.add_argument
    add("files", nargs="*", metavar="FILE", help="documents, folders, or - (stdin)")
    add("--format", choices=("text", "json", "sarif"), help="how findings are shown (text)")
    add("--json", action="store_true", help="as --format json")
    add("--fail-on", choices=_LEVELS, help="least severity that makes the exit code 1 (error)")
    add(
        "--rule",
        action="append",
        metavar="ID=SEVERITY",
        help="set a rule to off, info, warning or error (repeatable)",
    )
    add("--config", metavar="FILE", help="severities of rules (default .naftiko-lint.yaml)")
    add("--host", metavar="ADDR", help="judge adapters as served with --host ADDR")
    add("--fix", action="store_true", help="mend trailing slashes in the files; the rest stays")
    add("--list", action="store_true", help="print the rules and exit")
    add_document_options(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print what was found; 1 when a finding reaches ``--fail-on``."""
    given = vars(arguments)
    form = given.get("format", "json" if console.json else "text")
    if given.get("list"):
        _list(form, console)
        return 0
    reports = [_judged(file, given, console) for file in _files(given)]
    if form == "json":
        console.value(_as_json(reports))
    elif form == "sarif":
        each = [one for report in reports for one in report.each]
        console.result(json.dumps(sarif(each, __version__, Path.cwd()), indent=2))
    else:
        _print(reports, given.get("fail_on", "error"), console)
    reached = _reached(given.get("fail_on", "error"))
    failed = any(one.severity in reached for report in reports for one in report.each)
    return 1 if failed else 0


def _reached(least: Severity) -> Sequence[Severity]:
    return _LEVELS[: _LEVELS.index(least) + 1]


def _files(given: Mapping[str, Any]) -> list[str]:
    paths = given.get("files", ())
    files = document_files(paths, Path.cwd())
    if not files:
        where = ", ".join(paths) if paths else f"none of {', '.join(DEFAULT_FILES)} is here"
        raise UsageError(f"no FILE: {where}" if paths else f"no FILE, and {where}")
    return files


def _judged(file: str, given: Mapping[str, Any], console: Console) -> Report:
    options = LintOptions(
        settings=settings_of(given.get("set", ()), given.get("import_host", ())),
        host=given.get("host"),
        severities=_severities(file, given),
        extras=missing_extras(),
    )
    text = sys.stdin.buffer.read() if file == STDIN else None
    try:
        report = judged(file, options, text=text)
        if given.get("fix") and text is None and _mended(file, report, console):
            report = judged(file, options)
    except StartError as exc:
        raise UsageError(str(exc)) from exc
    return report


def _severities(file: str, given: Mapping[str, Any]) -> dict[str, Severity | None]:
    """Return the severities of the settings file with those of ``--rule`` over them."""
    config = given.get("config")
    path = Path(config) if config else beside(file)
    try:
        set_ = severities_in(path) if path is not None else {}
        return {**set_, **with_overrides(map(_pair, given.get("rule", ())))}
    except BadSettings as exc:
        raise UsageError(str(exc)) from exc
    except UnknownRule as exc:
        raise UsageError(f"--rule: {exc}") from exc


def _pair(text: str) -> tuple[str, str]:
    rule, separator, severity = text.partition("=")
    if not separator:
        raise UsageError(f"--rule {text!r} is not ID=SEVERITY, as lint/plain-http=off")
    return rule.strip(), severity.strip()


def _mended(file: str, report: Report, console: Console) -> bool:
    path = Path(file)
    text = path.read_bytes().decode("utf-8", "replace")
    new, count = fixed(text, parse(text.encode(), file, Found()), report.each, file)
    if not count:
        return False
    path.write_bytes(new.encode())
    console.note(f"mended {count} in {file}")
    return True


def _list(form: str, console: Console) -> None:
    if form == "json":
        rules = [
            {
                "id": rule.id,
                "severity": rule.shown_severity,
                "fixable": rule.id in FIXABLE,
                "summary": rule.summary,
            }
            for rule in RULES.values()
        ]
        console.value({"rules": rules})
        return
    for line in table((rule.id, rule.shown_severity, rule.summary) for rule in RULES.values()):
        console.result(line)


def _as_json(reports: Iterable[Report]) -> dict[str, Any]:
    shown = list(reports)
    return {
        "files": [
            {"file": each.file, "findings": [one.as_json() for one in each.findings]}
            for each in shown
        ],
        "summary": counts(one for each in shown for one in each.each),
    }


def _print(reports: Sequence[Report], fail_on: Severity, console: Console) -> None:
    """Print findings that make the command fail, and those that ``-q`` and ``-v`` ask for."""
    reached = _reached(fail_on)
    hidden = 0
    for report in reports:
        shown = _shown(report.each if console.verbose else report.findings, reached, console)
        hidden += sum(one.count for one in report.findings) - sum(one.count for one in shown)
        for diagnostic in shown:
            console.diagnostic(diagnostic, console.out)
    console.note(_summary(counts(one for each in reports for one in each.each), hidden))


def _shown(
    findings: Sequence[Diagnostic], reached: Sequence[Severity], console: Console
) -> list[Diagnostic]:
    wanted = console.wanted(findings)
    return [one for one in findings if one in wanted or one.severity in reached]


def _summary(found: Mapping[str, int], hidden: int) -> str:
    parts = [
        f"{found[one]} {one}{'' if found[one] == 1 or one == 'info' else 's'}" for one in found
    ]
    more = f" ({hidden} not shown; -v shows all)" if hidden else ""
    return f"{', '.join(parts)}{more}"
