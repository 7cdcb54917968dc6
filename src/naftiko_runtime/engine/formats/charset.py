"""Bytes of an answer to text (language.md 7.4)."""

import codecs
import re
from functools import lru_cache
from typing import Final

from naftiko_runtime.errors import UndecodableResponse

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CHARSET: Final = re.compile(r";\s*charset\s*=\s*\"?([A-Za-z0-9_.:+-]{1,40})", re.IGNORECASE)
_NO_CHARSETS: Final = frozenset(
    (
        "idna",
        "punycode",
        "undefined",
        "unicode_escape",
        "raw_unicode_escape",
        "utf_7",
        "mbcs",
        "oem",
    )
)
"""Codecs of Python that are no character sets of today's web, or the machine's own."""


def text_of_body(body: bytes, content_type: str | None) -> str:
    """Return a body as text without a byte order mark: declared charset, else BOM, else UTF-8.

    A charset that nobody knows counts as not declared. Raises ``UndecodableResponse``.
    """
    charset = charset_of(body, content_type)
    try:
        return body.decode(charset).removeprefix("\ufeff")
    except UnicodeError as error:
        raise UndecodableResponse(f"the answer is not {charset} text") from error


def charset_of(body: bytes, content_type: str | None) -> str:
    """Return how a body is read: as declared, else by its byte order mark, else UTF-8."""
    return declared_charset(content_type) or _marked_charset(body) or "utf-8"


@lru_cache(maxsize=256)
def declared_charset(content_type: str | None) -> str | None:
    """Return the charset of a Content-Type when it is one that can be decoded."""
    match = _CHARSET.search(content_type) if content_type else None
    if match is None:
        return None
    try:
        codec = codecs.lookup(match.group(1))
        b"0".decode(codec.name, "replace")  # a codec that gives no text is not found here
    except (LookupError, UnicodeError):
        return None
    return None if codec.name.replace("-", "_") in _NO_CHARSETS else codec.name


def _marked_charset(body: bytes) -> str | None:
    return next((charset for mark, charset in _BOMS if body.startswith(mark)), None)


def media_type(content_type: str | None) -> str:
    """Return ``type/subtype`` of a Content-Type in lower case, empty when there is none."""
    return (content_type or "").partition(";")[0].strip().lower()
