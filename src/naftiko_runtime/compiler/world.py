"""What every part of the compiler can ask: the document, its settings, its names."""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TypeVar

from naftiko_runtime.compiler.files import Files
from naftiko_runtime.compiler.templates import Surroundings
from naftiko_runtime.compiler.variables import Variables
from naftiko_runtime.diagnostics import Found
from naftiko_runtime.options import Settings
from naftiko_runtime.spec.document import Document

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class World:
    """One document under compilation."""

    file: str
    document: Document
    settings: Settings
    files: Files
    found: Found
    variables: Variables
    around: Surroundings
    missing_extras: Mapping[str, str]
    """Raw formats and script languages that cannot run here → what to install."""

    def setting(self, settings: Mapping[str, T], namespace: str) -> T | None:
        """Return the setting of a consumed namespace or of a glob on it (language.md 2.8)."""
        if namespace in settings:
            return settings[namespace]
        for pattern, value in settings.items():
            if fnmatchcase(namespace, pattern):
                return value
        return None

    def folder_of(self, origin: str | None) -> str:
        """Return the folder that relative files of an entry are resolved against."""
        return self.document.folder if origin is None else origin.rpartition("/")[0]
