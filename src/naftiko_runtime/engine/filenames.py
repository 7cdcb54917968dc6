"""The file name of ``Content-Disposition`` (RFC 6266), its last path part only."""

import re
from typing import Final
from urllib.parse import unquote_to_bytes

_EXTENDED: Final = re.compile(
    r";\s*filename\*\s*=\s*([A-Za-z0-9_-]+)'[^']*'([^;\s]+)", re.IGNORECASE
)
_PLAIN: Final = re.compile(r';\s*filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]+))', re.IGNORECASE)
_ESCAPE: Final = re.compile(r"\\(.)")
_UNUSABLE: Final = ("", ".", "..")


def filename_of(disposition: str | None) -> str | None:
    """Return the file name, ``filename*`` before ``filename``, or None (language.md 7.17)."""
    if disposition is None:
        return None
    name = _extended(disposition) or _plain(disposition) or ""
    last = re.split(r"[/\\]", name)[-1].strip()
    return None if last in _UNUSABLE else last


def _extended(disposition: str) -> str | None:
    match = _EXTENDED.search(disposition)
    if match is None:
        return None
    try:
        return unquote_to_bytes(match[2]).decode(match[1])
    except (LookupError, UnicodeDecodeError):
        return None


def _plain(disposition: str) -> str | None:
    match = _PLAIN.search(disposition)
    if match is None:
        return None
    return _ESCAPE.sub(r"\1", match[1]) if match[1] is not None else match[2]
