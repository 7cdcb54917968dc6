"""The files that imports name: where they are, whether they may be read, and each read once.

orchestration.md 4.2 to 4.5 and 4.9.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias
from urllib.parse import urljoin, urlsplit

from naftiko_runtime.diagnostics import Found
from naftiko_runtime.loading.files import is_below, located, real
from naftiko_runtime.loading.source import parse
from naftiko_runtime.loading.versions import sections
from naftiko_runtime.options import Settings
from naftiko_runtime.tree import Node

Fetch: TypeAlias = Callable[[str], bytes]
"""Gets an ``https`` URL: no redirect to another host, 10 s, 8 MiB; raises ``OSError``."""

MOST_FILES: Final = 200
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_REMOTE: Final = ("http", "https")


class ImportFailed(Exception):
    """Nothing is imported; ``key`` is the key of the entry that the problem is about."""

    def __init__(self, code: str, message: str, key: str = "location") -> None:
        self.code = code
        self.key = key
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Source:
    """One imported file: real path or URL, what its relative locations count from, its lists."""

    origin: str
    home: str
    sections: Node
    digest: str
    is_openapi: bool = False

    @property
    def folder(self) -> str:
        """The real folder of the file, which its relative files count from."""
        return self.origin.rpartition("/")[0]

    def entries(self, section: str) -> list[Node]:
        """Return the entries of one list of the file."""
        items = self.sections.get(section)
        return [each for each in items or () if isinstance(each, Node)]


@dataclass(slots=True)
class SourceCache:
    """Every file parsed once; share one among the documents of a load, never between loads."""

    sources: dict[str, Source | ImportFailed] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Allowed:
    """What the served document may import: its folder, the settings, how to fetch."""

    folder: str
    settings: Settings
    fetch: Fetch | None
    cache: SourceCache

    def source(self, location: str, home: str) -> Source:
        """Return the file that a location names; raises ``ImportFailed``."""
        origin, home_of_file = self._located(location, home)
        known = self.cache.sources.get(origin)
        if known is None:
            known = self._tried(origin, home_of_file, location)
            self.cache.sources[origin] = known
        if isinstance(known, ImportFailed):
            raise ImportFailed(known.code, str(known), known.key)
        return known

    def _tried(self, origin: str, home: str, location: str) -> Source | ImportFailed:
        try:
            return _read(origin, home, location, self._content(origin, location))
        except ImportFailed as failed:
            return failed

    def _located(self, location: str, home: str) -> tuple[str, str]:
        if _is_url(location) or (_is_url(home) and not _SCHEME.match(location)):
            url = urljoin(home, location) if _is_url(home) else location
            self._check_host(url)
            return url, url
        path = _local(location, home)
        origin = real(path)
        roots = [self.folder, *self._roots()]
        if origin is None or not is_below(origin, roots):
            message = f"{location} lies outside the document's folder; allow it with importRoots"
            raise ImportFailed("import/outside-folder", message)
        return origin, str(Path(path).parent)

    def _roots(self) -> list[str]:
        """Count relative roots from the working directory and from the document."""
        roots = self.settings.import_roots
        return [*roots, *(str(Path(self.folder) / root) for root in roots)]

    def _check_host(self, url: str) -> None:
        host = urlsplit(url).hostname or ""
        if not url.startswith("https://"):
            message = f"{url} is remote; only https is read, from hosts given by --import-host"
            raise ImportFailed("import/remote", message)
        if host not in self.settings.import_hosts or self.fetch is None:
            message = f"{url} is remote and not read; allow it with --import-host {host}"
            raise ImportFailed("import/remote", message)

    def _content(self, origin: str, location: str) -> bytes:
        try:
            if _is_url(origin) and self.fetch is not None:
                return self.fetch(origin)
            if Path(origin).is_dir():
                raise ImportFailed("import/not-found", f"{location} is a folder, not a file")
            return Path(origin).read_bytes()
        except OSError as error:
            missing = f"{location} cannot be read: {error.strerror or error}"
            raise ImportFailed("import/not-found", missing) from error


def _is_url(location: str) -> bool:
    match = _SCHEME.match(location)
    return match is not None and match.group(1).lower() in _REMOTE


def _local(location: str, home: str) -> str:
    scheme = _SCHEME.match(location)
    if scheme is not None and scheme.group(1).lower() != "file":
        message = f"{scheme.group(1)}: is no scheme that imports are read from; use a path"
        raise ImportFailed("import/scheme", message)
    if location.startswith("~") or any(mark in location for mark in "*?["):
        raise ImportFailed(
            "import/scheme", f"{location} is no plain path; ~ and globs are not read"
        )
    return located(location, home)


def _read(origin: str, home: str, location: str, content: bytes) -> Source:
    found = Found()
    tree = parse(content, origin, found)
    if found.refused or not isinstance(tree, Node):
        faults = [each for each in found.merged() if each.effect == "refused"]
        why = (
            f"{faults[0].place.line}:{faults[0].place.column}: {faults[0].message}"
            if faults
            else "no map"
        )
        raise ImportFailed("import/unreadable", f"{location} is not a readable document: {why}")
    is_openapi = "openapi" in tree or "swagger" in tree
    digest = hashlib.sha256(content).hexdigest()
    return Source(origin, home, sections(tree), digest, is_openapi)
