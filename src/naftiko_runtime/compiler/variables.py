"""Which variables a document declares, and which its templates use (language.md 2)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from naftiko_runtime.compiler.files import Files
from naftiko_runtime.diagnostics import Found
from naftiko_runtime.errors import Place
from naftiko_runtime.expressions.reference import (
    Environment,
    FileEntry,
    NoSource,
    Setting,
    Source,
    Variable,
)
from naftiko_runtime.options import Settings
from naftiko_runtime.plan.capability import DeclaredVariable
from naftiko_runtime.secret import Secret
from naftiko_runtime.spec.document import Bind, Document

_SCHEME: Final = re.compile(r"(?!file:)([A-Za-z][A-Za-z0-9+.-]*)://")
_UPPER: Final = re.compile(r"[A-Z][A-Z0-9_]*")


@dataclass(frozen=True, slots=True)
class _Declared:
    bind: Bind
    source: Source
    source_name: str


@dataclass(frozen=True, slots=True)
class BindTable:
    """The binds of one file: by namespace and variable, and the later of equal names."""

    qualified: Mapping[tuple[str, str], _Declared]
    bare: Mapping[str, _Declared]
    namespaces: frozenset[str]


@dataclass(slots=True)
class Variables:
    """Looks variables up for the linker and remembers which were used, and where.

    ``tables`` is keyed by the origin of the text that refers to them: None is the document
    itself, other keys are imported files (orchestration.md 4.7).
    """

    settings: Settings
    found: Found
    tables: Mapping[str | None, BindTable]
    _used: dict[str, DeclaredVariable] = field(default_factory=dict)
    _used_binds: set[tuple[str, str]] = field(default_factory=set)

    def declared(self, name: str, origin: str | None, used_in: str) -> Variable | None:
        """Return the variable of a bare name that a bind or a setting declares, else None."""
        for table in self._tables(origin):
            if name in table.bare:
                return self._use(name, table.bare[name], used_in, qualified=False)
        if name in self.settings.variables:
            known = DeclaredVariable(Variable(name, self._sources(name, None)), None, name, used_in)
            return self._remember(known)
        return None

    def qualified(
        self, namespace: str, name: str, origin: str | None, used_in: str
    ) -> Variable | None:
        """Return the variable that exactly this bind declares, else None (2.3)."""
        for table in self._tables(origin):
            if (namespace, name) in table.qualified:
                return self._use(name, table.qualified[namespace, name], used_in, qualified=True)
        return None

    def is_bind(self, namespace: str, origin: str | None) -> bool:
        return any(namespace in table.namespaces for table in self._tables(origin))

    def undeclared(self, name: str, place: Place, used_in: str) -> Variable:
        """Return a variable that no bind declares, from the environment, with a warning (2.4)."""
        known = used_in and name in self._used
        if not known:
            self.found.add(
                "bind/undeclared-variable",
                place,
                f"{name} is declared by no bind; read from the environment variable {name}",
            )
        variable = Variable(name, self._sources(name, None))
        return self._remember(DeclaredVariable(variable, None, name, used_in, place))

    def is_environment_name(self, name: str) -> bool:
        """Tell whether an undeclared name may be read from the environment (2.4)."""
        return _UPPER.fullmatch(name) is not None

    def matching(self, suffix: str, origin: str | None) -> list[str]:
        """Return the declared names that end in ``suffix`` after ``_`` (4.3)."""
        wanted = suffix.replace("-", "_").replace(".", "_").upper()
        names = {name for table in self._tables(origin) for name in table.bare}
        return sorted(name for name in names if name.upper().endswith(f"_{wanted}"))

    def in_use(self) -> tuple[DeclaredVariable, ...]:
        return tuple(self._used.values())

    def report_unused(self, binds: Iterable[Bind]) -> None:
        """Report binds that no template uses (bind/unused)."""
        for bind in binds:
            unused = [
                name for name in bind.keys if (bind.namespace or "", name) not in self._used_binds
            ]
            if unused and bind.origin is None:
                self.found.add(
                    "bind/unused",
                    bind.at("keys"),
                    f"no template uses {', '.join(unused)} of bind {bind.namespace!r}",
                )

    def _tables(self, origin: str | None) -> list[BindTable]:
        own = self.tables.get(None)
        imported = self.tables.get(origin) if origin is not None else None
        return [table for table in (own, imported) if table is not None]

    def _use(self, name: str, declared: _Declared, used_in: str, *, qualified: bool) -> Variable:
        namespace = declared.bind.namespace or ""
        self._used_binds.add((namespace, name))
        sources = self._sources(name, declared.source, bare=not qualified)
        bind = declared.bind
        place = bind.within("keys").get(name, bind.at("keys"))
        variable = Variable(name, sources)
        return self._remember(
            DeclaredVariable(variable, namespace, declared.source_name, used_in, place)
        )

    def _sources(
        self, name: str, source: Source | None, *, bare: bool = True
    ) -> tuple[Source, ...]:
        setting = self.settings.variables.get(name)
        sources: list[Source] = [Setting(Secret(setting))] if setting is not None else []
        if source is not None:
            sources.append(source)
        if bare and Environment(name) not in sources:
            sources.append(Environment(name))
        return tuple(sources)

    def _remember(self, known: DeclaredVariable) -> Variable:
        self._used.setdefault(known.variable.name, known)
        return known.variable


def variables_of(document: Document, settings: Settings, files: Files, found: Found) -> Variables:
    """Collect the binds of a document and of the files it imports from."""
    tables: dict[str | None, BindTable] = {
        None: _table(document.binds, document.folder, files, found)
    }
    for library in document.libraries:
        tables[library.origin] = _table(library.binds, library.folder, files, found)
    return Variables(settings, found, tables)


def _table(binds: Iterable[Bind], folder: str, files: Files, found: Found) -> BindTable:
    qualified: dict[tuple[str, str], _Declared] = {}
    bare: dict[str, _Declared] = {}
    namespaces: set[str] = set()
    for bind in binds:
        namespaces.add(bind.namespace or "")
        for name, source_name in bind.keys.items():
            declared = _Declared(
                bind, _source(bind, source_name, folder, files, found), source_name
            )
            qualified[bind.namespace or "", name] = declared
            if name in bare:
                found.add(
                    "bind/duplicate-variable",
                    bind.at("keys"),
                    f"{name} is declared twice; the bind {bind.namespace!r} counts, "
                    f"write {{{{{bare[name].bind.namespace}.{name}}}}} for the earlier one",
                )
            bare[name] = declared
    return BindTable(qualified, bare, frozenset(namespaces))


def _source(bind: Bind, source_name: str, folder: str, files: Files, found: Found) -> Source:
    if bind.location is None:
        return Environment(source_name)
    scheme = _SCHEME.match(bind.location)
    if scheme:
        reason = (
            f"the provider {scheme.group(1)}:// is not supported; use a file or the environment"
        )
        found.add("bind/unsupported-provider", bind.at("location"), reason)
        return NoSource(reason)
    home = folder if bind.origin is None else bind.origin.rpartition("/")[0]
    path = files.bind(bind.location, home)
    if path is None:
        reason = f"{bind.location} is outside the document's folder; allow it with --set bindRoots"
        found.add("bind/outside-folder", bind.at("location"), reason)
        return NoSource(reason)
    return FileEntry(path, source_name)
