"""Judges one document: all load diagnostics, and what the rules find (orchestration.md 8.1)."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from os.path import realpath
from pathlib import Path
from typing import Final, TypeAlias

from naftiko_runtime.compiler.link import compile_capability
from naftiko_runtime.diagnostics import merged
from naftiko_runtime.errors import Diagnostic, Place, Severity
from naftiko_runtime.lint import (
    consumed,
    exposed,
    importing,
    secrets,
    steps,
    tools,
    writing,
)
from naftiko_runtime.lint.catalogue import PREFIX, RULES
from naftiko_runtime.lint.ignores import Ignores
from naftiko_runtime.lint.subject import Finding, Subject, functions_of, parts_of
from naftiko_runtime.loading.files import DiskFiles
from naftiko_runtime.loading.load import load_document
from naftiko_runtime.options import Settings

Check: TypeAlias = Callable[[Subject], Iterator[Finding]]

CHECKS: Final[tuple[Check, ...]] = (
    writing.namespaces,
    writing.info,
    writing.markup,
    writing.descriptions,
    writing.tool_descriptions,
    writing.objects,
    writing.function_names,
    consumed.base_uris,
    consumed.paths,
    consumed.plain_http,
    consumed.secret_in_url,
    consumed.timeouts,
    consumed.tunnels,
    exposed.paths,
    exposed.addresses,
    exposed.namespaces,
    exposed.control_ports,
    exposed.open_listeners,
    exposed.stdio,
    exposed.oauth2,
    exposed.cors,
    exposed.semantics,
    tools.many_tools,
    tools.long_names,
    steps.names,
    steps.script_defaults,
    steps.constant_lookups,
    steps.unused,
    importing.imports,
    secrets.literal_secrets,
    secrets.secret_outputs,
    secrets.credential_inputs,
)


@dataclass(frozen=True, slots=True)
class LintOptions:
    """What ``naftiko lint`` was told.

    ``severities`` are those that options and configuration set, None for ``off``; ``extras`` are
    raw formats and script languages that this process lacks.
    """

    settings: Settings = field(default_factory=Settings)
    host: str | None = None
    severities: Mapping[str, Severity | None] = field(default_factory=dict)
    extras: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """What was found in one file: ``each`` with every place apart, by line."""

    file: str
    each: tuple[Diagnostic, ...]

    @property
    def findings(self) -> tuple[Diagnostic, ...]:
        """One finding per file, code and severity, its other places counted (language.md 1.9)."""
        levels = ("error", "warning", "info")
        grouped = [[one for one in self.each if one.severity == level] for level in levels]
        found = [one for group in grouped for one in merged(group)]
        return tuple(sorted(found, key=lambda one: (one.place.file != self.file, _spot(one))))


def judged(file: str, options: LintOptions, *, text: bytes | None = None) -> Report:
    """Load, compile and judge one file, or ``text`` in its place.

    Raises ``StartError`` when the file cannot be read.
    """
    content = Path(file).read_bytes() if text is None and Path(file).is_file() else text
    subject = loaded(file, options, content)
    lines = content.decode("utf-8", "replace") if content is not None else ""
    ignores = Ignores({file: lines})
    found = dict.fromkeys(_told(subject, options, ignores))
    return Report(file, tuple(sorted(found, key=lambda one: (one.place.file != file, _spot(one)))))


def loaded(file: str, options: LintOptions, content: bytes | None) -> Subject:
    """Return a document as rules see it; a refused one has no plan."""
    document = load_document(file, options.settings, text=content)
    capability = None
    if document.document is not None:
        files = DiskFiles(options.settings, str(Path(realpath(file)).parent))
        capability = compile_capability(
            document.document, options.settings, document.found, files, options.extras
        )
    return Subject(
        file,
        document.source,
        document.tree,
        capability,
        document.found.each,
        options.settings,
        options.host,
        parts_of(document.tree),
        functions_of(capability),
    )


def _told(subject: Subject, options: LintOptions, ignores: Ignores) -> Iterator[Diagnostic]:
    for diagnostic in subject.diagnostics:
        if not diagnostic.code.startswith(PREFIX):
            yield diagnostic
            continue
        severity = options.severities.get(diagnostic.code, diagnostic.severity)
        if severity is not None and not ignores.silence(diagnostic.code, diagnostic.place):
            yield replace(diagnostic, severity=severity)
    for check in CHECKS:
        for finding in check(subject):
            judgement = _diagnostic(finding, options)
            if judgement is not None and not ignores.silence(judgement.code, finding.place):
                yield judgement


def _diagnostic(finding: Finding, options: LintOptions) -> Diagnostic | None:
    """Return a finding with its severity: that of the options, its own, or the rule's."""
    rule = RULES[f"{PREFIX}{finding.rule}"]
    usual = finding.severity or rule.severity
    severity = options.severities.get(rule.id, usual)
    if severity is None:
        return None
    return Diagnostic(rule.id, severity, "none", finding.place, finding.message)


def _spot(diagnostic: Diagnostic) -> tuple[str, int, int, str]:
    place: Place = diagnostic.place
    return place.file, place.line, place.column, diagnostic.code
